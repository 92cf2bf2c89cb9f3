"""What an authentication adds to a request: a header or a query parameter. Tokens come from `worker.rest.oauth`."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, assert_never

from worker.rest.headers import HeaderLines
from worker.rest.query import Parameters
from worker.rest.request import ApiKeyAuth, Auth, BasicAuth, BearerAuth, ClientCredentials, OAuth, RefreshToken

EMPTY_PASSWORD: Final = "SPEC_PASSWORD_EMPTY_PATTERN"  # noqa: S105 - what templates write for "no password"


@dataclass(slots=True)
class Credentials:
    """Header lines and query parameters, both before the task's own."""

    headers: HeaderLines = field(default_factory=list)
    query: Parameters = field(default_factory=list)


async def credentials(auth: Auth | None, token: Callable[[OAuth], Awaitable[str]]) -> Credentials:
    """What `auth` adds; `token` is asked for OAuth only. Raises what `token` raises."""
    match auth:
        case None:
            return Credentials()
        case BasicAuth(username, password):
            return _authorization("Basic " + basic(username, password))
        case BearerAuth(text):
            return _authorization("Bearer " + text)
        case ApiKeyAuth("query", name, value):
            return Credentials(query=[(name, value)])
        case ApiKeyAuth(_, name, value):
            return Credentials(headers=[(name, value)])
        case ClientCredentials() | RefreshToken():
            return _authorization("Bearer " + await token(auth))
        case _:
            assert_never(auth)


def basic(username: str, password: str | None) -> str:
    """The value of basic authentication, UTF-8."""
    secret = "" if password is None or password == EMPTY_PASSWORD else password
    return base64.b64encode(f"{username}:{secret}".encode("utf-8", "replace")).decode("ascii")


def _authorization(value: str) -> Credentials:
    return Credentials(headers=[("Authorization", value)])
