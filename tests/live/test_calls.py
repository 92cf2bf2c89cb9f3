"""What the engine ends up with when its jobs are done by the worker: the ordinary ways."""

from __future__ import annotations

import asyncio

import pytest

from tests.live.conftest import NATIVE_TYPE, StartWorker, WorkerProcess
from tests.live.target import Target
from tests.support.zeebe import Zeebe

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


async def test_a_header_expression_makes_the_url_and_a_result_expression_the_variables(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    instance = await zeebe.start("order", **order(target, probe))

    seen = await zeebe.look(probe)

    assert (seen.instance, seen.element) == (instance, "observe")
    assert [(asked.method, asked.path) for asked in target.asked] == [("GET", "/orders/4711")]
    assert {name: seen.variables[name] for name in ("status", "total", "code")} == {
        "status": "shipped",
        "total": 42,
        "code": 200,
    }
    assert await zeebe.ended(instance)


async def test_a_camunda_task_gets_its_response_in_the_result_variable(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.answer((201, {"stored": True}))
    payload = {"items": [{"id": 1, "note": "Größe €"}]}

    instance = await zeebe.start("camunda-order", base=target.url, orderId=7, trace="t-1", payload=payload, probe=probe)
    seen = await zeebe.look(probe)

    [asked] = target.asked
    assert (asked.method, asked.path, asked.headers["X-Trace"], asked.body) == ("PUT", "/orders/7", "t-1", payload)
    assert seen.element == "observe"
    assert seen.variables["stored"] is True
    assert seen.variables["answer"]["status"] == 201
    assert seen.variables["answer"]["body"] == {"stored": True}
    assert await zeebe.ended(instance)


async def test_a_404_leaves_by_the_boundary_event_that_catches_its_error(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.answer((404, {"detail": "there is no order 4711"}))

    instance = await zeebe.start("order", **order(target, probe))
    seen = await zeebe.look(probe)

    assert (seen.element, seen.variables["missing"]) == ("observe-missing", True)
    assert await zeebe.ended(instance)


async def test_a_camunda_task_leaves_by_its_boundary_event_with_the_variables_of_the_error(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.answer((409, {"winner": "somebody else"}))

    instance = await zeebe.start("camunda-order", base=target.url, orderId=7, trace="t", payload={}, probe=probe)
    seen = await zeebe.look(probe)

    assert (seen.element, seen.variables["winner"]) == ("observe-conflict", "somebody else")
    assert await zeebe.ended(instance)


async def test_a_failing_service_is_called_again_until_it_answers(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.answer((503, {}), (503, {}))

    instance = await zeebe.start("order", **order(target, probe))
    seen = await zeebe.look(probe)

    assert (len(target.asked), seen.element, seen.variables["status"]) == (3, "observe", "shipped")
    assert await zeebe.ended(instance)


async def test_an_incident_goes_on_once_the_cause_is_mended_and_it_is_resolved(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.answer((500, {"detail": "broken"}))
    instance = await zeebe.start("order", **order(target, probe, attempts=1))
    await target.has_been_asked()

    await resolve(zeebe, instance, retries=1)
    seen = await zeebe.look(probe)

    assert (len(target.asked), seen.element, seen.variables["status"]) == (2, "observe", "shipped")
    assert await zeebe.ended(instance)


# The gateway of the engine in memory does not hand on the variables of a failure.
@pytest.mark.parametrize("deployed", ["broker"], indirect=True)
async def test_a_failure_leaves_its_facts_with_the_job(
    zeebe: Zeebe, start_worker: StartWorker, target: Target, probe: str
) -> None:
    job_type = f"{NATIVE_TYPE}-{probe}"
    process = start_worker(JOB_TYPES=job_type)
    target.answer((500, {"detail": "broken"}))
    instance = await zeebe.start("order", **order(target, probe, attempts=1, job_type=job_type))
    await target.has_been_asked()
    assert await process.stop() == 0

    await resolve(zeebe, instance, retries=5)
    again = await zeebe.take(job_type)

    error = again.variables["error"]
    assert (again.retries, error["code"], error["message"]) == (5, "500", "Internal Server Error")
    assert error["variables"]["response"]["body"] == {"detail": "broken"}


async def test_two_calls_at_the_same_time_meet_again(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.default = {"answer": 42}
    target.gate.clear()

    instance = await zeebe.start("two-calls", base=target.url, jobType=NATIVE_TYPE, probe=probe)
    await target.has_been_asked(2)
    target.gate.set()
    seen = await zeebe.look(probe)

    assert sorted(asked.body["side"] for asked in target.asked) == ["left", "right"]
    assert (seen.variables["left"], seen.variables["right"]) == (42, 42)
    assert await zeebe.ended(instance)


async def test_200_kilobytes_go_in_and_come_back(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    payload = {"text": "ä" * 100_000, "numbers": list(range(1000))}
    target.answer((200, {"stored": payload}))

    instance = await zeebe.start("camunda-order", base=target.url, orderId=7, trace="t", payload=payload, probe=probe)
    seen = await zeebe.look(probe)

    assert target.asked[0].body == payload
    assert seen.variables["stored"] == payload
    assert await zeebe.ended(instance)


async def test_a_burst_of_instances_all_come_to_their_end(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    """More at once than the engine's flow control lets through: both the test and the worker have to wait it out."""
    numbers = range(200)

    instances = await asyncio.gather(*(zeebe.start("order", **order(target, probe, number)) for number in numbers))
    seen = [await zeebe.look(probe) for _ in numbers]

    assert sorted(each.instance for each in seen) == sorted(instances)
    assert {each.element for each in seen} == {"observe"}
    assert sorted(asked.path for asked in target.asked) == sorted(f"/orders/{number}" for number in numbers)


def order(
    target: Target, probe: str, number: int = 4711, *, attempts: int = 3, job_type: str = NATIVE_TYPE
) -> dict[str, object]:
    """The variables of an instance of `order`."""
    return {"base": target.url, "orderId": number, "attempts": attempts, "jobType": job_type, "probe": probe}


async def resolve(zeebe: Zeebe, instance: int, *, retries: int) -> None:
    await zeebe.give_retries(instance, retries)
    await zeebe.resolve_incident(instance)
