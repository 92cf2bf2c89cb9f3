"""One call, from the task's request to its response: the order of the steps, each of which has a file of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from worker.documents import Spool
from worker.documents.document import DocumentStore
from worker.face import Face
from worker.rest.egress import Egress
from worker.rest.exchange import Message
from worker.rest.message import message_of
from worker.rest.meta import meta_of
from worker.rest.request import ApiKeyAuth, ClientCredentials, OAuth, RefreshToken, RestRequest, RestResponse
from worker.rest.response import body_limit, raise_for_status, read_response, stores_response
from worker.rest.transfer import TCP_CONNECT_TIMEOUT, Journey, Transfer

MEMORY_LIMIT: Final = 52_428_800
UNLIMITED: Final = 536_870_912
"""Bytes: the original reads on for ever; a body of this size could not become a variable in any case."""

_PLACEHOLDER: Final = "***"
_OAUTH: Final = (ClientCredentials, RefreshToken)


class TokenSource(Protocol):
    """Where access tokens come from (`worker.rest.oauth`)."""

    async def token(self, auth: OAuth, face: Face) -> str:
        """A token that has not expired. Raises `JobFailure`."""
        ...

    def invalidate(self, auth: OAuth, token: str) -> None:
        """Forget this token: the target did not accept it."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """What would be sent: header lines in wire order; `body_note` describes a body that is not shown as text.

    `proxy` is the URL of the proxy that it would go through, `trusted` whose certificates would be believed, in words.
    """

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None
    body_note: str | None
    proxy: str | None
    trusted: list[str]


class RestClient:
    """Makes calls. `memory_limit` is bytes of a response that are kept in memory."""

    def __init__(
        self, egress: Egress, *, tokens: TokenSource, store: DocumentStore, memory_limit: int = MEMORY_LIMIT
    ) -> None:
        self._egress = egress
        self._tokens = tokens
        self._store = store
        self._memory_limit = memory_limit

    async def call(self, request: RestRequest, face: Face, journey: Journey | None = None) -> RestResponse | None:
        """Send the request and read the response; None stands for the result `null`. Raises `JobFailure`.

        `journey` is told how the call goes, where there was one before of the same request too.
        """
        if stores_response(request):
            with self._store.spool() as spool:
                return await self._call(request, face, journey, spool)
        return await self._call(request, face, journey, None)

    async def _call(
        self, request: RestRequest, face: Face, journey: Journey | None, spool: Spool | None
    ) -> RestResponse | None:
        if journey is None and request.options.meta:
            journey = Journey()
        used: list[str] = []

        async def token(auth: OAuth) -> str:
            used.append(await self._tokens.token(auth, face))
            return used[-1]

        limit = body_limit(request, face, memory=self._memory_limit, unlimited=UNLIMITED)
        transfer = Transfer(
            face,
            limit,
            request.connection_timeout if face.limit_connect else TCP_CONNECT_TIMEOUT,
            request.read_timeout,
            request.write_timeout,
            request.total_timeout,
            request.tls,
            request.proxy,
            request.follow_redirects,
            request.options.max_redirects if face.extended_inputs else None,
            request.bound_headers if request.auth is None else _secret_headers(request, face),
            request.bound_body,
            journey=journey,
            spool=spool,
        )
        answer = await self._egress.send(await self._message(request, face, token), transfer)
        if answer.status == 401 and used and face.refresh_token_on_401 and isinstance(request.auth, _OAUTH):
            self._tokens.invalidate(request.auth, used[-1])
            answer = await self._egress.send(await self._message(request, face, token), transfer)
        if answer.status >= 400:
            raise_for_status(answer, face)
        response = await read_response(answer, request, face, self._store, limit=limit)
        if journey is None or response is None:
            return response
        return replace(response, meta=meta_of(journey, answer, request.auth, request.profile))

    async def prepare(self, request: RestRequest, face: Face) -> PreparedRequest:
        """What `call` would send first, without sending anything; tokens are shown as `***`. Raises `JobFailure`."""

        async def placeholder(_: OAuth) -> str:
            return _PLACEHOLDER

        message = await self._message(request, face, placeholder)
        note = None if message.body is None else f"{len(message.body)} bytes"
        way = self._egress.way(message.url, Transfer(face, 0, tls=request.tls, proxy=request.proxy))
        headers = self._egress.wire_headers(message)
        return PreparedRequest(message.method, str(message.url), headers, message.body, note, *way)

    async def _message(self, request: RestRequest, face: Face, token: Callable[[OAuth], Awaitable[str]]) -> Message:
        """Destinations are judged before anything else is looked at. Raises `JobFailure`."""
        if self._egress.restricted:
            await self._egress.check(request.url)
        return await message_of(request, face, token)


def _secret_headers(request: RestRequest, face: Face) -> tuple[str, ...]:
    """An API key header stays at the origin where redirects are guarded, and so do the headers of a profile."""
    if face.guard_redirects and isinstance(request.auth, ApiKeyAuth) and request.auth.location == "headers":
        return (request.auth.name.lower(), *request.bound_headers)
    return request.bound_headers
