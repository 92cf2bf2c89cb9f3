"""Room for jobs: one pool over all job types.

A slot is reserved before jobs are asked for and given back when the job's outcome is settled, so the worker never
holds more jobs than it has slots. While the jobs it holds are very large, it asks for no more of them either: the
gateway answers one call with as many batches as it takes, so how many jobs to ask for follows from what the latest ones
weighed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

UNKNOWN_WEIGHT: Final = 1 << 18
"""Characters of a job, before any has come."""

LATEST: Final = 16
"""Of how many jobs, about, the mean weight is."""


class Slots:
    """A counted pool. Reservations are served in the order in which they were asked for."""

    def __init__(self, total: int, *, weight: int | None = None) -> None:
        """`weight` is how heavy the jobs may be together, in characters, before no more slots are reserved."""
        self.total = total
        self._free = total
        self._weight = weight
        self._held = 0  # characters
        self._jobs = 0
        self._usual = float(UNKNOWN_WEIGHT)
        self._waiting: deque[tuple[int, asyncio.Future[int]]] = deque()
        self._closed = False

    @property
    def used(self) -> int:
        """Slots that are reserved or hold a job."""
        return self.total - self._free

    def take(self, limit: int) -> int:
        """Take up to `limit` slots now; returns how many. None while others wait for theirs."""
        if self._waiting or self._closed or not self._has_room():
            return 0
        return self._take(limit)

    async def reserve(self, limit: int) -> int:
        """Wait until there is room, then take up to `limit` slots; returns how many. None are to be had when closed."""
        if (taken := self.take(limit)) or self._closed:
            return taken
        turn: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((limit, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # served in the moment of the cancellation
                self.release(turn.result())
            raise

    def hold(self, weight: int) -> None:
        """A job of this weight has come into one of the slots."""
        self._held += weight
        self._jobs += 1
        self._usual += (weight - self._usual) / LATEST

    def release(self, count: int = 1) -> None:
        """Give back slots that hold no job."""
        self._free += count
        while self._waiting and self._has_room():
            limit, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(self._take(limit))

    def end(self, weight: int) -> None:
        """The job of this weight has left its slot."""
        self._held -= weight
        self._jobs -= 1
        self.release()

    def close(self) -> None:
        """Hand out no more; whoever waits gets none."""
        self._closed = True
        while self._waiting:
            _, turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(0)

    def _has_room(self) -> bool:
        return self._free > 0 and (self._weight is None or self._held < self._weight)

    def _take(self, limit: int) -> int:
        taken = min(limit, self._free)
        if self._weight is not None:
            expected = (self.used - self._jobs) * self._usual  # of jobs that have been asked for
            room = (self._weight - self._held - expected) / max(self._usual, 1.0)
            taken = min(taken, max(int(room), 1))
        self._free -= taken
        return taken
