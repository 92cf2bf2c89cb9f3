"""One HTTP/1.1 exchange: bytes out, the whole answer back. Errors of the library: `library_errors.py`.

Connections are pooled across jobs. Idle ones are kept for less time than the usual servers keep theirs (5 s), so a
request hardly ever meets a connection that the server has just closed; when it does, only idempotent methods are
sent again, and only if the connection had been used before and nothing of an answer has arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from worker.errors import without_frames
from worker.rest.answer import Answer, read_answer
from worker.rest.connector import Connector, Target, TunnelRefused
from worker.rest.content_coding import COMPATIBLE_CODINGS
from worker.rest.headers import HeaderLines
from worker.rest.library_errors import failure_of
from worker.rest.protocol import HttpProtocol
from worker.rest.proxy import Proxy
from worker.rest.request import IDEMPOTENT
from worker.rest.request_head import request_head
from worker.rest.resolver import Resolver
from worker.rest.routes import Route
from worker.rest.transfer import Transfer
from worker.rest.url import Url

if TYPE_CHECKING:
    from aiohttp.connector import Connection

KEEP_ALIVE: Final = 4.0

_MAX_STALE: Final = 3


@dataclass(slots=True)
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


class Exchange:
    """The pool of connections. An async context manager; `agent` is our `User-Agent`."""

    def __init__(self, *, resolver: Resolver, agent: str, connection_age: float) -> None:
        self._resolver = resolver
        self._agent = agent
        self._connection_age = connection_age
        self._challenged: set[Proxy] = set()
        self._connector: Connector | None = None

    async def __aenter__(self) -> Self:
        self._connector = Connector(
            resolver=self._resolver,
            connection_age=self._connection_age,
            limit=0,
            keepalive_timeout=KEEP_ALIVE,
            use_dns_cache=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connector is not None:
            await self._connector.close()

    def wire_headers(self, message: Message) -> HeaderLines:
        """All header lines in the order in which they leave."""
        lines = list(message.headers)
        names = {name.lower() for name, _ in lines}
        if "host" not in names:
            lines.insert(0, ("Host", message.url.authority.text))
        if message.body is not None:
            lines.append(("Content-Length", str(len(message.body))))
        if "accept-encoding" not in names:
            lines.append(("Accept-Encoding", ", ".join(message.codings)))
        if "user-agent" not in names:
            lines.append(("User-Agent", self._agent))
        return lines

    async def send(self, message: Message, route: Route, transfer: Transfer) -> Answer:
        """Send and read. Raises `JobFailure` when there is no answer.

        A proxy that wants credentials is asked again with them, once.
        """
        proxy, login = route.proxy, route.authorization
        if proxy is None or login is None:
            return await self._exchanged(message, route, transfer)
        if proxy not in self._challenged or not transfer.face.remember_challenge:
            answer = await self._exchanged(message, route, transfer)
            if answer.status != 407 or not _wants_basic(answer):
                return answer
            self._challenged.add(proxy)
        return await self._exchanged(message, route, transfer, login)

    async def _exchanged(
        self, message: Message, route: Route, transfer: Transfer, authorization: str | None = None
    ) -> Answer:
        request = self._bytes(message, route, authorization)
        tries = _MAX_STALE if message.method in IDEMPOTENT else 0
        while True:
            reused: HttpProtocol | None = None
            try:
                target = route.target if authorization is None else route.authorized_target
                connection = await self._connection(target, transfer.connect_timeout)
                protocol = connection.protocol
                if not isinstance(protocol, HttpProtocol):
                    raise aiohttp.ServerDisconnectedError
                reused = protocol if protocol.used else None
                try:
                    return await _asked(protocol, request, message, transfer)
                finally:
                    if route.alone:
                        protocol.force_close()
                    connection.release()
            except TunnelRefused as refused:
                return refused.answer
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if reused is None or reused.heard or not tries or isinstance(error, aiohttp.ClientConnectorError):
                    raise failure_of(error, message.url) from without_frames(error)
                without_frames(error)
                tries -= 1
            except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
                raise failure_of(error, message.url) from without_frames(error)

    async def _connection(self, target: Target, seconds: float) -> Connection:
        if self._connector is None:
            raise RuntimeError("the exchange is not open")
        try:
            return await self._connector.connect(target, [], _connect_timeout(seconds))
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error

    def _bytes(self, message: Message, route: Route, authorization: str | None) -> bytes:
        lines = self.wire_headers(message)
        target = message.url.target
        if route.proxy is not None and not route.tunnels:
            target = str(message.url)
            if authorization is not None:
                lines.append(("Proxy-Authorization", authorization))
        return request_head(message.method, target, lines) + (message.body or b"")


async def _asked(protocol: HttpProtocol, request: bytes, message: Message, transfer: Transfer) -> Answer:
    """One request on a connection, and its answer, which may come before the request is written to its end."""
    without_body = message.method == "HEAD"
    answered = protocol.expect(without_body=without_body, read_timeout=transfer.read_timeout)
    writer: asyncio.Task[None] | None = None
    try:
        write_timeout = transfer.read_timeout if transfer.write_timeout is None else transfer.write_timeout
        writer = protocol.send(request, write_timeout)
        head, body = await answered
        return await read_answer(
            head, body, message.codings, transfer.limit, spool=transfer.spool, without_body=without_body
        )
    finally:
        if writer is not None and not writer.done():
            writer.cancel()
            protocol.abort()  # to close would be to wait until the peer has read the rest
        protocol.finish()


@lru_cache(maxsize=64)
def _connect_timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=seconds, sock_connect=seconds)


def _wants_basic(answer: Answer) -> bool:
    return any(
        name.lower() == "proxy-authenticate" and value.lower().startswith("basic") for name, value in answer.headers
    )
