"""The time for which a job is ours, on the local monotonic clock.

The engine's `deadline` is on the engine's wall clock, so it is not used: the lease is counted from the job's arrival,
or from just before an extension was asked for, and so ends here a little before it ends there.

A job's hold on a host (`lanes.py`) begins and ends with it as well: this is all that a handler sees of the engine side.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from worker.errors import GatewayError, GatewayRefused
from worker.zeebe.transport import Transport

Clock = Callable[[], float]
"""Seconds on a clock that never jumps."""

EXTEND_TIMEOUT_SECONDS = 5.0

# Leases that began together are not all renewed together.
RENEWAL_SPREAD = 0.1


class Turns(Protocol):
    """Who may call which host (`worker.zeebe.lanes.Lanes`)."""

    async def enter(self, host: str) -> None:
        """Return when the job may start its call. Raises `GivenBack`."""
        ...

    def leave(self, host: str) -> None:
        """The job has ended."""
        ...


class JobLease:
    """One job's lease. `lost` is true from the moment the engine says that the job is no longer ours."""

    __slots__ = ("_clock", "_deadline", "_due", "_host", "_job_key", "_seconds", "_transport", "_turns", "lost")

    def __init__(
        self,
        job_key: int,
        seconds: float,
        *,
        transport: Transport,
        clock: Clock,
        turns: Turns,
        since: float | None = None,
    ) -> None:
        """`since` is when the lease of so many seconds began, without it now."""
        self._job_key = job_key
        self._transport = transport
        self._clock = clock
        self._turns = turns
        self._host: str | None = None
        self.lost = False
        self._restart(clock() if since is None else since, seconds)

    def _restart(self, start: float, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = start + seconds
        self._due = start + seconds * (0.5 + RENEWAL_SPREAD * random.random())  # noqa: S311 -- spread, not secrecy

    def remaining(self) -> float:
        """Seconds until the engine may give the job to somebody else; negative when it has passed or is lost."""
        return -1.0 if self.lost else self._deadline - self._clock()

    def due(self, now: float) -> bool:
        """Whether to renew it now: a little over half of it has passed, or an eighth since a renewal failed."""
        return not self.lost and self._due <= now < self._deadline

    def refresh(self, seconds: float) -> None:
        """The engine handed the same job out to us again: a new lease begins now."""
        self.lost = False
        self._restart(self._clock(), seconds)

    async def extend(self, milliseconds: int) -> None:
        """Ask the engine once for a lease of `milliseconds` from now. Raises `GatewayError`.

        When the answer leaves open whether the extension holds, the earlier of both deadlines does.
        """
        before = self._clock()
        seconds = milliseconds / 1000
        try:
            timeout = min(EXTEND_TIMEOUT_SECONDS, self._seconds / 4)  # time for another try before a short lease ends
            await self._transport.extend(self._job_key, milliseconds, timeout=timeout)
        except GatewayError:
            self._deadline = min(self._deadline, before + seconds)
            raise
        self._restart(before, seconds)

    async def renew(self) -> None:
        """Extend by the lease's own length; after a failure try again an eighth of it later. Raises `GatewayError`."""
        self._due = self._clock() + self._seconds / 8
        try:
            await self.extend(int(self._seconds * 1000))
        except GatewayRefused:
            self.lost = True
            raise

    async def turn(self, host: str) -> None:
        """Wait until the job may call `host`, and hold a place there until it is over. Raises `GivenBack`.

        Only the first host counts: what has begun to call is not sent back.
        """
        if self._host is None:
            await self._turns.enter(host)
            self._host = host

    def end(self) -> None:
        """The job is over: give its place at the host to the next one."""
        host, self._host = self._host, None
        if host is not None:
            self._turns.leave(host)
