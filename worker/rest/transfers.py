"""Calls that tasks cause without asking for them: token requests and downloads of external documents.

They keep to the same rules as the tasks' own calls, with fixed time limits, without redirects and TLS material.
"""

from __future__ import annotations

from typing import Final

from worker.documents.external import Download, Downloaded
from worker.documents.github import Post
from worker.face import COMPATIBLE, Face
from worker.rest.answer import Answer
from worker.rest.egress import Egress
from worker.rest.exchange import Message
from worker.rest.failures import too_large, unreadable
from worker.rest.headers import HeaderLines
from worker.rest.oauth import Send
from worker.rest.oauth_request import TokenRequest
from worker.rest.oauth_response import TokenResponse
from worker.rest.response import raise_for_status
from worker.rest.transfer import TCP_CONNECT_TIMEOUT, Transfer
from worker.rest.url import callable_url, read_url

_TIMEOUT: Final = 20


def downloader(egress: Egress, limit: int, face: Face = COMPATIBLE) -> Download:
    """Gets external documents of up to `limit` bytes."""

    async def download(url: str) -> Downloaded:
        answer = await fetch(egress, "GET", url, [], None, face=face, limit=limit)
        headers: dict[str, str] = {}
        for name, value in answer.headers:
            headers.setdefault(name.lower(), value)
        return Downloaded(answer.body, headers)

    return download


def token_sender(egress: Egress, face: Face, limit: int) -> Send:
    """Asks token endpoints; answers of more than `limit` bytes are failures."""

    async def send(request: TokenRequest) -> TokenResponse:
        answer = await fetch(egress, "POST", request.url, request.headers, request.body, face=face, limit=limit)
        return TokenResponse(answer.status, answer.body)

    return send


def poster(egress: Egress, limit: int, face: Face = COMPATIBLE) -> Post:
    """Sends POSTs without a body."""

    async def post(url: str, headers: HeaderLines) -> bytes:
        return (await fetch(egress, "POST", url, headers, b"", face=face, limit=limit)).body

    return post


async def fetch(
    egress: Egress, method: str, url: str, headers: HeaderLines, body: bytes | None, *, face: Face, limit: int
) -> Answer:
    """The whole answer, of a status below 400. Raises `JobFailure` like any call, and for more than `limit` bytes."""
    egress.check_blocked(url)
    uri = read_url(url, face, skip_encoding=False)
    message = Message(method, callable_url(uri, url), headers, body)
    connect = _TIMEOUT if face.limit_connect else TCP_CONNECT_TIMEOUT
    answer = await egress.send(message, Transfer(face, limit, connect, _TIMEOUT, validated=face.guard_redirects))
    if answer.cut:
        raise too_large(limit)
    raise_for_status(answer, face)
    if answer.broken is not None:
        raise unreadable(answer.broken)
    return answer
