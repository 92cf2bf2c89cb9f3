"""One connection of aiohttp's pool: a request goes out byte for byte as it is given, and its answer comes back.

The library's handler brings flow control and what the pool asks for, its parser reads heads, and bodies that are not
there yet. Its way of handing out answers is replaced, and what it makes of odd ones is mended: a broken body that is
waited for without end, a head that stray bytes spoil, a length beside chunks, which overrule it (RFC 9112, 6.3), a last
chunk without the line behind it, and bytes that nobody has asked for.
"""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpResponseParser, RawResponseMessage
from aiohttp.http_exceptions import BadStatusLine, HttpProcessingError, LineTooLong
from aiohttp.http_parser import HttpParser
from aiohttp.streams import EMPTY_PAYLOAD

Head = RawResponseMessage
Body = bytes | aiohttp.StreamReader
"""All of it where it came with the head, which small ones do."""

_BUFFER: Final = 256 * 1024
_MAX_HEAD: Final = 1024 * 1024
_MAX_HEADERS: Final = 1000
_MAX_INTERIM: Final = 1000
_ONE_WRITE: Final = 64 * 1024
_END: Final = re.compile(rb"\n\r?\n")
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[^\r\n]*(?=\r\n)", re.IGNORECASE)
_LAST_CHUNK: Final = b"\r\n0\r\n"
_END_OF_CHUNKS: Final = b"\r\n\r\n"
_VERSION: Final = b"HTTP/"
_SWITCHING: Final = 101
_WITHOUT_BODY: Final = frozenset({_SWITCHING, 204, 304})


