"""Hosts share the slots: a slow one leaves room, a lone one has them all."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.transport import Clock
from worker.errors import GivenBack
from worker.zeebe.lanes import Lanes

SLOW, FAST = "slow.example", "fast.example"


class Bench:
    """Lanes on a clock of their own; `patience` is real time."""

    def __init__(self, slots: int = 100, *, limit: int | None = None, patience: float = 60.0) -> None:
        self.clock = Clock()
        self.more = True
        self.lanes = Lanes(slots, limit=limit, clock=self.clock, more_to_come=lambda: self.more, patience=patience)

    async def started(self, host: str, jobs: int) -> int:
        """How many of so many jobs may call at once; the others go on waiting, or back."""
        tasks = [asyncio.create_task(self.lanes.enter(host)) for _ in range(jobs)]
        await asyncio.sleep(0)
        self.waiting = [task for task in tasks if not task.done()]
        return sum(1 for task in tasks if task.done() and task.exception() is None)

    async def give_up(self) -> None:
        for task in self.waiting:
            task.cancel()
        await asyncio.gather(*self.waiting, return_exceptions=True)


async def test_a_lone_host_may_have_every_slot_when_the_engine_has_nothing_else() -> None:
    bench = Bench(100)
    bench.more = False

    assert await bench.started(SLOW, 100) == 100


async def test_a_host_leaves_room_while_others_may_be_waiting() -> None:
    bench = Bench(100)

    assert await bench.started(SLOW, 100) == 80
    assert await bench.started(FAST, 10) == 10
    await bench.give_up()


async def test_a_thousand_jobs_in_a_row_for_one_host_show_that_it_is_alone() -> None:
    bench = Bench(2_000)

    assert await bench.started(SLOW, 1_999) == 1_999


async def test_a_newcomer_finds_room_beside_two_slow_hosts() -> None:
    bench = Bench(100)

    for host in (SLOW, "slower.example"):
        await bench.started(host, 100)
        await bench.give_up()

    assert await bench.started(FAST, 1) == 1


async def test_a_host_that_was_joined_by_another_is_not_alone_again_before_a_minute() -> None:
    bench = Bench(100)
    bench.more = False
    await bench.started(FAST, 1)
    bench.lanes.leave(FAST)

    assert await bench.started(SLOW, 100) == 80
    await bench.give_up()

    bench.clock.now += 61
    assert await bench.started(SLOW, 20) == 20


async def test_a_waiting_job_starts_when_a_call_of_its_host_has_ended() -> None:
    bench = Bench(100)
    await bench.started(SLOW, 81)
    (waiting,) = bench.waiting

    bench.lanes.leave(SLOW)

    await asyncio.wait_for(waiting, 5)


async def test_a_job_that_cannot_start_soon_goes_back_with_a_back_off() -> None:
    bench = Bench(10, patience=0.01)
    await bench.started(SLOW, 8)

    with pytest.raises(GivenBack) as given_back:
        await bench.lanes.enter(SLOW)

    assert 1_000 <= given_back.value.backoff <= 1_500


async def test_the_longer_a_host_is_stuck_the_longer_its_jobs_stay_away() -> None:
    bench = Bench(10)
    await bench.started(SLOW, 8)
    bench.clock.now += 3_600

    with pytest.raises(GivenBack) as given_back:
        await bench.lanes.enter(SLOW)

    assert 30_000 <= given_back.value.backoff <= 45_000


async def test_only_so_many_jobs_wait() -> None:
    bench = Bench(100)

    assert await bench.started(SLOW, 200) == 80
    assert len(bench.waiting) == 25
    await bench.give_up()


async def test_a_limit_holds_for_a_lone_host_too() -> None:
    bench = Bench(100, limit=10)
    bench.more = False

    assert await bench.started(SLOW, 20) == 10
    await bench.give_up()


async def test_a_job_that_is_cancelled_while_it_waits_takes_no_turn() -> None:
    bench = Bench(100, limit=1)
    await bench.started(SLOW, 3)
    first, second = bench.waiting
    first.cancel()
    await asyncio.wait([first])

    bench.lanes.leave(SLOW)

    await asyncio.wait_for(second, 5)


async def test_a_job_that_is_cancelled_as_its_turn_comes_passes_it_on() -> None:
    bench = Bench(100, limit=1)
    await bench.started(SLOW, 3)
    first, second = bench.waiting

    bench.lanes.leave(SLOW)  # the first one's turn ...
    first.cancel()  # ... which goes away in the same moment

    await asyncio.wait_for(second, 5)


async def test_when_the_worker_stops_jobs_without_a_call_go_back_at_once() -> None:
    bench = Bench(100)
    await bench.started(SLOW, 81)
    (waiting,) = bench.waiting

    bench.lanes.close()

    for entering in (waiting, bench.lanes.enter(FAST)):
        with pytest.raises(GivenBack) as given_back:
            await asyncio.wait_for(entering, 5)
        assert given_back.value.backoff == 0
    bench.lanes.leave(SLOW)  # the calls under way end as ever
