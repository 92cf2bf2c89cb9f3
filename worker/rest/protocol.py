"""One connection of aiohttp's pool: a request goes out byte for byte as it is given, and its answer comes back.

The library's handler brings the parser, the body's stream, flow control and what the pool asks for. Its way of handing
out answers is replaced, and what it makes of odd ones is mended: a broken body that is waited for without end, a head
that stray bytes spoil, a length beside chunks, which overrule it (RFC 9112, 6.3), a last chunk without the line behind
it, and bytes that nobody has asked for.
"""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpParser

Head = RawResponseMessage

_MAX_HEADERS: Final = 1000
_ONE_WRITE: Final = 64 * 1024
_END: Final = b"\r\n\r\n"
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[^\r\n]*(?=\r\n)", re.IGNORECASE)
_LAST_CHUNK: Final = b"\r\n0\r\n"
_SWITCHING: Final = 101


class HttpProtocol(ResponseHandler):
    """Exchanges one after the other: `expect` an answer, `send` the request, read, `finish`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.born = monotonic()
        self.used = False  # for an exchange that has ended
        self._answered: asyncio.Future[tuple[Head, aiohttp.StreamReader]] | None = None
        self._heard = 0.0  # when the peer was heard last, on the loop's clock
        self._edge = b""  # the last bytes of a head that is not complete
        self._chunked = False
        self._last_bytes = b""

    def expect(self, *, without_body: bool, read_timeout: float) -> asyncio.Future[tuple[Head, aiohttp.StreamReader]]:
        """Head and body of the answer to the next request, as soon as the head is there; interim ones are passed over.

        `read_timeout` is seconds of silence, 0 is no limit. The future, and reading the body, fail with
        `aiohttp.ClientError`, the future with `HttpProcessingError` where the head is not HTTP.
        """
        self.set_response_params(
            skip_payload=without_body,
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=read_timeout,
            max_headers=_MAX_HEADERS,
        )
        self._payload = None
        self._chunked = False
        self._edge = self._last_bytes = b""
        self._answered = answered = self._loop.create_future()
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
        self._drop_timeout()
        self._answered = None
        self.used = True
        if self._payload is None:
            self._should_close = True

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer; none when reading goes on with those that the parser has kept."""
        parser = self._parser
        if self._answered is None or parser is None:
            self.close()
            return
        self._heard = self._loop.time()
        try:
            if self._payload is None:
                data = self._read_head(parser, data)
                if not data:
                    return
            if self._chunked:
                self._last_bytes = (self._last_bytes + data[-len(_LAST_CHUNK) :])[-len(_LAST_CHUNK) :]
            if parser.feed_data(data)[0]:
                self._should_close = True  # another answer, to no request
        except Exception as error:
            if self.transport is not None:
                self.transport.close()
            self.set_exception(error if isinstance(error, HttpProcessingError) else HttpProcessingError(), error)

    def _read_head(self, parser: HttpParser[Any], data: bytes) -> bytes:
        """What is left behind the head. It is parsed by itself, so an error in what follows (the body of a 204, say)
        does not spoil it.
        """
        while data and self._payload is None:
            end = (self._edge + data).find(_END)
            if end < 0:
                head, rest = data, b""
                self._edge = (self._edge + data)[1 - len(_END) :]
            else:
                end += len(_END) - len(self._edge)
                head, rest = data[:end], data[end:]
                self._edge = b""
                self._chunked = _CHUNKED.search(head) is not None
                if self._chunked:
                    head = _LENGTH.sub(b"", head)
            for message, payload in parser.feed_data(head)[0]:
                self._answer(message, payload)
            data = rest
        return data

    def _answer(self, message: Head, payload: aiohttp.StreamReader) -> None:
        if 100 <= message.code < 200 and message.code != _SWITCHING:
            return  # interim
        if message.should_close or message.code == _SWITCHING or self._payload is not None:
            self._should_close = True
        if self._payload is None:
            self._payload = payload
            if self._answered is not None and not self._answered.done():
                self._answered.set_result((message, payload))

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
        self._heard = self._loop.time()
        if self._read_timeout:
            self._read_timeout_handle = self._loop.call_later(self._read_timeout, self._on_read_timeout)

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Asked for at every read of a body, paused or not."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def _reschedule_timeout(self) -> None:
        self._drop_timeout()
        self.start_timeout()

    def _on_read_timeout(self) -> None:
        self._read_timeout_handle = None
        left = self._heard + (self._read_timeout or 0) - self._loop.time()
        if left > 0:
            self._read_timeout_handle = self._loop.call_later(left, self._on_read_timeout)
        elif self._payload is None or not self._payload.is_eof():
            self.set_exception(aiohttp.SocketTimeoutError("Timeout on reading data from socket"))

    async def _write_slowly(self, request: memoryview, timeout: float) -> None:
        try:
            for start in range(0, len(request), _ONE_WRITE):
                if self.transport is None:
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
            self._reschedule_timeout()
