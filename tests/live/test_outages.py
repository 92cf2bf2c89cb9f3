"""What the engine ends up with when processes die: the worker in the middle of a call, or the broker itself."""

from __future__ import annotations

import asyncio

import pytest

from tests.live.conftest import NATIVE_TYPE, StartWorker, WorkerProcess
from tests.live.target import Target
from tests.live.test_calls import order
from tests.support.zeebe import Zeebe
from worker.dev.broker import Broker

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


async def test_a_job_whose_worker_was_killed_comes_back_and_is_done_by_the_next(
    zeebe: Zeebe, start_worker: StartWorker, target: Target, probe: str
) -> None:
    job_type = f"{NATIVE_TYPE}-{probe}"
    victim = start_worker(JOB_TYPES=job_type, LEASE="2")
    target.gate.clear()
    instance = await zeebe.start("order", **order(target, probe, job_type=job_type))
    await target.has_been_asked()

    victim.kill()
    start_worker(JOB_TYPES=job_type)
    await target.has_been_asked()
    target.gate.set()
    seen = await zeebe.look(probe)

    assert (len(target.asked), seen.element, seen.variables["status"]) == (2, "observe", "shipped")
    assert await zeebe.ended(instance)


async def test_a_worker_that_is_stopped_finishes_the_call_under_way(
    zeebe: Zeebe, start_worker: StartWorker, target: Target, probe: str
) -> None:
    job_type = f"{NATIVE_TYPE}-{probe}"
    process = start_worker(JOB_TYPES=job_type)
    target.gate.clear()
    instance = await zeebe.start("order", **order(target, probe, job_type=job_type))
    await target.has_been_asked()

    stopping = asyncio.create_task(process.stop())
    target.gate.set()

    assert await stopping == 0
    assert (await zeebe.look(probe)).element == "observe"
    assert len(target.asked) == 1
    assert await zeebe.ended(instance)


async def test_a_long_call_keeps_its_job(zeebe: Zeebe, start_worker: StartWorker, target: Target, probe: str) -> None:
    """The lease is shorter than the call: without renewal the engine would hand the job to the second worker."""
    job_type = f"{NATIVE_TYPE}-{probe}"
    start_worker(JOB_TYPES=job_type, LEASE="2")
    start_worker(JOB_TYPES=job_type, LEASE="2")
    target.gate.clear()
    await zeebe.start("order", **order(target, probe, job_type=job_type))
    await target.has_been_asked()

    with pytest.raises(TimeoutError):
        await target.has_been_asked(timeout=5)
    target.gate.set()

    assert (await zeebe.look(probe)).element == "observe"
    assert len(target.asked) == 1


@pytest.mark.parametrize("deployed", ["broker"], indirect=True)  # the engine in memory has nothing to come back with
async def test_the_worker_goes_on_after_the_broker_was_killed_and_started_again(
    zeebe: Zeebe, worker: WorkerProcess, broker: Broker, target: Target, probe: str
) -> None:
    target.gate.clear()
    interrupted = await zeebe.start("order", **order(target, probe))
    await target.has_been_asked()

    broker.kill()
    target.gate.set()
    await asyncio.to_thread(broker.start)
    later = await zeebe.start("order", **order(target, probe))
    seen = [await zeebe.look(probe), await zeebe.look(probe)]

    assert sorted(each.instance for each in seen) == sorted([interrupted, later])
    assert len(target.asked) == 2  # the first call's outcome was kept and handed in later
    assert worker.running()
    assert await zeebe.ended(interrupted)
    assert await zeebe.ended(later)


@pytest.mark.parametrize("deployed", ["broker"], indirect=True)
async def test_no_instance_is_lost_when_the_broker_is_killed_under_load(
    zeebe: Zeebe, worker: WorkerProcess, broker: Broker, target: Target, probe: str
) -> None:
    """Some calls are under way then, some outcomes on their way, some jobs not yet handed out."""
    target.gate.clear()
    started = [await zeebe.start("order", **order(target, probe)) for _ in range(40)]
    await target.has_been_asked()

    broker.kill()
    target.gate.set()
    await asyncio.to_thread(broker.start)
    seen = {(await zeebe.look(probe)).instance for _ in started}

    assert seen == set(started)
    assert worker.running()
