"""Calls with many answers: how far a peer may go ahead of the reader, and how calls end early."""

from __future__ import annotations

import asyncio
import struct
import time

import pytest

from tests.support.grpc_client import answered, client, everything, failed, guarded
from tests.support.http2_peer import (
    CANCEL,
    DATA,
    FIRST,
    PING,
    RST_STREAM,
    Peer,
    answer,
    frame,
    message,
    peers,
    trailers,
)
from worker.zeebe.http2.call import READ_AHEAD
from worker.zeebe.http2.status import RpcError


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


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in part"])
async def test_a_call_that_is_left_ends_with_the_message_that_is_coming(whole: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(FIRST, frame(DATA, 0, 1, message(b"a") + message(bytes(60_000))[:7]))
        await peer.send(frame(PING, 0, 0, bytes(8)))
        await peer.until(lambda: PING in peer.seen)
        come.set()
        await left.wait()
        if whole:
            await peer.stream_out(1, message(bytes(60_000))[7:] + message(b"another"))
        await peer.until(lambda: 1 in peer.resets)
        assert peer.resets[1] == CANCEL
        await peer.end()

    come, left = asyncio.Event(), asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        call = calls.many()
        await guarded(come.wait())
        call.leave()
        left.set()
        assert await guarded(call.read()) == b"a"
        if whole:
            assert await guarded(call.read()) == bytes(60_000)
        with pytest.raises(RpcError, match="CANCELLED" if whole else "DEADLINE_EXCEEDED"):
            await guarded(call.read())


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
        await peer.send(answer((await peer.request()).stream, b"connected"))
        await peer.until(lambda: len(peer.resets) == 2)
        assert set(peer.resets.values()) == {CANCEL}
        reset.set()
        await peer.end()

    reset = asyncio.Event()
    async with peers(script) as running, client(running.address) as calls:
        assert await answered(calls.one()) == b"connected"
        later, soon, stream = calls.one(), calls.one(timeout=0.05), calls.many(timeout=0.02)
        assert (await failed(soon)).code == "DEADLINE_EXCEEDED"
        with pytest.raises(RpcError, match="DEADLINE_EXCEEDED"):
            await guarded(stream.read())
        await guarded(reset.wait())
        later.cancel()


async def test_a_call_may_let_more_come_at_once() -> None:
    sent = message(bytes(900_000))

    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.until(lambda: peer.credit[1] == 1 << 20)
        await peer.send(FIRST, *(frame(DATA, 0, 1, sent[at : at + 16_384]) for at in range(0, len(sent), 16_384)))
        await peer.send(trailers(1))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert await everything(calls.many(ahead=1 << 20)) == [bytes(900_000)]


async def test_a_peer_that_cancels_when_the_time_is_over_means_that() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        request = await peer.request()
        time.sleep(0.06)  # noqa: ASYNC251 -- nobody gets to look at the time before the peer has spoken
        await peer.send(frame(RST_STREAM, 0, request.stream, struct.pack(">L", CANCEL)))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        assert (await failed(calls.one(timeout=0.05))).code == "DEADLINE_EXCEEDED"
