"""The time by which the gateway in memory lets leases and back-offs run out: a parameter, so that tests can move it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    """Epoch seconds, and calls that come when they have passed."""

    def now(self) -> float: ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer: ...


class SystemClock:
    """The machine's own time, on the running event loop."""

    def now(self) -> float:
        return time.time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)


class ManualClock:
    """A time that stands still until `advance` moves it."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._timers: list[_ManualTimer] = []

    def now(self) -> float:
        return self._now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = _ManualTimer(self._now + seconds, callback)
        self._timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass; the calls that become due happen in the order of their times."""
        end = self._now + seconds
        while due := [timer for timer in self._timers if timer.callback and timer.due <= end]:
            first = min(due, key=lambda timer: timer.due)
            self._now = max(self._now, first.due)
            callback, first.callback = first.callback, None
            if callback is not None:
                callback()
        self._timers = [timer for timer in self._timers if timer.callback]
        self._now = end


class _ManualTimer:
    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None
