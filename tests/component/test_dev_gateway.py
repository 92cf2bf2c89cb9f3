"""The gateway in memory, asked over real gRPC with the same stubs that the worker uses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from pyzeebe.proto import gateway_pb2 as pb
from pyzeebe.proto import gateway_pb2_grpc

from worker.dev import faults
from worker.dev.clock import ManualClock
from worker.dev.gateway import DevGateway

TYPE = "rest-connector"


class Client:
    """The stubs, with the few arguments that these tests vary."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub: Any = gateway_pb2_grpc.GatewayStub(channel)

    async def activate(self, **changes: Any) -> list[Any]:
        facts: dict[str, Any] = {
            "type": TYPE,
            "worker": "test",
            "timeout": 10_000,
            "maxJobsToActivate": 10,
            "requestTimeout": -1,
        }
        call = self.stub.ActivateJobs(pb.ActivateJobsRequest(**(facts | changes)), timeout=10)
        return [job async for response in call for job in response.jobs]

    async def code(self, rpc: str, request: Any) -> grpc.StatusCode:
        """The status of a call; OK when it was accepted."""
        try:
            await getattr(self.stub, rpc)(request, timeout=10)
        except grpc.aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def gateway(clock: ManualClock) -> AsyncIterator[DevGateway]:
    async with DevGateway(clock=clock) as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: DevGateway) -> AsyncIterator[Client]:
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        yield Client(channel)


async def test_a_job_is_handed_out_once_with_everything_a_worker_needs(gateway: DevGateway, client: Client) -> None:
    key = gateway.add_job(TYPE, variables={"a": 1, "ä": [1.5]}, headers={"resultVariable": "r"}, retries=2)

    first, second = await client.activate(), await client.activate()

    assert [job.key for job in first] == [key]
    assert json.loads(first[0].variables) == {"a": 1, "ä": [1.5]}
    assert json.loads(first[0].customHeaders) == {"resultVariable": "r"}
    assert (first[0].retries, first[0].tenantId) == (2, "<default>")
    assert second == []


async def test_only_the_fetched_variables_are_sent(gateway: DevGateway, client: Client) -> None:
    gateway.add_job(TYPE, variables={"a": 1, "b": 2, "c": 3})

    [job] = await client.activate(fetchVariable=["a", "c", "missing"])

    assert json.loads(job.variables) == {"a": 1, "c": 3}


async def test_types_and_tenants_do_not_mix(gateway: DevGateway, client: Client) -> None:
    gateway.add_job("other")
    foreign = gateway.add_job(TYPE, tenant_id="blue")

    assert await client.activate() == []
    assert [job.key for job in await client.activate(tenantIds=["blue", "<default>"])] == [foreign]


async def test_a_long_poll_ends_as_soon_as_a_job_arrives(gateway: DevGateway, client: Client) -> None:
    poll = asyncio.create_task(client.activate(requestTimeout=60_000))
    await gateway.wait_for("poll")

    key = gateway.add_job(TYPE)

    assert [job.key for job in await poll] == [key]


async def test_a_long_poll_ends_empty_when_its_time_has_passed(
    gateway: DevGateway, client: Client, clock: ManualClock
) -> None:
    poll = asyncio.create_task(client.activate(requestTimeout=60_000))
    await gateway.wait_for("poll")

    clock.advance(60)

    assert await poll == []


async def test_a_lease_that_runs_out_gives_the_job_to_the_next_with_unchanged_retries(
    gateway: DevGateway, client: Client, clock: ManualClock
) -> None:
    key = gateway.add_job(TYPE)
    await client.activate(timeout=5000)

    clock.advance(5)
    [again] = await client.activate()

    assert (again.key, again.retries) == (key, 3)
    assert [event.kind for event in gateway.events.of(key)][-3:] == ["lease-expired", "available-again", "activated"]


async def test_an_extended_lease_ends_later(gateway: DevGateway, client: Client, clock: ManualClock) -> None:
    key = gateway.add_job(TYPE)
    await client.activate(timeout=5000)
    await client.stub.UpdateJobTimeout(pb.UpdateJobTimeoutRequest(jobKey=key, timeout=20_000))

    clock.advance(19)
    assert await client.activate() == []
    clock.advance(1)
    assert len(await client.activate()) == 1


