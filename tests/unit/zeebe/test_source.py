"""Polling: as many jobs as there are slots, for ever, whatever the gateway answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.transport import Clock, ScriptedTransport
from worker.errors import GatewayBroken, GatewayBusy, GatewayError
from worker.job import Job
from worker.zeebe.slots import Slots
from worker.zeebe.source import Share, Source
from worker.zeebe.transport import ActivateRequest

JOB_TYPE = "rest-connector"


def jobs(count: int, first: int = 1) -> list[Job]:
    return [Job(key=key, type=JOB_TYPE) for key in range(first, first + count)]


async def turns_of_the_loop() -> None:
    """Let everything go on that can without waiting."""
    for _ in range(8):
        await asyncio.sleep(0)


class Bench:
    """A source on a scripted transport; jobs that arrive keep their slots until `finish`."""

    def __init__(self, slots: int = 10, job_types: int = 1) -> None:
        self.clock = Clock()
        self.transport = ScriptedTransport()
        self.slots = Slots(slots)
        self.accepted: list[int] = []
        self.without_slot: list[int] = []
        self.errors: list[str] = []
        self.source = Source(
            self.transport,
            ActivateRequest(JOB_TYPE, max_jobs=0, lease=60, request_timeout=10, worker="test"),
            slots=self.slots,
            share=Share.of(slots, job_types),
            accept=self.accept,
            clock=self.clock,
            count_error=lambda _, code: self.errors.append(code),
            pause=self.clock.pause,
        )

    def accept(self, arrived: Sequence[Job], slots: int, age: float) -> None:
        self.accepted += [job.key for job in arrived[:slots]]
        self.without_slot += [job.key for job in arrived[slots:]]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.source.run())
        try:
            yield
        finally:
            self.slots.close()
            self.source.stop()
            await asyncio.wait_for(task, 5)


async def test_a_poll_asks_for_as_many_jobs_as_there_are_free_slots() -> None:
    bench = Bench(slots=10)
    async with bench.running():
        first = await bench.transport.poll()
        first.answer(jobs(3))
        second = await bench.transport.poll()

        assert (first.request.max_jobs, second.request.max_jobs) == (10, 7)
        assert bench.accepted == [1, 2, 3]


async def test_without_a_free_slot_nothing_is_asked_for() -> None:
    bench = Bench(slots=2)
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(2))
        await asyncio.sleep(0)
        assert bench.transport.polls.empty()

        bench.slots.release()

        assert (await bench.transport.poll()).request.max_jobs == 1


async def test_slots_that_come_free_together_are_filled_by_one_poll() -> None:
    bench = Bench(slots=3)
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(3))
        await asyncio.sleep(0)
        for _ in range(3):
            bench.slots.release()

        assert (await bench.transport.poll()).request.max_jobs == 3


async def test_a_free_slot_waits_for_no_other_even_while_there_is_a_queue() -> None:
    bench = Bench(slots=32)
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(32))
        await turns_of_the_loop()
        bench.slots.release()

        assert (await bench.transport.poll()).request.max_jobs == 1


async def test_a_poll_that_ran_its_time_without_jobs_is_followed_at_once_by_the_next() -> None:
    bench = Bench()
    async with bench.running():
        poll = await bench.transport.poll()
        bench.clock.now += 10
        poll.answer()

        assert (await bench.transport.poll()).request.max_jobs == 10
        assert bench.clock.slept == []


async def test_empty_polls_that_end_early_are_slowed_down_to_one_a_second() -> None:
    bench = Bench()
    async with bench.running():
        for _ in range(12):
            (await bench.transport.poll()).answer()
        await bench.transport.poll()

    assert len(bench.clock.slept) == 12
    assert max(bench.clock.slept) <= 1.1


@pytest.mark.parametrize(
    "error",
    [
        GatewayBusy("UNAVAILABLE", "gone"),
        GatewayBusy("RESOURCE_EXHAUSTED", "busy"),
        GatewayBusy("UNAUTHENTICATED", "who are you"),
        GatewayBroken("INVALID_ARGUMENT", "unknown tenant"),
        GatewayBroken("UNIMPLEMENTED", "what"),
        ValueError("no protocol buffer"),
    ],
    ids=lambda error: getattr(error, "code", type(error).__name__),
)
async def test_whatever_fails_polling_goes_on_and_the_error_is_known(error: Exception) -> None:
    bench = Bench()
    async with bench.running():
        for _ in range(20):
            (await bench.transport.poll()).answer(error)
        last = await bench.transport.poll()
        assert bench.source.failure is not None
        assert bench.clock.slept == sorted(bench.clock.slept[:8]) + bench.clock.slept[8:]
        assert max(bench.clock.slept) <= 5.5

        last.answer(jobs(1))
        await bench.transport.poll()

    assert bench.source.failure is None
    assert bench.accepted == [1]
    assert len(bench.errors) == 20


async def test_a_poll_that_is_held_open_works() -> None:
    bench = Bench()
    async with bench.running():
        (await bench.transport.poll()).answer(GatewayBusy("UNAVAILABLE", "gone"))
        await bench.transport.poll()
        assert bench.source.failure is not None

        bench.clock.now += 2

        assert bench.source.failure is None


async def test_a_success_starts_the_waits_afresh() -> None:
    bench = Bench()
    busy = GatewayBusy("UNAVAILABLE", "gone")
    async with bench.running():
        for _ in range(8):
            (await bench.transport.poll()).answer(busy)
        (await bench.transport.poll()).answer(jobs(1))
        (await bench.transport.poll()).answer(busy)
        await bench.transport.poll()

    assert bench.clock.slept[-1] <= 0.055 < 1 < bench.clock.slept[-2]


async def test_jobs_that_came_before_a_failure_of_the_same_poll_are_kept() -> None:
    bench = Bench()
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(2), GatewayBusy("UNAVAILABLE", "cut"))

        assert (await bench.transport.poll()).request.max_jobs == 8
        assert bench.accepted == [1, 2]


async def test_a_batch_that_is_too_large_to_receive_is_halved_until_it_fits() -> None:
    bench = Bench(slots=16)
    too_large: GatewayError = GatewayBroken("RESOURCE_EXHAUSTED", "larger than max")
    asked = []
    async with bench.running():
        for _ in range(6):
            poll = await bench.transport.poll()
            asked.append(poll.request.max_jobs)
            poll.answer(too_large)

    assert asked == [16, 8, 4, 2, 1, 1]


async def test_jobs_beyond_what_was_asked_for_have_no_slot() -> None:
    bench = Bench(slots=2)
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(1), jobs(2, first=2))
        await asyncio.sleep(0)

        assert bench.accepted == [1, 2]
        assert bench.without_slot == [3]


async def test_jobs_that_arrive_with_the_poll_under_way_when_stopping_are_handed_over() -> None:
    bench = Bench()
    bench.transport.on_cancel = (jobs(2),)

    async with bench.running():
        await bench.transport.poll()

    assert bench.accepted == [1, 2]
    assert bench.slots.used == 2


async def test_stopping_leaves_a_poll_that_has_just_begun_where_jobs_were_coming_to_its_answer() -> None:
    bench = Bench()
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(2))
        begun = await bench.transport.poll()
        bench.source.stop()
        assert not begun.over

        begun.answer(jobs(4)[2:])

    assert bench.accepted == [1, 2, 3, 4]


async def test_stopping_ends_such_a_poll_when_no_answer_comes() -> None:
    bench = Bench()
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(2))
        begun = await bench.transport.poll()

    assert begun.over


async def test_stopping_ends_a_poll_that_is_held_open_at_once() -> None:
    bench = Bench()
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(2))
        held = await bench.transport.poll()
        bench.clock.now += 1
        bench.source.stop()

        assert held.over


async def test_stopping_while_waiting_for_a_slot_ends_the_source() -> None:
    bench = Bench(slots=1)
    async with bench.running():
        (await bench.transport.poll()).answer(jobs(1))
        await asyncio.sleep(0)

    assert bench.transport.polls.empty()


async def test_an_idle_job_type_leaves_room_for_a_busy_one() -> None:
    bench = Bench(slots=80, job_types=2)
    async with bench.running():
        idle = await bench.transport.poll()
        idle.answer(jobs(5))
        busy = await bench.transport.poll()

        assert (idle.request.max_jobs, busy.request.max_jobs) == (5, 40)
