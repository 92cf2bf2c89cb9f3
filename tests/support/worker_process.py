"""`rest-connector run` as a process, as an operator starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 20.0


class WorkerProcess:
    """A running worker; `lines` is what it has logged."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.lines.append({"message": line.decode(errors="replace").rstrip()})
            self._changed.set()
        self._changed.set()

    async def logged(self, message: str, *, count: int = 1) -> dict[str, Any]:
        """The first line with this message, or the one with which there are `count` of them."""
        async with asyncio.timeout(SECONDS):
            while True:
                lines = [line for line in self.lines if line["message"] == message]
                if len(lines) >= count:
                    return lines[count - 1]
                assert not self._reading.done(), f"the worker ended without saying {message!r}: {self.lines}"
                self._changed.clear()
                await self._changed.wait()

    async def pages(self) -> str:
        """The address of the health pages."""
        return f"http://127.0.0.1:{(await self.logged('health and metrics'))['port']}"

    def signal(self, number: int = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """The exit status."""
        status = await asyncio.wait_for(self._process.wait(), SECONDS)
        await asyncio.wait_for(self._reading, SECONDS)
        return status

    async def stop(self) -> None:
        """Make sure that nothing is left."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def worker(address: str, **settings: str) -> AsyncIterator[WorkerProcess]:
    """A worker for the gateway at `address`; `settings` are environment variables."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REST_CONNECTOR_")}
    environ = {
        **inherited,
        "ZEEBE_ADDRESS": address,
        "REST_CONNECTOR_HEALTH__HOST": "127.0.0.1",
        "REST_CONNECTOR_HEALTH__PORT": "0",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", "run", cwd=ROOT, env=environ, stderr=asyncio.subprocess.PIPE
    )
    running = WorkerProcess(process)
    try:
        yield running
    finally:
        await running.stop()
