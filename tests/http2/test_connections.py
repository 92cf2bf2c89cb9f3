"""A connection's life: farewells, losses, pings, new connections, TLS."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.certificates import make_authority
from tests.support.grpc_client import SECONDS, answered, client, echo, failed, guarded
from tests.support.http2_peer import (
    FIRST,
    INITIAL_WINDOW_SIZE,
    MAX_CONCURRENT_STREAMS,
    PING,
    PREFACE,
    Peer,
    answer,
    frame,
    goaway,
    peers,
    settings,
    trailers,
    window,
)
from tests.support.tls_client import trusting_context
from worker.zeebe.http2.liveness import Life
from worker.zeebe.http2.status import RpcError


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
        assert await answered(three[2]) == b"elsewhere"  # the one that the gateway had not taken
        assert [await answered(three[0]), await answered(three[1])] == [b"first", b"second"]
        await guarded(closed.wait())


async def test_a_farewell_may_come_with_the_greeting() -> None:
    async def leaving(peer: Peer) -> None:
        await peer.send(settings({}), goaway((1 << 31) - 1))
        await peer.reader.readexactly(len(PREFACE))
        await peer.request()
        begun.set()
        await asked_elsewhere.wait()
        await peer.send(answer(1, b"first"))
        await peer.end()

    async def next_one(peer: Peer) -> None:
        await peer.hello()
        request = await peer.request()
        await peer.send(answer(request.stream, b"elsewhere"))
        asked_elsewhere.set()
        await peer.end()

    begun, asked_elsewhere = asyncio.Event(), asyncio.Event()
    async with peers(leaving, next_one) as running, client(running.address) as calls:
        first = calls.one()
        await guarded(begun.wait())
        assert await answered(calls.one()) == b"elsewhere"
        assert await answered(first) == b"first"


async def test_a_gateway_that_takes_no_call_at_all_is_away() -> None:
    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(goaway(0, 11, b"too_many_pings"))
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        errors = [await failed(calls.one()) for _ in range(50)]
        assert {error.code for error in errors} == {"UNAVAILABLE"}
        assert "too_many_pings" in errors[0].details
        assert running.connections < 20


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


async def test_a_look_up_that_hangs_holds_up_nobodys_end(monkeypatch: pytest.MonkeyPatch) -> None:
    answered_at_last = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        answered_at_last.wait(2 * SECONDS)
        return []

    async def work() -> None:
        async with client("gateway.test:26500") as calls:
            assert (await failed(calls.one(timeout=0.1))).code == "DEADLINE_EXCEEDED"

    def live(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(work())

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        await guarded(asyncio.to_thread(live, type(asyncio.get_running_loop())))
    finally:
        answered_at_last.set()


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


async def test_other_tls_material_takes_the_place_of_an_attempt_to_connect(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    server = authority.server_context()
    server.set_alpn_protocols(["h2"])
    contexts = [trusting_context(authority), trusting_context(authority)]

    async def silent(peer: Peer) -> None:
        reached.set()
        await peer.end()

    reached = asyncio.Event()
    async with (
        peers(silent, echo, tls=server) as running,
        client(running.address, context=lambda: contexts[0]) as calls,
    ):
        first = calls.one(b"first")
        await guarded(reached.wait())
        contexts.reverse()
        second = calls.one(b"second")
        for _ in range(3):
            await asyncio.sleep(0)  # the first attempt comes to its end
        third = calls.one(b"third")
        assert [await answered(each) for each in (first, second, third)] == [b"first", b"second", b"third"]
        assert running.connections == 2
