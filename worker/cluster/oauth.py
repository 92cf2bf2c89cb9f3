"""A token for the cluster by OAuth client credentials (RFC 6749, 4.4), kept until it expires.

One request however many calls wait for it. When most of the token's time has passed, a new one is fetched in the
background; while the provider is down the old one serves to its end, and after a failure the provider is left alone
for a moment, so that an outage of it is not made longer by the worker.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from worker.cluster.credentials import AUTHORIZATION, Headers
from worker.errors import GatewayBusy

log = logging.getLogger(__name__)

AHEAD: Final = 0.8
"""Of a token's lifetime, after which it is renewed in the background."""

RETRY_SECONDS: Final = 1.0
"""After a failed request, and between a token and the next when the cluster refuses it."""

DEFAULT_LIFETIME: Final = 300.0
"""Seconds, where the provider does not say."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a provider gave; `lifetime` is seconds from now, None when it did not say."""

    value: str = field(repr=False)
    lifetime: float | None


class TokenError(Exception):
    """The provider gave no token; the text says why and shows no secret."""


Fetch = Callable[[], Awaitable[Token]]
"""One request to the provider. Raises `TokenError`."""


@dataclass(frozen=True, slots=True)
class _Kept:
    headers: Headers = field(repr=False)
    since: float
    renew_at: float
    until: float


class OAuth:
    """`Credentials` that are a token of a provider's. `on_token` hears every token, so that it can be masked."""

    def __init__(
        self,
        fetch: Fetch,
        *,
        now: Callable[[], float] = time.monotonic,
        on_token: Callable[[str], None] | None = None,
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._on_token = on_token
        self._kept: _Kept | None = None
        self._flight: asyncio.Task[None] | None = None
        self._failure = ""
        self._try_again_at = -math.inf

    def current(self) -> Headers | None:
        """The token that is good now; begins to renew it when that is due."""
        kept, now = self._kept, self._now()
        if kept is not None and now < kept.renew_at:
            return kept.headers
        if self._flight is None and now >= self._try_again_at:
            self._flight = asyncio.create_task(self._renew(), name="token for the cluster")
        return kept.headers if kept is not None and now < kept.until else None

    async def wait(self) -> Headers:
        """The token that is good now, once it is there."""
        if (headers := self.current()) is None and self._flight is not None:
            await asyncio.shield(self._flight)
            headers = self.current()
        if headers is None:
            raise GatewayBusy("UNAUTHENTICATED", f"no token for the cluster: {self._failure}")
        return headers

    def refused(self, headers: Headers) -> None:
        """Forget the token if it is still this one; one that is brand new gets a moment to become known."""
        kept = self._kept
        if kept is not None and kept.headers == headers and self._now() >= kept.since + RETRY_SECONDS:
            self._kept = None

    async def close(self) -> None:
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])

    async def _renew(self) -> None:
        before = self._now()
        try:
            token = await self._fetch()
        except TokenError as error:
            if self._failure != str(error):  # once for each reason, not once a second
                log.warning("no new token for the cluster", extra={"error": str(error)})
            self._failure = str(error)
            self._try_again_at = self._now() + RETRY_SECONDS
        else:
            if self._failure:
                log.info("new tokens for the cluster again")
            self._failure = ""
            lifetime = DEFAULT_LIFETIME if token.lifetime is None else token.lifetime
            if self._on_token is not None:
                self._on_token(token.value)
            headers = {AUTHORIZATION: f"Bearer {token.value}"}
            self._kept = _Kept(headers, self._now(), before + AHEAD * lifetime, before + lifetime)
        finally:
            self._flight = None
