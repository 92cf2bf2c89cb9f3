"""How often the engine hands a job out, and for how long (contract 13.2 and 13.3, with a gateway and a worker)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.job_runs import pipeline
from tests.support.scripted_server import ScriptedServer, answer, scripted
from worker.dev.gateway import DevGateway
from worker.face import COMPATIBLE
from worker.service import Stop, run_worker
from worker.settings import HealthSettings, Settings, ZeebeSettings

JOB_TYPE = "io.camunda:http-json:1"
REFUSAL = answer(500, b"", reason="Broken")


@asynccontextmanager
async def working() -> AsyncIterator[DevGateway]:
    """A gateway and a worker on it."""
    async with DevGateway() as gateway, pipeline(COMPATIBLE) as handler:
        settings = Settings(
            job_types=(JOB_TYPE,),
            zeebe=ZeebeSettings(address=gateway.address),
            health=HealthSettings(host="127.0.0.1", port=0),
        )
        stop = Stop()
        worker = asyncio.create_task(run_worker(settings, {JOB_TYPE: handler.handle}, stop))
        try:
            yield gateway
        finally:
            stop.ask()
            await asyncio.wait_for(worker, 30)


async def end_of(gateway: DevGateway, server: ScriptedServer, headers: dict[str, str], retries: int = 3) -> str:
    """How a job ends that calls the server."""
    variables = {"method": "GET", "url": server.url("/x")}
    key = gateway.add_job(JOB_TYPE, variables=variables, headers=headers, retries=retries)
    return (await gateway.ended(key)).kind


@pytest.mark.parametrize(
    ("headers", "retries", "calls"),
    [
        pytest.param({"retryBackoff": "PT0.05S"}, 2, 2, id="JH-044"),
        pytest.param({"retryBackoff": "NOT_A_VALID_DURATION"}, 3, 0, id="JH-045"),
        pytest.param({}, 3, 3, id="JH-046"),
        pytest.param({"errorExpression": '=jobError("again", {}, job.retries - 1)'}, 5, 5, id="EE-019"),
        pytest.param({"jobTimeout": "not-a-duration"}, 3, 0, id="JT-012"),
    ],
)
async def test_a_job_that_always_fails_is_called_as_often_as_it_has_tries(
    headers: dict[str, str], retries: int, calls: int
) -> None:
    async with working() as gateway, scripted(REFUSAL) as server:
        assert await end_of(gateway, server, headers, retries) == "incident"

    assert len(server.requests) == calls


async def test_jt_012_a_job_with_a_longer_lease_is_called_once() -> None:
    async with working() as gateway, scripted() as server:
        assert await end_of(gateway, server, {"jobTimeout": "PT10M"}) == "completed"
        extended = await gateway.wait_for("lease-extended")

    assert len(server.requests) == 1
    assert extended.job_key
