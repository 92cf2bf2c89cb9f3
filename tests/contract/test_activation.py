"""What the engine side builds on when it asks for jobs: held by both transports, and by the one of the unit tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from tests.support.transport import ScriptedActivation, ScriptedTransport
from worker.dev import faults
from worker.dev.gateway import DevGateway
from worker.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayRefused
from worker.job import Job
from worker.outcome import Complete
from worker.zeebe.grpc import GrpcTransport
from worker.zeebe.rest_v2 import RestTransport
from worker.zeebe.transport import ActivateRequest, Activation, Transport

JOB_TYPE = "rest-connector"
SECONDS = 5.0
REQUEST = ActivateRequest(JOB_TYPE, max_jobs=10, lease=60.0, request_timeout=1.0, worker="test")


class Side(Protocol):
    """The other side of a transport."""

    transport: Transport

    async def polled(self) -> None:
        """Wait until a call for jobs is there."""
        ...

    async def offer(self) -> int:
        """Let a job be available; its key."""
        ...

    def break_polls(self) -> None:
        """Let the next call for jobs fail as in an outage."""
        ...

    def refuse(self, error: GatewayError) -> None:
        """Let the next command be refused in this way."""
        ...


class DevSide:
    def __init__(self, gateway: DevGateway, transport: Transport) -> None:
        self.transport = transport
        self._gateway = gateway

    async def polled(self) -> None:
        await self._gateway.wait_for("poll")

    async def offer(self) -> int:
        return self._gateway.add_job(JOB_TYPE)

    def break_polls(self) -> None:
        self._gateway.faults.next("ActivateJobs", faults.UNAVAILABLE)

    def refuse(self, error: GatewayError) -> None:
        fault = {GatewayBusy: faults.BUSY, GatewayBroken: faults.MESSAGE_TOO_LARGE}.get(type(error))
        if fault is not None:
            self._gateway.faults.next("CompleteJob", fault)


class ScriptedSide:
    def __init__(self) -> None:
        self.transport = ScriptedTransport()
        self._poll: ScriptedActivation | None = None
        self._broken = False

    async def polled(self) -> None:
        self._poll = await self.transport.poll()
        if self._broken:
            self._poll.answer(GatewayBusy("UNAVAILABLE", "gone"))

    async def offer(self) -> int:
        if self._poll is None:
            await self.polled()
        assert self._poll is not None
        self._poll.answer([Job(key=1, type=JOB_TYPE)])
        return 1

    def break_polls(self) -> None:
        self._broken = True

    def refuse(self, error: GatewayError) -> None:
        self.transport.failures.append(error)


@pytest.fixture(params=["scripted", "grpc", "rest"])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "scripted":
        yield ScriptedSide()
        return
    async with DevGateway(rest=True) as gateway:
        over_rest = request.param == "rest"
        transport: Transport = RestTransport(gateway.rest_address) if over_rest else GrpcTransport(gateway.address)
        yield DevSide(gateway, transport)
        await transport.close()


def reading(activation: Activation) -> asyncio.Task[list[int]]:
    async def read() -> list[int]:
        return [job.key async for batch in activation for job in batch]

    return asyncio.create_task(read())


async def test_a_call_brings_the_job_that_comes(side: Side) -> None:
    poll = reading(side.transport.activate(REQUEST))
    await side.polled()

    key = await side.offer()

    assert await asyncio.wait_for(poll, SECONDS) == [key]


async def test_a_call_that_was_cancelled_ends_without_an_error(side: Side) -> None:
    activation = side.transport.activate(REQUEST)
    poll = reading(activation)
    await side.polled()

    activation.cancel()
    activation.cancel()

    assert await asyncio.wait_for(poll, SECONDS) == []


async def test_cancelling_is_harmless_when_the_call_is_over(side: Side) -> None:
    activation = side.transport.activate(REQUEST)
    poll = reading(activation)
    await side.polled()
    key = await side.offer()
    assert await asyncio.wait_for(poll, SECONDS) == [key]

    activation.cancel()


async def test_a_cancelled_reader_is_not_mistaken_for_the_end_of_the_call(side: Side) -> None:
    poll = reading(side.transport.activate(REQUEST))
    await side.polled()

    poll.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(poll, SECONDS)


async def test_a_call_that_breaks_says_so(side: Side) -> None:
    side.break_polls()
    poll = reading(side.transport.activate(REQUEST))
    if isinstance(side, ScriptedSide):
        await side.polled()

    with pytest.raises(GatewayBusy) as raised:
        await asyncio.wait_for(poll, SECONDS)

    assert raised.value.code == "UNAVAILABLE"


@pytest.mark.parametrize(
    "error",
    [
        GatewayBusy("RESOURCE_EXHAUSTED", "busy"),
        GatewayRefused("NOT_FOUND", "gone"),
        GatewayBroken("RESOURCE_EXHAUSTED", "too large"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_command_is_refused_in_three_ways(side: Side, error: GatewayError) -> None:
    side.refuse(error)  # a job that never was is refused as gone

    with pytest.raises(type(error)) as raised:
        await side.transport.send(4711, Complete(), timeout=SECONDS)

    assert raised.value.code == error.code
