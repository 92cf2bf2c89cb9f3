"""`rest-connector dev` as people start it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession

pytestmark = pytest.mark.slow

HANG_SECONDS = 60.0
CURL = re.compile(r"curl -s (http://127\.0\.0\.1:\d+)/jobs -H '(.+?): (.+?)' \\\n +-d '(.+)'\n")


@asynccontextmanager
async def dev(*arguments: str, **environ: str) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "worker", "dev", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=os.environ | environ)
    try:
        async with asyncio.timeout(HANG_SECONDS):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(process: Process) -> tuple[int | None, str, str]:
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_once_tells_five_examples_that_end_as_they_should() -> None:
    async with dev("--once") as process:
        status, output, errors = await ended(process)

    assert (status, errors) == (0, "")
    assert re.findall(r"^(\d)\. ", output, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    assert output.count("as it should be: it ") == 5
    assert "\x1b" not in output


async def test_an_example_that_goes_wrong_is_shown_and_the_exit_status_says_so() -> None:
    async with dev("--once", REST_CONNECTOR_JOB_TYPES="rest-connector=compatible") as process:
        status, output, _ = await ended(process)

    assert status == 1
    assert "NOT as it should be" in output


async def test_it_stays_up_for_jobs_of_ones_own_until_it_is_stopped() -> None:
    async with dev() as process:
        assert process.stdout is not None
        shown = ""
        while (line := CURL.search(shown)) is None:
            shown += (await process.stdout.readline()).decode()
        address, name, value, job = line.groups()
        async with ClientSession(address) as client:
            async with client.post("/jobs", data=job, headers={name: value}) as response:
                answer = await response.json()
            async with client.get(f"/jobs/{answer['key']}") as response:
                later = await response.json()
        process.send_signal(signal.SIGINT)
        status, rest, errors = await ended(process)

    assert answer["variables"]["order"]["body"]["id"] == json.loads(job)["variables"]["orderId"]
    assert later == answer
    assert f"Job {answer['key']} (rest-connector)" in rest
    assert (status, errors) == (0, "")


async def test_it_can_be_stopped_in_the_middle_of_the_examples() -> None:
    async with dev() as process:
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        status, _, errors = await ended(process)

    assert (status, errors) == (0, "")


async def test_a_port_that_is_taken_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with dev("--gateway-port", port) as process:
            status, _, errors = await ended(process)

    assert status == 1
    assert f"cannot listen on 127.0.0.1:{port}" in errors


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--port", "70000"], ["extra"]])
async def test_wrong_use_is_exit_status_2(arguments: list[str]) -> None:
    async with dev(*arguments) as process:
        assert (await ended(process))[0] == 2
