"""Exact bytes on an aiohttp connection: the head of a request is written as given, not as the library would write it.

aiohttp keeps the pool, the timeouts, TLS and the response parser. Its own request writer would encode headers as UTF-8,
merge and reorder some, add others and quote the target again; these classes replace that writer and nothing else.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import StreamWriter
from yarl import URL

from worker.rest.gate import Permit
from worker.rest.resolver import Resolver, endpoint

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection

_ONE_WRITE: Final = 64 * 1024
_MAX_REFUSAL: Final = 1024 * 1024
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)
_LAST_CHUNK: Final = b"\r\n0\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[^\r\n]*(?=\r\n)", re.IGNORECASE)


@dataclass(slots=True)
class Outgoing:
    """What to write; `write_timeout` is seconds without progress, or None; `reused` is found out on the way.

    A connection that is used `alone` is closed afterwards.
    """

    head: bytes
    body: bytes
    write_timeout: float | None
    tunnel_agent: str
    used: WeakSet[ResponseHandler]
    permit: Permit
    proxy_tls: ssl.SSLContext | bool = True  # aiohttp's word for the default trust
    alone: bool = False
    reused: bool = False


class TunnelRefused(Exception):
    """The proxy answered CONNECT with something else than 200."""

    def __init__(self, status: int, reason: str, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body


class ExactRequest(aiohttp.ClientRequest):
    """Writes an `Outgoing`, which travels as `data`; all other parts of the request only choose the connection."""

    def __init__(self, method: str, url: URL, *, data: Outgoing, **options: Any) -> None:
        super().__init__(method, url, data=None, **options)
        self.outgoing = data

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Write the message, large ones in a task that the response owns."""
        protocol = conn.protocol
        if protocol is None:
            raise aiohttp.ServerDisconnectedError
        outgoing = self.outgoing
        outgoing.reused = protocol in outgoing.used
        outgoing.used.add(protocol)
        if outgoing.alone:
            protocol.force_close()
        writer = StreamWriter(protocol, self.loop)
        task: asyncio.Task[None] | None = None
        message = outgoing.head + outgoing.body
        if len(message) <= _ONE_WRITE:
            await writer.write(message, drain=False)
            protocol.start_timeout()
        else:
            task = self.loop.create_task(_write_slowly(conn, protocol, writer, message, outgoing.write_timeout))
        return self.response_class(
            self.method,
            self.original_url,
            writer=task,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=[],
            loop=self.loop,
            session=self.session,
            stream_writer=writer,
        )


class ResponseReader(ResponseHandler):
    """Mends what the library makes of odd answers: a broken body that is waited for without end, a head that stray
    bytes spoil, a length beside chunks, which overrule it (RFC 9112, 6.3), and a last chunk without the line behind it.
    """

    _head_expected = False
    _chunked = False
    _last_bytes = b""  # `_tail` is the library's own

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.born = monotonic()

    def set_response_params(self, **options: Any) -> None:
        self._head_expected, self._chunked, self._last_bytes = True, False, b""
        super().set_response_params(**options)

    def data_received(self, data: bytes) -> None:
        """The head is parsed by itself: an error in the bytes after it (the body of a 204, say) leaves it whole."""
        end = data.find(b"\r\n\r\n") + 4 if self._head_expected else 0
        if end > 3:
            self._head_expected = False
            head, data = data[:end], data[end:]
            self._chunked = _CHUNKED.search(head) is not None
            super().data_received(_LENGTH.sub(b"", head) if self._chunked else head)
            if not data:
                return
        if self._chunked:
            self._last_bytes = (self._last_bytes + data[-len(_LAST_CHUNK) :])[-len(_LAST_CHUNK) :]
        super().data_received(data)  # empty when the library goes on with what it has

    def connection_lost(self, exc: BaseException | None) -> None:
        """A connection that ends behind the last chunk has told everything."""
        if self._chunked and self._last_bytes == _LAST_CHUNK:
            super().data_received(b"\r\n")
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """What ends the connection ends the body as well; else its reader is never told."""
        body = self._payload
        super().set_exception(exc, *cause)
        if isinstance(body, aiohttp.StreamReader) and body.exception() is None and not body.is_eof():
            body.set_exception(
                exc if isinstance(exc, aiohttp.ClientError) else aiohttp.ClientPayloadError(str(exc)), exc
            )


