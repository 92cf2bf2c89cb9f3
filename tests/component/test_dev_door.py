"""The HTTP door of the development engine; the test plays the worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from worker.dev.door import Door
from worker.dev.engine import ActivationFilter
from worker.dev.gateway import DevGateway
from worker.dev.stage import serving

TYPE = "rest-connector"
JOB = {"variables": {"orderId": 1}, "headers": {"url": "http://127.0.0.1/", "inputs": {"method": "GET"}}}


@pytest.fixture
async def gateway() -> AsyncIterator[DevGateway]:
    async with DevGateway() as gateway:
        yield gateway


@pytest.fixture
async def client(gateway: DevGateway) -> AsyncIterator[ClientSession]:
    async with serving(Door(gateway, frozenset({TYPE})).application()) as url, ClientSession(url) as client:
        yield client


async def work(gateway: DevGateway, end: Callable[[int], None]) -> None:
    """Take the next job and end it."""
    await gateway.wait_for("available")
    [job] = gateway.engine.activate(ActivationFilter(TYPE, "test", lease=60), 1)
    end(job.key)


async def submit(client: ClientSession, job: Any, **query: str) -> tuple[int, Any]:
    async with client.post("/jobs", json=job, params=query) as response:
        return response.status, await response.json()


async def test_a_submitted_job_is_answered_with_its_end(gateway: DevGateway, client: ClientSession) -> None:
    answer, _ = await asyncio.gather(
        submit(client, JOB), work(gateway, lambda key: gateway.engine.complete(key, '{"r":{"x":1.5}}'))
    )

    status, body = answer
    assert (status, body["outcome"], body["variables"], body["attempts"]) == (200, "complete", {"r": {"x": 1.5}}, 1)


async def test_a_bpmn_error_is_told_with_its_code(gateway: DevGateway, client: ClientSession) -> None:
    answer, _ = await asyncio.gather(
        submit(client, JOB), work(gateway, lambda key: gateway.engine.throw(key, "GONE", "it is gone", '{"a":1}'))
    )

    status, body = answer
    assert status == 200
    assert {name: body[name] for name in ("outcome", "code", "message", "variables")} == {
        "outcome": "bpmnError",
        "code": "GONE",
        "message": "it is gone",
        "variables": {"a": 1},
    }


async def test_an_incident_is_told_with_its_message(gateway: DevGateway, client: ClientSession) -> None:
    answer, _ = await asyncio.gather(
        submit(client, JOB), work(gateway, lambda key: gateway.engine.fail(key, 0, "no such host", 0, ""))
    )

    assert answer[1] | {"key": ""} == {"key": "", "outcome": "incident", "attempts": 1, "message": "no such host"}


async def test_a_job_that_takes_longer_can_be_looked_up_later(gateway: DevGateway, client: ClientSession) -> None:
    status, pending = await submit(client, JOB, wait="0.01")
    await work(gateway, lambda key: gateway.engine.complete(key, "{}"))
    async with client.get(pending["see"]) as response:
        later = await response.json()

    assert (status, pending["outcome"]) == (202, "pending")
    assert (later["key"], later["outcome"]) == (pending["key"], "complete")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("nonsense", "the body is not a job as JSON: Invalid JSON value: Expecting value"),
        ("[]", "the body is not a job as JSON: Expected document to be a root level object"),
        ('{"variables": {"a": 1e999}}', "the number 1e999 is too large"),
        pytest.param(
            '{"variables":' + '{"a":' * 5000 + "1" + "}" * 5001, "the body is not a job as JSON", id="too deep"
        ),
        ('{"variable": {}}', "variable: a job has no such member, but variables, headers, retries"),
        ('{"retries": 0}', "retries: Input should be greater than or equal to 1"),
        ('{"type": "mail"}', "nobody works on jobs of type 'mail'; the worker takes rest-connector"),
    ],
)
async def test_a_job_that_cannot_be_used_is_refused_with_the_reason(
    client: ClientSession, body: str, said: str
) -> None:
    async with client.post("/jobs", data=body, headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400
        assert said in (await response.json())["error"]


async def test_text_that_is_no_unicode_passes_through_as_it_is(gateway: DevGateway, client: ClientSession) -> None:
    """JSON may hold half a surrogate pair, and services do send it."""
    answer, _ = await asyncio.gather(
        submit(client, {"variables": {"half": "\ud83d"}}),
        work(gateway, lambda key: gateway.engine.complete(key, '{"half":"\\ud83d"}')),
    )

    assert answer[1]["variables"] == {"half": "\ud83d"}


async def test_other_web_pages_cannot_use_the_door(client: ClientSession) -> None:
    """A page may send text without asking, and may give its own name to this address; neither gets in."""
    async with client.post("/jobs", data="{}", headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 415
    async with client.get("/jobs/1", headers={"Host": "evil.example"}) as response:
        assert response.status == 403


async def test_an_unknown_job_is_not_found(client: ClientSession) -> None:
    async with client.get("/jobs/99") as response:
        assert response.status == 404
