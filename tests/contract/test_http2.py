"""The gRPC client against a peer that is told byte by byte what to send: over real sockets, through its channel."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hpack import Encoder

from tests.support.certificates import make_authority
from tests.support.http2_peer import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FIRST_LINES,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE,
    PADDED,
    PING,
    PRIORITIZED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Peer,
    answer,
    frame,
    goaway,
    lines,
    message,
    peers,
    settings,
    trailers,
    window,
)
from tests.support.tls_client import trusting_context
from worker.zeebe.http2.call import READ_AHEAD, Call
from worker.zeebe.http2.channel import MOST_WAITING, Channel
from worker.zeebe.http2.liveness import Life
from worker.zeebe.http2.status import RpcError

SECONDS = 20.0  # a guard: no test waits for it

T = TypeVar("T")


class Client:
    """Calls whose messages are bytes."""

    def __init__(self, address: str, **options: Any) -> None:
        self.channel = Channel(address, **options)
        self._one = self.channel.unary_unary("/test.Test/One", bytes, bytes)
        self._many = self.channel.unary_stream("/test.Test/Many", bytes, bytes)

    def one(self, content: bytes = b"question", *, timeout: float = SECONDS, **more: Any) -> Call:
        return self._one(content, timeout=timeout, **more)

    def many(self, content: bytes = b"question", *, timeout: float = SECONDS) -> Call:
        return self._many(content, timeout=timeout)


@pytest.fixture(autouse=True)
async def unforeseen() -> AsyncIterator[None]:
    """Nothing goes wrong behind a test's back."""
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
    yield
    assert problems == []


@asynccontextmanager
async def client(address: str, **options: Any) -> AsyncIterator[Client]:
    made = Client(address, **options)
    try:
        yield made
    finally:
        await made.channel.close()


