"""Who the worker is for the cluster: the headers that go with every call, over gRPC and REST alike.

They are asked for before each call, so a token that was renewed is used at once; a call that the cluster did not let
in (UNAUTHENTICATED, 401) is reported back, so a token that was revoked is not used again.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Protocol

Headers = Mapping[str, str]
"""Names in lower case, as gRPC's metadata wants them."""

AUTHORIZATION = "authorization"


class Credentials(Protocol):
    """What lets a call in."""

    def current(self) -> Headers | None:
        """Those of a call that is made now; None when they have to be waited for."""
        ...

    async def wait(self) -> Headers:
        """The same once they are there. Raises `GatewayBusy` while there is nothing that could let the call in."""
        ...

    def refused(self, headers: Headers) -> None:
        """A call with these `headers` was not let in."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


class Fixed:
    """The same headers for ever; none for a cluster that lets everybody in."""

    def __init__(self, headers: Headers | None = None) -> None:
        self._headers = dict(headers or {})

    def current(self) -> Headers:
        return self._headers

    async def wait(self) -> Headers:
        return self._headers

    def refused(self, headers: Headers) -> None:
        """There is nothing else to try; the caller asks again, for a cluster that may learn of us."""

    async def close(self) -> None:
        pass


def basic(username: str, password: str) -> Fixed:
    """A user name and a password (RFC 7617)."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return Fixed({AUTHORIZATION: f"Basic {pair}"})


def bearer(token: str) -> Fixed:
    """A token that somebody else has fetched (RFC 6750)."""
    return Fixed({AUTHORIZATION: f"Bearer {token}"})
