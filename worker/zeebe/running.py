"""The jobs that are ours and not yet settled, and the heartbeat that keeps their leases alive."""

from __future__ import annotations

import asyncio
import logging

from worker.errors import GatewayError, GatewayRefused
from worker.job import Job
from worker.outcome import Fail, Outcome
from worker.zeebe.lease import Clock, JobLease
from worker.zeebe.observer import Observer

log = logging.getLogger(__name__)

# Leases that are renewed at the same time: the gateway has other things to do as well.
RENEWALS_AT_ONCE = 100


class Running:
    """One job: `weight` is the characters that it keeps in memory, `outcome` what the engine is being told.

    `next_try` is the job as it has come again, with a slot, and when that lease began (`Runner._accept_again`).
    """

    __slots__ = ("job", "lease", "next_try", "outcome", "renewal", "task", "weight")

    task: asyncio.Task[None]

    def __init__(self, job: Job, lease: JobLease) -> None:
        self.job = job
        self.lease = lease
        self.weight = len(job.variables) + len(job.headers)
        self.renewal: asyncio.Task[None] | None = None
        self.outcome: Outcome | None = None
        self.next_try: tuple[Job, float] | None = None

    def failed_into(self, job: Job) -> bool:
        """Whether this arrival is the try that follows the failure which the engine is being told."""
        return isinstance(self.outcome, Fail) and self.outcome.retries == job.retries


class Heartbeat:
    """Renews every lease of which half has passed; no renewal holds up another."""

    def __init__(self, running: dict[int, Running], *, interval: float, observer: Observer, clock: Clock) -> None:
        """`running` is looked at every `interval` seconds."""
        self._running = running
        self._interval = interval
        self._observer = observer
        self._clock = clock
        self._turn = asyncio.Semaphore(RENEWALS_AT_ONCE)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            now = self._clock()
            for running in self._running.values():
                if running.lease.due(now) and (running.renewal is None or running.renewal.done()):
                    running.renewal = asyncio.create_task(self._renew(running), name=f"renew {running.job.key}")

    async def _renew(self, running: Running) -> None:
        try:
            async with self._turn:
                await running.lease.renew()
        except GatewayRefused:
            log.warning("job lost", extra={"job": running.job.key, "type": running.job.type})
            self._observer.lease_renewed(running.job, "lost")
        except GatewayError:
            self._observer.lease_renewed(running.job, "failed")
        else:
            self._observer.lease_renewed(running.job, "renewed")
