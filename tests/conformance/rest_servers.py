"""Raw servers that follow the scripts of recorded cases and keep every byte they are sent.

`tests/support/scripted_server.py` is the simple one for tests written by hand; this one speaks the corpus' language of
delays, breaks and hangs, shares one journal between the servers of a case, and reads chunked requests.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.rest_responses import render

LONGEST_HEAD = 1 << 20
TLS_HANDSHAKE = b"\x16"
END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request; `gap` is the time in seconds since the request before."""

    server: str
    line: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    gap: float


@dataclass
class Journal:
    """What all servers of one case were asked, in order. `ended` wakes those that hang."""

    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _last: float | None = None

    def gap(self) -> float:
        """Seconds since the last call of this method; 0 at first."""
        now = time.monotonic()
        gap = 0.0 if self._last is None else now - self._last
        self._last = now
        return gap

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the case."""
        try:
            await asyncio.wait_for(self.ended.wait(), seconds)
        except TimeoutError:
            return


@dataclass
class Script:
    """Successive responses of one server of one case; `fill` puts addresses in the place of placeholders."""

    server: str
    responses: Sequence[Mapping[str, Any]]
    journal: Journal
    fill: Callable[[str], str]
    _next: int = 0

    def next(self) -> Mapping[str, Any]:
        """The response to the next request; the last one again and again."""
        response = self.responses[min(self._next, len(self.responses) - 1)]
        self._next += 1
        filled: Mapping[str, Any] = json.loads(self.fill(json.dumps(response)))
        return filled


@asynccontextmanager
async def serving(
    script: Callable[[], Script | None], *, tls: ssl.SSLContext | None = None, tunnel: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serves what `script` gives at the time of each request; yields the port. `tunnel` is the TLS behind a CONNECT."""
    serving: dict[asyncio.StreamWriter, asyncio.Task[Any]] = {}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving[writer] = task
        try:
            await _Connection(reader, writer, script, tunnel).run()
        except OSError:  # the worker went away, or refused our certificate
            pass
        finally:
            writer.close()
            del serving[writer]

    listener = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls, limit=LONGEST_HEAD)
    try:
        yield int(listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        left = list(serving.items())
        for writer, _ in left:
            writer.close()
        async with asyncio.timeout(END_SECONDS):
            await asyncio.gather(*(task for _, task in left), return_exceptions=True)


class _Connection:
    """One connection: reads requests, writes them down, acts as the script says."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        script: Callable[[], Script | None],
        tunnel: ssl.SSLContext | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._script = script
        self._tunnel = tunnel
        self._number: int | None = None

    async def run(self) -> None:
        while True:
            try:
                first = await self._reader.readexactly(1)
                if first == TLS_HANDSHAKE:  # to a plain port
                    return
                head = first + await self._reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                return
            script = self._script()
            if script is None:
                return
            await self._note(head, script)
            if not await self._act(script.next(), script.journal):
                return

    async def _note(self, head: bytes, script: Script) -> None:
        journal = script.journal
        if self._number is None:
            self._number = journal.connections
            journal.connections += 1
        line, *lines = head[:-4].decode("latin-1").split("\r\n")
        headers = [(name, value.removeprefix(" ")) for name, _, value in (each.partition(":") for each in lines)]
        body = await self._body({name.lower(): value for name, value in headers})
        journal.requests.append(Received(script.server, line, headers, body, self._number, journal.gap()))

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        try:
            if "chunked" in headers.get("transfer-encoding", "").lower():
                return await self._chunks()
            if headers.get("content-length", "").isdigit():
                return await self._reader.readexactly(int(headers["content-length"]))
        except (asyncio.IncompleteReadError, ValueError):
            return b"<<incomplete>>"
        return b""

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self._reader.readuntil(b"\r\n")).strip().split(b";")[0], 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return body

    async def _act(self, response: Mapping[str, Any], journal: Journal) -> bool:
        """Answer; says whether the connection goes on."""
        await journal.pause(response.get("delay", 0))
        match response.get("action"):
            case "close":
                return False
            case "reset":
                self._reset()
                return False
            case "hang":
                await journal.ended.wait()
                return False
            case "connect":
                self._writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await self._writer.drain()
                assert self._tunnel is not None
                await self._writer.start_tls(self._tunnel)
                return True
            case action:
                return await self._answer(response, action, journal)

    async def _answer(self, response: Mapping[str, Any], action: str | None, journal: Journal) -> bool:
        rendered = render(response)
        await self._send(rendered.head)
        await journal.pause(response.get("bodyDelay", 0))
        if action is None:
            await self._send(rendered.body)
            return not rendered.closes
        await self._send(rendered.body[: response.get("cut", len(rendered.body) // 2)])
        if action == "partialHang":
            await journal.ended.wait()
        elif action == "partialReset":
            await journal.pause(0.1)  # the part before the break arrives first
            self._reset()
        return False

    async def _send(self, data: bytes) -> None:
        if data:
            self._writer.write(data)
            await self._writer.drain()

    def _reset(self) -> None:
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()
