"""What goes wrong on the way, and how it is reported."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from tests.component.rest.conftest import Calls
from tests.support.scripted_server import Answer, answer, close, hang, partly, reset, scripted
from worker.errors import CONNECTOR_EXCEPTION, ILLEGAL_ARGUMENT, JobFailure
from worker.face import NATIVE
from worker.rest.exchange import Message
from worker.rest.proxy import Proxy
from worker.rest.request import ReturnFormat

ABORTED = ("408", "An error occurred while executing the request, or the connection was aborted")
TIMED_OUT = ("408", "The request timed out. Please try increasing the read and connection timeouts.")
PROTOCOL = ("500", "An error with the HTTP protocol occurred")
UNREADABLE = "Error while executing an HTTP request: Failed to read response body: "
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"
HALF_ERROR = b"HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n{}"
HALF_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


async def bad_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send what is no chunk once the client has read so far, and keep the connection."""
    for _ in range(20):  # turns of the loop that client and server share
        await asyncio.sleep(0)
    writer.write(b"zz\r\n{}\r\n")
    await hang(reader, writer)


async def test_a_refused_connection(calls: Calls, closed_port: int) -> None:
    failure = await calls.failure(f"http://127.0.0.1:{closed_port}/")
    assert ((failure.code, failure.message), failure.kind) == (ABORTED, "connect")
    assert (failure.type, failure.final) == (CONNECTOR_EXCEPTION, False)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 70 + ".invalid", "under_score.invalid"])
async def test_an_unknown_host(calls: Calls, host: str) -> None:
    failure = await calls.failure(f"http://{host}/")
    assert ((failure.code, failure.message), failure.kind) == (ABORTED, "dns")


async def test_the_native_face_says_who_did_not_answer(calls: Calls, closed_port: int) -> None:
    async def told(url: str, **inputs: Any) -> str:
        return (await calls.failure(url, face=NATIVE, **inputs)).message.partition(": ")[2]

    refused = f"no connection to 127.0.0.1:{closed_port}, Connection refused"
    assert await told(f"http://127.0.0.1:{closed_port}/") == refused
    assert await told("http://no.such.host.invalid/") == "the name 'no.such.host.invalid' is not known"
    async with scripted(hang) as server:
        peer = server.url().split("/")[2]
        assert await told(server.url(), read_timeout=1) == f"{peer} was silent for too long"
    async with scripted(close) as server:
        peer = server.url().split("/")[2]
        assert await told(server.url(), method="POST") == f"{peer} ended the connection without an answer"


async def test_the_native_face_names_a_proxy_that_is_not_there(calls: Calls, closed_port: int) -> None:
    failure = await calls.failure("http://127.0.0.1:1/", face=NATIVE, proxy=Proxy("127.0.0.1", closed_port))
    assert failure.message.endswith(f": no connection to the proxy 127.0.0.1:{closed_port}, Connection refused")


@pytest.mark.parametrize("action", [close, reset])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_ends_without_an_answer_is_used_once(calls: Calls, method: str, action: Answer) -> None:
    async with scripted(action, answer()) as server:
        failure = await calls.failure(server.url(), method)
    assert ((failure.code, failure.message), failure.kind) == (ABORTED, "reset")
    assert len(server.requests) == 1


async def test_er_007_silence_before_the_head(calls: Calls) -> None:
    async with scripted(hang) as server:
        failure = await calls.failure(server.url(), read_timeout=1)
    assert ((failure.code, failure.message), failure.kind) == (TIMED_OUT, "timeout_read")


async def test_a_server_that_stops_reading_ends_the_call_too(calls: Calls) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        failure = await calls.failure(url, "POST", body="x" * 30_000_000, read_timeout=1)
    assert ((failure.code, failure.message), failure.kind) == (TIMED_OUT, "timeout_read")


async def test_negative_limits_are_refused(calls: Calls) -> None:
    async with scripted() as server:
        failure = await calls.failure(server.url(), read_timeout=-5)
        native = await calls.failure(server.url(), face=NATIVE, connection_timeout=-1)
    assert (failure.type, failure.message, failure.final) == (
        ILLEGAL_ARGUMENT,
        "duration must not be negative: -5",
        False,
    )
    assert native.message == "duration must not be negative: -1"


async def test_zero_is_no_limit(calls: Calls) -> None:
    async with scripted() as server:
        assert await calls.call(server.url(), read_timeout=0, connection_timeout=0, face=NATIVE) is not None