async def guarded(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(SECONDS):
        return await awaitable


async def answered(call: Call) -> bytes:
    content: bytes = await guarded(call)
    return content


async def failed(call: Call) -> RpcError:
    with pytest.raises(RpcError) as raised:
        await guarded(call)
    return raised.value


async def everything(call: Call) -> list[bytes]:
    return [content async for content in contents(call)]


async def contents(call: Call) -> AsyncIterator[bytes]:
    while (content := await guarded(call.read())) is not None:
        yield content


async def echo(peer: Peer) -> None:
    """A peer that does as it should."""
    await peer.hello()
    while True:
        request = await peer.request()
        await peer.send(answer(request.stream, bytes(request.body[5:])))


def saying(*parts: bytes) -> Any:
    """A peer that answers the first call, which is stream 1, with these bytes."""

    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(*parts)
        await peer.end()

    return script


# -- requests


async def test_a_call_says_what_grpc_wants_to_know() -> None:
    heard: dict[str, str] = {}

    async def script(peer: Peer) -> None:
        await peer.hello()
        request = await peer.request()
        heard.update(request.headers)
        assert bytes(request.body) == message(b"question")
        await peer.send(answer(request.stream, b"yes"))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert await answered(calls.one(timeout=7.5, metadata={"x-tenant": "acme"})) == b"yes"
        assert heard == {
            ":method": "POST",
            ":scheme": "http",
            ":path": "/test.Test/One",
            ":authority": running.address,
            "te": "trailers",
            "content-type": "application/grpc",
            "user-agent": heard["user-agent"],
            "grpc-timeout": "7500m",
            "x-tenant": "acme",
        }


async def test_header_lines_of_more_than_a_frame_go_on_in_the_next() -> None:
    kinds: list[int] = []
    sizes: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.send(settings({}))
        await peer.reader.readexactly(24)
        while kinds[-1:] != [DATA]:
            head = await peer.reader.readexactly(9)
            size = int.from_bytes(head[:3], "big")
            await peer.reader.readexactly(size)
            if head[3] in (HEADERS, CONTINUATION, DATA):
                kinds.append(head[3])
                sizes.append(size)
        await peer.send(answer(1, b"yes"))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        token = "Bearer " + "x" * 40_000
        assert await answered(calls.one(metadata={"authorization": token})) == b"yes"
    assert kinds == [HEADERS, CONTINUATION, CONTINUATION, DATA]
    assert max(sizes) <= 16_384
    assert sum(sizes) > 40_000


async def test_calls_of_one_moment_share_a_connection_and_are_told_apart() -> None:
    async with peers(echo) as running, client(running.address) as calls:
        asked = [b"%d" % number for number in range(300)]
        assert await guarded(asyncio.gather(*[answered(calls.one(each)) for each in asked])) == asked
        assert running.connections == 1


@pytest.mark.parametrize("megabytes", [1, 20])
async def test_large_messages_go_both_ways(megabytes: int) -> None:
    content = random.Random(megabytes).randbytes(megabytes << 20)

    async def script(peer: Peer) -> None:
        await peer.hello()
        while not peer.requests or not any(each.ended for each in peer.requests.values()):
            kind, _, stream, payload = await peer.frame()
            if kind == DATA:
                await peer.send(window(0, len(payload)), window(stream, len(payload)))
        request = await peer.request()
        await peer.send(frame(HEADERS, END_HEADERS, request.stream, lines(FIRST_LINES)))
        await peer.stream_out(request.stream, bytes(request.body))
        await peer.send(trailers(request.stream))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert await answered(calls.one(content)) == content


async def test_a_request_waits_for_credit_of_its_stream_and_of_the_connection() -> None:
    content = bytes(100_000)
    seen: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.hello({INITIAL_WINDOW_SIZE: 10})

        def body() -> int:
            return len(peer.requests[1].body) if 1 in peer.requests else 0

        await peer.until(lambda: body() == 10)
        await peer.send(window(1, 70_000))
        await peer.until(lambda: body() == 65_535)  # the connection's
        await peer.send(settings({INITIAL_WINDOW_SIZE: 5}), window(0, 1 << 20))  # 5 less than before: 4,475 are left
        await peer.until(lambda: body() == 70_005)
        seen.append(body())
        await peer.send(frame(PING, 0, 0, bytes(8)))
        await peer.until(lambda: peer.seen[-1] == PING)
        assert body() == 70_005
        await peer.send(settings({INITIAL_WINDOW_SIZE: 1 << 20}))
        await peer.request()
        await peer.send(answer(1, b"%d" % body()))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert await answered(calls.one(content)) == b"100005"
    assert seen == [70_005]


async def test_a_peer_that_stops_reading_holds_a_large_request_back_and_then_gets_it_all() -> None:
    content = bytes(8 << 20)

    async def script(peer: Peer) -> None:
        await peer.hello({INITIAL_WINDOW_SIZE: (1 << 31) - 1, MAX_FRAME_SIZE: 1 << 20})
        await peer.send(window(0, (1 << 31) - 1 - 65_535))
        await peer.until(lambda: 1 in peer.requests)
        asking.set()
        await going_on.wait()
        request = await peer.request()
        await peer.send(answer(1, b"%d" % len(request.body)))
        while True:
            request = await peer.request()
            await peer.send(answer(request.stream, b"small"))

    asking, going_on = asyncio.Event(), asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        large = calls.one(content)
        await guarded(asking.wait())
        small = [calls.one() for _ in range(20)]
        going_on.set()
        assert await answered(large) == b"%d" % (len(content) + 5)
        assert [await answered(each) for each in small] == [b"small"] * 20


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_calls_are_open_than_the_peer_allows(most: int) -> None:
    open_at_once: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.hello({MAX_CONCURRENT_STREAMS: most})
        done: set[int] = set()
        while len(done) < 10:
            request = await peer.request()
            open_at_once.append(len(peer.requests) - len(done))
            done.add(request.stream)
            await peer.send(answer(request.stream, b""))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        await guarded(asyncio.gather(*[answered(calls.one()) for _ in range(10)]))
    assert max(open_at_once) <= most


async def test_calls_without_room_end_with_their_time_and_too_many_of_them_at_once() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello({MAX_CONCURRENT_STREAMS: 0})
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert (await failed(calls.one(timeout=0.05))).code == "DEADLINE_EXCEEDED"
        waiting = [calls.one() for _ in range(MOST_WAITING)]
        assert (await failed(calls.one())).code == "UNAVAILABLE"
        for call in waiting:
            call.cancel()


# -- answers


async def test_an_answer_may_come_byte_by_byte() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        for _ in range(2):
            request = await peer.request()
            for byte in answer(request.stream, b"in pieces") + frame(PING, 0, 0, bytes(8)):
                await peer.send(bytes((byte,)))
                await asyncio.sleep(0)  # let it be read
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        for _ in range(2):
            assert await answered(calls.one()) == b"in pieces"


async def test_padding_priorities_continuations_and_unknown_frames_mean_nothing() -> None:
    first, last = lines(FIRST_LINES), lines({"grpc-status": "0"})
    padded = frame(HEADERS, END_HEADERS | PADDED | PRIORITIZED, 1, b"\x07" + b"\x00\x00\x00\x00\x10" + first + bytes(7))
    content = message(b"in two parts")
    parts = (
        frame(PRIORITY, 0, 1, bytes(5)),
        padded,
        frame(0xEE, 0xFF, 1, b"unknown"),
        frame(DATA, PADDED, 1, b"\x0a" + content[:7] + bytes(10)),
        frame(DATA, PADDED, 1, b"\x00" + content[7:]),
        frame(DATA, 0, 1),
        frame(HEADERS, END_STREAM, 1, last[:1]),
        frame(CONTINUATION, 0, 1),
        *(frame(CONTINUATION, 0, 1, last[index : index + 1]) for index in range(1, len(last))),
        frame(CONTINUATION, END_HEADERS, 1),
    )

    async with peers(saying(*parts)) as running, client(running.address) as calls:
        assert await answered(calls.one()) == b"in two parts"


async def test_interim_lines_are_not_the_answer() -> None:
    interim = frame(HEADERS, END_HEADERS, 1, lines({":status": "103"}))

    async with peers(saying(interim, interim, answer(1, b"yes"))) as running, client(running.address) as calls:
        assert await answered(calls.one()) == b"yes"


async def test_a_peer_may_keep_a_table_of_header_lines() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        encoder = Encoder()
        while True:
            stream = (await peer.request()).stream
            encoded = encoder.encode({":status": "200", "content-type": "application/grpc", "x-n": f"{stream}"})
            await peer.send(frame(HEADERS, END_HEADERS, stream, encoded), frame(DATA, 0, stream, message(b"yes")))
            last = {"grpc-status": "0" if stream < 9 else "5", "grpc-message": f"no {stream}"}
            await peer.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, encoder.encode(last)))

    async with peers(script) as running, client(running.address) as calls:
        for _ in range(4):
            assert await answered(calls.one()) == b"yes"
        assert [str(await failed(calls.one())) for _ in range(2)] == ["NOT_FOUND: no 9", "NOT_FOUND: no 11"]


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        ("5", "no such job", "NOT_FOUND: no such job"),
        ("3", "not%20JSON: %C3%BC%0A", "INVALID_ARGUMENT: not JSON: ü\n"),
        ("14", "half a %", "UNAVAILABLE: half a %"),
        ("99", "", "UNKNOWN: "),
        ("-1", "x", "UNKNOWN: x"),
    ],
)
@pytest.mark.parametrize("bare", [True, False], ids=["lines only", "after a message"])
async def test_a_status_is_told_with_its_words(status: str, words: str, expected: str, bare: bool) -> None:
    if bare:
        block = lines({**FIRST_LINES, "grpc-status": status, "grpc-message": words})
        said = frame(HEADERS, END_HEADERS | END_STREAM, 1, block)
    else:
        said = frame(HEADERS, END_HEADERS, 1, lines(FIRST_LINES)) + frame(DATA, 0, 1, message(b"x"))
        said += trailers(1, status, grpc_message=words)

    async with peers(saying(said)) as running, client(running.address) as calls:
        assert str(await failed(calls.one())) == expected


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("400", "INTERNAL"),
        ("401", "UNAUTHENTICATED"),
        ("403", "PERMISSION_DENIED"),
        ("404", "UNIMPLEMENTED"),
        ("429", "UNAVAILABLE"),
        ("502", "UNAVAILABLE"),
        ("503", "UNAVAILABLE"),
        ("504", "UNAVAILABLE"),
        ("500", "UNKNOWN"),
        ("302", "UNKNOWN"),
        ("200", "UNKNOWN"),  # which is no gRPC
    ],
)
@pytest.mark.parametrize("body", [True, False], ids=["page", "empty"])
async def test_an_answer_that_is_no_grpc_counts_by_its_http_status(status: str, code: str, body: bool) -> None:
    block = lines({":status": status, "content-type": "text/html"})
    page = frame(HEADERS, END_HEADERS, 1, block) + frame(DATA, END_STREAM, 1, b"<h1>Out of service</h1>")
    said = page if body else frame(HEADERS, END_HEADERS | END_STREAM, 1, block)

    async with peers(saying(said)) as running, client(running.address) as calls:
        assert (await failed(calls.one())).code == code


