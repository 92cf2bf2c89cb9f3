"""One HTTP/1.1 exchange with aiohttp: bytes out, the whole answer back. Its errors: `library_errors.py`.

Connections are pooled across jobs. Idle ones are kept for less time than the usual servers keep theirs (5 s), so a
request hardly ever meets a connection that the server has just closed; when it does, only idempotent methods are
sent again, and only if the connection had been used before and nothing of an answer has arrived.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from worker.documents import Spool
from worker.errors import without_frames
from worker.rest.content_coding import COMPATIBLE_CODINGS, Decoder, UndecodableBody, decoder
from worker.rest.encoding import latin1
from worker.rest.failures import aborted, protocol_error
from worker.rest.gate import Permit
from worker.rest.headers import HeaderLines, has
from worker.rest.library_errors import failure_of, why_broken
from worker.rest.proxy import Proxy
from worker.rest.request import IDEMPOTENT
from worker.rest.resolver import Resolver
from worker.rest.url import Url
from worker.rest.wire import Connector, ExactRequest, Outgoing, TunnelRefused

KEEP_ALIVE: Final = 4.0
ERROR_LIMIT: Final = 3_145_728
"""Bytes of an error's body that are read: a failure with much more does not fit in one message to the engine (4 MB)."""

_MAX_HEADERS: Final = 1000
_MAX_STALE: Final = 3
_WITHOUT_ENTITY: Final = frozenset({204, 304})
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_BREAKS: Final = dict.fromkeys(map(ord, "\r\n\v\f"), " ")


@dataclass(frozen=True, slots=True)
class Message:
    """A request, ready but for the lines that every client adds. `body` None means that there is no entity.

    What is not `repeatable` is sent once and never again: not for a redirect, not after a failure. `codings` are those
    that the answer may have.
    """

    method: str
    url: Url
    headers: HeaderLines
    body: bytes | None = None
    repeatable: bool = True
    codings: Sequence[str] = COMPATIBLE_CODINGS


@dataclass(frozen=True, slots=True)
class Route:
    """How to get there: which addresses are allowed, proxy, trust in the target and in the proxy, and seconds for
    connecting, for silence of the peer, for writing that stalls. None is no limit.

    With `remember_challenge` a proxy that has asked for credentials gets them with every later request. A connection
    that is used `alone` is never used again: it was made under weaker rules than others have.
    """

    permit: Permit
    proxy: Proxy | None = None
    tls: ssl.SSLContext | None = None
    proxy_tls: ssl.SSLContext | None = None
    connect_timeout: float | None = 180.0
    read_timeout: float | None = 20.0
    write_timeout: float | None = 20.0
    remember_challenge: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read. `broken` says why the body could not be read to its end, `cut` that it passed the limit: then
    only that of an error is kept, as far as it was read.

    The body is in `spool`, and `body` empty, where the caller wanted it there and the status is below 400.
    """

    status: int
    reason: str
    headers: HeaderLines
    body: bytes
    broken: str | None = None
    cut: bool = False
    protocol: str = "HTTP/1.1"
    spool: Spool | None = None

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body) if self.spool is None else self.spool.size

    @property
    def has_entity(self) -> bool:
        """Whether a body belongs to this status, be it empty."""
        return self.status not in _WITHOUT_ENTITY

    def first(self, name: str) -> str | None:
        """The value of the first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class _Room:
    """How much of a body is read, in bytes, and where to."""

    limit: int
    spool: Spool | None


