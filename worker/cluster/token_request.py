"""One request to an OAuth provider for a token of the worker's own, as Camunda's clients make it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from worker.cluster.oauth import Token, TokenError
from worker.engine_api import AnswerTooLargeError, bounded
from worker.json_codec import JsonError, loads

CONNECT_SECONDS: Final = 5.0
SECONDS: Final = 10.0
LARGEST_ANSWER: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, and for what. The secret goes into the body, as Camunda's clients send it."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    audience: str | None = None
    scope: str | None = None

    def form(self) -> dict[str, str]:
        """The fields of the request."""
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "audience": self.audience,
            "scope": self.scope,
        }
        return {name: value for name, value in fields.items() if value}


async def request_token(
    client: Client, *, context: Callable[[], ssl.SSLContext | None] = lambda: None, proxy: str | None = None
) -> Token:
    """Ask once. A connection of its own each time: the next request is minutes away. Raises `TokenError`."""
    timeout = aiohttp.ClientTimeout(total=SECONDS, sock_connect=CONNECT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.post(
                client.token_url,
                data=client.form(),
                headers={"accept": "application/json"},
                ssl=context() or True,
                proxy=proxy,
                allow_redirects=False,
            ) as answer,
        ):
            content = await bounded(answer, LARGEST_ANSWER)
    except TimeoutError:
        raise TokenError(f"{client.token_url} did not answer within {SECONDS:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError, AnswerTooLargeError) as problem:
        raise TokenError(f"{client.token_url}: {str(problem) or type(problem).__name__}") from problem
    values = _object(content)
    if not 200 <= answer.status < 300:
        raise TokenError(f"{client.token_url} answered {answer.status}{_reason(values)}")
    token = values.get("access_token")
    if not isinstance(token, str) or not token.isprintable() or not token:
        raise TokenError(f"{client.token_url} answered without an access token")
    return Token(token, _seconds(values.get("expires_in")))


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        value = loads(content.decode())
    except (JsonError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _reason(values: Mapping[str, Any]) -> str:
    """The provider's words (RFC 6749, 5.2)."""
    words = [values[name] for name in ("error", "error_description") if isinstance(values.get(name), str)]
    return f": {', '.join(words)}"[:300] if words else ""


def _seconds(value: Any) -> float | None:
    """A lifetime; some providers write it as text."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < float("inf") else None
