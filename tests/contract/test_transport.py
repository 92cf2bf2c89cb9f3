"""What every transport promises the engine side, tried on the gateway in memory over a real connection.

A new transport joins by adding its constructor to `TRANSPORTS`.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from worker.cluster.access import ClusterAccess
from worker.cluster.credentials import bearer
from worker.dev import faults
from worker.dev.gateway import DevGateway
from worker.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayRefused
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.grpc import GrpcTransport
from worker.zeebe.rest_v2 import RestTransport
from worker.zeebe.transport import ActivateRequest, Transport

JOB_TYPE = "rest-connector"
SECONDS = 5.0

Connect = Callable[..., Transport]
TRANSPORTS: dict[str, Connect] = {
    "grpc": lambda gateway, **options: GrpcTransport(gateway.address, **options),
    "rest": lambda gateway, **options: RestTransport(gateway.rest_address, **options),
}


@pytest.fixture(params=TRANSPORTS)
def connect(request: pytest.FixtureRequest) -> Connect:
    return TRANSPORTS[request.param]


@pytest.fixture
async def gateway() -> AsyncIterator[DevGateway]:
    async with DevGateway(rest=True) as gateway:
        yield gateway


@pytest.fixture
async def transport(gateway: DevGateway, connect: Connect) -> AsyncIterator[Transport]:
    transport = connect(gateway)
    yield transport
    await transport.close()


def request(max_jobs: int = 10, **changes: Any) -> ActivateRequest:
    values = {"job_type": JOB_TYPE, "max_jobs": max_jobs, "lease": 60.0, "request_timeout": SECONDS, "worker": "test"}
    return ActivateRequest(**{**values, **changes})


async def jobs(transport: Transport, asked: ActivateRequest) -> list[Job]:
    """Everything that one call for jobs brings."""
    async with asyncio.timeout(10):
        return [job async for batch in transport.activate(asked) for job in batch]


async def one_job(gateway: DevGateway, transport: Transport, **facts: Any) -> Job:
    gateway.add_job(JOB_TYPE, **facts)
    (job,) = await jobs(transport, request())
    return job


# -- jobs in


async def test_an_activated_job_has_everything_that_the_engine_knows(gateway: DevGateway, transport: Transport) -> None:
    key = gateway.add_job(
        JOB_TYPE,
        variables={"url": "http://127.0.0.1/ü", "n": 1},
        headers={"resultVariable": "r"},
        retries=7,
        process_id="order",
        element_id="call",
    )

    (job,) = await jobs(transport, request())

    assert job.key == key
    assert job.type == JOB_TYPE
    assert json.loads(job.variables) == {"url": "http://127.0.0.1/ü", "n": 1}
    assert json.loads(job.headers) == {"resultVariable": "r"}
    assert (job.retries, job.process_id, job.element_id, job.tenant_id) == (7, "order", "call", "<default>")
    assert job.deadline > 0
    assert job.process_instance_key > 0
    assert job.element_instance_key > 0


async def test_no_more_jobs_come_than_were_asked_for(gateway: DevGateway, transport: Transport) -> None:
    for _ in range(5):
        gateway.add_job(JOB_TYPE)

    assert len(await jobs(transport, request(max_jobs=3))) == 3
    assert len(await jobs(transport, request(max_jobs=3))) == 2


async def test_a_long_poll_ends_with_the_first_job(gateway: DevGateway, transport: Transport) -> None:
    poll = asyncio.create_task(jobs(transport, request(request_timeout=60)))
    await gateway.wait_for("poll")

    key = gateway.add_job(JOB_TYPE)

    assert [job.key for job in await poll] == [key]


async def test_a_poll_without_jobs_ends_empty(transport: Transport) -> None:
    assert await jobs(transport, request(request_timeout=0.05)) == []


async def test_only_the_named_variables_are_fetched(gateway: DevGateway, transport: Transport) -> None:
    gateway.add_job(JOB_TYPE, variables={"url": "u", "other": 1})

    (job,) = await jobs(transport, request(fetch_variables=("url", "method")))

    assert json.loads(job.variables) == {"url": "u"}


async def test_jobs_of_other_tenants_do_not_come(gateway: DevGateway, transport: Transport) -> None:
    gateway.add_job(JOB_TYPE, tenant_id="acme")
    key = gateway.add_job(JOB_TYPE, tenant_id="other")

    (job,) = await jobs(transport, request(tenant_ids=("other",)))

    assert (job.key, job.tenant_id) == (key, "other")


async def test_a_batch_of_large_jobs_arrives_whole(gateway: DevGateway, transport: Transport) -> None:
    for _ in range(8):
        gateway.add_job(JOB_TYPE, variables={"text": "x" * 1_000_000})

    assert len(await jobs(transport, request())) == 8


async def test_a_cancelled_poll_ends_without_an_error(gateway: DevGateway, transport: Transport) -> None:
    activation = transport.activate(request(request_timeout=1))

    async def read() -> list[Job]:
        return [job async for batch in activation for job in batch]

    reading = asyncio.create_task(read())
    await gateway.wait_for("poll")
    activation.cancel()

    assert await asyncio.wait_for(reading, SECONDS) == []


@pytest.mark.parametrize("connect", ["rest"], indirect=True)  # over gRPC the engine notices the end of the call
async def test_a_job_that_comes_to_a_cancelled_poll_is_handed_out(gateway: DevGateway, transport: Transport) -> None:
    activation = transport.activate(request(request_timeout=1))

    async def read() -> list[int]:
        return [job.key async for batch in activation for job in batch]

    reading = asyncio.create_task(read())
    await gateway.wait_for("poll")
    activation.cancel()
    key = gateway.add_job(JOB_TYPE)

    assert await asyncio.wait_for(reading, SECONDS) == [key]


async def test_a_poll_that_is_cancelled_before_it_began_brings_nothing(
    gateway: DevGateway, transport: Transport
) -> None:
    gateway.add_job(JOB_TYPE)
    activation = transport.activate(request())
    activation.cancel()

    assert [batch async for batch in activation] == []
    assert len(await jobs(transport, request())) == 1


async def test_cancelling_the_reader_is_not_mistaken_for_the_end_of_the_poll(
    gateway: DevGateway, transport: Transport
) -> None:
    reading = asyncio.create_task(jobs(transport, request(request_timeout=60)))
    await gateway.wait_for("poll")

    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, SECONDS)


# -- outcomes out


async def test_a_completion_carries_the_variables_to_the_letter(gateway: DevGateway, transport: Transport) -> None:
    job = await one_job(gateway, transport)

    await transport.send(job.key, Complete('{"r":{"n":1.0,"text":"grüß"}}'), timeout=SECONDS)

    event = await gateway.ended(job.key)
    assert event.kind == "completed"
    assert event.variables == {"r": {"n": 1.0, "text": "grüß"}}


async def test_a_failure_carries_retries_message_back_off_and_variables(
    gateway: DevGateway, transport: Transport
) -> None:
    job = await one_job(gateway, transport)

    await transport.send(job.key, Fail("no luck", 2, backoff=1_500, variables='{"error":{}}'), timeout=SECONDS)

    event = await gateway.wait_for("failed", job.key)
    assert (event.retries, event.message, event.backoff, event.variables) == (2, "no luck", 1_500, {"error": {}})


async def test_a_failure_without_retries_is_an_incident(gateway: DevGateway, transport: Transport) -> None:
    job = await one_job(gateway, transport)

    await transport.send(job.key, Fail("no luck", 0), timeout=SECONDS)

    assert (await gateway.ended(job.key)).kind == "incident"


async def test_an_error_carries_its_code_and_variables(gateway: DevGateway, transport: Transport) -> None:
    job = await one_job(gateway, transport, catches=["E404"])

    await transport.send(job.key, ThrowError("E404", "not found", '{"why":1}'), timeout=SECONDS)

    event = await gateway.ended(job.key)
    assert (event.kind, event.code, event.variables) == ("error-caught", "E404", {"why": 1})


async def test_an_extension_sets_the_lease(gateway: DevGateway, transport: Transport) -> None:
    job = await one_job(gateway, transport)

    await transport.extend(job.key, 600_000, timeout=SECONDS)

    assert (await gateway.wait_for("lease-extended", job.key)).timeout == 600_000


async def test_a_ping_answers_the_gateways_version(transport: Transport) -> None:
    assert await transport.ping(timeout=SECONDS) == "8.6.0"


# -- errors


@pytest.mark.parametrize(
    ("fault", "reaction"),
    [
        (faults.UNAVAILABLE, GatewayBusy),
        (faults.BUSY, GatewayBusy),
        (faults.UNAUTHENTICATED, GatewayBusy),
        (faults.PERMISSION_DENIED, GatewayBusy),
        (faults.INTERNAL, GatewayBusy),
        (faults.MESSAGE_TOO_LARGE, GatewayBroken),
    ],
    ids=lambda value: getattr(value, "name", value.__name__ if isinstance(value, type) else str(value)),
)
async def test_a_status_becomes_the_reaction_to_it(
    gateway: DevGateway, transport: Transport, fault: faults.Fault, reaction: type[GatewayError]
) -> None:
    job = await one_job(gateway, transport)
    gateway.faults.next("CompleteJob", fault)

    with pytest.raises(reaction) as raised:
        await transport.send(job.key, Complete(), timeout=SECONDS)

    assert raised.value.code == fault.name or fault is faults.MESSAGE_TOO_LARGE


@pytest.mark.parametrize("outcome", [Complete(), Fail("no", 1), ThrowError("E")], ids=["complete", "fail", "throw"])
async def test_a_job_that_is_gone_is_refused(gateway: DevGateway, transport: Transport, outcome: Outcome) -> None:
    with pytest.raises(GatewayRefused):
        await transport.send(4711, outcome, timeout=SECONDS)


async def test_extending_a_job_that_is_gone_is_refused(transport: Transport) -> None:
    with pytest.raises(GatewayRefused):
        await transport.extend(4711, 1_000, timeout=SECONDS)


async def test_variables_that_are_no_json_object_are_a_broken_command(
    gateway: DevGateway, transport: Transport
) -> None:
    job = await one_job(gateway, transport)

    with pytest.raises(GatewayBroken):
        await transport.send(job.key, Complete("[1]"), timeout=SECONDS)


async def test_a_result_that_is_larger_than_the_gateway_takes_is_a_broken_command(
    gateway: DevGateway, transport: Transport
) -> None:
    job = await one_job(gateway, transport)

    with pytest.raises(GatewayBroken):
        await transport.send(job.key, Complete(json.dumps({"text": "x" * 5_000_000})), timeout=SECONDS)


async def test_a_command_that_is_never_answered_ends_with_its_time_limit(
    gateway: DevGateway, transport: Transport
) -> None:
    job = await one_job(gateway, transport)
    gateway.faults.next("CompleteJob", faults.HANG)

    with pytest.raises(GatewayBusy):
        await transport.send(job.key, Complete(), timeout=0.1)


async def test_a_second_completion_after_a_lost_reply_is_refused(gateway: DevGateway, transport: Transport) -> None:
    job = await one_job(gateway, transport)
    gateway.faults.next("CompleteJob", faults.REPLY_LOST)

    with pytest.raises(GatewayBusy):
        await transport.send(job.key, Complete(), timeout=SECONDS)
    with pytest.raises(GatewayRefused):
        await transport.send(job.key, Complete(), timeout=SECONDS)


async def test_a_gateway_that_is_away_is_busy_and_works_again_when_it_is_back(
    gateway: DevGateway, transport: Transport
) -> None:
    assert await transport.ping(timeout=SECONDS)

    async with gateway.outage():
        with pytest.raises(GatewayBusy):
            await transport.ping(timeout=SECONDS)

    async with asyncio.timeout(20):
        while True:
            try:
                assert await transport.ping(timeout=SECONDS)
                break
            except GatewayBusy:
                await asyncio.sleep(0.05)


async def test_a_poll_that_is_cut_is_busy(gateway: DevGateway, transport: Transport) -> None:
    gateway.faults.next("ActivateJobs", faults.UNAVAILABLE)

    with pytest.raises(GatewayBusy):
        await jobs(transport, request())


# -- credentials


async def test_the_authorization_goes_with_every_call(connect: Connect) -> None:
    def authorize(metadata: Mapping[str, str]) -> bool:
        return metadata.get("authorization") == "Bearer t"

    async with DevGateway(authorize=authorize, rest=True) as gateway:
        transport = connect(gateway, access=ClusterAccess(bearer("t")))
        job = await one_job(gateway, transport)
        await transport.extend(job.key, 1_000, timeout=SECONDS)
        await transport.send(job.key, Complete(), timeout=SECONDS)
        assert await transport.ping(timeout=SECONDS)
        await transport.close()

    assert (await gateway.ended(job.key)).kind == "completed"


async def test_without_the_right_authorization_every_call_is_busy(connect: Connect) -> None:
    async with DevGateway(authorize=lambda _: False, rest=True) as gateway:
        transport = connect(gateway)
        with pytest.raises(GatewayBusy) as raised:
            await transport.ping(timeout=SECONDS)
        await transport.close()

    assert raised.value.code == "UNAUTHENTICATED"


async def test_an_outcome_that_reaches_nobody_needs_no_garbage_collector_to_go(connect: Connect) -> None:
    async with DevGateway(rest=True) as gateway:
        transport = connect(gateway)
    gc.collect()
    gc.disable()  # what a cycle holds, and outcomes may be large, stays until a collection
    try:
        with suppress(GatewayBusy):
            await transport.send(1, Complete(), timeout=SECONDS)
        left = [each for each in gc.get_objects() if isinstance(each, aiohttp.ClientRequest)]
    finally:
        gc.enable()
        await transport.close()
    assert left == []
