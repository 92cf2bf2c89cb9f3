"""Ends calls that take too long, with one timer for all of them."""

from __future__ import annotations

import asyncio
import math
from typing import Final, Protocol

GRAIN: Final = 0.01
"""Seconds at least between two looks at the calls."""


class Timed(Protocol):
    """What has to end by a time of the loop's clock."""

    deadline: float

    def expire(self) -> None:
        """The time has come; removes itself."""
        ...


class Deadlines:
    """The calls that are open. The timer is set for the earliest of them, and may find that it has ended since."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._open: set[Timed] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._next = math.inf
        self.discard = self._open.discard

    def add(self, call: Timed) -> None:
        """Let the call end by its deadline, unless it is discarded before."""
        self._open.add(call)
        if call.deadline < self._next:
            self._set(call.deadline)

    def close(self) -> None:
        """End no call any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._open.clear()

    def _set(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        self._timer, self._next = None, math.inf
        for call in [call for call in self._open if call.deadline <= now]:
            call.expire()
        if self._open:
            self._set(max(now + GRAIN, min(call.deadline for call in self._open)))
