"""What the measurements share: a worker as a process, the load gateway, and what the system says about a process."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
JOB_TYPE = "rest-connector"
OURS = ("REST_CONNECTOR_", "ZEEBE_", "CAMUNDA_", "CONNECTOR_", "SECRET_")
IMPORT_SECONDS = 4.0
STOP_SECONDS = 60.0
KILL_SECONDS = 10.0
PORTS = range(20_000, 30_000, 2)
LOOK_SECONDS = 1.0


class WorkerProcess:
    """A worker's process while the block runs; leaving it ends the process and its children."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], log: Path, *, settle: float = 0.0) -> None:
        """`environ` comes on top of what this process has that is not a setting of ours; `settle` seconds are given
        to the worker before the block begins.
        """
        self.log = log
        self._settle = settle
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=inherited | dict(environ), stdout=output, stderr=output, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        time.sleep(self._settle)
        try:
            self.check()
        except SystemExit:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def check(self) -> None:
        """Raises `SystemExit` with its log when the worker has ended."""
        if self._process.poll() is not None:
            raise SystemExit(f"the worker has ended:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """The end of what it has logged."""
        return self.log.read_text(errors="replace")[-2_000:]

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; the exit status and the seconds until then."""
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_SECONDS), time.monotonic() - begun

    def memory(self) -> float:
        """Resident megabytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def peak_memory(self) -> float:
        """The most that was ever resident, in megabytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6

    def processor_seconds(self) -> float:
        """User and system time so far."""
        return processor_seconds(self.pid)


def our_worker(address: str, log: Path, *, settle: float = IMPORT_SECONDS, **settings: object) -> WorkerProcess:
    """`rest-connector run` on a gateway; `settings` are names without the prefix."""
    environ = our_settings(address, JOB_TYPE) | {"REST_CONNECTOR_LOG__JOBS": "false"}
    environ |= {f"REST_CONNECTOR_{name}": str(value) for name, value in settings.items()}
    return WorkerProcess(OUR_COMMAND, environ, log, settle=settle)


OUR_COMMAND = (sys.executable, "-m", "worker", "run")


def our_settings(address: str, job_type: str) -> dict[str, str]:
    """What a worker of ours needs to run beside others."""
    return {
        "ZEEBE_ADDRESS": address,
        "REST_CONNECTOR_JOB_TYPES": job_type,
        "REST_CONNECTOR_HEALTH__HOST": "127.0.0.1",
        "REST_CONNECTOR_HEALTH__PORT": "0",
    }


def free_port() -> int:
    """A port that is free now, and so is the next one; below those that the system gives to connections."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as one, socket.socket() as other, suppress(OSError):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 1))
            return port
    raise SystemExit("there is no free port")


def processor_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    return _seconds_in(Path(f"/proc/{pid}/stat"))


def thread_seconds(pid: int) -> dict[str, float]:
    """User and system time of each thread of a process, by its name and id."""
    found: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found[f"{(task / 'comm').read_text().strip()} {task.name}"] = _seconds_in(task / "stat")
    return found


def _seconds_in(stat: Path) -> float:
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_loadgw(program: Path, port: int, *options: str, job_type: str = JOB_TYPE) -> subprocess.Popen[str]:
    """A run of the load gateway on this port, with its target on the next one."""
    command = [str(program), "-json", "-addr", f"127.0.0.1:{port}", "-target", f"127.0.0.1:{port + 1}"]
    command += ["-type", job_type, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def report_of(run: subprocess.Popen[str], worker: WorkerProcess | None = None) -> dict[str, Any]:
    """What the load gateway says at its end. Raises `SystemExit` when it says nothing, and when the worker ends."""
    said = None
    try:
        while said is None:
            with suppress(subprocess.TimeoutExpired):
                said = run.communicate(timeout=LOOK_SECONDS)[0]
            if worker is not None:
                worker.check()
    except BaseException:
        run.kill()
        run.wait()
        raise
    try:
        report: dict[str, Any] = json.loads(said)
    except ValueError:
        raise SystemExit(f"the load gateway ended with {run.returncode} and no report; is its port taken?") from None
    return report


def loadgw(
    program: Path, port: int, options: Sequence[str], worker: WorkerProcess, *, job_type: str = JOB_TYPE
) -> dict[str, Any]:
    """One whole run of the load gateway, which looks at what this worker uses."""
    return report_of(start_loadgw(program, port, *options, "-pid", str(worker.pid), job_type=job_type), worker)
