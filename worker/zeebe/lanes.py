"""Who may start a call: hosts share the slots, so that one that is slow leaves room for the others.

A host may have a call for every slot as long as nobody else wants one. Once jobs of another host are about, it may have
four calls for each slot that no call is using: one gets four fifths of the slots, the next one four fifths of the rest,
so that there is room for a newcomer (dynamic thresholds, as in the buffers of network switches).

What may not start waits for a moment, which is enough if the host answers quickly. If not, or if too many are waiting
already, the job goes back to the engine with a back-off. The slot that it leaves is how jobs of other hosts, which
wait behind it in the engine, get here at all.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from worker.errors import GivenBack
from worker.zeebe.lease import Clock

# A job waits so long for its turn; a host of which no call has ended for so long is stuck, so nobody waits for it.
PATIENCE_SECONDS = 1.0

# The back-off of a job that goes back is the time for which its host has been stuck, within these bounds.
LONGEST_BACKOFF_SECONDS = 30.0

# Calls that a host may have for each slot without a call.
CALLS_FOR_A_FREE_SLOT = 4

# A host is alone when no other was named for so long, and the engine has nothing else, or only had more of its jobs.
ALONE_SECONDS = 60.0
ALONE_JOBS = 1_000


@dataclass(slots=True)
class _Lane:
    """One host: its calls under way, the jobs that wait for their turn, and when the last call ended."""

    moved: float
    calls: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Lanes:
    """Turns for all jobs of one worker. A job that has entered leaves when it is settled."""

    def __init__(
        self,
        slots: int,
        *,
        limit: int | None,
        clock: Clock,
        more_to_come: Callable[[], bool],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """`limit` is calls to one host, whoever else is there; `more_to_come` says if the engine has more jobs."""
        self._slots = slots
        self._limit = limit
        self._clock = clock
        self._more_to_come = more_to_come
        self._patience = patience
        self._lanes: dict[str, _Lane] = {}
        self._calls = 0
        self._waiting = 0
        self._newest = ""  # the host named last, by so many jobs in a row, and when another one was named
        self._in_a_row = 0
        self._other_named = float("-inf")
        self._closed = False

    async def enter(self, host: str) -> None:
        """Return when the job may start its call. Raises `GivenBack` when that cannot be soon."""
        if self._closed:
            raise _stopping()
        self._in_a_row += 1
        if host != self._newest or self._in_a_row == ALONE_JOBS:
            self._name(host)
        lane = self._lanes.get(host)
        if lane is None:
            lane = self._lanes[host] = _Lane(self._clock())
        if lane.waiting or not self._has_room(lane):
            await self._wait(host, lane)
        else:
            self._start(lane)

    def leave(self, host: str) -> None:
        """A call to `host` has ended, and its job with it."""
        lane = self._lanes[host]
        lane.calls -= 1
        self._calls -= 1
        lane.moved = self._clock()
        if not lane.calls:
            self._forget_if_idle(host, lane)
        if self._waiting:
            self._start_waiting()

    def close(self) -> None:
        """Let no more calls begin; the jobs that wait for their turn go back."""
        self._closed = True
        for lane in self._lanes.values():
            for turn in lane.waiting:
                turn.cancel()

    async def _wait(self, host: str, lane: _Lane) -> None:
        stuck = self._clock() - lane.moved
        if stuck >= self._patience or self._waiting >= max(1, self._slots // 4):
            self._forget_if_idle(host, lane)
            raise _given_back(stuck)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        self._waiting += 1
        try:
            await asyncio.wait([turn], timeout=self._patience)
        except asyncio.CancelledError:
            if turn in lane.waiting:
                self._stop_waiting(host, lane, turn)
            else:
                self.leave(host)
            raise
        if turn in lane.waiting:
            self._stop_waiting(host, lane, turn)
            raise _stopping() if self._closed else _given_back(self._clock() - lane.moved)

    def _stop_waiting(self, host: str, lane: _Lane, turn: asyncio.Future[None]) -> None:
        lane.waiting.remove(turn)
        self._waiting -= 1
        self._forget_if_idle(host, lane)

    def _name(self, host: str) -> None:
        """Take note of who is about: another host than before, or the same one for long enough to be alone."""
        if host == self._newest:
            self._start_waiting()
            return
        if self._newest:
            self._other_named = self._clock()
        self._newest = host
        self._in_a_row = 1

    def _has_room(self, lane: _Lane) -> bool:
        if self._limit is not None and lane.calls >= self._limit:
            return False
        return lane.calls < CALLS_FOR_A_FREE_SLOT * (self._slots - self._calls) or self._alone()

    def _alone(self) -> bool:
        if self._in_a_row >= ALONE_JOBS:
            return True
        return not self._more_to_come() and self._clock() - self._other_named > ALONE_SECONDS

    def _start(self, lane: _Lane) -> None:
        lane.calls += 1
        self._calls += 1

    def _start_waiting(self) -> None:
        """Give turns to those that wait, while there is room."""
        for lane in list(self._lanes.values()):
            while lane.waiting and not self._closed and self._has_room(lane):
                self._waiting -= 1
                self._start(lane)
                lane.waiting.popleft().set_result(None)

    def _forget_if_idle(self, host: str, lane: _Lane) -> None:
        if not lane.calls and not lane.waiting:
            self._lanes.pop(host, None)


def _given_back(stuck: float) -> GivenBack:
    seconds = min(max(stuck, PATIENCE_SECONDS), LONGEST_BACKOFF_SECONDS)
    milliseconds = int(seconds * random.uniform(1000, 1500))  # noqa: S311 -- spread, not secrecy
    return GivenBack("Too many calls to this job's host are under way; the job was not started.", milliseconds)


def _stopping() -> GivenBack:
    return GivenBack("The worker is stopping; the job was not started.", 0)
