"""`response.meta`: how a call went, for models that ask with `httpOptions.response.meta` (native face)."""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

from worker.rest.answer import Answer
from worker.rest.query import encoded_value
from worker.rest.request import ApiKeyAuth, Auth
from worker.rest.transfer import Journey

_HIDDEN: Final = "***"


def meta_of(journey: Journey, answer: Answer, auth: Auth | None, profile: str | None = None) -> dict[str, Any]:
    """The member `meta`. `bytes` counts the body without its content coding; an API key in a URL is hidden.

    `profile` is the name of the profile that the call was made with, if any.
    """

    def shown(url: object) -> str:
        text = str(url)
        if isinstance(auth, ApiKeyAuth) and auth.location == "query" and auth.value:
            text = text.replace(encoded_value(auth.value), _HIDDEN)
        return text

    return {
        "url": shown(journey.url),
        "attempts": journey.attempts,
        "durationMs": round((perf_counter() - journey.started) * 1000),
        "redirects": [{"url": shown(url), "status": status} for url, status in journey.redirects],
        "protocol": answer.protocol,
        "bytes": answer.size,
        "fromProfile": profile,
    }
