"""Connections: aiohttp's pool, on our terms. Which addresses may be connected to, how a proxy is asked for a tunnel,
and how long a connection lives.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from aiohttp.abc import ResolveResult
from yarl import URL

from worker.rest.answer import Answer, read_answer
from worker.rest.content_coding import COMPATIBLE_CODINGS
from worker.rest.gate import Permit
from worker.rest.protocol import HttpProtocol
from worker.rest.resolver import Resolver, endpoint

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey

_MAX_REFUSAL: Final = 1024 * 1024


class TunnelRefused(Exception):
    """The proxy answered CONNECT with something else than 200."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.reason}")
        self.answer = answer


class Target(aiohttp.ClientRequest):
    """Where connections lead: what the connector asks a request for, and nothing that differs from call to call.

    `permit` decides on the addresses, None for those of a proxy. `tunnel` is what a proxy is asked with for a tunnel.
    """

    def __init__(
        self,
        url: URL,
        tls: ssl.SSLContext | None,
        permit: Permit | None,
        *,
        proxy: Target | None = None,
        tunnel: bytes = b"",
    ) -> None:
        super().__init__(
            "GET",
            url,
            ssl=True if tls is None else tls,  # aiohttp's word for the default trust
            proxy=None if proxy is None else proxy.url,
            loop=asyncio.get_running_loop(),
        )
        self.permit = permit
        self.tunnel = tunnel
        self.next = proxy
        key = super().connection_key
        if proxy is not None:  # what it is asked, and whom it has to be: connections are told apart by both
            told = hash(tunnel), proxy.ssl  # no credentials: keys are shown in errors
            key = key._replace(proxy_headers_hash=told)  # type: ignore[arg-type]  # any value will do
        self._key = key

    @property
    def connection_key(self) -> ConnectionKey:
        return self._key


_permit: ContextVar[Permit | None] = ContextVar("permit", default=None)
"""What decides on the addresses of the connection that this task is making; None for the one to a proxy."""


class Connector(aiohttp.TCPConnector):
    """Connects to no address without permission; asks proxies for tunnels in our own words and keeps their whole
    answer; closes connections that are older than `connection_age` seconds instead of using them again.
    """

    def __init__(self, *, resolver: Resolver, connection_age: float, **options: Any) -> None:
        super().__init__(resolver=resolver, **options)
        self._factory = partial(HttpProtocol, self._loop)  # type: ignore[assignment]  # a handler all the same
        self._names = resolver
        self._connection_age = connection_age

    async def _create_direct_connection(
        self, req: aiohttp.ClientRequest, *args: Any, **options: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        token = _permit.set(req.permit if isinstance(req, Target) else None)
        try:
            return await super()._create_direct_connection(req, *args, **options)
        except aiohttp.ClientConnectorError:
            self._names.forget(req.url.raw_host or "")
            raise
        finally:
            _permit.reset(token)

    async def _create_proxy_connection(
        self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> tuple[asyncio.BaseTransport, ResponseHandler]:
        transport, protocol = await self._create_direct_connection(
            self._update_proxy_auth_header_and_build_proxy_req(req),
            [],
            timeout,
            client_error=aiohttp.ClientProxyConnectionError,
        )
        if not isinstance(req, Target) or not isinstance(protocol, HttpProtocol) or not req.tunnel:
            return transport, protocol
        await _open_tunnel(protocol, req.tunnel)
        return await self._start_tls_connection(transport, req=req, timeout=timeout)

    def _update_proxy_auth_header_and_build_proxy_req(self, req: aiohttp.ClientRequest) -> aiohttp.ClientRequest:
        """The way to the proxy, which is asked for also where a connection through it is there."""
        if not isinstance(req, Target) or req.next is None:
            raise TypeError("only targets are reached through this connector")
        return req.next

    async def _resolve_host(
        self, host: str, port: int, traces: Sequence[aiohttp.tracing.Trace] | None = None
    ) -> list[ResolveResult]:
        addresses = await self._names.addresses(host)
        permit = _permit.get()
        if permit is not None:
            permit(addresses)
        return [endpoint(host, address, port) for address in addresses]

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        old = isinstance(protocol, HttpProtocol) and monotonic() - protocol.born > self._connection_age
        super()._release(key, protocol, should_close=should_close or old)


async def _open_tunnel(protocol: HttpProtocol, request: bytes) -> None:
    """Raises `TunnelRefused`, and what a lost exchange raises."""
    answered = protocol.expect(without_body=False, read_timeout=0)
    try:
        protocol.send(request, 0)
        head, body = await answered
        if head.code != 200:
            raise TunnelRefused(await read_answer(head, body, COMPATIBLE_CODINGS, _MAX_REFUSAL))
    except BaseException:
        protocol.abort()
        raise
    finally:
        protocol.finish()