class Exchange:
    """The pool of connections. An async context manager; `agent` is our `User-Agent`."""

    def __init__(self, *, resolver: Resolver, agent: str, connection_age: float) -> None:
        self._resolver = resolver
        self._agent = agent
        self._connection_age = connection_age
        self._used: WeakSet[ResponseHandler] = WeakSet()
        self._challenged: set[Proxy] = set()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=Connector(
                resolver=self._resolver,
                connection_age=self._connection_age,
                limit=0,
                keepalive_timeout=KEEP_ALIVE,
                use_dns_cache=False,
                ssl=ssl_of(None),
            ),
            request_class=ExactRequest,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_headers=_MAX_HEADERS,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def wire_headers(self, message: Message) -> HeaderLines:
        """All header lines in the order in which they leave."""
        lines = list(message.headers)
        if not has(lines, "host"):
            lines.insert(0, ("Host", message.url.authority.text))
        if message.body is not None:
            lines.append(("Content-Length", str(len(message.body))))
        if not has(lines, "accept-encoding"):
            lines.append(("Accept-Encoding", ", ".join(message.codings)))
        if not has(lines, "user-agent"):
            lines.append(("User-Agent", self._agent))
        return lines

    async def send(self, message: Message, route: Route, *, limit: int, spool: Spool | None = None) -> Answer:
        """Send and read at most `limit` bytes of the body and a little. Raises `JobFailure` when there is no answer.

        With a `spool` the body of a status below 400 goes there, in place of what it held. A proxy that wants
        credentials is asked again with them, once.
        """
        room = _Room(limit, spool)
        proxy = route.proxy
        authorization = proxy.authorization if proxy else None
        if proxy is None or authorization is None:
            return await self._through(message, route, room, authorization=None)
        if proxy not in self._challenged or not route.remember_challenge:
            answer = await self._through(message, route, room, authorization=None)
            if answer.status != 407 or not _wants_basic(answer):
                return answer
            self._challenged.add(proxy)
        return await self._through(message, route, room, authorization=authorization)

    async def _through(self, message: Message, route: Route, room: _Room, authorization: str | None) -> Answer:
        try:
            return await self._with_fresh_connection(message, route, room, authorization)
        except TunnelRefused as refused:
            return Answer(refused.status, refused.reason, _decoded(refused.headers), refused.body)

    async def _with_fresh_connection(
        self, message: Message, route: Route, room: _Room, authorization: str | None
    ) -> Answer:
        for attempt in range(_MAX_STALE + 1):
            outgoing = self._outgoing(message, route, authorization)
            try:
                async with await self._open(message, route, outgoing, authorization) as response:
                    return await _read(response, room, message.codings)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                stale = outgoing.reused and message.method in IDEMPOTENT and attempt < _MAX_STALE
                if not stale or isinstance(error, aiohttp.ClientConnectorError):
                    raise failure_of(error, message.url) from without_frames(error)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise failure_of(error, message.url) from without_frames(error)
        raise aborted("reset")

    async def _open(
        self, message: Message, route: Route, outgoing: Outgoing, authorization: str | None
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the exchange is not open")
        url = message.url
        tunnel_headers = {"Proxy-Authorization": authorization} if authorization and url.scheme == "https" else None
        return await self._session.request(
            # The real method is in the head. With POST the library never repeats a request by itself, and HEAD it must
            # know, or it waits for the body.
            "HEAD" if message.method == "HEAD" else "POST",
            URL.build(scheme=url.scheme, host=url.authority.host, port=url.port, path="/", encoded=True),
            data=outgoing,
            allow_redirects=False,
            proxy=None if route.proxy is None else URL(route.proxy.url),
            proxy_headers=tunnel_headers,
            ssl=ssl_of(route.tls) if url.scheme == "https" else True,
            timeout=aiohttp.ClientTimeout(
                total=None,
                connect=route.connect_timeout,
                sock_connect=route.connect_timeout,
                sock_read=route.read_timeout,
            ),
        )

    def _outgoing(self, message: Message, route: Route, authorization: str | None) -> Outgoing:
        lines = self.wire_headers(message)
        target = message.url.target
        if route.proxy is not None and message.url.scheme == "http":
            target = str(message.url)
            if authorization is not None:
                lines.append(("Proxy-Authorization", authorization))
        return Outgoing(
            head=request_head(message.method, target, lines),
            body=message.body or b"",
            write_timeout=route.write_timeout,
            tunnel_agent=self._agent,
            used=self._used,
            permit=route.permit,
            proxy_tls=ssl_of(route.proxy_tls),
            alone=route.alone,
        )


def ssl_of(context: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    """aiohttp's word for the default trust is True."""
    return True if context is None else context


def request_head(method: str, target: str, lines: HeaderLines) -> bytes:
    """Request line and headers, Latin-1. Line breaks in values become spaces, other control characters `?`."""
    fields = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in lines]]
    if any(map(_CONTROL.search, fields)):
        fields = [fields[0], *[f"{name}: {value.translate(_BREAKS)}" for name, value in lines]]
        fields = [_CONTROL.sub("?", field) for field in fields]
    return latin1("\r\n".join([*fields, "", ""]))


async def _read(response: aiohttp.ClientResponse, room: _Room, codings: Sequence[str]) -> Answer:
    if response.status < 200 or response.version is None or response.version.major != 1:
        raise protocol_error()
    limit, spool = (min(room.limit, ERROR_LIMIT), None) if response.status >= 400 else (room.limit, room.spool)
    if spool is not None:
        spool.clear()
    headers = _decoded(response.raw_headers)
    reason = (response.reason or "").encode("utf-8", "surrogateescape").decode("latin-1").strip(" \t")
    entity = response.status not in _WITHOUT_ENTITY and response.method != "HEAD"
    decoders = _decoders(headers, codings) if entity else []
    body, size = bytearray(), 0
    broken: str | None = None
    try:
        while size <= limit and (piece := await response.content.readany()):
            for layer in decoders:
                piece = layer.feed(piece, limit - size)
            size += len(piece)
            if spool is None:
                body += piece
            else:
                await spool.write(piece)
        if size <= limit:
            for layer in decoders:
                layer.finish()
    except UndecodableBody as error:
        broken = str(error)
    except (aiohttp.ClientError, OSError) as error:
        broken = why_broken(without_frames(error))
    protocol = f"HTTP/1.{response.version.minor}"
    cut = size > limit
    content = b"" if cut and response.status < 400 else bytes(memoryview(body)[: limit + 1])
    return Answer(response.status, reason, headers, content, broken, cut, protocol, spool)


def _decoded(raw: tuple[tuple[bytes, bytes], ...]) -> HeaderLines:
    return [(name.decode("latin-1"), value.decode("latin-1").strip(" \t")) for name, value in raw]


def _decoders(headers: HeaderLines, known: Sequence[str]) -> list[Decoder]:
    """The codings to take off, the last applied first. Raises `JobFailure` for one that we do not know."""
    named: list[str] = []
    for name, value in headers:
        match name.lower():
            case "content-encoding":
                named += [coding.strip().lower() for coding in value.split(",")]
            case "content-length" if value == "0":
                return []
    codings = [coding for coding in named if coding not in ("", "identity")]
    if any(coding not in known and coding not in COMPATIBLE_CODINGS for coding in codings):
        raise protocol_error("decode")
    return [decoder(coding) for coding in reversed(codings)]


def _wants_basic(answer: Answer) -> bool:
    return any(
        name.lower() == "proxy-authenticate" and value.lower().startswith("basic") for name, value in answer.headers
    )
