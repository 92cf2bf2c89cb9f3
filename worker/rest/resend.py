"""The re-sends that the original's HTTP library makes without being asked: at most one for each request.

Off unless the operator wants exactly that: a service that asks to be left alone is better served by the engine's
retries, and a lost connection may have done its work. What the native face repeats, a model says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from worker.errors import JobFailure
from worker.rest.answer import Answer
from worker.rest.exchange import Message
from worker.rest.request import IDEMPOTENT
from worker.rest.retry_after import seconds_of

DEFAULT_WAIT: Final = 1.0
LONGEST_WAIT: Final = 3600.0

_BUSY: Final = frozenset({429, 503})


class Resend:
    """Sends a message, and once more where the library would. `sleep` waits for seconds."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep

    async def send(self, message: Message, send: Callable[[Message], Awaitable[Answer]]) -> Answer:
        """After 429 and 503 once more when the service has had its time, after a lost connection at once."""
        try:
            answer = await send(message)
        except JobFailure as failure:
            lost = failure.kind == "reset" and failure.code == "408"
            if not (lost and message.repeatable and message.method in IDEMPOTENT):
                raise
            return await send(message)
        if answer.status not in _BUSY or not message.repeatable:
            return answer
        await self._sleep(_wait(answer))
        return await send(message)


def _wait(answer: Answer) -> float:
    """Seconds that the service asks for; one where it does not say, or says nothing that makes sense."""
    asked = seconds_of((answer.first("retry-after") or "").strip())
    return DEFAULT_WAIT if asked is None or asked <= 0 else min(asked, LONGEST_WAIT)