@pytest.mark.parametrize(
    ("reset", "code"),
    [
        (0, "INTERNAL"),
        (2, "INTERNAL"),
        (7, "UNAVAILABLE"),
        (CANCEL, "CANCELLED"),
        (11, "RESOURCE_EXHAUSTED"),
        (12, "PERMISSION_DENIED"),
        (99, "UNKNOWN"),
    ],
)
async def test_a_stream_that_is_reset_counts_by_its_code(reset: int, code: str) -> None:
    said = frame(RST_STREAM, 0, 1, struct.pack(">L", reset))

    async with peers(saying(said)) as running, client(running.address) as calls:
        assert (await failed(calls.one())).code == code


FIRST = frame(HEADERS, END_HEADERS, 1, lines(FIRST_LINES))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(FIRST + trailers(1), id="no message"),
        pytest.param(FIRST + frame(DATA, 0, 1, message(b"a")) * 2 + trailers(1), id="two messages"),
        pytest.param(FIRST + frame(DATA, 0, 1, message(b"half")[:-1]) + trailers(1), id="half a message"),
        pytest.param(FIRST + frame(DATA, 0, 1, b"\x01" + message(b"x")[1:]) + trailers(1), id="compressed"),
        pytest.param(FIRST + FIRST, id="lines twice"),
        pytest.param(frame(DATA, 0, 1, message(b"x")), id="data first"),
    ],
)
async def test_what_is_no_answer_is_an_error_of_that_call_alone(said: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(said)
        request = await peer.request()
        await peer.send(answer(request.stream, b"yes"))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert (await failed(calls.one())).code == "INTERNAL"
        assert await answered(calls.one()) == b"yes"
        assert running.connections == 1


async def test_an_answer_without_a_status_is_an_error() -> None:
    said = FIRST + frame(DATA, END_STREAM, 1, message(b"x"))

    async with peers(saying(said)) as running, client(running.address) as calls:
        assert (await failed(calls.one())).code == "UNKNOWN"


async def test_a_message_over_the_limit_fails_and_the_connection_goes_on() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        request = await peer.request()
        await peer.send(FIRST, frame(DATA, 0, 1, struct.pack(">BL", 0, 1001) + bytes(100)))
        await peer.until(lambda: 1 in peer.resets)
        request = await peer.request()
        await peer.send(answer(request.stream, bytes(1000)))
        await peer.end()

    async with peers(script) as running, client(running.address, max_message_bytes=1000) as calls:
        assert "larger than max (1001 vs. 1000)" in str(await failed(calls.one()))
        assert "larger than max (1001 vs. 1000)" in str(await failed(calls.one(bytes(1001))))
        assert await answered(calls.one(bytes(1000))) == bytes(1000)
        assert running.connections == 1


async def test_an_early_no_ends_a_request_that_is_still_being_sent() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.until(lambda: len(peer.requests[1].body) == 65_535 if 1 in peer.requests else False)
        block = lines({**FIRST_LINES, "grpc-status": "8", "grpc-message": "too large"})
        await peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        await peer.until(lambda: 1 in peer.resets)
        await peer.send(window(0, 1 << 20), window(1, 1 << 20))
        request = await peer.request()
        await peer.send(answer(request.stream, b"yes"))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert str(await failed(calls.one(bytes(1 << 20)))) == "RESOURCE_EXHAUSTED: too large"
        assert await answered(calls.one()) == b"yes"


# -- streams


async def test_a_stream_is_read_message_by_message() -> None:
    sent = [b"a", b"", b"b" * 100_000, b"c"]

    async def script(peer: Peer) -> None:
        await peer.hello()
        request = await peer.request()
        await peer.send(FIRST)
        await peer.stream_out(request.stream, b"".join(message(each) for each in sent))
        await peer.send(trailers(1))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert await everything(calls.many()) == sent


async def test_who_does_not_read_gets_no_more_than_a_little_ahead() -> None:
    each = message(bytes(100))
    sent = 0
    stuck = asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.hello()
        await peer.request()
        await peer.send(FIRST)
        while sent < 1000:
            if peer.credit[1] < len(each):
                stuck.set()
                await peer.frame()
            else:
                await peer.stream_out(1, each)
                sent += 1
        await peer.send(trailers(1))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        call = calls.many()
        await guarded(stuck.wait())
        assert sent == READ_AHEAD // len(each)
        for read in range(1, 400):
            assert await guarded(call.read()) == bytes(100)
            assert sent - read <= READ_AHEAD // len(each) + 1
        assert len(await everything(call)) == 601


async def test_what_came_before_a_stream_was_cancelled_is_handed_out() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(FIRST, frame(DATA, 0, 1, message(b"a") + message(b"b") + message(b"half")[:7]))
        await peer.send(frame(PING, 0, 0, bytes(8)))
        await peer.until(lambda: PING in peer.seen)
        come.set()
        await peer.until(lambda: 1 in peer.resets)
        assert peer.resets[1] == CANCEL
        await peer.send(frame(DATA, 0, 1, message(b"too late")), trailers(1))
        request = await peer.request()
        await peer.send(answer(request.stream, b"yes"))
        await peer.end()

    come = asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        call = calls.many()
        await guarded(come.wait())
        call.cancel()
        assert await answered(calls.one()) == b"yes"
        assert [await call.read(), await call.read()] == [b"a", b"b"]
        with pytest.raises(RpcError, match="CANCELLED"):
            await call.read()


async def test_a_caller_that_is_cancelled_ends_its_call() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        asked.set()
        await peer.until(lambda: 1 in peer.resets)
        assert peer.resets[1] == CANCEL
        reset.set()
        await peer.end()

    asked, reset = asyncio.Event(), asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        waiting = asyncio.create_task(answered(calls.one()))
        await guarded(asked.wait())
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await guarded(reset.wait())


async def test_a_call_ends_by_its_deadline_here_and_there() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.until(lambda: len(peer.resets) == 2)
        assert set(peer.resets.values()) == {CANCEL}
        reset.set()
        await peer.end()

    reset = asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        later, soon, stream = calls.one(), calls.one(timeout=0.05), calls.many(timeout=0.02)
        assert (await failed(soon)).code == "DEADLINE_EXCEEDED"
        with pytest.raises(RpcError, match="DEADLINE_EXCEEDED"):
            await guarded(stream.read())
        await guarded(reset.wait())
        later.cancel()


# -- the connection's life


async def test_a_farewell_lets_calls_end_and_sends_new_ones_elsewhere() -> None:
    async def leaving(peer: Peer) -> None:
        await peer.hello()
        await peer.until(lambda: len(peer.requests) == 3)
        await peer.send(goaway((1 << 31) - 1), goaway(3, words=b"bye"))
        said.set()
        await asked_elsewhere.wait()
        await peer.send(answer(1, b"first"), answer(3, b"second"))
        await peer.end()
        closed.set()

    async def next_one(peer: Peer) -> None:
        await peer.hello()
        request = await peer.request()
        asked_elsewhere.set()
        await peer.send(answer(request.stream, b"elsewhere"))
        await peer.end()

    said, asked_elsewhere, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with peers(leaving, next_one) as running, client(running.address) as calls:
        three = [calls.one() for _ in range(3)]
        await guarded(said.wait())
        error = await failed(three[2])
        assert error.code == "UNAVAILABLE"
        assert "bye" in error.details
        assert await answered(calls.one()) == b"elsewhere"
        assert [await answered(three[0]), await answered(three[1])] == [b"first", b"second"]
        await guarded(closed.wait())


async def test_calls_that_wait_for_room_move_on_when_the_gateway_leaves() -> None:
    async def leaving(peer: Peer) -> None:
        await peer.hello({MAX_CONCURRENT_STREAMS: 1})
        await peer.request()
        await peer.send(answer(1, b"here"))
        request = await peer.request()
        await peer.send(goaway(request.stream))
        await peer.send(answer(request.stream, b"here"))
        await peer.end()

    async with peers(leaving, echo) as running, client(running.address) as calls:
        assert await answered(calls.one()) == b"here"
        both = [calls.one(), calls.one()]
        assert [await answered(each) for each in both] == [b"here", b"question"]


@pytest.mark.parametrize("how", ["closed", "reset"])
async def test_a_connection_that_is_lost_fails_all_its_calls(how: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.until(lambda: len(peer.requests) == 3)
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            peer.writer.transport.abort()

    async with peers(script, echo) as running, client(running.address) as calls:
        stream, *two = calls.many(), calls.one(), calls.one()
        assert [(await failed(each)).code for each in two] == ["UNAVAILABLE"] * 2
        with pytest.raises(RpcError, match="UNAVAILABLE"):
            await guarded(stream.read())
        assert await answered(calls.one()) == b"question"


async def test_a_silent_connection_is_pinged_and_given_up() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.until(lambda: peer.seen.count(PING) == 1)
        await peer.send(frame(PING, 1, 0, bytes(8)))
        await peer.until(lambda: peer.seen.count(PING) == 2)
        await peer.end()

    async with peers(script) as running, client(running.address, life=Life(0.05, 0.05)) as calls:
        error = await failed(calls.one())
        assert str(error) == "UNAVAILABLE: the gateway does not answer a ping"


async def test_an_idle_connection_is_not_pinged_before_a_call_needs_it() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        request = await peer.request()
        await peer.send(answer(request.stream, b""))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await peer.until(lambda: PING in peer.seen)
        idle.append(PING not in peer.seen)
        quiet.set()
        await peer.until(lambda: PING in peer.seen)
        await peer.end()

    quiet, idle = asyncio.Event(), list[bool]()
    async with peers(script) as running, client(running.address, life=Life(0.05, 0.05)) as calls:
        await answered(calls.one())
        await guarded(quiet.wait())
        assert (await failed(calls.one())).code == "UNAVAILABLE"
    assert idle == [True]


async def test_a_connection_whose_stream_numbers_are_used_up_is_replaced() -> None:
    async with peers(echo) as running, client(running.address, life=Life(last_stream=5)) as calls:
        for number in range(7):
            assert await answered(calls.one(b"%d" % number)) == b"%d" % number
        assert running.connections == 3


async def test_pings_are_answered() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(frame(PING, 0, 0, b"12345678"))
        while True:
            kind, flags, _, payload = await peer.frame()
            if kind == PING:
                assert (flags, payload) == (1, b"12345678")
                break
        await peer.send(answer(1, b"yes"))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert await answered(calls.one()) == b"yes"


async def test_a_gateway_that_is_away_is_not_called_at_full_speed() -> None:
    async def script(peer: Peer) -> None:
        """Close at once."""

    async with peers(script) as running, client(running.address) as calls:
        codes = {(await failed(calls.one())).code for _ in range(200)}
        assert codes == {"UNAVAILABLE"}
        assert running.connections < 20


async def test_a_channel_that_is_closed_fails_what_is_open_and_what_comes() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        call = calls.one()
        await asyncio.sleep(0)
        await calls.channel.close()
        assert [(await failed(each)).code for each in (call, calls.one())] == ["UNAVAILABLE"] * 2


async def test_over_tls_a_peer_without_http2_is_told_so(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    server, ours = authority.server_context(), trusting_context(authority)

    async with (
        peers(echo, tls=server) as running,
        client(running.address, context=lambda: ours) as calls,
    ):
        assert "h2" in str(await failed(calls.one()))


async def test_over_tls_large_messages_go_both_ways(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    server, ours = authority.server_context(), trusting_context(authority)
    server.set_alpn_protocols(["h2"])
    content = random.Random(1).randbytes(3 << 20)

    async def script(peer: Peer) -> None:
        await peer.hello({INITIAL_WINDOW_SIZE: 1 << 24})
        await peer.send(window(0, 1 << 24))
        request = await peer.request()
        await peer.send(FIRST)
        await peer.stream_out(1, bytes(request.body))
        await peer.send(trailers(1))
        await peer.end()

    async with peers(script, tls=server) as running, client(running.address, context=lambda: ours) as calls:
        assert await answered(calls.one(content)) == content


# -- peers that mean no good

HUGE = frame(HEADERS, 0, 1, bytes(16_384)) + frame(CONTINUATION, 0, 1, bytes(16_384)) * 5
TABLE_LINE = b"\x40\x01x\x7f\x81\x1f" + b"y" * 4096  # x: y…, and it is kept


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(frame(DATA, 0, 0, b"x"), id="data on the connection"),
        pytest.param(frame(HEADERS, END_HEADERS, 0, b"\x88"), id="lines on the connection"),
        pytest.param(frame(HEADERS, END_HEADERS, 2, b"\x88"), id="lines on a stream of its own"),
        pytest.param(frame(DATA, 0, 3, b"x"), id="data on a stream that is to come"),
        pytest.param(frame(RST_STREAM, 0, 3, bytes(4)), id="reset of a stream that is to come"),
        pytest.param(frame(RST_STREAM, 0, 1, bytes(3)), id="short reset"),
        pytest.param(frame(PING, 0, 0, bytes(7)), id="short ping"),
        pytest.param(frame(PING, 0, 1, bytes(8)), id="ping on a stream"),
        pytest.param(frame(SETTINGS, 0, 0, bytes(5)), id="short settings"),
        pytest.param(frame(SETTINGS, 1, 0, bytes(6)), id="settings in their own receipt"),
        pytest.param(frame(SETTINGS, 0, 1), id="settings on a stream"),
        pytest.param(settings({MAX_FRAME_SIZE: 1}), id="frame size"),
        pytest.param(settings({INITIAL_WINDOW_SIZE: 1 << 31}), id="initial window"),
        pytest.param(window(0, 0), id="no growth"),
        pytest.param(window(0, (1 << 31) - 1), id="window of the connection"),
        pytest.param(frame(WINDOW_UPDATE, 0, 0, bytes(3)), id="short window"),
        pytest.param(frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4)), id="push"),
        pytest.param(frame(CONTINUATION, END_HEADERS, 1, b"\x88"), id="continuation of nothing"),
        pytest.param(frame(HEADERS, 0, 1, b"\x88") + frame(PING, 0, 0, bytes(8)), id="ping within lines"),
        pytest.param(frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff"), id="no lines"),
        pytest.param(frame(HEADERS, END_HEADERS, 1, b"\x00"), id="half a line"),
        pytest.param(frame(HEADERS, END_HEADERS, 1, b"\xbe"), id="line of an empty table"),
        pytest.param(frame(HEADERS, END_HEADERS | PADDED, 1, b"\x09\x88"), id="padding of lines"),
        pytest.param(frame(DATA, PADDED, 1, b""), id="padding of data"),
        pytest.param(frame(0xEE, 0, 0, bytes(16_385)), id="frame"),
        pytest.param(frame(GOAWAY, 0, 0, bytes(7)), id="short farewell"),
        pytest.param(HUGE, id="lines without end"),
        pytest.param(frame(HEADERS, END_HEADERS, 1, TABLE_LINE + b"\xbe" * 10_000), id="lines that grow"),
        pytest.param(frame(PING, 0, 0, bytes(8)) * 20_000, id="pings"),
        pytest.param(settings({}) * 20_000, id="settings"),
        pytest.param(frame(0xEE, 0, 0) * 20_000, id="unknown frames"),
        pytest.param(FIRST + frame(DATA, 0, 1) * 20_000, id="empty data"),
        pytest.param(frame(HEADERS, 0, 1) + frame(CONTINUATION, 0, 1) * 20_000, id="empty continuations"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="HTTP/1.1"),
    ],
)
async def test_a_peer_that_breaks_the_protocol_is_left(said: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        reading = asyncio.create_task(peer.end())
        with contextlib.suppress(ConnectionError):
            await peer.send(said)
        await reading
        left.set()

    left = asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        assert (await failed(calls.one())).code == "UNAVAILABLE"
        await guarded(left.wait())


async def test_a_peer_that_pings_and_does_not_read_is_left() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        while True:
            await peer.send(frame(PING, 0, 0, bytes(8)) * 1000)
            await asyncio.sleep(0.001)

    async with peers(script) as running, client(running.address) as calls:
        assert (await failed(calls.one())).code == "UNAVAILABLE"


async def test_a_peer_that_sends_more_than_it_may_fails_that_call() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(FIRST, frame(DATA, 0, 1, message(bytes(16_000))) * 8)
        await peer.until(lambda: 1 in peer.resets)
        reset.set()
        await peer.end()

    reset = asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        call = calls.many()
        await guarded(reset.wait())
        with pytest.raises(RpcError, match="INTERNAL"):
            await everything(call)


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        frame(SETTINGS, 1, 0),
        frame(PING, 0, 0, bytes(8)),
        answer(1, b"x"),
        random.Random(7).randbytes(1000),
    ],
    ids=["nothing", "HTTP/1.1", "SSH", "receipt", "ping", "answer", "noise"],
)
async def test_what_does_not_greet_as_http2_is_no_gateway(greeting: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(greeting)
        if greeting:
            await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert (await failed(calls.one())).code == "UNAVAILABLE"


async def test_whatever_a_peer_says_every_call_has_an_end() -> None:
    randomness = random.Random(4711)
    good = [answer(1, b"x"), settings({3: 1}), frame(PING, 0, 0, bytes(8)), window(0, 5), FIRST, goaway(1), trailers(1)]

    def noise() -> bytes:
        said = bytearray(b"".join(randomness.choices(good, k=4)))
        for _ in range(randomness.randrange(6)):
            said[randomness.randrange(len(said))] = randomness.randrange(256)
        return bytes(said)

    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(noise())
        with contextlib.suppress(TimeoutError, KeyError):
            async with asyncio.timeout(0.02):
                await peer.end()

    async def one_run(address: str) -> None:
        async with client(address) as calls:
            call, stream = calls.one(timeout=5), calls.many(timeout=5)
            with contextlib.suppress(RpcError):
                await answered(call)
            with contextlib.suppress(RpcError):
                await everything(stream)

    async with peers(script) as running:
        for _ in range(200):
            await one_run(running.address)
