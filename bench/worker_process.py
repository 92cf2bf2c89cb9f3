"""What the measurements share: the worker as a process, the load gateway, and what the system says about a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
JOB_TYPE = "rest-connector"
OURS = ("REST_CONNECTOR_", "ZEEBE_", "CAMUNDA_", "CONNECTOR_", "SECRET_")
IMPORT_SECONDS = 4.0
STOP_SECONDS = 60.0


class WorkerProcess:
    """`rest-connector run` on a gateway, as a context manager; leaving the block ends it."""

    def __init__(self, address: str, log: Path, **settings: object) -> None:
        """`settings` are names without the prefix."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environ |= {"ZEEBE_ADDRESS": address, "REST_CONNECTOR_HEALTH__HOST": "127.0.0.1"}
        environ |= {"REST_CONNECTOR_HEALTH__PORT": "0", "REST_CONNECTOR_LOG__JOBS": "false"}
        environ |= {f"REST_CONNECTOR_{name}": str(value) for name, value in settings.items()}
        self.log = log
        with log.open("wb") as output:
            command = [sys.executable, "-m", "worker", "run"]
            self._process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=output, stderr=output)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        time.sleep(IMPORT_SECONDS)
        if self._process.poll() is not None:
            raise SystemExit(f"the worker does not start:\n{self.log.read_text()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
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


def processor_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_loadgw(program: Path, port: int, *options: str) -> subprocess.Popen[str]:
    """A run of the load gateway on this port, with its target on the next one."""
    command = [str(program), "-json", "-addr", f"127.0.0.1:{port}", "-target", f"127.0.0.1:{port + 1}"]
    command += ["-type", JOB_TYPE, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def report_of(run: subprocess.Popen[str]) -> dict[str, Any]:
    """What the load gateway says at its end."""
    report: dict[str, Any] = json.loads(run.communicate()[0])
    return report


def loadgw(program: Path, port: int, options: Sequence[str]) -> dict[str, Any]:
    """One whole run of the load gateway."""
    return report_of(start_loadgw(program, port, *options))
