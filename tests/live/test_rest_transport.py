"""A worker that gets its jobs over the REST API of a real broker: the ordinary ways, and a broker that dies."""

from __future__ import annotations

import asyncio

import pytest

from tests.live.conftest import NATIVE_TYPE, StartWorker, WorkerProcess
from tests.live.target import Target
from tests.live.test_calls import order
from tests.support.zeebe import Zeebe
from worker.dev.broker import Broker

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(900),
    pytest.mark.parametrize("deployed", ["broker"], indirect=True),  # the engine in memory has no REST API
]


@pytest.fixture
def job_type(probe: str) -> str:
    return f"{NATIVE_TYPE}-{probe}"


@pytest.fixture
def over_rest(start_worker: StartWorker, broker: Broker, job_type: str) -> WorkerProcess:
    """With no way to gRPC."""
    return start_worker(
        JOB_TYPES=job_type, ZEEBE__TRANSPORT="rest", ZEEBE__REST_ADDRESS=broker.rest_url, ZEEBE__ADDRESS="127.0.0.1:1"
    )


async def test_jobs_are_completed_repeated_and_turned_into_bpmn_errors(
    zeebe: Zeebe, over_rest: WorkerProcess, target: Target, probe: str, job_type: str
) -> None:
    target.answer((503, {}), (200, {"status": "shipped", "price": 21}))
    await zeebe.start("order", **order(target, probe, job_type=job_type))
    completed = await zeebe.look(probe)

    target.answer((404, {"detail": "there is no order 4711"}))
    await zeebe.start("order", **order(target, probe, job_type=job_type))
    thrown = await zeebe.look(probe)

    assert (completed.element, completed.variables["total"]) == ("observe", 42)
    assert (thrown.element, thrown.variables["missing"]) == ("observe-missing", True)
    assert len(target.asked) == 3


async def test_a_burst_comes_to_its_end_with_each_call_made_once(
    zeebe: Zeebe, over_rest: WorkerProcess, target: Target, probe: str, job_type: str
) -> None:
    numbers = range(100)

    await asyncio.gather(*(zeebe.start("order", **order(target, probe, n, job_type=job_type)) for n in numbers))
    seen = [await zeebe.look(probe) for _ in numbers]

    assert {each.element for each in seen} == {"observe"}
    assert sorted(asked.path for asked in target.asked) == sorted(f"/orders/{n}" for n in numbers)


async def test_the_outcome_of_a_call_outlives_the_broker(
    zeebe: Zeebe, over_rest: WorkerProcess, broker: Broker, target: Target, probe: str, job_type: str
) -> None:
    target.gate.clear()
    await zeebe.start("order", **order(target, probe, job_type=job_type))
    await target.has_been_asked()

    broker.kill()
    target.gate.set()
    await asyncio.to_thread(broker.start)
    seen = await zeebe.look(probe)

    assert (seen.element, len(target.asked)) == ("observe", 1)


async def test_a_worker_that_is_stopped_hands_in_what_it_has(
    zeebe: Zeebe, over_rest: WorkerProcess, target: Target, probe: str, job_type: str
) -> None:
    target.gate.clear()
    await zeebe.start("order", **order(target, probe, job_type=job_type))
    await target.has_been_asked()

    stopping = asyncio.create_task(over_rest.stop())
    target.gate.set()

    assert await stopping == 0
    assert (await zeebe.look(probe)).element == "observe"
    assert len(target.asked) == 1


async def test_a_job_that_comes_while_the_worker_stops_is_free_for_the_next_one(
    zeebe: Zeebe, start_worker: StartWorker, broker: Broker, target: Target, probe: str, job_type: str
) -> None:
    """The broker would hand it to a long poll whose connection was closed, and it would wait for its lease to end."""
    worker = start_worker(JOB_TYPES=job_type, LEASE="600", ZEEBE__TRANSPORT="rest", ZEEBE__REST_ADDRESS=broker.rest_url)
    await zeebe.start("order", **order(target, probe, job_type=job_type))
    await zeebe.look(probe)  # it works, and polls again

    stopping = asyncio.create_task(worker.stop())
    await zeebe.start("order", **order(target, probe, job_type=job_type))

    assert await stopping == 0
    if len(target.asked) == 1:  # it came too late for the worker
        assert (await zeebe.take(job_type)).retries == 3