class HttpProtocol(ResponseHandler):
    """Exchanges one after the other: `expect` an answer, `send` the request, read, `finish`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.born = monotonic()
        self.used = False  # for an exchange that has ended
        self._answered: asyncio.Future[tuple[Head, Body]] | None = None
        self._without_body = False
        self._silent_since: float | None = None  # on the loop's clock; None while silence is no fault
        self._looked_at = 0.0  # when the timer ends, which serves one exchange after the other
        self._begun = bytearray()  # of a head that is not complete, or not asked for yet
        self._interim = 0  # how many answers to this request were passed over
        self._streams = False  # whether the parser is one for a body
        self._last_bytes: bytes | None = None  # of a body in chunks
        self._missing: int | None = None  # bytes of a body with a length

    @property
    def heard(self) -> bool:
        """Whether something has come before the head that was waited for, or of it."""
        return bool(self._begun) or self._interim > 0

    def expect(self, *, without_body: bool, read_timeout: float) -> asyncio.Future[tuple[Head, Body]]:
        """Head and body of the answer to the next request, as soon as the head is there; interim ones are passed over.

        `read_timeout` is seconds of silence, 0 is no limit. The future, and reading the body, fail with
        `aiohttp.ClientError`, the future with `HttpProcessingError` where the head is not HTTP.
        """
        if self._parser is None or self._streams:
            self._parser = HttpResponseParser(
                self, self._loop, _BUFFER, max_headers=_MAX_HEADERS, response_with_body=False
            )
            self._streams = False
        self._read_timeout = read_timeout
        self._without_body = without_body
        self._payload = self._last_bytes = None
        self._interim = 0
        self._answered = answered = self._loop.create_future()
        if self._begun and self.transport is not None:
            early, self._begun = bytes(self._begun), bytearray()
            self.data_received(early)
        return answered

    def send(self, request: bytes, write_timeout: float) -> asyncio.Task[None] | None:
        """Write a request; a large one in a task, which fails by making the exchange fail.

        `write_timeout` is seconds without progress, 0 is no limit. Raises `aiohttp.ServerDisconnectedError`.
        """
        if self.transport is None:
            raise aiohttp.ServerDisconnectedError
        if len(request) > _ONE_WRITE:
            return self._loop.create_task(self._write_slowly(memoryview(request), write_timeout))
        self.transport.write(request)
        self.start_timeout()
        return None

    def finish(self) -> None:
        """The exchange is over. Without a complete answer it was the last one."""
        self._answered = self._silent_since = None
        self.used = True
        if self._payload is None:
            self._should_close = True

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer; none when reading goes on with those that the parser has kept."""
        answered, parser = self._answered, self._parser
        if answered is None or parser is None:
            if self.used:
                self.close()
            else:  # who refuses all connections may say so before a request is there
                self._begun += data
            return
        if self._silent_since is not None:
            self._silent_since = self._loop.time()
        try:
            if self._payload is None:
                self._read_head(answered, parser, data)
            elif self._streams:
                self._read_body(parser, data)
            else:
                self._should_close = True  # bytes behind the answer
        except Exception as error:
            if self.transport is not None:
                self.transport.close()
            self.set_exception(error if isinstance(error, HttpProcessingError) else HttpProcessingError(), error)

    def _read_head(self, answered: asyncio.Future[tuple[Head, Body]], parser: HttpParser[Any], data: bytes) -> None:
        """The head is parsed whole and by itself: bytes behind it that are no body (of a 204, say) do not spoil it."""
        while data:
            known = len(self._begun)
            if known:
                self._begun += data
            start = self._begun or data
            end = _END.search(start, max(known - 2, 0))
            if end is None:
                if not known:
                    self._begun += data
                _check_beginning(self._begun)
                return
            head, data = bytes(start[: end.end()]), bytes(start[end.end() :])
            self._begun = bytearray()
            if _CHUNKED.search(head) is not None:
                head = _LENGTH.sub(b"", head)
            for message, _ in parser.feed_data(head)[0]:
                if not 100 <= message.code < 200 or message.code == _SWITCHING:
                    self._take(answered, message, head, data)
                    return
            self._interim += 1
            if self._interim > _MAX_INTERIM:
                raise HttpProcessingError(message="Interim answers without end")

    def _take(self, answered: asyncio.Future[tuple[Head, Body]], message: Head, head: bytes, data: bytes) -> None:
        """An answer has begun; `data` is what has come behind its head."""
        if message.should_close or message.code == _SWITCHING:
            self._should_close = True
        length = None if message.chunked else message.headers.get("Content-Length")
        if self._without_body or message.code in _WITHOUT_BODY:
            length = "0"
        if length is not None and int(length) <= len(data):
            body = data[: int(length)]
            self._payload = EMPTY_PAYLOAD
            self._should_close = self._should_close or len(body) < len(data)
            _give(answered, message, body)
            return
        self._parser = parser = HttpResponseParser(
            self,
            self._loop,
            _BUFFER,
            max_headers=_MAX_HEADERS,
            payload_exception=aiohttp.ClientPayloadError,
            read_until_eof=True,
            auto_decompress=False,
        )
        self._streams = True
        self._missing = None if length is None else int(length)
        self._last_bytes = b"" if message.chunked else None
        ((_, self._payload),) = parser.feed_data(head)[0]
        _give(answered, message, self._payload)
        self._read_body(parser, data)

    def _read_body(self, parser: HttpParser[Any], data: bytes) -> None:
        """What comes behind the body, which may be a part of an answer to no request, spoils the connection."""
        if parser.feed_data(data)[0]:
            self._should_close = True
        if self._missing is not None:
            self._missing -= len(data)
            if self._missing < 0:
                self._should_close = True
        elif self._last_bytes is not None:
            self._last_bytes = (self._last_bytes + data[-len(_LAST_CHUNK) :])[-len(_LAST_CHUNK) :]
            if self._payload is not None and self._payload.is_eof() and not self._last_bytes.endswith(_END_OF_CHUNKS):
                self._should_close = True

    def connection_lost(self, exc: BaseException | None) -> None:
        """A connection that ends behind the last chunk has told everything."""
        if self._answered is not None and self._last_bytes == _LAST_CHUNK:
            self.data_received(b"\r\n")
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """What ends the connection ends the exchange: who waits for the head is told, or who reads the body."""
        super().set_exception(exc, *cause)
        if cause and cause[0] is not exc and isinstance(cause[0], Exception):  # the library's word for none is no such
            exc.__cause__ = cause[0]
        if self._answered is None:
            return
        body = self._payload
        if not self._answered.done():
            self._answered.set_exception(exc)
        elif body is not None and not body.is_eof() and body.exception() is None:
            broken = exc if isinstance(exc, aiohttp.ClientError) else aiohttp.ClientPayloadError(str(exc))
            broken.__cause__ = exc.__cause__ if broken is exc else exc
            body.set_exception(broken)

    def start_timeout(self) -> None:
        """The peer may be silent for the read timeout from now on."""
        self._silent_since = now = self._loop.time()
        if self._read_timeout:
            self._look_at(now + self._read_timeout)

    def _reschedule_timeout(self) -> None:
        """Reading goes on."""
        if self._silent_since is not None:
            self.start_timeout()

    def _look_at(self, due: float) -> None:
        """Whether the peer is silent, at this time at the latest."""
        if self._read_timeout_handle is not None:
            if self._looked_at <= due:
                return
            self._read_timeout_handle.cancel()
        self._looked_at = due
        self._read_timeout_handle = self._loop.call_at(due, self._on_read_timeout)

    def _on_read_timeout(self) -> None:
        self._read_timeout_handle = None
        if self._silent_since is None or not self._read_timeout:
            return
        due = self._silent_since + self._read_timeout
        if due > self._loop.time():
            self._look_at(due)
        elif self._payload is None or not self._payload.is_eof():
            self.set_exception(aiohttp.SocketTimeoutError("Timeout on reading data from socket"))

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Asked for at every read of a body, paused or not."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    async def _write_slowly(self, request: memoryview, timeout: float) -> None:
        try:
            for start in range(0, len(request), _ONE_WRITE):
                if self.transport is None or self.transport.is_closing():
                    raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")
                self.transport.write(request[start : start + _ONE_WRITE])
                async with asyncio.timeout(timeout or None):
                    await self._drain_helper()
        except TimeoutError:
            self.set_exception(aiohttp.SocketTimeoutError("Timeout on writing data to socket"))
            self.abort()
        except (OSError, aiohttp.ClientError) as error:
            self.set_exception(aiohttp.ClientOSError(*error.args))
        else:
            self.start_timeout()


def _check_beginning(head: bytearray) -> None:
    """Raises `HttpProcessingError` for what cannot become a head."""
    start = bytes(head[:16]).lstrip(b"\r\n")[: len(_VERSION)]
    if not _VERSION.startswith(start):
        raise BadStatusLine(start.decode("latin-1"))
    if len(head) > _MAX_HEAD:
        raise LineTooLong(bytes(head[:100]), _MAX_HEAD)


def _give(answered: asyncio.Future[tuple[Head, Body]], message: Head, body: Body) -> None:
    if not answered.done():  # who has asked may be gone
        answered.set_result((message, body))
