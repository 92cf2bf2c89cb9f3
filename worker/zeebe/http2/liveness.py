"""Whether the other end of a connection is still there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from worker.zeebe.http2 import frames

EARLY: Final = 0.01
"""Seconds by which a timer may come too soon."""


@dataclass(frozen=True, slots=True)
class Life:
    """How long a connection lives.

    A ping is sent after so many seconds without a sign of life while calls are open (gateways refuse pings within 30 s,
    and without calls), and answered within so many; no call begins after the last stream's number.
    """

    ping_after: float = 45.0
    pong_within: float = 10.0
    last_stream: int = frames.LARGEST


class Liveness:
    """Sends a ping to a peer that has been silent for long while it is `needed`, and gives up one that stays so."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        life: Life,
        *,
        needed: Callable[[], bool],
        write: Callable[[bytes], None],
        give_up: Callable[[str], None],
    ) -> None:
        self.heard_at = loop.time()
        self._loop = loop
        self._life = life
        self._needed = needed
        self._write = write
        self._give_up = give_up
        self._unanswered = False  # a ping
        self._timer: asyncio.TimerHandle | None = None

    def heard(self) -> None:
        """Something has come."""
        self.heard_at = self._loop.time()
        self._unanswered = False

    def watch(self) -> None:
        """From now on an answer is needed."""
        if self._timer is None:
            self._timer = self._loop.call_at(self.heard_at + self._life.ping_after, self._look)

    def stop(self) -> None:
        """The connection has ended."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._unanswered:
            self._give_up("the gateway does not answer a ping")
        elif self._needed():
            now, due = self._loop.time(), self.heard_at + self._life.ping_after
            if now + EARLY >= due:
                self._unanswered = True
                self._write(frames.frame(frames.PING, 0, 0, b"liveness"))
                due = now + self._life.pong_within
            self._timer = self._loop.call_at(due, self._look)
