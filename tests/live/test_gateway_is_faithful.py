"""The gateway in memory refuses what real engines refuse: one table of commands, asked of all three.

Other tests trust the gateway in memory; this is why they may.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from grpc import StatusCode
from pyzeebe.proto import gateway_pb2 as pb
from pyzeebe.proto import gateway_pb2_grpc

from tests.live.conftest import Engine
from tests.support.zeebe import Zeebe
from worker.dev.gateway import DevGateway

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

UNKNOWN = 2251799813685249 + 10_000_000  # of the only partition, and far from those in use


class Desk:
    """Hands out fresh jobs of one engine and tells the status of commands on them."""

    def __init__(self, stub: Any, create: Callable[[str], Awaitable[None]]) -> None:
        self._stub = stub
        self._create = create

    async def job(self, lease: int = 60_000) -> int:
        """A job that is ours; its key. `lease` is milliseconds."""
        job_type = f"faithful-{uuid.uuid4()}"
        await self._create(job_type)
        return (await self.activate(job_type, lease))[0]

    async def activate(self, job_type: str, lease: int = 60_000) -> list[int]:
        request = pb.ActivateJobsRequest(
            type=job_type, worker="test", timeout=lease, maxJobsToActivate=1, requestTimeout=30_000
        )
        return [job.key async for part in self._stub.ActivateJobs(request, timeout=60) for job in part.jobs]

    async def status(self, rpc: str, **fields: Any) -> StatusCode:
        request = getattr(pb, f"{rpc}Request")(**fields)
        try:
            call = getattr(self._stub, rpc)(request, timeout=60)
            if rpc == "ActivateJobs":
                async for _ in call:
                    pass
            else:
                await call
        except grpc.aio.AioRpcError as error:
            return error.code()
        return StatusCode.OK


@pytest.fixture
async def real(deployed: Engine) -> AsyncIterator[Desk]:
    async with Zeebe(deployed.address) as zeebe, grpc.aio.insecure_channel(deployed.address) as channel:

        async def create(job_type: str) -> None:
            await zeebe.start("order", base="", orderId=1, attempts=3, jobType=job_type, probe="nobody")

        yield Desk(gateway_pb2_grpc.GatewayStub(channel), create)


@pytest.fixture
async def imitation() -> AsyncIterator[Desk]:
    async with DevGateway() as gateway, grpc.aio.insecure_channel(gateway.address) as channel:

        async def create(job_type: str) -> None:
            gateway.add_job(job_type)

        yield Desk(gateway_pb2_grpc.GatewayStub(channel), create)


async def gone(desk: Desk) -> list[StatusCode]:
    key = await desk.job()
    return [
        await desk.status("CompleteJob", jobKey=key),
        await desk.status("CompleteJob", jobKey=key),
        await desk.status("FailJob", jobKey=key, retries=1),
        await desk.status("ThrowError", jobKey=key, errorCode="X"),
        await desk.status("UpdateJobTimeout", jobKey=key, timeout=1000),
        await desk.status("UpdateJobRetries", jobKey=key, retries=1),
        await desk.status("CompleteJob", jobKey=UNKNOWN),
        await desk.status("ResolveIncident", incidentKey=UNKNOWN),
    ]


async def backing_off(desk: Desk) -> list[StatusCode]:
    key = await desk.job()
    return [
        await desk.status("FailJob", jobKey=key, retries=2, retryBackOff=600_000),
        await desk.status("CompleteJob", jobKey=key),
        await desk.status("FailJob", jobKey=key, retries=1),
        await desk.status("ThrowError", jobKey=key, errorCode="X"),
        await desk.status("UpdateJobTimeout", jobKey=key, timeout=1000),
        await desk.status("UpdateJobRetries", jobKey=key, retries=5),
    ]


async def with_an_incident(desk: Desk) -> list[StatusCode]:
    key = await desk.job()
    return [
        await desk.status("FailJob", jobKey=key, retries=0),
        await desk.status("CompleteJob", jobKey=key),
        await desk.status("FailJob", jobKey=key, retries=1),
        await desk.status("UpdateJobTimeout", jobKey=key, timeout=1000),
        await desk.status("UpdateJobRetries", jobKey=key, retries=0),
        await desk.status("UpdateJobRetries", jobKey=key, retries=1),
    ]


async def failed_and_available(desk: Desk) -> list[StatusCode]:
    key = await desk.job()
    return [
        await desk.status("FailJob", jobKey=key, retries=2),
        await desk.status("UpdateJobTimeout", jobKey=key, timeout=1000),
        await desk.status("CompleteJob", jobKey=key),
    ]


async def uncaught_error(desk: Desk) -> list[StatusCode]:
    key = await desk.job()
    return [
        await desk.status("ThrowError", jobKey=key, errorCode="NOBODY_CATCHES_IT"),
        await desk.status("CompleteJob", jobKey=key),
        await desk.status("FailJob", jobKey=key, retries=1),
    ]


async def wrong_arguments(desk: Desk) -> list[StatusCode]:
    key = await desk.job()
    asked = {"type": "t", "worker": "w", "timeout": 1000, "maxJobsToActivate": 1, "requestTimeout": -1}
    return [
        await desk.status("CompleteJob", jobKey=key, variables="[1]"),
        await desk.status("CompleteJob", jobKey=key, variables="nonsense"),
        await desk.status("FailJob", jobKey=key, retries=1, variables="nonsense"),
        await desk.status("ThrowError", jobKey=key, errorCode="X", variables="[]"),
        await desk.status("ActivateJobs", **asked),
        await desk.status("ActivateJobs", **asked | {"type": ""}),
        await desk.status("ActivateJobs", **asked | {"timeout": 0}),
        await desk.status("ActivateJobs", **asked | {"maxJobsToActivate": 0}),
    ]


Commands = Callable[[Desk], Awaitable[list[StatusCode]]]


@pytest.mark.parametrize("commands", [gone, backing_off, with_an_incident, failed_and_available, uncaught_error])
async def test_the_imitation_refuses_what_the_engine_refuses(real: Desk, imitation: Desk, commands: Commands) -> None:
    assert await commands(imitation) == await commands(real)


# Arguments are checked by the broker's own gateway, which the engine in memory does without.
@pytest.mark.parametrize("deployed", ["broker"], indirect=True)
async def test_the_imitation_refuses_wrong_arguments_as_the_broker_does(real: Desk, imitation: Desk) -> None:
    assert await wrong_arguments(imitation) == await wrong_arguments(real)
