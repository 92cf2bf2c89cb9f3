"""The one way out, for calls of tasks, tokens and documents alike: permission, route, redirects, wire."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from worker.errors import ILLEGAL_ARGUMENT, JobFailure
from worker.rest.answer import Answer
from worker.rest.blocklist import BlockList
from worker.rest.destinations import Destinations
from worker.rest.exchange import Exchange, Message
from worker.rest.failures import protocol_error, timed_out
from worker.rest.gate import Gate
from worker.rest.hosts import Address, HostRules
from worker.rest.proxy import ProxyRules, Scheme
from worker.rest.redirects import Redirects
from worker.rest.request import ClientTls
from worker.rest.resend import Resend
from worker.rest.resolver import TTL, LookUp, Resolver
from worker.rest.routes import Route, Routes
from worker.rest.time_limit import TimeLimit
from worker.rest.tls import TlsContexts, require_pair
from worker.rest.transfer import Journey, Transfer
from worker.rest.unanswered import with_peer
from worker.rest.url import Url

if TYPE_CHECKING:
    from worker.rest.tls_diagnosis import Diagnosis

TOTAL_TIMEOUT: Final = 3600.0
CONNECTION_AGE: Final = 300.0


class Egress:
    """The way out. An async context manager that owns the connections.

    `restricted` is whether the operator has rules for the URLs of tasks.
    """

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
        self._blocks = blocks or BlockList()
        self._tls = tls or TlsContexts()
        self._resend = resend
        self._total_timeout = total_timeout
        self._resolver = Resolver(look_up, ttl=dns_ttl)
        self._gate = Gate(self._resolver, hosts or HostRules(), destinations or Destinations(), guard_metadata)
        self._diagnosis: Diagnosis | None = None
        self.restricted = self._gate.rules.enabled or bool(self._blocks.blocks)
        self._routes = Routes(self._gate, self._tls, proxies or ProxyRules(), standard=standard_proxies, agent=agent)
        self._exchange = Exchange(resolver=self._resolver, agent=agent, connection_age=connection_age)

    async def __aenter__(self) -> Self:
        await self._exchange.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exchange.__aexit__(kind, error, trace)
        await self._resolver.close()

    async def check(self, url: str) -> None:
        """Host validation and blocks, for a task's URL as the model wrote it. Raises `JobFailure`."""
        await self._gate.check(url)
        self._blocks.check(url)

    def check_blocked(self, url: str) -> None:
        """Raises `JobFailure` when the operator has blocked this URL, as the model wrote it."""
        self._blocks.check(url)

    def wire_headers(self, message: Message) -> list[tuple[str, str]]:
        """All header lines of a message in wire order."""
        return self._exchange.wire_headers(message)

    def way(self, url: Url, transfer: Transfer) -> tuple[str | None, list[str]]:
        """The proxy's URL and, where TLS is spoken, whom is trusted, in words. Raises `JobFailure`."""
        proxy = self._routes.proxy(_scheme_of(url), url, transfer)
        encrypted = url.scheme == "https" or (proxy is not None and proxy.scheme == "https")
        return proxy.url if proxy else None, self._tls.trusted(transfer.tls) if encrypted else []

    async def send(self, message: Message, transfer: Transfer) -> Answer:
        """Send, follow redirects if asked to, answer with the last response. Raises `JobFailure`."""
        total = min(transfer.total_timeout or self._total_timeout, self._total_timeout)
        try:
            with TimeLimit(total) as whole:
                if transfer.connect_timeout < 0 or transfer.read_timeout < 0 or (transfer.write_timeout or 0) < 0:
                    raise _negative(transfer)
                tls = None if transfer.tls is None else require_pair(transfer.tls)
                scheme = _scheme_of(message.url)
                if transfer.follow_redirects or transfer.journey is not None:
                    return await self._followed(message, transfer, tls, scheme)
                return await self._hop(message, transfer, tls, scheme, validated=transfer.validated)
        except TimeoutError:
            if not whole.expired:
                raise
            raise timed_out("timeout_total") from None

    async def _followed(self, message: Message, transfer: Transfer, tls: ClientTls | None, scheme: Scheme) -> Answer:
        """The answer at the end of the redirects, and the journey there told."""
        journey = transfer.journey or Journey()
        journey.attempts += 1
        journey.redirects.clear()
        redirects = _redirects(message, transfer)
        guarded = transfer.face.guard_redirects
        validated = transfer.validated
        while True:
            answer = await self._hop(message, transfer, tls, scheme, validated=validated)
            journey.url = message.url
            following = redirects.next(message, answer) if redirects else None
            if following is None:
                return answer
            if guarded:
                self.check_blocked(str(following.url))
                await self._gate.check(str(following.url))
                scheme = _scheme_of(following.url)
            validated = guarded
            journey.redirects.append((message.url, answer.status))
            message = following

    async def _hop(
        self, message: Message, transfer: Transfer, tls: ClientTls | None, scheme: Scheme, *, validated: bool
    ) -> Answer:
        """One request and its answer, with the re-sends of the original's library where the operator wants them.

        `scheme` chooses the proxy; as recorded it is that of the first request.
        """
        face = transfer.face
        route = await self._routes.find(message.url, scheme, transfer, tls, validated=validated)
        try:
            if self._resend is None or not face.hidden_resend:
                return await self._exchange.send(message, route, transfer)
            return await self._resend.send(message, partial(self._exchange.send, route=route, transfer=transfer))
        except JobFailure as failure:
            if not face.explain_lost:
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


def _scheme_of(url: Url) -> Scheme:
    """Raises `JobFailure` for another scheme, and for credentials in the URL."""
    match url.scheme:
        case "http" | "https" as scheme if url.authority.user is None:
            return scheme
        case _:
            raise protocol_error("input")


def _redirects(message: Message, transfer: Transfer) -> Redirects | None:
    if not transfer.follow_redirects:
        return None
    return Redirects(
        message,
        secret_headers=transfer.secret_headers,
        bound_body=transfer.bound_body,
        limit=transfer.max_redirects,
    )


def _negative(transfer: Transfer) -> JobFailure:
    limits = (transfer.connect_timeout, transfer.read_timeout, transfer.write_timeout or 0)
    seconds = next(limit for limit in limits if limit < 0)
    return JobFailure(f"duration must not be negative: {seconds}", type=ILLEGAL_ARGUMENT, kind="input")
