"""Streams: a slot first, then one job, for ever, whatever the gateway does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.transport import Clock, ScriptedTransport
from worker.errors import GatewayBroken, GatewayBusy
from worker.job import Job
from worker.zeebe.slots import Slots
from worker.zeebe.stream import Age, StreamSource
from worker.zeebe.transport import ActivateRequest

JOB_TYPE = "rest-connector"
LEASE = 60.0


def job(key: int, *, pushed: float = 0.0) -> Job:
    """A job that the engine pushed at this second of its own clock."""
    return Job(key=key, type=JOB_TYPE, deadline=int((pushed + LEASE) * 1000))


class Bench:
    """A stream on a scripted transport; jobs that arrive keep their slots until the test gives them back."""

    def __init__(self, slots: int = 2) -> None:
        self.clock = Clock()
        self.transport = ScriptedTransport()
        self.slots = Slots(slots)
        self.accepted: list[int] = []
        self.without_slot: list[int] = []
        self.errors: list[str] = []
        self._changed = asyncio.Event()
        self.source = StreamSource(
            self.transport,
            ActivateRequest(JOB_TYPE, max_jobs=0, lease=LEASE, request_timeout=3600, worker="test"),
            slots=self.slots,
            accept=self.accept,
            clock=self.clock,
            count_error=lambda _, code: self.errors.append(code),
            pause=self.clock.pause,
        )

    def accept(self, arrived: Sequence[Job], slots: int, age: float) -> None:
        self.accepted += [each.key for each in arrived[:slots]]
        self.without_slot += [each.key for each in arrived[slots:]]
        self._changed.set()

    async def has_accepted(self, *keys: int) -> None:
        async with asyncio.timeout(5):
            while self.accepted != list(keys):
                self._changed.clear()
                await self._changed.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.source.run())
        try:
            yield task
        finally:
            self.slots.close()
            self.source.stop()
            await asyncio.wait_for(task, 5)


async def test_a_pushed_job_is_handed_over_with_a_slot() -> None:
    bench = Bench()
    async with bench.running():
        (await bench.transport.opened()).push(job(1))

        await bench.has_accepted(1)


async def test_no_job_is_read_without_a_free_slot() -> None:
    bench = Bench(slots=2)
    async with bench.running():
        stream = await bench.transport.opened()
        stream.push(*(job(key) for key in range(1, 6)))
        await bench.has_accepted(1, 2)
        assert [each.key for each in stream.unread] == [3, 4, 5]

        bench.slots.release()

        await bench.has_accepted(1, 2, 3)
        stream.unread.clear()


async def test_jobs_that_wait_in_the_connection_are_more_to_come_until_they_are_read() -> None:
    bench = Bench(slots=2)
    async with bench.running():
        stream = await bench.transport.opened()
        assert not bench.source.more_to_come

        stream.push(*(job(key) for key in range(1, 4)))
        await bench.has_accepted(1, 2)
        assert bench.source.more_to_come

        bench.slots.release(2)
        await bench.has_accepted(1, 2, 3)
        await asyncio.sleep(0)  # the next one is asked for
        assert not bench.source.more_to_come


async def test_a_stream_is_not_opened_before_there_is_a_slot() -> None:
    bench = Bench(slots=1)
    await bench.slots.reserve(1)
    async with bench.running():
        await asyncio.sleep(0)
        assert bench.transport.streams.empty()

        bench.slots.release()

        await bench.transport.opened()


@pytest.mark.parametrize(
    "end",
    [None, GatewayBusy("UNAVAILABLE", "cut"), GatewayBroken("INVALID_ARGUMENT", "no such tenant"), ValueError("what")],
    ids=["in good order", "cut", "refused", "unforeseen"],
)
async def test_a_stream_that_ends_is_opened_again_after_a_wait(end: Exception | None) -> None:
    bench = Bench()
    async with bench.running():
        for _ in range(12):
            (await bench.transport.opened()).end(end)
        last = await bench.transport.opened()
        assert len(bench.clock.slept) == 12
        assert max(bench.clock.slept) <= 2.2
        assert len(bench.errors) == (0 if end is None else 12)

        last.push(job(1))
        await bench.has_accepted(1)
        last.end()
        await bench.transport.opened()

    assert bench.clock.slept[-1] <= 0.055 or bench.clock.slept[-2] > bench.clock.slept[-1]


async def test_a_gateway_without_streams_is_left_to_polling() -> None:
    bench = Bench()
    async with bench.running() as task:
        (await bench.transport.opened()).end(GatewayBroken("UNIMPLEMENTED", "no streams here"))

        await asyncio.wait_for(task, 5)

    assert bench.errors == []
    assert bench.slots.used == 0


async def test_jobs_that_have_arrived_when_the_worker_stops_are_handed_over() -> None:
    bench = Bench(slots=1)
    async with bench.running():
        stream = await bench.transport.opened()
        stream.push(job(1), job(2), job(3))
        await bench.has_accepted(1)

    assert bench.without_slot == [2, 3]


async def test_stopping_while_nothing_is_pushed_ends_the_stream() -> None:
    bench = Bench()
    async with bench.running():
        await bench.transport.opened()

    assert bench.slots.used == 0


# -- age: our clock reads 1,000 when the engine's reads 0


def test_a_job_that_was_waited_for_is_new() -> None:
    age = Age(LEASE)

    assert age.of(job(1, pushed=0), 1_000.0, waited=5.0) == 0


def test_a_job_that_waited_in_the_connection_is_as_old_as_that() -> None:
    age = Age(LEASE)
    age.of(job(1, pushed=0), 1_000.0, waited=5.0)

    assert age.of(job(2, pushed=1), 1_041.0, waited=0.0) == pytest.approx(40)


def test_a_clock_that_was_set_is_noticed_with_the_next_prompt_job() -> None:
    age = Age(LEASE)
    age.of(job(1, pushed=0), 1_000.0, waited=5.0)

    assert age.of(job(2, pushed=-3_600), 1_010.0, waited=5.0) == 0
    assert age.of(job(3, pushed=-3_599), 1_012.0, waited=0.0) == pytest.approx(1)
