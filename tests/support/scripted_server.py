"""A raw TCP server that answers with the bytes it was given, and remembers exactly what it was sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Raw bytes, or a function that does with the connection what it likes; returning from it closes the connection."""


@dataclass(frozen=True)
class Received:
    """One request: its line, header lines in order (Latin-1), body, and the number of its connection."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


@dataclass
class ScriptedServer:
    """Successive requests get successive answers, the last one again and again."""

    port: int = 0
    scheme: str = "http"
    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


def answer(status: int = 200, body: bytes = b"", *headers: str, reason: str = "OK") -> bytes:
    """A response with a Content-Length."""
    lines = [f"HTTP/1.1 {status} {reason}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


async def close(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Close without an answer."""


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection without an answer."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the client gives up."""
    await reader.read()


def partly(data: bytes, then: Answer) -> Answer:
    """Send `data`, then do something else."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if not isinstance(then, bytes):
            await then(reader, writer)

    return act


def tunnel(context: ssl.SSLContext) -> Answer:
    """Accept a CONNECT; what follows is TLS with this very server."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(context)

    act.keeps_open = True  # type: ignore[attr-defined]
    return act


@asynccontextmanager
async def scripted(*answers: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedServer]:
    """Serve on a free loopback port for the length of the block."""
    script = list(answers) or [answer()]
    server = ScriptedServer(scheme="https" if tls else "http")
    serving: dict[asyncio.StreamWriter, asyncio.Task[Any]] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            serving[writer] = task
        number = server.connections
        server.connections += 1
        try:
            while (received := await _receive(reader, number)) is not None:
                server.requests.append(received)
                now = script[min(len(server.requests), len(script)) - 1]
                if isinstance(now, bytes):
                    writer.write(now)
                    await writer.drain()
                    if _closes(now):
                        break
                else:
                    await now(reader, writer)
                    if not hasattr(now, "keeps_open"):
                        break
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in serving:
            writer.close()
        async with asyncio.timeout(10):
            await asyncio.gather(*serving.values(), return_exceptions=True)


def _closes(response: bytes) -> bool:
    head = response.lower().partition(b"\r\n\r\n")[0]
    return b"content-length:" not in head and b"transfer-encoding:" not in head and b" 204" not in head[:14]


async def _receive(reader: asyncio.StreamReader, connection: int) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head[:-4].decode("latin-1").split("\r\n")
        headers = [(name, value.removeprefix(" ")) for name, _, value in (line.partition(":") for line in lines[1:])]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        return Received(lines[0], headers, await reader.readexactly(length), connection)
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        return None
