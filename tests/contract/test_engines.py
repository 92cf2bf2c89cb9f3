"""What a job worker relies on, asked of every engine over every transport: the fakes are as honest as the real ones.

Only the transport under test is used to find out what came of a command: a job that comes back, or the next task's.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from tests.contract.desks import CAUGHT, HEADERS, WHOLE, Desk, Types
from worker.errors import GatewayBroken, GatewayRefused
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.transport import ActivateRequest, Transport

SECONDS = 10.0
PATIENCE_SECONDS = 60.0
LATER = 600_000  # milliseconds that no test waits for
OF_NO_JOB = 2251799813685249 + 50_000_000  # of the first partition, and far from the keys in use


def request(job_type: str, **changes: Any) -> ActivateRequest:
    values = {"job_type": job_type, "max_jobs": 10, "lease": 60.0, "request_timeout": 2.0, "worker": "test"}
    return ActivateRequest(**{**values, **changes})


async def poll(wire: Transport, job_type: str, **changes: Any) -> list[Job]:
    return [job async for batch in wire.activate(request(job_type, **changes)) for job in batch]


async def one(wire: Transport, job_type: str, **changes: Any) -> Job:
    """The next job of a type, once there is one."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for job in await poll(wire, job_type, **changes):
                return job
            await asyncio.sleep(0.05)  # the engine in memory answers at once that there is none


@pytest.fixture
def types() -> Types:
    return Types()


async def test_a_job_has_everything_that_the_engine_knows(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types, base="http://127.0.0.1/ü", orderId=4711, price=1.5, lines=[{"text": 'a "]} b'}, None, True])

    job = await one(wire, types.task)

    variables, headers = json.loads(job.variables), json.loads(job.headers)
    assert (variables["base"], variables["orderId"], variables["price"]) == ("http://127.0.0.1/ü", 4711, 1.5)
    assert variables["lines"] == [{"text": 'a "]} b'}, None, True]
    assert headers.items() >= HEADERS.items()
    assert (job.type, job.retries, job.tenant_id) == (types.task, 3, "<default>" if desk.whole else "")
    assert (job.process_id, job.element_id) == ("order", "call")
    assert min(job.key, job.process_instance_key, job.process_definition_key, job.element_instance_key) > 0
    assert job.deadline > time.time() * 1000


async def test_no_more_jobs_come_than_were_asked_for(desk: Desk, wire: Transport, types: Types) -> None:
    for _ in range(3):
        await desk.start(types)

    first = await poll(wire, types.task, max_jobs=2, request_timeout=SECONDS)
    second = await poll(wire, types.task, max_jobs=2, request_timeout=SECONDS)

    assert [len(first), len(second)] == [2, 1]
    assert len({job.key for job in first + second}) == 3


async def test_a_poll_without_jobs_ends_empty(wire: Transport, types: Types) -> None:
    assert await poll(wire, types.task, request_timeout=0.1) == []


async def test_only_the_named_variables_come(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types, base="b", other=1)

    job = await one(wire, types.task, fetch_variables=("base", "unknown"))

    assert json.loads(job.variables) == {"base": "b"}


