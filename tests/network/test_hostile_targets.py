"""Targets that never end: what a call takes of time and memory is bounded."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.network.servers import HUGE, Nginx
from tests.support.scripted_server import hang, scripted
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.request import ReturnFormat

both_faces = pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
MEGABYTE = 1 << 20
ROOT = Path(__file__).resolve().parents[2]
HANG_GUARD = 15.0
"""Seconds, of which a call here may take one or two."""


@both_faces
async def test_a_target_that_never_answers_is_left_after_the_read_timeout(calls: Calls, face: Face) -> None:
    async with scripted(hang) as server, asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(server.url(), face=face, read_timeout=1)
    assert (failure.code, failure.kind) == ("408", "timeout_read")


@both_faces
async def test_a_body_of_a_byte_a_second_is_left_after_the_total_timeout(
    opened: CallsFactory, nginx: Nginx, face: Face
) -> None:
    async with opened(total_timeout=2) as calls, asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(nginx.url("/slow.json"), face=face)
    assert (failure.code, failure.kind) == ("408", "timeout_total")


@both_faces
async def test_a_head_of_a_byte_now_and_then_is_left_after_the_total_timeout(opened: CallsFactory, face: Face) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: yes\r\n" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.1)

    async with scripted(drip) as server, opened(total_timeout=2) as calls, asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(server.url(), face=face)
    assert (failure.code, failure.kind) == ("408", "timeout_total")


async def test_the_time_of_a_call_includes_its_redirects(opened: CallsFactory) -> None:
    hops = 0

    async def move_on(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hops
        hops += 1
        await asyncio.sleep(0.4)
        writer.write(f"HTTP/1.1 302 Found\r\nLocation: /{hops}\r\nContent-Length: 0\r\n\r\n".encode())

    async with scripted(move_on) as server, opened(total_timeout=2) as calls, asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(server.url(), follow_redirects=True)
    assert failure.kind == "timeout_total"
    assert hops > 1


async def test_a_call_may_have_less_time_than_the_worker_gives(calls: Calls) -> None:
    async with scripted(hang) as server, asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(server.url(), total_timeout=1)
    assert failure.kind == "timeout_total"


async def test_ten_gigabytes_are_read_to_the_limit_and_no_further(calls: Calls, nginx: Nginx) -> None:
    async with asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(nginx.url("/huge.bin"), face=NATIVE)
        again = await calls.response(nginx.url())
    assert (failure.native_code, failure.kind) == ("RESPONSE_TOO_LARGE", "too_large")
    assert again.status == 200


CALL = """
import asyncio, sys
from worker.documents import MemoryStore
from worker.errors import JobFailure
from worker.face import FACES
from worker.rest.client import RestClient
from worker.rest.egress import Egress
from worker.rest.request import RestRequest

async def main():
    async with Egress(agent="t") as egress:
        client = RestClient(egress, tokens=None, store=MemoryStore())
        async def call():
            try:
                await client.call(RestRequest("GET", sys.argv[1]), FACES[sys.argv[2]])
            except JobFailure as failure:
                return failure.kind
        print(*await asyncio.gather(*(call() for _ in range(int(sys.argv[3])))))

asyncio.run(main())
"""


def test_ten_gigabytes_take_a_bounded_part_of_memory(nginx: Nginx) -> None:
    """Four calls at once, each with at most 50 MB of body, and what holds them."""
    megabytes = 1_000
    command = [sys.executable, "-c", CALL, nginx.url("/huge.bin"), "native", "4"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for here
    assert (status, said.split()) == (0, ["too_large"] * 4)
    assert usage.ru_maxrss < megabytes * 1024 < 4 * HUGE // 1024


@pytest.mark.parametrize("start", [b"", gzip.compress(b"{}")], ids=["nothing", "a little"])
async def test_a_coding_that_goes_on_without_content_is_left(calls: Calls, start: bytes) -> None:
    async def go_on(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + start)
        while not writer.is_closing():
            writer.write(gzip.compress(b"") * 1000)
            await writer.drain()

    async with scripted(go_on) as server, asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(server.url())
    assert (failure.native_code, failure.kind) == ("RESPONSE_NOT_DECODABLE", "decode")


@pytest.mark.parametrize("line", [b"X: " + b"x" * 1000, b"X: 1\r\n" * 100], ids=["one line", "many lines"])
async def test_a_head_without_end_is_left(calls: Calls, line: bytes) -> None:
    async def go_on(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not writer.is_closing():
            writer.write(line)
            await writer.drain()

    async with scripted(go_on) as server, asyncio.timeout(HANG_GUARD):
        failure = await calls.failure(server.url(), "POST")
    assert (failure.code, failure.kind) == ("408", "reset")


async def test_a_peer_that_is_heard_now_and_then_is_not_silent(calls: Calls) -> None:
    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in (b"HTTP/1.1 200 OK\r\n", b"Content-Length: 3\r\n\r\n", b"[", b"1", b"]"):
            writer.write(part)
            await asyncio.sleep(0.4)

    async with scripted(slowly) as server, asyncio.timeout(HANG_GUARD):
        assert (await calls.response(server.url(), read_timeout=1)).body == [1]


@both_faces
async def test_a_small_answer_that_unpacks_to_a_large_one_is_cut(opened: CallsFactory, face: Face) -> None:
    bomb = gzip.compress(b"\0" * (20 * MEGABYTE))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with scripted(head + bomb) as server, opened(memory_limit=MEGABYTE) as calls:
        failure = await calls.failure(server.url(), face=face, return_format=ReturnFormat("TEXT"))
    assert failure.kind == "too_large"
