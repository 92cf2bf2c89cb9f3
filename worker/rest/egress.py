"""The one way out, for calls of tasks, tokens and documents alike: permission, route, redirects, wire."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self

from worker.documents import Spool
from worker.errors import ILLEGAL_ARGUMENT, JobFailure
from worker.face import Face
from worker.rest.blocklist import BlockList
from worker.rest.destinations import Destinations
from worker.rest.exchange import Answer, Exchange, Message, Route
from worker.rest.failures import protocol_error, timed_out
from worker.rest.gate import Gate
from worker.rest.hosts import Address, HostRules
from worker.rest.proxy import Proxy, ProxyRules
from worker.rest.redirects import Redirects
from worker.rest.request import ClientTls
from worker.rest.resend import Resend
from worker.rest.resolver import TTL, LookUp, Resolver
from worker.rest.tls import TlsContexts, require_pair
from worker.rest.unanswered import with_peer
from worker.rest.url import Url

if TYPE_CHECKING:
    from worker.rest.tls_diagnosis import Diagnosis

TCP_CONNECT_TIMEOUT: Final = 180.0
TOTAL_TIMEOUT: Final = 3600.0
CONNECTION_AGE: Final = 300.0


@dataclass(slots=True)
class Journey:
    """What a call came by: filled in on the way, for those who want to know."""

    started: float = field(default_factory=perf_counter)
    attempts: int = 0
    url: Url | None = None  # the last one
    redirects: list[tuple[Url, int]] = field(default_factory=list)  # what answered with a redirect, and its status


@dataclass(frozen=True, slots=True)
class Transfer:
    """How one call is made. Seconds, 0 is without limit; `connect_timeout` None is the recorded three minutes.

    `write_timeout` None is the read timeout; `max_redirects` None is the recorded limit. `total_timeout` is for the
    whole call, with its redirects; None is the worker's. `proxy` None is the worker's choice. `validated` applies host
    validation.
    """

    face: Face
    limit: int
    connect_timeout: int | None = None
    read_timeout: int = 20
    write_timeout: int | None = None
    total_timeout: float | None = None
    tls: ClientTls | None = None
    proxy: Proxy | Literal["direct"] | None = None
    follow_redirects: bool = False
    max_redirects: int | None = None
    secret_headers: tuple[str, ...] = ()
    validated: bool = True
    journey: Journey | None = None
    spool: Spool | None = None  # where the body of a status below 400 goes


class Egress:
    """The way out. An async context manager that owns the connections."""

    def __init__(
        self,
        *,
        agent: str,
        proxies: ProxyRules | None = None,
        blocks: BlockList | None = None,
        hosts: HostRules | None = None,
        destinations: Destinations | None = None,
        guard_metadata: bool = True,
        tls: TlsContexts | None = None,
        standard_proxies: bool = False,
        resend: Resend | None = None,
        total_timeout: float = TOTAL_TIMEOUT,
        connection_age: float = CONNECTION_AGE,
        look_up: LookUp | None = None,
        dns_ttl: float = TTL,
    ) -> None:
        self._proxies = proxies or ProxyRules()
        self._blocks = blocks or BlockList()
        self._tls = tls or TlsContexts()
        self._standard_proxies = standard_proxies
        self._resend = resend
        self._total_timeout = total_timeout
        self._resolver = Resolver(look_up, ttl=dns_ttl)
        self._gate = Gate(self._resolver, hosts or HostRules(), destinations or Destinations(), guard_metadata)
        self._diagnosis: Diagnosis | None = None
        self._exchange = Exchange(resolver=self._resolver, agent=agent, connection_age=connection_age)

    async def __aenter__(self) -> Self:
        await self._exchange.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exchange.__aexit__(kind, error, trace)
        await self._resolver.close()

    def check_blocked(self, url: str) -> None:
        """Raises `JobFailure` when the operator has blocked this URL, as the model wrote it."""
        self._blocks.check(url)

    async def check_host(self, url: str) -> None:
        """The operator's host validation of a task's URL. Raises `JobFailure` in the words of a failed validation."""
        await self._gate.check(url)

    def wire_headers(self, message: Message) -> list[tuple[str, str]]:
        """All header lines of a message in wire order."""
        return self._exchange.wire_headers(message)

    async def send(self, message: Message, transfer: Transfer) -> Answer:
        """Send, follow redirects if asked to, answer with the last response. Raises `JobFailure`."""
        total = min(transfer.total_timeout or self._total_timeout, self._total_timeout)
        try:
            async with asyncio.timeout(total) as whole:
                return await self._send(message, transfer)
        except TimeoutError:
            if not whole.expired():
                raise
            raise timed_out("timeout_total") from None

    async def _send(self, message: Message, transfer: Transfer) -> Answer:
        limits = _limits(transfer)
        tls = require_pair(transfer.tls)
        scheme = _scheme_of(message.url)
        context = await self._tls.context(tls) if tls or scheme == "https" else None
        redirects = _redirects(message, transfer)
        validated = transfer.validated
        journey = transfer.journey
        if journey is not None:
            journey.attempts += 1
            journey.redirects.clear()
        while True:
            if transfer.face.guard_redirects:
                scheme = _scheme_of(message.url)
            proxy = self._proxy(scheme, message.url, transfer)
            if proxy is not None:
                await self._gate.check_proxied(message.url, validated=validated)
            if context is None and message.url.scheme == "https":
                context = await self._tls.context(None)
            route = Route(
                self._gate.permit(message.url, validated=validated),
                proxy,
                context,
                await self._tls.context(None) if proxy is not None and proxy.scheme == "https" else None,
                *limits,
                remember_challenge=transfer.face.remember_challenge,
                alone=self._gate.rules.enabled and not validated,
            )
            answer = await self._once(message, route, transfer)
            if journey is not None:
                journey.url = message.url
            following = redirects.next(message, answer) if redirects else None
            if following is None:
                return answer
            if transfer.face.guard_redirects:
                self.check_blocked(str(following.url))
                await self.check_host(str(following.url))
            validated = transfer.face.guard_redirects
            if journey is not None:
                journey.redirects.append((message.url, answer.status))
            message = following

    async def _once(self, message: Message, route: Route, transfer: Transfer) -> Answer:
        """One hop, with the re-sends of the original's library where the operator wants them."""
        send = partial(self._exchange.send, route=route, limit=transfer.limit, spool=transfer.spool)
        try:
            if self._resend is not None and transfer.face.hidden_resend:
                return await self._resend.send(message, send)
            return await send(message)
        except JobFailure as failure:
            if not transfer.face.explain_lost:
                raise
            if failure.kind != "tls":
                raise with_peer(failure, message.url, route.proxy) from failure.__cause__
            raise await self._explained(failure, message.url, route, transfer) from failure.__cause__

    async def _explained(self, failure: JobFailure, url: Url, route: Route, transfer: Transfer) -> JobFailure:
        async def look(host: str) -> Sequence[Address]:
            addresses = await self._resolver.addresses(host)
            if route.proxy is None:
                route.permit(addresses)
            elif host != route.proxy.host:
                return []  # only the proxy reaches it
            return addresses

        if self._diagnosis is None:
            from worker.rest.tls_diagnosis import Diagnosis

            self._diagnosis = Diagnosis()
        own = self._tls.identity(transfer.tls)
        return await self._diagnosis.explained(failure, (url.host, url.port), look, own)

    def _proxy(self, scheme: Literal["http", "https"], url: Url, transfer: Transfer) -> Proxy | None:
        if transfer.proxy is not None:
            return None if transfer.proxy == "direct" else transfer.proxy
        standard = transfer.face.standard_proxy_variables or self._standard_proxies
        return self._proxies.select(scheme, url.host, standard=standard)


def _scheme_of(url: Url) -> Literal["http", "https"]:
    """Raises `JobFailure` for another scheme, and for credentials in the URL."""
    match url.scheme:
        case "http" | "https" as scheme if url.authority.user is None:
            return scheme
        case _:
            raise protocol_error("input")


def _redirects(message: Message, transfer: Transfer) -> Redirects | None:
    if not transfer.follow_redirects:
        return None
    return Redirects(message, secret_headers=transfer.secret_headers, limit=transfer.max_redirects)


def _limits(transfer: Transfer) -> tuple[float | None, float | None, float | None]:
    """Seconds for connecting, for silence and for stalled writing. Raises `JobFailure` for negative ones."""
    write = transfer.read_timeout if transfer.write_timeout is None else transfer.write_timeout
    for seconds in (transfer.connect_timeout or 0, transfer.read_timeout, write):
        if seconds < 0:
            raise JobFailure(f"duration must not be negative: {seconds}", type=ILLEGAL_ARGUMENT, kind="input")
    connect = TCP_CONNECT_TIMEOUT if transfer.connect_timeout is None else float(transfer.connect_timeout)
    return connect or None, float(transfer.read_timeout) or None, float(write) or None
