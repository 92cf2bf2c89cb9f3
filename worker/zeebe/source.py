"""Fetches the jobs of one type by long polling, never more than there are free slots, for as long as the worker runs.

Whatever the gateway answers, the loop goes on: after a failure it waits a little longer each time, and starts afresh
after the first success. What happens to a job once it has arrived is the runner's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from worker.errors import GatewayBroken, GatewayBusy, GatewayError
from worker.job import Job
from worker.zeebe.backoff import Backoff, pause
from worker.zeebe.lease import Clock
from worker.zeebe.slots import Slots
from worker.zeebe.transport import ActivateRequest, Activation, Transport

log = logging.getLogger(__name__)

# An empty poll that ended early: the gateway does not hold calls open. Ask again, but not at full speed.
EARLY_POLL_CAP_SECONDS = 1.0

# A poll that has lasted so long was not refused.
HELD_POLL_SECONDS = 1.0

# A poll that was answered sooner, and in full, has found a queue: there are more jobs where these came from.
PROMPT_POLL_SECONDS = 0.25

Accept = Callable[[Sequence[Job], int, float], None]
"""Takes over jobs with the slots reserved for them, and the jobs' age in seconds. Jobs beyond that number have none."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many slots one poll may reserve, so that one that waits for jobs leaves room for other types and streams."""

    busy: int
    idle: int

    @staticmethod
    def of(slots: int, parties: int) -> Share:
        """The share of one of so many polls and streams in a pool of `slots`."""
        if parties == 1:
            return Share(slots, slots)
        return Share(max(1, slots // parties), max(1, slots // (8 * parties)))


class Source:
    """The poll loop of one job type."""

    def __init__(
        self,
        transport: Transport,
        request: ActivateRequest,
        *,
        slots: Slots,
        share: Share,
        accept: Accept,
        clock: Clock,
        count_error: Callable[[str, str], None],
        pause: Callable[[float, asyncio.Event], Awaitable[None]] = pause,
    ) -> None:
        """`request.max_jobs` is set for every poll. `count_error` gets the job type and the status name."""
        self._transport = transport
        self._request = request
        self._slots = slots
        self._share = share
        self._accept = accept
        self._clock = clock
        self._count_error = count_error
        self._pause = pause
        self._limit = share.idle
        self._largest = slots.total  # shrinks while answers are too large to receive
        self._backoff = Backoff()
        self._early = Backoff(cap=EARLY_POLL_CAP_SECONDS)
        self._activation: Activation | None = None
        self._stopping = asyncio.Event()
        self._polling_since = 0.0
        self._brought_jobs = False  # the last poll that has ended
        self._more_to_come = False
        self._error: GatewayError | None = None

    @property
    def job_type(self) -> str:
        """The type of the jobs that this source fetches."""
        return self._request.job_type

    @property
    def failure(self) -> GatewayError | None:
        """Why polling does not work at present; a poll that the gateway holds open works."""
        held = self._activation is not None and self._clock() - self._polling_since > HELD_POLL_SECONDS
        return None if held else self._error

    @property
    def more_to_come(self) -> bool:
        """Whether the engine seems to have more jobs for us: the last poll was answered in full, and at once."""
        return self._more_to_come

    def stop(self) -> None:
        """Ask for no more jobs; `run` returns once those that have arrived are handed over and the slots are closed."""
        self._stopping.set()
        if self._activation is not None:
            # Where jobs were coming, those that a poll begun just now brings are on their way: cut off, they would
            # come again only when their lease has ended.
            left = self._polling_since + PROMPT_POLL_SECONDS - self._clock()
            if self._brought_jobs and left > 0:
                asyncio.get_running_loop().call_later(left, self._activation.cancel)
            else:
                self._activation.cancel()

    async def run(self) -> None:
        """Fetch jobs until `stop`."""
        while not self._stopping.is_set():
            limit = min(self._limit, self._largest)
            reserved = await self._slots.reserve(limit)
            reserved += self._slots.take(limit - reserved)  # what has come free in the same moment
            if self._stopping.is_set():
                self._slots.release(reserved)
            elif reserved:
                await self._poll(reserved)

    async def _poll(self, reserved: int) -> None:
        """One call for jobs, and the wait after it if there is a reason for one."""
        started = self._polling_since = self._clock()
        arrived = 0
        wait = 0.0
        try:
            self._activation = self._transport.activate(replace(self._request, max_jobs=reserved))
            async for jobs in self._activation:
                room, arrived = reserved - arrived, min(arrived + len(jobs), reserved)
                self._more_to_come = arrived == reserved and self._clock() - started < PROMPT_POLL_SECONDS
                self._accept(jobs, min(len(jobs), room), 0.0)
        except GatewayError as error:
            wait = self._failed(error, reserved)
        except Exception as error:
            # Whatever it is, a worker that has stopped asking for jobs would be worse.
            log.exception("polling failed in an unforeseen way", extra={"type": self.job_type})
            wait = self._failed(GatewayBusy("UNKNOWN", type(error).__name__), reserved)
        else:
            self._succeeded()
            if not arrived:
                self._more_to_come = False
            if not arrived and self._clock() - started < self._request.request_timeout / 2:
                wait = self._early.seconds()
        finally:
            self._activation = None
            self._brought_jobs = arrived > 0
            self._slots.release(reserved - arrived)
        if arrived:
            self._early.reset()
        self._limit = self._share.busy if arrived else self._share.idle
        if wait and not self._stopping.is_set():
            await self._pause(wait, self._stopping)

    def _succeeded(self) -> None:
        if self._error is not None:
            log.info("polling works again", extra={"type": self.job_type})
        self._error = None
        self._backoff.reset()

    def _failed(self, error: GatewayError, reserved: int) -> float:
        """Take note of a failed poll; returns the seconds to wait."""
        self._count_error(self.job_type, error.code)
        if self._error is None or self._error.code != error.code:
            log.warning("polling fails", extra={"type": self.job_type, "error": str(error)})
        self._error = error
        if isinstance(error, GatewayBroken) and error.code == "RESOURCE_EXHAUSTED":
            self._largest = max(1, reserved // 2)
            log.error(
                "a batch of jobs is larger than REST_CONNECTOR_ZEEBE__MAX_MESSAGE_SIZE; asking for smaller ones",
                extra={"type": self.job_type, "batch": self._largest},
            )
        return self._backoff.seconds()
