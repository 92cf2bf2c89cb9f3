"""Takes the jobs of one type as the engine pushes them: a slot first, then one job, for as long as the worker runs.

Streams are in addition to polling (`source.py`), which brings what was there before the stream was opened and whatever
a stream has dropped. What the engine pushes faster than slots come free waits in the connection, and its lease runs
there: such jobs are recognised by their age, and one that is too old is not started.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from worker.errors import GatewayBroken, GatewayBusy, GatewayError
from worker.job import Job
from worker.zeebe.backoff import Backoff, pause
from worker.zeebe.lease import Clock
from worker.zeebe.slots import Slots
from worker.zeebe.source import Accept
from worker.zeebe.transport import ActivateRequest, Activation, Transport

log = logging.getLogger(__name__)

# A stream is opened anew after so long, so that gateways which were added since get their share of them.
STREAM_SECONDS = 3600.0

# A read that took longer found the connection empty: the job has come without waiting in it.
PROMPT_SECONDS = 0.05

# A read that took less found the job there: others may wait behind it.
READY_SECONDS = 0.001


class Age:
    """For how long a pushed job has waited in the connection.

    The engine's deadline says when it pushed the job, on a clock that is not ours; so it is compared with a job that
    is known to have come without waiting.
    """

    def __init__(self, lease: float) -> None:
        self._lease = lease
        self._prompt: float | None = None  # our clock minus the engine's, for a job that came promptly

    def of(self, job: Job, arrived: float, waited: float) -> float:
        """Seconds; `waited` is for how long the reader had been waiting when the job arrived."""
        delay = arrived - (job.deadline / 1000 - self._lease)
        if self._prompt is None or waited > PROMPT_SECONDS:
            self._prompt = delay
        self._prompt = min(self._prompt, delay)
        return delay - self._prompt


class StreamSource:
    """The stream loop of one job type."""

    def __init__(
        self,
        transport: Transport,
        request: ActivateRequest,
        *,
        slots: Slots,
        accept: Accept,
        clock: Clock,
        count_error: Callable[[str, str], None],
        pause: Callable[[float, asyncio.Event], Awaitable[None]] = pause,
    ) -> None:
        """`request.request_timeout` is how long one stream lives. `count_error` gets the job type and status name."""
        self._transport = transport
        self._request = request
        self._slots = slots
        self._accept = accept
        self._clock = clock
        self._count_error = count_error
        self._pause = pause
        self._backoff = Backoff()
        self._activation: Activation | None = None
        self._stopping = asyncio.Event()
        self._unsupported = False
        self._reading = False
        self._ready = False  # whether the last job was there when it was asked for
        self._said = ""

    @property
    def more_to_come(self) -> bool:
        """Whether jobs seem to wait in the connection."""
        return self._ready and not self._reading

    def stop(self) -> None:
        """Take no more jobs; `run` returns once those that have arrived are handed over and the slots are closed."""
        self._stopping.set()
        if self._activation is not None:
            self._activation.cancel()

    async def run(self) -> None:
        """Keep a stream open until `stop`, or until the gateway turns out to have none."""
        while not self._unsupported and not self._stopping.is_set():
            wait = self._backoff.seconds()  # also after an end in good order: a proxy may cut every stream at once
            try:
                await self._read()
            except GatewayError as error:
                self._failed(error)
            except Exception as error:
                # Whatever it is, it must not end the stream for good.
                log.exception("streaming failed in an unforeseen way", extra={"type": self._request.job_type})
                self._failed(GatewayBusy("UNKNOWN", type(error).__name__))
            self._ready = False
            await self._pause(wait, self._stopping)

    async def _read(self) -> None:
        """One stream, from its opening to its end. The slot comes first, before the opening too."""
        age = Age(self._request.lease)
        jobs: AsyncIterator[Sequence[Job]] | None = None
        while await self._slots.reserve(1):
            if self._stopping.is_set():
                self._slots.release()
                break
            if jobs is None:
                self._activation = self._transport.stream(self._request)
                jobs = aiter(self._activation)
            if not await self._read_one(jobs, age):
                self._activation = None
                return
        if jobs is not None:
            async for rest in jobs:  # stopping: what has arrived goes back
                self._accept(rest, 0, 0.0)

    async def _read_one(self, jobs: AsyncIterator[Sequence[Job]], age: Age) -> bool:
        """Hand over the next job with the slot that is reserved for it; false when the stream has ended."""
        asked = self._clock()
        self._reading = True
        try:
            arrived = await anext(jobs, None)
        except BaseException:
            self._slots.release()
            raise
        finally:
            self._reading = False
        if not arrived:
            self._slots.release()
            return arrived is not None
        if self._said:
            log.info("streaming works again", extra={"type": self._request.job_type})
        self._said = ""
        self._backoff.reset()
        now = self._clock()
        self._ready = now - asked < READY_SECONDS
        self._accept(arrived, 1, age.of(arrived[0], now, now - asked))
        return True

    def _failed(self, error: GatewayError) -> None:
        """Take note; a gateway without streams is not asked again."""
        self._activation = None
        job_type = self._request.job_type
        if isinstance(error, GatewayBroken) and error.code == "UNIMPLEMENTED":
            self._unsupported = True
            log.info("the gateway has no job streams; jobs come by polling", extra={"type": job_type})
            return
        self._count_error(job_type, error.code)
        if self._said != error.code:
            log.warning("streaming fails", extra={"type": job_type, "error": str(error)})
        self._said = error.code
