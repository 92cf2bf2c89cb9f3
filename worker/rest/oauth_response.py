"""What a token endpoint answered: a token with its lifetime, or a failure in the words that models know.

As lenient as the original: the fields are looked for at any depth, and a token is used as text whatever it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from worker.errors import JobFailure
from worker.json_codec import JsonError, loads_prefix
from worker.json_codec.java_text import java_text

TOKEN_ERROR: Final = "OAUTH_TOKEN_ERROR"  # noqa: S105 - an error code
REFRESH_TOKEN_EXPIRED: Final = "OAUTH_REFRESH_TOKEN_EXPIRED"  # noqa: S105 - an error code
_MISSING: Final = object()
_SHOWN: Final = 100  # characters of an answer that is no JSON

_KNOWN_ERRORS: Final = {
    "invalid_grant": (
        REFRESH_TOKEN_EXPIRED,
        "Refresh token is invalid or expired; re-authorization is required.",
    ),
    "interaction_required": (
        "OAUTH_INTERACTION_REQUIRED",
        "The identity provider requires user interaction before a token can be issued; re-authorization is required.",
    ),
}


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """The answer of a token endpoint; a status of 400 and above has become a `JobFailure` before."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Token:
    """`lifetime` is seconds from the request on, None when the answer does not say in a number."""

    value: str
    lifetime: float | None
    refresh_token: str | None


def read_token(response: TokenResponse, *, refreshed: bool) -> Token:
    """The token in an answer; `refreshed` says that it answers a refresh token. Raises `JobFailure`."""
    content = _content(response.body)
    if refreshed:
        _raise_for_error(content)
    value = _find(content, "access_token")
    if value is _MISSING:
        raise _failure("OAuth token response does not contain an access_token field")
    lifetime = _find(content, "expires_in")
    rotated = _find(content, "refresh_token")
    return Token(
        "" if isinstance(value, dict | list) else java_text(value),
        float(lifetime) if isinstance(lifetime, int | float) and not isinstance(lifetime, bool) else None,
        rotated if isinstance(rotated, str) and rotated else None,
    )


def explained(failure: JobFailure) -> JobFailure:
    """A failed token request as one of authentication: the same to models, with our own code and kind beside."""
    response = (failure.variables or {}).get("response")
    body = response.get("body") if isinstance(response, Mapping) else None
    error = body.get("error") if isinstance(body, Mapping) else None
    native_code = _KNOWN_ERRORS[error][0] if isinstance(error, str) and error in _KNOWN_ERRORS else TOKEN_ERROR
    return JobFailure(
        failure.message,
        type=failure.type,
        code=failure.code,
        variables=failure.variables,
        kind="auth",
        native_code=native_code,
        final=failure.final,
    )


def _content(body: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer; empty for an empty answer and for a list, which hold no token."""
    text = body.decode("utf-8", "replace")
    if not text.strip():
        return {}
    try:
        content = loads_prefix(text)
    except JsonError:
        content = None
    if not isinstance(content, dict | list):
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
        raise JobFailure(f"Response body is not valid JSON: {shown}", kind="auth", native_code=TOKEN_ERROR)
    return content if isinstance(content, dict) else {}


def _raise_for_error(content: Mapping[str, Any]) -> None:
    error = _find(content, "error")
    if error is _MISSING or error is None:
        return
    name = java_text(error)
    given = _find(content, "error_description")
    description = "no description provided" if given is _MISSING or given is None else java_text(given)
    if name in _KNOWN_ERRORS:
        code, message = _KNOWN_ERRORS[name]
        raise _failure(f"{message} Details: {description}", code)
    raise _failure(f"OAuth token exchange failed: {name}. {description}")


def _failure(message: str, code: str = TOKEN_ERROR) -> JobFailure:
    return JobFailure(message, code=code, kind="auth")


def _find(content: Any, name: str) -> Any:
    """A member of this name: an object's own before those further down, in the order of the text."""
    waiting = [content]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if name in node:
                return node[name]
            waiting.extend(reversed(node.values()))
        elif isinstance(node, list):
            waiting.extend(reversed(node))
    return _MISSING