async def test_a_completion_hands_its_variables_on(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    await wire.send(job.key, Complete('{"r":{"n":1.25,"big":9007199254740993,"text":"grüß"}}'), timeout=SECONDS)

    after = await one(wire, types.after)
    assert after.element_id == "observe"
    assert json.loads(after.variables)["r"] == {"n": 1.25, "big": 9007199254740993, "text": "grüß"}


async def test_a_failed_job_comes_back_with_its_retries_and_variables(
    desk: Desk, wire: Transport, types: Types
) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    await wire.send(job.key, Fail("no luck", 2, variables='{"error":{"code":"503"}}'), timeout=SECONDS)

    again = await one(wire, types.task)
    assert (again.key, again.retries) == (job.key, 2)
    assert json.loads(again.variables).get("error") == ({"code": "503"} if desk.whole else None)


async def test_a_failed_job_comes_back_after_its_back_off(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    await wire.send(job.key, Fail("no luck", 1, backoff=300), timeout=SECONDS)

    again = await one(wire, types.task)
    assert (again.key, again.retries) == (job.key, 1)


async def test_a_job_that_backs_off_does_not_come_and_takes_no_outcome(
    desk: Desk, wire: Transport, types: Types
) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    await wire.send(job.key, Fail("no luck", 1, backoff=LATER), timeout=SECONDS)

    assert await poll(wire, types.task, request_timeout=0.1) == []
    with pytest.raises(GatewayRefused):
        await wire.send(job.key, Complete(), timeout=SECONDS)


async def test_a_failure_without_retries_waits_for_people(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    await wire.send(job.key, Fail("no luck", 0), timeout=SECONDS)

    assert await poll(wire, types.task, request_timeout=0.1) == []
    with pytest.raises(GatewayRefused):
        await wire.send(job.key, Complete(), timeout=SECONDS)


async def test_an_error_goes_to_the_event_that_catches_it(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    await wire.send(job.key, ThrowError(CAUGHT, "nobody", '{"missing":"yes"}'), timeout=SECONDS)

    after = await one(wire, types.after)
    assert after.element_id == "observe-missing"
    assert json.loads(after.variables)["missing"] == "yes"


async def test_a_job_whose_lease_has_ended_comes_again(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task, lease=1)

    again = await one(wire, types.task)

    assert (again.key, again.retries) == (job.key, 3)


async def test_a_lease_can_be_extended_while_the_job_is_ours(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    await wire.extend(job.key, LATER, timeout=SECONDS)
    await wire.send(job.key, Complete(), timeout=SECONDS)

    with pytest.raises(GatewayRefused):
        await wire.extend(job.key, LATER, timeout=SECONDS)


@pytest.mark.parametrize(
    "outcome",
    [Fail("no luck", 1, backoff=LATER), Fail("no luck", 0), Fail("no luck", 2)],
    ids=["backing-off", "incident", "available"],
)
async def test_the_lease_of_a_job_that_is_not_active_cannot_be_extended(
    desk: Desk, wire: Transport, types: Types, outcome: Outcome
) -> None:
    await desk.start(types)
    job = await one(wire, types.task)
    await wire.send(job.key, outcome, timeout=SECONDS)

    with pytest.raises(GatewayRefused):
        await wire.extend(job.key, LATER, timeout=SECONDS)


@pytest.mark.parametrize("outcome", [Complete(), Fail("no", 1), ThrowError("E")], ids=["complete", "fail", "throw"])
async def test_a_job_that_is_done_is_refused(desk: Desk, wire: Transport, types: Types, outcome: Outcome) -> None:
    await desk.start(types)
    job = await one(wire, types.task)
    await wire.send(job.key, Complete(), timeout=SECONDS)

    with pytest.raises(GatewayRefused):
        await wire.send(job.key, outcome, timeout=SECONDS)


async def test_a_job_that_never_was_is_refused(wire: Transport) -> None:
    with pytest.raises(GatewayRefused):
        await wire.send(OF_NO_JOB, Complete(), timeout=SECONDS)


@pytest.mark.parametrize("pair", WHOLE, indirect=True)
async def test_variables_that_are_no_object_are_a_broken_command(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    for variables in ("[1]", "nonsense"):
        with pytest.raises(GatewayBroken):
            await wire.send(job.key, Complete(variables), timeout=SECONDS)


@pytest.mark.parametrize("pair", WHOLE, indirect=True)
async def test_a_result_that_is_too_large_is_a_broken_command(desk: Desk, wire: Transport, types: Types) -> None:
    await desk.start(types)
    job = await one(wire, types.task)

    with pytest.raises(GatewayBroken) as raised:
        await wire.send(job.key, Complete(json.dumps({"text": "x" * 5_000_000})), timeout=SECONDS)

    assert raised.value.code == "RESOURCE_EXHAUSTED"


async def test_the_gateway_tells_its_version(desk: Desk, wire: Transport) -> None:
    assert await wire.ping(timeout=SECONDS) == desk.version
