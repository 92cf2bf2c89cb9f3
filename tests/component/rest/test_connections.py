"""The pool: connections are shared by jobs, and a closed one costs no request needlessly."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from tests.component.rest.conftest import Calls
from tests.support.scripted_server import answer, close, partly, scripted
from worker.rest.request import ReturnFormat


async def test_calls_share_a_connection(calls: Calls) -> None:
    async with scripted() as server:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            await calls.call(server.url(), method)
    assert [request.connection for request in server.requests] == [0] * 5


async def test_chunked_answers_leave_the_connection_to_the_next_call(calls: Calls) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    async with scripted(chunked) as server:
        bodies = [(await calls.response(server.url())).body for _ in range(3)]
    assert (bodies, server.connections) == (["abc"] * 3, 1)


async def test_calls_at_the_same_time_do_not_wait_for_each_other(calls: Calls) -> None:
    arrived = asyncio.Barrier(20)

    async def wait_for_all(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await arrived.wait()
        writer.write(answer(200, b"{}"))

    async with scripted(wait_for_all) as server:
        await asyncio.gather(*(calls.call(server.url()) for _ in range(20)))
    assert server.connections == 20


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_the_server_has_closed_is_not_used_again(calls: Calls, method: str) -> None:
    async with scripted(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}") as server:
        await calls.call(server.url(), method)
        await calls.call(server.url(), method)
    assert [request.connection for request in server.requests] == [0, 1]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_idempotent_request_on_a_stale_connection_is_sent_again(calls: Calls, method: str) -> None:
    async with scripted(answer(), close, answer()) as server:
        await calls.call(server.url(), method)
        await calls.call(server.url(), method)
    assert [request.connection for request in server.requests] == [0, 0, 1]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_other_requests_are_never_sent_twice(calls: Calls, method: str) -> None:
    async with scripted(answer(), close, answer()) as server:
        await calls.call(server.url(), method)
        failure = await calls.failure(server.url(), method)
    assert (failure.code, len(server.requests)) == ("408", 2)


async def test_an_answer_that_has_begun_is_never_asked_for_again(calls: Calls) -> None:
    async with scripted(
        answer(), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{}", answer()
    ) as server:
        await calls.call(server.url())
        failure = await calls.failure(server.url(), read_timeout=1)
    assert (failure.code, len(server.requests)) == ("500", 2)


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_nor_is_one_of_which_only_the_beginning_has_arrived(calls: Calls, begun: bytes) -> None:
    async with scripted(answer(), partly(begun, close), answer()) as server:
        await calls.call(server.url(), "DELETE")
        failure = await calls.failure(server.url(), "DELETE")
    assert (failure.code, len(server.requests)) == ("408", 2)


async def test_bytes_behind_an_answer_are_no_answer_to_the_next_call(calls: Calls) -> None:
    async with scripted(answer(200, b"[1]") + answer(200, b"[0]"), answer(200, b"[2]")) as server:
        bodies = [(await calls.response(server.url())).body for _ in range(2)]
    assert (bodies, [request.connection for request in server.requests]) == ([[1], [2]], [0, 1])


@pytest.mark.parametrize(
    "first",
    [
        answer(200, b"[1" + b" " * 600_000 + b"]"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
@pytest.mark.parametrize("stray", [answer(200, b""), answer(200, b"[0]")[:-6]], ids=["whole", "begun"])
async def test_nor_are_those_behind_a_long_one(calls: Calls, first: bytes, stray: bytes) -> None:
    async with scripted(first + stray, answer(200, b"[2]")) as server:
        bodies = [(await calls.response(server.url())).body for _ in range(2)]
    assert (bodies, [request.connection for request in server.requests]) == ([[1], [2]], [0, 1])


async def test_nor_are_those_that_come_while_nobody_asks(calls: Calls) -> None:
    answered, closed = asyncio.Event(), asyncio.Event()

    async def say_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, b"[1]"))
        await answered.wait()
        writer.write(answer(200, b"[0]"))
        await reader.read()
        closed.set()

    async with scripted(say_more, answer(200, b"[2]")) as server, asyncio.timeout(10):
        first = await calls.response(server.url())
        answered.set()
        await closed.wait()
        second = await calls.response(server.url())
    assert (first.body, second.body) == ([1], [2])


async def test_a_connection_that_is_lost_to_a_large_request_is_written_to_no_more(
    calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        _, failure = await asyncio.gather(
            asyncio.to_thread(refuse, listener), calls.failure(url, "POST", body="x" * 30_000_000)
        )
    assert (failure.code, caplog.records) == ("408", [])


async def test_a_server_that_is_too_busy_to_listen_is_heard(calls: Calls) -> None:
    async def refuse_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(503, b"no", "Connection: close", reason="Busy"))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(refuse_at_once, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        failures = [await calls.failure(url) for _ in range(20)]
    assert {(failure.code, failure.message) for failure in failures} == {("503", "Busy")}


async def test_a_response_that_is_too_long_does_not_poison_the_next_call(calls: Calls) -> None:
    async with scripted(answer(200, b"x" * 2_000_000), answer(200, b"ok")) as server:
        await calls.failure(server.url(), return_format=ReturnFormat("TEXT"))
        response = await calls.response(server.url(), return_format=ReturnFormat("TEXT"))
    assert response.body == "ok"
    assert [request.connection for request in server.requests] == [0, 1]


async def test_a_cancelled_call_closes_its_connection(calls: Calls) -> None:
    gone = asyncio.Event()

    async def wait_for_the_end(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()
        gone.set()

    arrived = asyncio.Event()
    async with scripted(wait_for_the_end) as server:
        task = asyncio.create_task(calls.call(server.url()))
        async with asyncio.timeout(5):
            await arrived.wait()
            task.cancel()
            await gone.wait()
    assert task.cancelled() or task.done()


async def test_an_answer_to_half_a_request_is_enough(calls: Calls) -> None:
    async def refuse_at_once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await finished.wait()
        writer.close()

    finished = asyncio.Event()
    listener = await asyncio.start_server(refuse_at_once, "127.0.0.1", 0)
    try:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        failure = await calls.failure(url, "POST", body="x" * 30_000_000)
    finally:
        finished.set()
        listener.close()
        await listener.wait_closed()
    assert (failure.code, failure.message) == ("413", "Too Large")
