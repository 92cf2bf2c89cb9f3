"""Waiting between attempts, in a way that a stop can end early."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

FIRST_SECONDS = 0.05
CAP_SECONDS = 2.0  # together with the time to connect again, work goes on within 5 s of the end of an outage
FACTOR = 1.6
JITTER = 0.1

Sleep = Callable[[float], Awaitable[None]]
"""Waits for that many seconds, or less when there is no reason to wait any more."""


class Backoff:
    """The waits after failures that follow one another; a success starts them afresh."""

    def __init__(self, *, first: float = FIRST_SECONDS, cap: float = CAP_SECONDS) -> None:
        self._first = first
        self._cap = cap
        self._next = first

    def seconds(self) -> float:
        """The wait before the next attempt: longer each time, a tenth more or less, so that a fleet spreads out."""
        seconds = self._next
        self._next = min(self._next * FACTOR, self._cap)
        return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 -- spread, not secrecy

    def reset(self) -> None:
        """The last attempt succeeded."""
        self._next = self._first


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Sleep, but wake at once when asked to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
