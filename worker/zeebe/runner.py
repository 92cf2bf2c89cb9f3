"""Runs jobs: one task per job, a slot for each until its outcome is settled, leases kept alive, an orderly end.

    sources and streams (one of each per job type) -> slots -> one task per job: handler -> commands
                                                      heartbeat: renews leases of which half has passed

What a job means is the handler's business; when to ask for jobs is `source.py` and `stream.py`, which job may call now
`lanes.py`, how to report them `commands.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from worker.errors import GivenBack
from worker.job import Job, JobHandler
from worker.outcome import Fail, Outcome
from worker.zeebe.backoff import pause
from worker.zeebe.commands import Commands
from worker.zeebe.lanes import Lanes
from worker.zeebe.lease import Clock, JobLease
from worker.zeebe.observer import Observer
from worker.zeebe.running import Heartbeat, Running
from worker.zeebe.slots import Slots
from worker.zeebe.source import Share, Source
from worker.zeebe.stream import STREAM_SECONDS, StreamSource
from worker.zeebe.transport import ActivateRequest, Transport

log = logging.getLogger(__name__)

# How long jobs that were cancelled get to end; what swallows its cancellation is left behind then.
CANCEL_SECONDS = 1.0


class Ending(StrEnum):
    """How the runner came to its end."""

    DRAINED = "drained"  # every job was reported
    GRACE_EXCEEDED = "grace exceeded"  # some jobs took longer than the grace time
    STOPPED_NOW = "stopped now"  # the second request to stop did not wait for the jobs


@dataclass(frozen=True, slots=True)
class Limits:
    """How many jobs at once, and how long things may take, in seconds."""

    slots: int
    lease: float
    grace: float
    heartbeat: float = 1.0  # between two looks at the leases
    host: int | None = None  # jobs that may call one host at once
    weight: int | None = None  # characters of variables and headers, over all jobs, beyond which no more are asked for
    stream: bool = False  # whether to take pushed jobs in addition to polling


class Runner:
    """The worker's heart. `stop` asks for an orderly end, `stop_now` for one at once; both may come at any time."""

    def __init__(
        self,
        transport: Transport,
        handlers: Mapping[str, JobHandler],
        requests: Sequence[ActivateRequest],
        limits: Limits,
        observer: Observer,
        *,
        clock: Clock,
    ) -> None:
        """`requests` says per job type how to ask for its jobs; `handlers` has a handler for each of these types."""
        self._transport = transport
        self._handlers = handlers
        self._limits = limits
        self._observer = observer
        self._clock = clock
        self._slots = Slots(limits.slots, weight=limits.weight)
        self._lanes = Lanes(limits.slots, limit=limits.host, clock=clock, more_to_come=self._more_to_come)
        self._running: dict[int, Running] = {}
        self._returning: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._commands = Commands(transport, sleep=lambda s: pause(s, self._stop_now), count=observer.command_sent)
        streaming = limits.stream and limits.slots > 2 * len(requests)  # a stream keeps a slot while it waits
        share = Share.of(limits.slots, 2 * len(requests) if streaming else len(requests))
        self.sources = [
            Source(
                transport,
                request,
                slots=self._slots,
                share=share,
                accept=self._accept,
                clock=clock,
                count_error=observer.poll_failed,
            )
            for request in requests
        ]
        self._streams = [
            StreamSource(
                transport,
                replace(request, request_timeout=STREAM_SECONDS),
                slots=self._slots,
                accept=self._accept,
                clock=clock,
                count_error=observer.poll_failed,
            )
            for request in (requests if streaming else ())
        ]

    @property
    def draining(self) -> bool:
        """Whether the runner has been asked to stop."""
        return self._stop.is_set()

    @property
    def jobs_running(self) -> int:
        """Jobs that are ours and not yet settled."""
        return len(self._running)

    @property
    def slots_used(self) -> int:
        """Slots that hold a job or are reserved for a poll under way."""
        return self._slots.used

    def stop(self) -> None:
        """Take no more jobs, finish those under way within the grace time."""
        self._stop.set()

    def stop_now(self) -> None:
        """End at once; jobs under way are left to the end of their leases."""
        self._stop.set()
        self._stop_now.set()

    async def run(self) -> Ending:
        """Work until asked to stop, then drain; on return nothing of the runner is under way."""
        interval = min(self._limits.heartbeat, self._limits.lease / 8)
        beat = Heartbeat(self._running, interval=interval, observer=self._observer, clock=self._clock)
        heartbeat = self.loop(beat.run(), "heartbeat")
        intake = [self.loop(source.run(), "intake") for source in self._intake()]
        try:
            await self._stop.wait()
            await self._stop_intake(intake)
            return await self._drain(intake)
        finally:
            self._stop.set()
            renewals = [each.renewal for each in self._running.values() if each.renewal is not None]
            await cancel([heartbeat, *intake, *renewals, *self._tasks()])

    def loop(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Do work that has no end of its own: should it fail, the runner comes to an orderly end."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._loop_ended)
        return task

    def _loop_ended(self, task: asyncio.Task[None]) -> None:
        """A worker that fetches no jobs or renews no leases any more only seems to work: it had better begin anew."""
        error = None if task.cancelled() else task.exception()
        if not self._stop.is_set() and (task.cancelled() or error is not None):
            log.critical(
                "a loop of the worker has failed, so it stops", extra={"loop": task.get_name()}, exc_info=error
            )
            self.stop()

    def _intake(self) -> list[Source | StreamSource]:
        return [*self.sources, *self._streams]

    async def _stop_intake(self, intake: Sequence[asyncio.Task[None]]) -> None:
        """Take no more jobs and begin no more calls; what has arrived by then is handed over before this returns."""
        self._slots.close()
        self._lanes.close()
        for source in self._intake():
            source.stop()
        await asyncio.wait(intake, timeout=CANCEL_SECONDS)

    # -- jobs in

    def _more_to_come(self) -> bool:
        """Whether there are more jobs than those in slots, as far as polls and streams can tell."""
        return any(source.more_to_come for source in self._intake())

    def _accept(self, jobs: Sequence[Job], slots: int, age: float) -> None:
        """Take over jobs with the slots reserved for them; called by a source."""
        self._observer.jobs_activated(jobs)
        since = self._clock() - age
        stopping = self._stop.is_set()
        for position, job in enumerate(jobs):
            has_slot = position < slots
            if (running := self._running.get(job.key)) is not None:
                self._accept_again(running, job, since, has_slot=has_slot)
            elif has_slot and not stopping:
                self._start(job, since)
            else:
                if has_slot:
                    self._slots.release()
                self._give_back(job)

    def _accept_again(self, running: Running, job: Job, since: float, *, has_slot: bool) -> None:
        """A job that has not ended here: the next try waits for this one's end, a repeated one is left out.

        The next try is here already when the engine hands the job out before its answer to the failure has arrived.
        """
        if has_slot and running.failed_into(job) and running.next_try is None:
            running.next_try = job, since
            return
        # Its lease ended before we could renew it, and the engine chose us again: one run is enough.
        running.lease.refresh(self._limits.lease)
        self._observer.job_repeated(job)
        if has_slot:
            self._slots.release()

    def _start(self, job: Job, since: float) -> None:
        running = self._running[job.key] = Running(job, self._lease(job, since))
        self._slots.hold(running.weight)
        running.task = asyncio.get_running_loop().create_task(self._work(running), name=f"job {job.key}")

    def _ended(self, running: Running) -> None:
        del self._running[running.job.key]
        running.lease.end()
        if running.renewal is not None:
            running.renewal.cancel()
        self._slots.end(running.weight)
        if running.next_try is None:
            return
        job, since = running.next_try
        if not self._stop.is_set():
            self._start(job, since)
            return
        self._slots.release()
        if not running.task.cancelling():
            self._give_back(job)

    def _give_back(self, job: Job) -> None:
        """Let the engine hand out a job that we did not start, with its retries unchanged."""
        outcome = Fail(message="The worker is stopping; the job was not started.", retries=job.retries)
        lease = self._lease(job, self._clock())
        task = asyncio.create_task(self._return(job, outcome, lease), name=f"give back job {job.key}")
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _return(self, job: Job, outcome: Outcome, lease: JobLease) -> None:
        await self._commands.settle(job, outcome, lease)
        self._observer.job_given_back(job)

    def _lease(self, job: Job, since: float) -> JobLease:
        return JobLease(
            job.key, self._limits.lease, transport=self._transport, clock=self._clock, turns=self._lanes, since=since
        )

    # -- one job

    async def _work(self, running: Running) -> None:
        """One job from its arrival to its settlement."""
        job, lease = running.job, running.lease
        try:
            if lease.remaining() <= 0:
                log.warning("job came too late to start it", extra={"job": job.key, "type": job.type})
                self._observer.lease_renewed(job, "lost")
                return
            started = self._clock()
            try:
                outcome = await self._handlers[job.type](job, lease)
            except GivenBack as later:
                await self._return(job, Fail(later.message, retries=job.retries, backoff=later.backoff), lease)
                return
            except Exception:
                # Handlers answer every job with an outcome, so this is a defect of ours.
                log.exception("a handler failed", extra={"job": job.key, "type": job.type})
                outcome = Fail(
                    message="The worker failed unexpectedly; its log has the details.", retries=max(job.retries - 1, 0)
                )
            handled = self._clock()
            running.outcome = outcome
            settlement, sent = await self._commands.settle(job, outcome, lease)
            self._observer.job_ended(job, sent, settlement, handled - started, self._clock() - handled)
        except Exception:
            log.exception("a job's task failed", extra={"job": job.key})
        finally:
            self._ended(running)

    # -- the end

    async def _drain(self, intake: Sequence[asyncio.Task[None]]) -> Ending:
        """Wait for the jobs and calls for jobs under way, at most the grace time; cancel what is left then."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.grace
        while not self._stop_now.is_set() and loop.time() < end:
            tasks = [*self._tasks(), *(task for task in intake if not task.done())]
            if not tasks:
                break
            await self._wait_for_any(tasks, end - loop.time())
        left = self._tasks()
        if not left:
            return Ending.DRAINED
        ending = Ending.STOPPED_NOW if self._stop_now.is_set() else Ending.GRACE_EXCEEDED
        log.warning(
            "jobs left to the end of their leases",
            extra={"ending": str(ending), "count": len(left), "jobs": sorted(self._running)[:20]},
        )
        return ending

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*(running.task for running in self._running.values()), *self._returning]

    async def _wait_for_any(self, tasks: Sequence[asyncio.Task[None]], seconds: float) -> None:
        """Return when a task has ended, the end is wanted now, or the time is over."""
        now = asyncio.create_task(self._stop_now.wait())
        try:
            await asyncio.wait([*tasks, now], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            now.cancel()


async def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end, but not for one that swallows its cancellation."""
    waiting = [task for task in tasks if task.cancel()]
    if waiting:
        await asyncio.wait(waiting, timeout=CANCEL_SECONDS)
