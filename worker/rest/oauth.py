"""Access tokens, kept until they expire: one request per credential however many jobs want it.

A token counts as expired `skew` seconds before it is. When most of its time has passed, the next job that uses it
has a new one fetched in the background, so jobs hardly ever wait; and while the identity provider does not answer,
the old token serves to its real end. What is sent and what the answers mean is in `oauth_request` and
`oauth_response`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from worker.errors import JobFailure
from worker.face import Face
from worker.rest.oauth_request import TokenRequest, cache_key, token_request
from worker.rest.oauth_response import REFRESH_TOKEN_EXPIRED, Token, TokenResponse, explained, read_token
from worker.rest.request import OAuth, RefreshToken

log = logging.getLogger(__name__)

Send = Callable[[TokenRequest], Awaitable[TokenResponse]]
"""One exchange with a token endpoint under the worker's rules for outgoing calls. Raises `JobFailure`."""

CAPACITY: Final = 1000
_AHEAD: Final = 0.8  # of a token's usable time, after which it is renewed in the background
_PATIENCE: Final = 2.0  # seconds to wait for a new token while the old one could still serve
_UNANSWERED_OR_REFUSED: Final = frozenset(
    {"http", "dns", "connect", "reset", "timeout_connect", "timeout_read", "timeout_total"}
)
_PAUSE: Final = 5.0  # seconds at most between attempts to renew a token that still serves


@dataclass(slots=True)
class _Entry:
    """A token and its times on the clock of `Tokens`."""

    token: str
    renew_from: float
    fresh_until: float
    valid_until: float
    pause: float


class Tokens:
    """The tokens of one worker. `skew` is seconds; `on_token` hears every token, so that it can be masked."""

    def __init__(
        self,
        send: Send,
        *,
        now: Callable[[], float] = time.monotonic,
        skew: float = 10.0,
        on_token: Callable[[str], None] | None = None,
        capacity: int = CAPACITY,
    ) -> None:
        self._send = send
        self._now = now
        self._skew = skew
        self._on_token = on_token
        self._capacity = capacity
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._rotated: OrderedDict[str, str] = OrderedDict()  # refresh tokens that replaced the model's
        self._flights: dict[str, asyncio.Task[str]] = {}

    async def token(self, auth: OAuth, face: Face) -> str:
        """A token that has not expired. Raises `JobFailure`."""
        key = cache_key(auth)
        entry = self._entries.get(key)
        now = self._now()
        if entry is None or now >= entry.valid_until:
            return await asyncio.shield(self._flight(key, auth, face))
        self._entries.move_to_end(key)
        if now < entry.renew_from:
            return entry.token
        flight = self._flight(key, auth, face)
        if now < entry.fresh_until:
            return entry.token
        await asyncio.wait({flight}, timeout=min(_PATIENCE, entry.valid_until - now))
        return flight.result() if _succeeded(flight) else entry.token

    def invalidate(self, auth: OAuth, token: str) -> None:
        """Forget this token: the target did not accept it. A newer one is kept."""
        key = cache_key(auth)
        entry = self._entries.get(key)
        if entry is not None and entry.token == token:
            del self._entries[key]

    async def close(self) -> None:
        """End the requests under way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _flight(self, key: str, auth: OAuth, face: Face) -> asyncio.Task[str]:
        """The one request for this key: the one under way, or a new one. It outlives the jobs that wait for it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fetch(key, auth, face), name=f"token {key[:8]}")
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return flight

    def _landed(self, key: str, flight: asyncio.Task[str]) -> None:
        del self._flights[key]
        if _succeeded(flight):
            return
        entry = self._entries.get(key)
        if entry is not None:
            entry.renew_from = self._now() + entry.pause
            log.warning(
                "The identity provider gives no new token; the old one serves until it expires",
                extra={"seconds_left": round(entry.valid_until - self._now())},
            )

    async def _fetch(self, key: str, auth: OAuth, face: Face) -> str:
        started = self._now()
        token = await self._requested(key, auth, face)
        if self._on_token is not None:
            self._on_token(token.value)
        self._keep(key, token, started)
        if isinstance(auth, RefreshToken) and face.keep_rotated_token and token.refresh_token is not None:
            self._rotate(key, token.refresh_token)
        return token.value

    async def _requested(self, key: str, auth: OAuth, face: Face) -> Token:
        """Ask with the latest refresh token; when that is refused, once more with the model's own."""
        rotated = self._rotated.get(key)
        if rotated is None:
            return await self._exchanged(auth, face, None)
        try:
            return await self._exchanged(auth, face, rotated)
        except JobFailure as failure:
            if REFRESH_TOKEN_EXPIRED not in (failure.code, failure.native_code):
                raise
            self._rotated.pop(key, None)
            return await self._exchanged(auth, face, None)

    async def _exchanged(self, auth: OAuth, face: Face, refresh_token: str | None) -> Token:
        request = token_request(auth, face, refresh_token=refresh_token)
        try:
            response = await self._send(request)
        except JobFailure as failure:
            if failure.kind not in _UNANSWERED_OR_REFUSED:
                raise
            raise explained(failure) from failure
        return read_token(response, refreshed=isinstance(auth, RefreshToken))

    def _keep(self, key: str, token: Token, started: float) -> None:
        usable = (token.lifetime or 0) - self._skew
        if token.lifetime is None or usable <= 0:
            self._entries.pop(key, None)
            return
        self._entries[key] = _Entry(
            token.value,
            renew_from=started + usable * _AHEAD,
            fresh_until=started + usable,
            valid_until=started + token.lifetime,
            pause=min(_PAUSE, usable / 10),
        )
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def _rotate(self, key: str, refresh_token: str) -> None:
        self._rotated[key] = refresh_token
        self._rotated.move_to_end(key)
        if len(self._rotated) > self._capacity:
            self._rotated.popitem(last=False)


def _succeeded(flight: asyncio.Task[str]) -> bool:
    """Whether a request has brought a token. Asking for its exception also marks it as seen."""
    return flight.done() and not flight.cancelled() and flight.exception() is None
