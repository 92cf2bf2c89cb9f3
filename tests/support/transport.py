"""A transport that does what a test tells it to: no sockets, no waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence

from worker.errors import GatewayError
from worker.job import Job
from worker.outcome import Outcome
from worker.zeebe.transport import ActivateRequest

Answer = Sequence[Job] | Exception


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the seconds pass at once."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    async def pause(self, seconds: float, _: asyncio.Event) -> None:
        """The same for waits that a stop can end."""
        await self.sleep(seconds)


class FreeTurns:
    """Every job may call at once."""

    async def enter(self, host: str) -> None:
        pass

    def leave(self, host: str) -> None:
        pass


class ScriptedActivation:
    """One call for jobs: hands out the parts that it was given, then ends or fails."""

    def __init__(self, transport: ScriptedTransport, request: ActivateRequest) -> None:
        self.request = request
        self._transport = transport
        self._answer: asyncio.Future[Sequence[Answer]] = asyncio.get_running_loop().create_future()

    def cancel(self) -> None:
        if self._transport.on_cancel is not None:
            self.answer(*self._transport.on_cancel)

    @property
    def over(self) -> bool:
        """Whether it has been answered or cancelled."""
        return self._answer.done()

    def answer(self, *parts: Answer) -> None:
        """End the poll with these batches; an exception as the last part lets it fail."""
        if not self._answer.done():
            self._answer.set_result(parts)

    async def __aiter__(self) -> AsyncIterator[Sequence[Job]]:
        for part in await self._answer:
            if isinstance(part, Exception):
                raise part
            yield part


class ScriptedStream:
    """One stream: jobs are pushed into it, and read from it when the worker asks for one."""

    def __init__(self, request: ActivateRequest) -> None:
        self.request = request
        self.unread: deque[Job] = deque()
        self._end: Exception | None = None
        self._ended = False
        self._changed = asyncio.Event()

    def push(self, *jobs: Job) -> None:
        self.unread.extend(jobs)
        self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        self._ended, self._end = True, error
        self._changed.set()

    def cancel(self) -> None:
        self.end()

    async def __aiter__(self) -> AsyncIterator[Sequence[Job]]:
        while True:
            while self.unread:
                yield [self.unread.popleft()]
            if self._ended:
                if self._end is not None:
                    raise self._end
                return
            self._changed.clear()
            await self._changed.wait()


class ScriptedTransport:
    """Remembers what it was asked; answers polls one by one and commands as scripted."""

    def __init__(self) -> None:
        self.polls: asyncio.Queue[ScriptedActivation] = asyncio.Queue()
        self.streams: asyncio.Queue[ScriptedStream] = asyncio.Queue()
        self.sent: list[tuple[int, Outcome]] = []
        self.timeouts: list[float] = []
        self.extended: list[tuple[int, int]] = []
        self.failures: deque[GatewayError | None] = deque()  # for commands; None accepts
        self.always: GatewayError | None = None  # for commands, when `failures` is used up
        self.answering = asyncio.Event()  # commands are accepted at once, and answered once this is set
        self.answering.set()
        self.extend_failures: deque[GatewayError] = deque()
        self.hang_on_extend: set[int] = set()  # jobs whose extension is never answered
        self.on_cancel: (
            Sequence[Answer] | None
        ) = ()  # what a poll still delivers when it is cancelled; None: it goes on
        self.version: str | GatewayError = "8.6.0"
        self._changed = asyncio.Event()

    def activate(self, request: ActivateRequest) -> ScriptedActivation:
        activation = ScriptedActivation(self, request)
        self.polls.put_nowait(activation)
        return activation

    def stream(self, request: ActivateRequest) -> ScriptedStream:
        stream = ScriptedStream(request)
        self.streams.put_nowait(stream)
        return stream

    async def opened(self) -> ScriptedStream:
        """The next stream that the worker opens."""
        async with asyncio.timeout(5):
            return await self.streams.get()

    async def poll(self) -> ScriptedActivation:
        """The next poll that the worker makes."""
        async with asyncio.timeout(5):
            return await self.polls.get()

    async def send(self, job_key: int, outcome: Outcome, *, timeout: float) -> None:
        self.timeouts.append(timeout)
        failure = self.failures.popleft() if self.failures else self.always
        if failure is not None:
            raise failure
        self.sent.append((job_key, outcome))
        self._changed.set()
        await self.answering.wait()

    async def sent_commands(self, count: int) -> list[tuple[int, Outcome]]:
        """The commands that were accepted, once there are so many."""
        async with asyncio.timeout(5):
            while len(self.sent) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.sent

    async def extend(self, job_key: int, milliseconds: int, *, timeout: float) -> None:
        self.extended.append((job_key, milliseconds))
        self._changed.set()
        if job_key in self.hang_on_extend:
            await asyncio.Event().wait()
        if self.extend_failures:
            raise self.extend_failures.popleft()

    async def extensions(self, count: int) -> list[tuple[int, int]]:
        """The leases that were asked to be extended, once there are so many."""
        async with asyncio.timeout(5):
            while len(self.extended) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.extended

    async def ping(self, *, timeout: float) -> str:
        if isinstance(self.version, GatewayError):
            raise self.version
        return self.version

    async def close(self) -> None:
        pass