_permit: ContextVar[Permit | None] = ContextVar("permit", default=None)
"""What decides on the addresses of the connection that this task is making; None for the one to a proxy."""


class Connector(aiohttp.TCPConnector):
    """Connects to no address without permission; asks proxies for tunnels in our own words and keeps their whole
    answer; closes connections that are older than `connection_age` seconds instead of using them again.
    """

    def __init__(self, *, resolver: Resolver, connection_age: float, **options: Any) -> None:
        super().__init__(resolver=resolver, **options)
        self._factory = partial(_response_reader, self._loop)
        self._names = resolver
        self._connection_age = connection_age

    async def _create_direct_connection(
        self, req: aiohttp.ClientRequest, *args: Any, **options: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        token = _permit.set(req.outgoing.permit if isinstance(req, ExactRequest) else None)
        try:
            return await super()._create_direct_connection(req, *args, **options)
        except aiohttp.ClientConnectorError:
            self._names.forget(req.url.raw_host or "")
            raise
        finally:
            _permit.reset(token)

    async def _resolve_host(
        self, host: str, port: int, traces: Sequence[aiohttp.tracing.Trace] | None = None
    ) -> list[ResolveResult]:
        addresses = await self._names.addresses(host)
        permit = _permit.get()
        if permit is not None:
            permit(addresses)
        return [endpoint(host, address, port) for address in addresses]

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        old = isinstance(protocol, ResponseReader) and monotonic() - protocol.born > self._connection_age
        super()._release(key, protocol, should_close=should_close or old)

    def _update_proxy_auth_header_and_build_proxy_req(self, req: aiohttp.ClientRequest) -> aiohttp.ClientRequest:
        if not isinstance(req, ExactRequest) or req.proxy is None:
            raise TypeError("only exact requests go through this connector")
        headers = {"Host": f"{req.url.host_subcomponent}:{req.url.port}", "User-Agent": req.outgoing.tunnel_agent}
        headers.update(req.proxy_headers or {})
        return _TunnelRequest(
            "GET",
            req.proxy,
            headers=headers,
            loop=self._loop,
            ssl=req.outgoing.proxy_tls,
            response_class=_TunnelResponse,
        )


def _response_reader(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return ResponseReader(loop)


class _TunnelRequest(aiohttp.ClientRequest):
    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """No header but those given."""


class _TunnelResponse(aiohttp.ClientResponse):
    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        await super().start(connection)
        if self.status == 200:
            return self
        body = b""
        with suppress(aiohttp.ClientError, TimeoutError):
            while len(body) < _MAX_REFUSAL and (piece := await self.content.readany()):
                body += piece
        raise TunnelRefused(self.status, self.reason or "", self.raw_headers, body)


async def _write_slowly(
    conn: Connection, protocol: ResponseHandler, writer: StreamWriter, message: bytes, timeout: float | None
) -> None:
    view = memoryview(message)
    try:
        for start in range(0, len(view), _ONE_WRITE):
            async with asyncio.timeout(timeout):
                await writer.write(view[start : start + _ONE_WRITE])
                await writer.drain()
    except TimeoutError:
        protocol.set_exception(aiohttp.SocketTimeoutError("Timeout on writing data to socket"))
        _abort(protocol)
    except (OSError, aiohttp.ClientError) as error:
        protocol.set_exception(aiohttp.ClientOSError(*error.args))
    except BaseException:
        conn.close()  # half a request was written: nothing else may follow on this connection
        _abort(protocol)
        raise
    else:
        protocol.start_timeout()


def _abort(protocol: ResponseHandler) -> None:
    """Drop what is not sent yet: closing alone would hold socket and body for as long as the peer does not read."""
    if protocol.transport is not None:
        protocol.transport.abort()