async def test_a_completed_job_is_gone(gateway: DevGateway, client: Client) -> None:
    key = gateway.add_job(TYPE)
    await client.activate()

    await client.stub.CompleteJob(pb.CompleteJobRequest(jobKey=key, variables='{"r":{"x":1}}'))

    end = await gateway.ended(key)
    assert (end.kind, end.variables) == ("completed", {"r": {"x": 1}})
    assert await client.code("CompleteJob", pb.CompleteJobRequest(jobKey=key)) is grpc.StatusCode.NOT_FOUND
    timeout = pb.UpdateJobTimeoutRequest(jobKey=key, timeout=1)
    assert await client.code("UpdateJobTimeout", timeout) is grpc.StatusCode.NOT_FOUND


async def test_a_failed_job_comes_back_after_its_back_off_and_sees_the_variables_of_the_failure(
    gateway: DevGateway, client: Client, clock: ManualClock
) -> None:
    key = gateway.add_job(TYPE, variables={"a": 1})
    await client.activate()
    await client.stub.FailJob(pb.FailJobRequest(jobKey=key, retries=1, retryBackOff=3000, variables='{"error":"e"}'))

    assert await client.activate() == []
    complete = pb.CompleteJobRequest(jobKey=key)
    assert await client.code("CompleteJob", complete) is grpc.StatusCode.FAILED_PRECONDITION
    clock.advance(3)
    [again] = await client.activate()

    assert (again.retries, json.loads(again.variables)) == (1, {"a": 1, "error": "e"})


async def test_no_retries_left_is_an_incident_until_retries_are_given_and_it_is_resolved(
    gateway: DevGateway, client: Client
) -> None:
    key = gateway.add_job(TYPE)
    await client.activate()
    await client.stub.FailJob(pb.FailJobRequest(jobKey=key, retries=0, errorMessage="no such host"))

    incident = await gateway.ended(key)
    resolve = pb.ResolveIncidentRequest(incidentKey=incident.incident_key)
    assert (incident.kind, incident.message) == ("incident", "no such host")
    assert await client.code("ResolveIncident", resolve) is grpc.StatusCode.FAILED_PRECONDITION
    assert (
        await client.code("UpdateJobRetries", pb.UpdateJobRetriesRequest(jobKey=key, retries=2)) is grpc.StatusCode.OK
    )
    assert await client.code("ResolveIncident", resolve) is grpc.StatusCode.OK
    assert [job.retries for job in await client.activate()] == [2]


@pytest.mark.parametrize(
    ("catches", "ending"), [(["404"], "error-caught"), ("*", "error-caught"), (["500"], "incident")]
)
async def test_an_error_is_caught_by_its_code_or_becomes_an_incident(
    gateway: DevGateway, client: Client, catches: list[str], ending: str
) -> None:
    key = gateway.add_job(TYPE, catches=catches)
    await client.activate()

    await client.stub.ThrowError(pb.ThrowErrorRequest(jobKey=key, errorCode="404", errorMessage="gone"))

    end = await gateway.ended(key)
    assert (end.kind, end.code) == (ending, "404")


@pytest.mark.parametrize(
    "variables",
    ["[1]", "nonsense", '{"a":NaN}', '{"a":-1e999}', pytest.param('{"a":' + "[" * 20_000, id="too deep")],
)
async def test_variables_that_are_no_json_object_are_refused(
    gateway: DevGateway, client: Client, variables: str
) -> None:
    key = gateway.add_job(TYPE)
    await client.activate()

    request = pb.CompleteJobRequest(jobKey=key, variables=variables)

    assert await client.code("CompleteJob", request) is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_stream_is_given_new_jobs(gateway: DevGateway, client: Client) -> None:
    stream = client.stub.StreamActivatedJobs(pb.StreamActivatedJobsRequest(type=TYPE, worker="test", timeout=10_000))
    await gateway.wait_for("stream-opened")

    key = gateway.add_job(TYPE)

    assert (await stream.read()).key == key
    stream.cancel()
    await gateway.wait_for("stream-closed")


