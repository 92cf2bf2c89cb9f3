"""The REST transport to the byte: what it asks, how versions of the engine write jobs, and answers of somebody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.scripted_server import Answer, ScriptedServer, answer, scripted
from worker.errors import GatewayBroken, GatewayBusy, GatewayRefused
from worker.job import Job
from worker.outcome import Complete, Fail, ThrowError
from worker.zeebe.rest_v2 import RestTransport
from worker.zeebe.transport import ActivateRequest

SECONDS = 5.0
JSON = "Content-Type: application/json"
KEY = 2251799813685268
DONE = answer(204)
REQUEST = ActivateRequest(
    "t", max_jobs=7, lease=60, request_timeout=1.5, worker="w", fetch_variables=("url",), tenant_ids=("a", "b")
)
# As the 8.6 broker and the API's description for 8.8 have them.
OLD = """{"jobs":[{"key":2251799813685268,"type":"t","processInstanceKey":1,"processDefinitionId":"order",
"processDefinitionVersion":1,"processDefinitionKey":2,"elementId":"call","elementInstanceKey":3,
"customHeaders":{"url":"=base + \\"/x\\""},"worker":"w","retries":3,"deadline":1795815209482,
"variables":{"n":1.50,"big":12345678901234567890123},"tenantId":"<default>"}]}"""
NEW = """{"jobs":[{"type":"t","processDefinitionId":"order","processDefinitionVersion":1,"elementId":"call",
"customHeaders":{"url":"=base + \\"/x\\""},"worker":"w","retries":3,"deadline":1795815209482,
"variables":{"n":1.50,"big":12345678901234567890123},"tenantId":"<default>","jobKey":"2251799813685268",
"processInstanceKey":"1","processDefinitionKey":"2","elementInstanceKey":"3","kind":"BPMN_ELEMENT",
"listenerEventType":"UNSPECIFIED","userTask":null,"tags":["x"]}]}"""
EXPECTED = Job(
    key=KEY,
    type="t",
    variables='{"n":1.50,"big":12345678901234567890123}',
    headers='{"url":"=base + \\"/x\\""}',
    retries=3,
    deadline=1795815209482,
    tenant_id="<default>",
    process_id="order",
    process_definition_key=2,
    process_instance_key=1,
    element_id="call",
    element_instance_key=3,
)


@asynccontextmanager
async def talking(
    *answers: Answer, max_message_bytes: int = 1 << 20
) -> AsyncIterator[tuple[RestTransport, ScriptedServer]]:
    async with scripted(*answers) as server:
        transport = RestTransport(server.url("/cluster"), max_message_bytes=max_message_bytes)
        yield transport, server
        await transport.close()


async def polled(transport: RestTransport) -> list[Job]:
    return [job async for batch in transport.activate(REQUEST) for job in batch]


@pytest.mark.parametrize("text", [OLD, NEW], ids=["8.6", "8.8"])
async def test_jobs_are_read_as_each_version_writes_them(text: str) -> None:
    async with talking(answer(200, text.encode(), JSON)) as (transport, server):
        assert await polled(transport) == [EXPECTED]

    [asked] = server.requests
    assert asked.line == "POST /cluster/v2/jobs/activation HTTP/1.1"
    assert json.loads(asked.body) == {
        "type": "t",
        "worker": "w",
        "timeout": 60_000,
        "maxJobsToActivate": 7,
        "fetchVariable": ["url"],
        "requestTimeout": 1_500,
        "tenantIds": ["a", "b"],
    }


async def test_commands_carry_variables_as_they_are_written() -> None:
    async with talking(DONE, DONE, DONE, DONE, DONE) as (transport, server):
        await transport.send(KEY, Complete('{"n": 1.50}'), timeout=SECONDS)
        await transport.send(KEY, Fail('say "no"', -1, backoff=5, variables='{"e":1e2}'), timeout=SECONDS)
        await transport.send(KEY, Fail("no", 2), timeout=SECONDS)
        await transport.send(KEY, ThrowError("E", None, "{}"), timeout=SECONDS)
        await transport.extend(KEY, 1_000, timeout=SECONDS)

    assert [
        (asked.line.replace(f"/cluster/v2/jobs/{KEY}", "").split()[:-1], asked.body.decode())
        for asked in server.requests
    ] == [
        (["POST", "/completion"], '{"variables":{"n": 1.50}}'),
        (
            ["POST", "/failure"],
            '{"retries": 0, "errorMessage": "say \\"no\\"", "retryBackOff": 5,"variables":{"e":1e2}}',
        ),
        (["POST", "/failure"], '{"retries": 2, "errorMessage": "no", "retryBackOff": 0}'),
        (["POST", "/error"], '{"errorCode": "E", "errorMessage": "","variables":{}}'),
        (["PATCH"], '{"changeset": {"timeout": 1000}}'),
    ]


@pytest.mark.parametrize(
    "page",
    [b"<html>sign in</html>", b"", b"[]", b'{"jobs":{}}', b'{"jobs":[{}]}', b'{"jobs":[{"key":"x"}]}', b"\xff", b"{}"],
)
async def test_an_answer_of_something_else_is_busy_and_points_at_the_address(page: bytes) -> None:
    async with talking(answer(200, page, "Content-Type: text/html")) as (transport, _):
        with pytest.raises(GatewayBusy, match="is the REST address right"):
            await polled(transport)
        with pytest.raises(GatewayBusy, match="is the REST address right"):
            await transport.ping(timeout=SECONDS)


async def test_a_job_is_given_up_only_when_the_engine_itself_says_so() -> None:
    engine = b'{"type":"about:blank","title":"NOT_FOUND","status":404,"detail":"no such job"}'
    async with talking(answer(404, b"<html>"), answer(404, engine, "Content-Type: application/problem+json")) as (
        transport,
        _,
    ):
        with pytest.raises(GatewayBusy, match="is the REST address right"):
            await transport.send(KEY, Complete(), timeout=SECONDS)
        with pytest.raises(GatewayRefused, match="no such job"):
            await transport.send(KEY, Complete(), timeout=SECONDS)


async def test_a_batch_over_the_limit_says_that_it_is_too_large() -> None:
    async with talking(answer(200, OLD.encode(), JSON), max_message_bytes=100) as (transport, _):
        with pytest.raises(GatewayBroken) as raised:
            await polled(transport)

    assert raised.value.code == "RESOURCE_EXHAUSTED"
