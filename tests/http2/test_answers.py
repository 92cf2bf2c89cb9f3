"""What the gRPC client makes of answers, however they come."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hpack import Encoder

from tests.support.grpc_client import answered, client, failed, saying
from tests.support.http2_peer import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FIRST,
    FIRST_LINES,
    HEADERS,
    PADDED,
    PING,
    PRIORITIZED,
    PRIORITY,
    RST_STREAM,
    Peer,
    answer,
    frame,
    lines,
    message,
    peers,
    trailers,
    window,
)


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


async def test_a_peer_may_take_up_a_table_again() -> None:
    kept = lines({"x-words": "said"}).replace(b"\x00", b"\x40", 1)
    first = b"\x20" + lines(FIRST_LINES)  # with a table of no size
    blocks = [first, b"\x3f\xe1\x1f" + kept + lines(FIRST_LINES), first, b"\xbe" + lines(FIRST_LINES)]

    async def script(peer: Peer) -> None:
        await peer.hello()
        for block in blocks:
            stream = (await peer.request()).stream
            await peer.send(
                frame(HEADERS, END_HEADERS, stream, block), frame(DATA, 0, stream, message(b"yes")), trailers(stream)
            )
        await peer.end()

    async with peers(script) as running, client(running.address) as calls:
        for _ in range(3):
            assert await answered(calls.one()) == b"yes"
        assert "header block" in str(await failed(calls.one()))  # the table was emptied in between


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
