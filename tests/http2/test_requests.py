"""What the gRPC client sends, and what holds it back."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.support.grpc_client import answered, client, echo, failed, guarded
from tests.support.http2_peer import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    FIRST_LINES,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE,
    PING,
    Peer,
    answer,
    frame,
    lines,
    message,
    peers,
    settings,
    trailers,
    window,
)
from worker.zeebe.http2.channel import MOST_WAITING


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