async def test_jobs_that_a_stream_did_not_take_are_available_again_when_it_closes(
    gateway: DevGateway, client: Client
) -> None:
    stream = client.stub.StreamActivatedJobs(pb.StreamActivatedJobsRequest(type=TYPE, worker="test", timeout=10_000))
    await gateway.wait_for("stream-opened")
    keys = [gateway.add_job(TYPE, variables={"text": "x" * 1_000_000}) for _ in range(20)]  # more than a pipe holds
    await gateway.wait_for("activated", keys[-1])

    stream.cancel()
    await gateway.wait_for("stream-closed")

    assert keys[-1] in [job.key for job in await client.activate(maxJobsToActivate=20)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE),
        (faults.BUSY, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (faults.UNAUTHENTICATED, grpc.StatusCode.UNAUTHENTICATED),
        (faults.MESSAGE_TOO_LARGE, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
async def test_a_fault_hits_the_next_call_and_leaves_the_job_alone(
    gateway: DevGateway, client: Client, fault: faults.Fault, code: grpc.StatusCode
) -> None:
    key = gateway.add_job(TYPE)
    await client.activate()
    gateway.faults.next("CompleteJob", fault)

    assert await client.code("CompleteJob", pb.CompleteJobRequest(jobKey=key)) is code
    assert await client.code("CompleteJob", pb.CompleteJobRequest(jobKey=key)) is grpc.StatusCode.OK


async def test_a_lost_reply_leaves_the_command_applied(gateway: DevGateway, client: Client) -> None:
    key = gateway.add_job(TYPE)
    await client.activate()
    gateway.faults.next("CompleteJob", faults.REPLY_LOST)

    assert await client.code("CompleteJob", pb.CompleteJobRequest(jobKey=key)) is grpc.StatusCode.UNAVAILABLE
    assert (await gateway.ended(key)).kind == "completed"


async def test_a_hanging_call_ends_with_the_callers_patience(gateway: DevGateway, client: Client) -> None:
    gateway.faults.next("Topology", faults.HANG)

    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await client.stub.Topology(pb.TopologyRequest(), timeout=0.2)

    assert failure.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_jobs_survive_an_outage(gateway: DevGateway, client: Client) -> None:
    key = gateway.add_job(TYPE)
    poll = asyncio.create_task(client.activate(type="none", requestTimeout=60_000))
    await gateway.wait_for("poll")

    async with gateway.outage():
        assert await client.code("Topology", pb.TopologyRequest()) is grpc.StatusCode.UNAVAILABLE
    topology = await client.stub.Topology(pb.TopologyRequest(), timeout=10, wait_for_ready=True)

    assert topology.gatewayVersion
    assert await poll == []
    assert [job.key for job in await client.activate()] == [key]


async def test_a_poll_larger_than_a_client_receives_is_answered_in_parts(gateway: DevGateway, client: Client) -> None:
    keys = [gateway.add_job(TYPE, variables={"text": "x" * 1_000_000}) for _ in range(6)]

    jobs = await client.activate()

    assert [job.key for job in jobs] == keys


async def test_credentials_are_asked_for_where_a_check_is_given() -> None:
    async with (
        DevGateway(authorize=lambda metadata: metadata.get("authorization") == "Bearer t") as gateway,
        grpc.aio.insecure_channel(gateway.address) as channel,
    ):
        stub: Any = gateway_pb2_grpc.GatewayStub(channel)

        assert await Client(channel).code("Topology", pb.TopologyRequest()) is grpc.StatusCode.UNAUTHENTICATED
        assert (await stub.Topology(pb.TopologyRequest(), metadata=(("authorization", "Bearer t"),))).brokers


async def test_a_taken_port_is_said_plainly(gateway: DevGateway) -> None:
    with pytest.raises(OSError, match=f"cannot listen on {gateway.address}"):
        await DevGateway(port=gateway.port).serve()
