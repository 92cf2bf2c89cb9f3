"""Ways to origins: found once for all calls that go the same way."""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import Final

from yarl import URL

from worker.rest.connector import Target
from worker.rest.failures import aborted
from worker.rest.gate import Gate, Permit
from worker.rest.proxy import Proxy, ProxyRules, Scheme
from worker.rest.request import ClientTls
from worker.rest.request_head import request_head
from worker.rest.resolver import LONGEST_NAME
from worker.rest.tls import TlsContexts
from worker.rest.transfer import Transfer
from worker.rest.url import Url

_MAX_ROUTES: Final = 1000


class Route:
    """A way to an origin, for all calls that take it: the addresses that are allowed, the proxy, trust in both.

    Connections are used `alone`, never again, where they are made under weaker rules than others have. `agent` is what
    a proxy is told of us.
    """

    def __init__(
        self,
        url: Url,
        permit: Permit,
        *,
        agent: str,
        proxy: Proxy | None = None,
        tls: ssl.SSLContext | None = None,
        proxy_tls: ssl.SSLContext | None = None,
        alone: bool = False,
    ) -> None:
        self.permit = permit
        self.proxy = proxy
        self.alone = alone
        self.authorization = None if proxy is None else proxy.authorization
        self.tunnels = proxy is not None and url.scheme == "https"
        self._url = url
        self._agent = agent
        self._tls = tls
        self._proxy_tls = proxy_tls

    @cached_property
    def target(self) -> Target:
        """Raises `ValueError` for a host that cannot be called."""
        return self._target(None)

    @cached_property
    def authorized_target(self) -> Target:
        """The same, for a proxy that wants credentials before it makes a tunnel."""
        return self._target(self.authorization) if self.tunnels else self.target

    def _target(self, authorization: str | None) -> Target:
        url = self._url
        where = URL.build(scheme=url.scheme, host=url.authority.host, port=url.port, path="/", encoded=True)
        if self.proxy is None:
            return Target(where, self._tls, self.permit)
        proxy = Target(URL(self.proxy.url), self._proxy_tls, None)
        tunnel = _connect(where, self._agent, authorization) if self.tunnels else b""
        return Target(where, self._tls, self.permit, proxy=proxy, tunnel=tunnel)


def _connect(url: URL, agent: str, authorization: str | None) -> bytes:
    place = f"{url.host_subcomponent}:{url.port}"
    lines = [("Host", place), ("User-Agent", agent)]
    if authorization is not None:
        lines.append(("Proxy-Authorization", authorization))
    return request_head("CONNECT", place, lines)


class Routes:
    """Finds routes. `standard` is whether the standard proxy variables count in every face."""

    def __init__(self, gate: Gate, tls: TlsContexts, proxies: ProxyRules, *, standard: bool, agent: str) -> None:
        self._gate = gate
        self._tls = tls
        self._proxies = proxies
        self._all_direct = proxies.empty
        self._standard = standard
        self._agent = agent
        self._known: dict[tuple[object, ...], Route] = {}
        self._trust: ssl.SSLContext | None = None

    async def find(
        self, url: Url, scheme: Scheme, transfer: Transfer, tls: ClientTls | None, *, validated: bool
    ) -> Route:
        """The route of a call; `scheme` chooses the proxy, `validated` applies the host rules. Raises `JobFailure`."""
        if len(url.host) > LONGEST_NAME:
            raise aborted("dns")
        context = await self._context(tls) if tls is not None or url.scheme == "https" else None
        proxy = proxy_context = None
        if transfer.proxy is not None or not self._all_direct:
            proxy = self.proxy(scheme, url, transfer)
        if proxy is not None:
            await self._gate.check_proxied(url, validated=validated)
            proxy_context = await self._context(None) if proxy.scheme == "https" else None
        key = (url.scheme, url.authority.text, proxy, context, proxy_context, validated)
        route = self._known.get(key)
        if route is not None:
            return route
        route = Route(
            url,
            self._gate.permit(url, validated=validated),
            agent=self._agent,
            proxy=proxy,
            tls=context,
            proxy_tls=proxy_context,
            alone=self._gate.rules.enabled and not validated,
        )
        if tls is None:  # a context of the task's own is kept by those who make it
            if len(self._known) >= _MAX_ROUTES:
                del self._known[next(iter(self._known))]
            self._known[key] = route
        return route

    def proxy(self, scheme: Scheme, url: Url, transfer: Transfer) -> Proxy | None:
        """The proxy that a call goes through. Raises `JobFailure` where the settings for proxies make no sense."""
        if transfer.proxy is not None:
            return None if transfer.proxy == "direct" else transfer.proxy
        standard = transfer.face.standard_proxy_variables or self._standard
        return self._proxies.select(scheme, url.host, standard=standard)

    async def _context(self, tls: ClientTls | None) -> ssl.SSLContext:
        context = await self._tls.context(tls)
        if tls is None and context is not self._trust:  # its files have changed
            self._known.clear()
            self._trust = context
        return context