@pytest.mark.parametrize("response", [b"garbage\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"\x16\x03\x01", b""])
async def test_garbage_in_place_of_a_status_line_is_a_lost_connection(calls: Calls, response: bytes) -> None:
    async with scripted(response) as server:
        failure = await calls.failure(server.url(), "POST")
    assert (failure.code, failure.message) == ABORTED
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 9000 + b"\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["header", "reason"],
)
async def test_an_endless_line_is_a_lost_connection(calls: Calls, response: bytes) -> None:
    async with scripted(response) as server:
        failure = await calls.failure(server.url())
    assert (failure.code, failure.message) == ABORTED


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 099 Low\r\nContent-Length: 2",
        b"HTTP/2.0 200 OK\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nBadHeader\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade",
    ],
)
async def test_heads_that_break_the_protocol(calls: Calls, head: bytes) -> None:
    async with scripted(head + b"\r\n\r\n{}") as server:
        failure = await calls.failure(server.url())
    assert (failure.code, failure.message) == PROTOCOL


@pytest.mark.parametrize("interim", [b"HTTP/1.1 103 Early Hints\r\n\r\n", b"\r\n\r\n"], ids=["hints", "blank lines"])
async def test_interim_answers_without_end_are_no_answer(calls: Calls, interim: bytes) -> None:
    async with scripted(interim * 2000 + answer(200, b"{}")) as server:
        failure = await calls.failure(server.url())
    assert (failure.code, failure.message) == PROTOCOL


@pytest.mark.parametrize("url", ["http://user:pass@127.0.0.1/x", "secrets://x"])
async def test_urls_that_are_never_called(calls: Calls, url: str) -> None:
    failure = await calls.failure(url)
    assert (failure.code, failure.message) == PROTOCOL


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (HALF, "reset"),
        (partly(HALF, close), "reset"),
        (partly(HALF_CHUNKS, close), "reset"),
        (partly(HALF, hang), "timeout_read"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "reset"),
        (partly(HALF_CHUNKS, bad_chunk), "reset"),
    ],
    ids=["short", "closed", "chunks closed", "hanging", "bad chunk", "bad chunk later"],
)
async def test_a_body_that_does_not_end(calls: Calls, response: Answer, kind: str) -> None:
    async with scripted(partly(response, close) if isinstance(response, bytes) else response) as server:
        failure = await calls.failure(server.url(), read_timeout=1)
    assert failure.code == "500"
    assert failure.message.startswith(UNREADABLE)
    assert failure.kind == kind


@pytest.mark.parametrize("choice", ["JSON", "TEXT", "DOCUMENT"])
async def test_a_body_that_does_not_end_has_no_code_where_a_format_was_chosen(calls: Calls, choice: Any) -> None:
    async with scripted(partly(HALF, hang)) as server:
        failure = await calls.failure(server.url(), read_timeout=1, return_format=ReturnFormat(choice))
    assert (failure.code, failure.message) == (
        None,
        "Failed to read payload for document response conversion: Read timed out",
    )


@pytest.mark.parametrize("then", [close, hang])
async def test_an_error_body_that_does_not_end_is_lost(calls: Calls, then: Answer) -> None:
    async with scripted(partly(HALF_ERROR, then)) as server:
        failure = await calls.failure(server.url(), read_timeout=1)
    assert (failure.code, failure.message) == ("500", "Oops")
    assert failure.variables == {"response": {"headers": {"Content-Length": "10"}, "body": None}}


@pytest.mark.parametrize("name", ["127.0.0.1", "nowhere.invalid"])
async def test_a_call_that_finds_nobody_needs_no_garbage_collector_to_go(
    calls: Calls, closed_port: int, name: str
) -> None:
    gc.collect()
    gc.disable()  # what a cycle holds, and bodies may be large, stays until a collection
    try:
        with suppress(JobFailure):
            await calls.call(f"http://{name}:{closed_port}/", "POST", body={"a": "b"})
        left = [each for each in gc.get_objects() if isinstance(each, Message)]
    finally:
        gc.enable()
    assert left == []


async def test_a_body_that_breaks_off_needs_none_either(calls: Calls) -> None:
    async with scripted(partly(HALF, close)) as server:
        gc.collect()
        gc.disable()
        try:
            with suppress(JobFailure):
                await calls.call(server.url())
            left = [each for each in gc.get_objects() if type(each) is aiohttp.StreamReader]
        finally:
            gc.enable()
    assert left == []
