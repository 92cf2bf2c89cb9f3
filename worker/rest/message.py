"""The message that a request becomes: body, URL, authentication, headers and query, each of a file of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from worker.face import Face
from worker.rest.auth import Credentials, credentials
from worker.rest.body import entity_of
from worker.rest.content_coding import COMPATIBLE_CODINGS, NATIVE_CODINGS
from worker.rest.exchange import Message
from worker.rest.headers import merge, task_headers
from worker.rest.query import append, parameters
from worker.rest.request import OAuth, RestRequest
from worker.rest.url import callable_url, read_url

_NO_CREDENTIALS: Final = Credentials()


async def message_of(request: RestRequest, face: Face, token: Callable[[OAuth], Awaitable[str]]) -> Message:
    """Built in the recorded order, which decides whose failure is seen. `token` is asked for OAuth only.

    Raises `JobFailure`, and what `token` raises.
    """
    entity = await entity_of(request, face)
    uri = read_url(request.url, face, skip_encoding=request.skip_encoding)
    auth = _NO_CREDENTIALS if request.auth is None else await credentials(request.auth, token)
    own = task_headers(request.headers, face, has_body=entity is not None and request.body is not None)
    lines = merge(auth.headers, own, None if entity is None else entity.content_type)
    url = callable_url(uri, request.url)
    if auth.query or request.query:
        added = [*auth.query, *parameters(request.query, face, request.options.array_format)]
        url = url.with_query(append(uri.query, added, face))
    codings = NATIVE_CODINGS if face.more_codings else COMPATIBLE_CODINGS
    if entity is None:
        return Message(request.method, url, lines, codings=codings)
    return Message(request.method, url, lines, entity.content, entity.repeatable, codings)
