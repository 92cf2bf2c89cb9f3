"""Real servers as child processes: written a configuration, started, waited for, and ended with the tests."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SECONDS = 30.0
END_SECONDS = 10.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with_sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in with_sockets]
    for each in with_sockets:
        each.close()
    return ports


@contextmanager
def running(
    command: list[str], folder: Path, *ports: int, host: str = "127.0.0.1"
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once it accepts connections on all of its ports; what it says is in `folder`/log."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        for port in ports:
            _await_port(process, (host, port), folder)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_SECONDS)


def _await_port(process: subprocess.Popen[bytes], address: tuple[str, int], folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{process.args!r} does not run: {_said(folder)}") from None
            time.sleep(0.02)  # until the port answers
        else:
            return


def _said(folder: Path) -> str:
    return "\n".join(log.read_text(errors="replace")[-2000:] for log in sorted(folder.glob("*log")))


@dataclass(frozen=True)
class Worker:
    """`rest-connector invoke` as users run it: a process with an environment of its own."""

    command: list[str]
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    async def invoke(self, variables: Any, headers: Any = None, **more: Any) -> Any:
        """The outcome of one job."""
        job = self.folder / "job.json"
        job.write_text(json.dumps({"variables": variables, "headers": headers or {}, **more}))
        process = await asyncio.create_subprocess_exec(
            *self.command,
            "invoke",
            str(job),
            env=self.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        assert out, err.decode()
        return json.loads(out)
