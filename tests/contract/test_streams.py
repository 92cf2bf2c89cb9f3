"""Pushed jobs, asked of every engine over the transport that has them; the other one says that it has none."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest

from tests.contract.desks import PAIRS, Desk, Types
from worker.errors import GatewayBroken
from worker.job import Job
from worker.outcome import Complete
from worker.zeebe.transport import ActivateRequest, Activation, Transport

PATIENCE_SECONDS = 60.0

OVER_GRPC = pytest.mark.parametrize("pair", [pair for pair in PAIRS if "grpc" in str(pair.id)], indirect=True)
OVER_REST = pytest.mark.parametrize("pair", [pair for pair in PAIRS if "rest" in str(pair.id)], indirect=True)


def opened(wire: Transport, job_type: str, *, seconds: float = 3600.0) -> Activation:
    """A stream. The engine in memory, unlike a real gateway, does not take a missing tenant for the default one."""
    tenants = ("<default>",)
    asked = ActivateRequest(job_type, max_jobs=0, lease=60.0, request_timeout=seconds, worker="t", tenant_ids=tenants)
    return wire.stream(asked)


async def read(stream: Activation) -> list[Job]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [job async for batch in stream for job in batch]


@OVER_GRPC
async def test_a_job_that_is_made_while_a_stream_is_open_is_pushed(desk: Desk, wire: Transport) -> None:
    types = Types()
    stream = opened(wire, types.task)
    arrival = asyncio.ensure_future(anext(aiter(stream)))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not arrival.done():  # an engine takes a moment to know of a stream
            await desk.start(types, orderId=4711)
            await asyncio.wait([arrival], timeout=0.5)
    (job,) = arrival.result()
    stream.cancel()

    assert (job.type, job.retries, job.element_id) == (types.task, 3, "call")
    assert json.loads(job.variables)["orderId"] == 4711
    assert job.deadline > 0
    await wire.send(job.key, Complete(), timeout=10)


@OVER_GRPC
async def test_a_stream_ends_by_its_time_limit_without_an_error(wire: Transport) -> None:
    assert await read(opened(wire, Types().task, seconds=0.2)) == []


@OVER_GRPC
async def test_a_cancelled_stream_ends_without_an_error(wire: Transport) -> None:
    stream = opened(wire, Types().task)
    reading = asyncio.create_task(read(stream))
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(reading), 0.2)

    stream.cancel()

    assert await reading == []


@OVER_REST
async def test_a_transport_without_streams_says_so(wire: Transport) -> None:
    with pytest.raises(GatewayBroken) as refused:
        await read(opened(wire, Types().task))

    assert refused.value.code == "UNIMPLEMENTED"
