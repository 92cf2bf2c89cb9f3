"""Peers that break the protocol: every call has an end, and nothing grows without bound."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from tests.support.grpc_client import answered, client, everything, failed, guarded
from tests.support.http2_peer import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    FIRST,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    MAX_FRAME_SIZE,
    PADDED,
    PING,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Peer,
    answer,
    frame,
    goaway,
    message,
    peers,
    settings,
    trailers,
    window,
)
from worker.zeebe.http2.status import RpcError

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


async def test_a_peer_that_pings_while_it_has_much_to_read_is_none_of_those() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello({INITIAL_WINDOW_SIZE: 1 << 20})
        await peer.send(window(0, 1 << 30))
        first = await peer.request()
        await peer.send(answer(first.stream, b"yes"))
        await begun.wait()
        await peer.send(frame(PING, 0, 0, bytes(8)))
        while True:
            request = await peer.request()
            await peer.send(answer(request.stream, b"yes"))

    begun = asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        assert await answered(calls.one()) == b"yes"
        many = [calls.one(bytes(10_000)) for _ in range(1_000)]
        await asyncio.sleep(0)
        begun.set()
        assert {await answered(call) for call in many} == {b"yes"}
        assert running.connections == 1


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
