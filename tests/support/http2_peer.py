"""The other end of an HTTP/2 connection as bytes, for what a well-behaved gateway never does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hpack import Decoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED, PRIORITIZED = 0x1, 0x4, 0x8, 0x20
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 3, 4, 5
CANCEL = 8

FIRST_LINES = {":status": "200", "content-type": "application/grpc"}


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def settings(values: Mapping[int, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HL", *each) for each in values.items()))


def goaway(last: int, code: int = 0, words: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, 0, struct.pack(">LL", last, code) + words)


def window(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">L", increment))


def lines(values: Mapping[str, str]) -> bytes:
    """A header block of literals with short names and values of any length."""
    block = b""
    for name, value in values.items():
        block += b"\x00" + _text(name) + _text(value)
    return block


def _text(text: str) -> bytes:
    data = text.encode("latin-1")
    if len(data) < 127:
        return bytes((len(data),)) + data
    rest, size = bytearray((127,)), len(data) - 127
    while size >= 128:
        rest.append(size % 128 + 128)
        size //= 128
    return bytes(rest) + bytes((size,)) + data


def message(content: bytes) -> bytes:
    return struct.pack(">BL", 0, len(content)) + content


def answer(stream: int, content: bytes, status: str = "0") -> bytes:
    """A whole answer of one message."""
    return (
        frame(HEADERS, END_HEADERS, stream, lines(FIRST_LINES))
        + frame(DATA, 0, stream, message(content))
        + trailers(stream, status)
    )


FIRST = frame(HEADERS, END_HEADERS, 1, lines(FIRST_LINES))
"""The first lines of the answer to the first call."""


def trailers(stream: int, status: str = "0", **more: str) -> bytes:
    block = lines({"grpc-status": status, **{name.replace("_", "-"): value for name, value in more.items()}})
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, block)


@dataclass
class Request:
    """A call as it came."""

    stream: int
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False


class Peer:
    """One connection. `credit` is what the client lets it send, by stream; 0 is the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.requests: dict[int, Request] = {}
        self.resets: dict[int, int] = {}
        self.seen: list[int] = []  # the kinds of the frames that came
        self.credit: dict[int, int] = {0: 65_535}
        self.initial = 65_535
        self.gone: tuple[int, int] | None = None  # the client's GOAWAY
        self._decoder = Decoder()

    async def send(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def hello(self, values: Mapping[int, int] | None = None) -> None:
        """Greet the client, and hear its greeting."""
        await self.send(settings(values or {}))
        assert await self.reader.readexactly(len(PREFACE)) == PREFACE

    async def frame(self) -> tuple[int, int, int, bytes]:
        """The next frame, taken note of. Raises `IncompleteReadError` at the end."""
        head = await self.reader.readexactly(9)
        payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        self.seen.append(kind)
        if kind == SETTINGS and not flags & 1:
            for name, value in struct.iter_unpack(">HL", payload):
                if name == INITIAL_WINDOW_SIZE:
                    self.initial = value
            await self.send(frame(SETTINGS, 1, 0))
        elif kind == HEADERS:
            pairs = {str(name): str(value) for name, value in self._decoder.decode(payload)}
            self.requests[stream] = Request(stream, pairs)
            self.credit[stream] = self.initial
        elif kind == DATA:
            request = self.requests[stream]
            request.body += payload
            request.ended = bool(flags & END_STREAM)
        elif kind == WINDOW_UPDATE:
            self.credit[stream] = self.credit.get(stream, self.initial) + int.from_bytes(payload, "big")
        elif kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        elif kind == GOAWAY:
            self.gone = struct.unpack(">LL", payload[:8])
        return kind, flags, stream, payload

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self.frame()

    async def request(self) -> Request:
        """The next call that has come whole and was not handed out before."""
        await self.until(lambda: any(each.ended for each in self.requests.values()))
        whole = next(each for each in self.requests.values() if each.ended)
        whole.ended = False
        return whole

    async def stream_out(self, stream: int, content: bytes) -> None:
        """DATA as the client's windows allow."""
        start = 0
        while start < len(content):
            size = min(self.credit[0], self.credit[stream], 16_384, len(content) - start)
            if size <= 0:
                await self.frame()
                continue
            await self.send(frame(DATA, 0, stream, content[start : start + size]))
            self.credit[0] -= size
            self.credit[stream] -= size
            start += size

    async def end(self) -> None:
        """Read until the client closes."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await self.until(lambda: False)


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Running:
    """A server whose successive connections follow successive scripts, the last one again and again."""

    address: str = ""
    connections: int = 0
    problems: list[BaseException] = field(default_factory=list)


@asynccontextmanager
async def peers(*scripts: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Running]:
    """What a script raises fails the test; a script that returns closes its connection."""
    running = Running()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = scripts[min(running.connections, len(scripts) - 1)]
        running.connections += 1
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await script(Peer(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone
        except Exception as problem:
            running.problems.append(problem)
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    running.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield running
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()
    assert not running.problems, running.problems
