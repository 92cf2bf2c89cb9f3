"""`python -m worker.dev.broker`, which `make zeebe` runs."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE

import pytest

from tests.support.zeebe import Zeebe
from worker.dev.broker import Broker

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


async def test_it_says_when_it_is_ready_and_stops_when_asked(broker: Broker) -> None:
    """Beside the broker of the suite, which has fetched what both need."""
    command = (sys.executable, "-m", "worker.dev.broker", "--free-ports")
    process = await asyncio.create_subprocess_exec(*command, stderr=PIPE)
    assert process.stderr is not None
    try:
        said = ""
        while (address := re.search(r"is ready: gRPC on (127\.0\.0\.1:\d+)", said)) is None:
            line = await process.stderr.readline()
            assert line, f"it ended without being ready: {said}"
            said += line.decode()
        async with Zeebe(address[1]) as zeebe:
            version = await zeebe.version()
        process.send_signal(signal.SIGTERM)
        _, rest = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert version == "8.6.0"
    assert (process.returncode, rest.decode()) == (0, "Zeebe has stopped\n")
