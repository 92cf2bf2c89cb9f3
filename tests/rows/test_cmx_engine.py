"""CMX-01 to CMX-06, CMX-40 and CMX-45: what the engine and the operator see, of a worker started as they start it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene
from tests.support.scripted_server import hang
from tests.support.worker_process import WorkerProcess, worker
from worker.dev.events import Event
from worker.dev.gateway import DevGateway

FACES = (NATIVE, CAMUNDA)
PATIENCE = 60.0  # seconds; a worker process needs some to start on a busy machine
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@dataclass
class Site:
    """A worker on a gateway in memory."""

    gateway: DevGateway
    worker: WorkerProcess

    def events(self, key: int, kind: str) -> list[Event]:
        return [event for event in self.gateway.events.of(key) if event.kind == kind]

    async def ended(self, variables: Mapping[str, Any], headers: Mapping[str, str], **job: Any) -> Event:
        """How a job ended."""
        key = self.gateway.add_job(job.pop("type", NATIVE), variables=variables, headers=headers, **job)
        return await self.gateway.ended(key, timeout=PATIENCE)

    async def metrics(self) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{await self.worker.pages()}/metrics") as page:
            return await page.text()


@asynccontextmanager
async def site(**environ: str) -> AsyncIterator[Site]:
    environ = {"REST_CONNECTOR_JOB_TYPES": f"{NATIVE},{CAMUNDA}", **environ}
    async with DevGateway() as gateway, worker(gateway.address, **environ) as process:
        yield Site(gateway, process)


# What the input mappings of older and newer template versions leave in a task.
TEMPLATE_INPUTS: dict[str, dict[str, Any]] = {
    "io.camunda.connectors.HttpJson.v1.noAuth 1": {"method": "post", "authentication": {"type": "noAuth"}},
    "io.camunda.connectors.HttpJson.v2 3": {"method": "POST", "connectionTimeoutInSeconds": "20"},
    "io.camunda.connectors.HttpJson.v2 10": {
        "method": "POST",
        "connectionTimeoutInSeconds": "20",
        "readTimeoutInSeconds": 20,
        "writeTimeoutInSeconds": "0",
        "groupSetCookieHeaders": False,
        "storeResponse": False,
        "ignoreNullValues": False,
        "skipEncoding": "false",
    },
    "io.camunda.connectors.HttpJson.v2 17": {
        "method": "POST",
        "authentication": {"type": "noAuth"},
        "clientTls": {"clientCertificate": "", "clientPrivateKey": None},
        "documentReturnFormat": {"choice": "JSON"},
        "followRedirects": False,
        "headers": None,
        "queryParameters": None,
        "connectionTimeoutInSeconds": 20,
        "readTimeoutInSeconds": 20,
    },
}


async def test_cmx_01_tasks_of_every_template_version_run_unchanged(scene: Scene) -> None:
    service = await scene.serve_json({"id": 7})
    async with site() as running:
        for type in FACES:
            for template, inputs in TEMPLATE_INPUTS.items():
                name, _, version = template.partition(" ")
                headers = {"elementTemplateId": name, "elementTemplateVersion": version, "resultVariable": "r"}
                variables = {"url": service.url("/a"), "body": {"a": 1}, **inputs}
                event = await running.ended(variables, headers, type=type)
                assert (event.kind, event.variables["r"]["body"]) == ("completed", {"id": 7}), template
        metrics = await running.metrics()
    assert {request.body for request in service.requests} == {b'{"a":1}'}
    assert 'elementTemplateId="io.camunda.connectors.HttpJson.v1.noAuth",elementTemplateVersion="1"' in metrics


def test_cmx_01_our_template_never_overwrites_camundas_in_a_modeler() -> None:
    ids = [json.loads(path.read_text())["id"] for path in TEMPLATES.glob("*.json")]
    assert ids
    assert not [identity for identity in ids if identity.startswith("io.camunda.")]


async def test_cmx_02_the_job_type_can_be_changed(scene: Scene) -> None:
    service = await scene.serve_json({"id": 7})
    variables = {"method": "GET", "url": service.url()}
    async with DevGateway() as gateway:
        async with (
            worker(gateway.address, CONNECTOR_HTTP_REST_TYPE="dmz:http:1") as inner,
            worker(gateway.address, CONNECTOR_HTTP_REST_TYPE="lan:http:1"),
        ):
            for type in ("dmz:http:1", "lan:http:1"):
                assert (await Site(gateway, inner).ended(variables, {}, type=type)).kind == "completed"
        gateway.add_job(CAMUNDA, variables=variables)
        assert {event.job_type for event in gateway.events if event.kind == "poll"} == {"dmz:http:1", "lan:http:1"}


async def test_cmx_03_the_lease_can_be_changed(scene: Scene) -> None:
    service = await scene.serve_json({})
    async with site(CONNECTOR_HTTP_REST_TIMEOUT="45000") as running:
        key = running.gateway.add_job(NATIVE, variables={"url": service.url()})
        await running.gateway.ended(key, timeout=PATIENCE)
        (activated,) = running.events(key, "activated")
    assert activated.timeout == 45_000


async def test_cmx_04_the_lease_is_set_before_the_call(scene: Scene) -> None:
    service = await scene.serve(hang)
    async with site() as running:
        key = running.gateway.add_job(NATIVE, variables={"url": service.url()}, headers={"jobTimeout": "PT10M"})
        extended = await running.gateway.wait_for("lease-extended", key, timeout=PATIENCE)
    assert extended.timeout == 600_000


async def test_cmx_04_a_wrong_lease_fails_for_good_before_the_call(scene: Scene) -> None:
    service = await scene.serve_json({})
    async with site() as running:
        for type in FACES:
            for timeout in ("PT0S", "PT-1M", "10 minutes", "P1W"):
                event = await running.ended({"url": service.url(), "method": "GET"}, {"jobTimeout": timeout}, type=type)
                assert (event.kind, event.retries) == ("incident", 0)
                assert timeout in event.message
        assert not [event for event in running.gateway.events if event.kind == "lease-extended"]
    assert service.requests == []


async def test_cmx_05_the_tries_of_the_task_are_used_up_one_by_one(scene: Scene) -> None:
    service = await scene.serve_json({"no": "way"}, 500)
    async with site() as running:
        for type in FACES:
            key = running.gateway.add_job(type, variables={"url": service.url(), "method": "GET"}, retries=3)
            assert (await running.gateway.ended(key, timeout=PATIENCE)).kind == "incident"
            assert [event.retries for event in running.events(key, "failed")] == [2, 1, 0]
    assert len(service.requests) == 6


def test_cmx_05_our_template_asks_for_three_tries() -> None:
    for path in TEMPLATES.glob("*.json"):
        for each in json.loads(path.read_text())["properties"]:
            if each["binding"].get("property") == "retries":
                assert each["value"] == "3"
                break
        else:
            pytest.fail(f"{path.name} sets no retries")


async def test_cmx_06_every_failure_carries_the_back_off(scene: Scene) -> None:
    service = await scene.serve_json({}, 500)
    variables, headers = {"url": service.url(), "method": "GET"}, {"retryBackoff": "PT30S"}
    async with site() as running:
        for type in FACES:
            for retries in (3, 1):
                key = running.gateway.add_job(type, variables=variables, headers=headers, retries=retries)
                failed = await running.gateway.wait_for("failed", key, timeout=PATIENCE)
                assert (failed.retries, failed.backoff) == (retries - 1, 30_000)


async def test_cmx_06_a_wrong_back_off_fails_for_good_and_says_what_is_expected(scene: Scene) -> None:
    service = await scene.serve_json({})
    async with site() as running:
        for type in FACES:
            event = await running.ended({"url": service.url(), "method": "GET"}, {"retryBackoff": "30 s"}, type=type)
            assert (event.kind, event.retries) == ("incident", 0)
            assert "Expected ISO-8601 duration, e.g. PT5M, got: 30 s" in event.message
    assert service.requests == []


async def test_cmx_40_jobs_are_counted_by_action_type_and_template(scene: Scene) -> None:
    fine, broken = await scene.serve_json({}), await scene.serve_json({}, 500)
    template = {"elementTemplateId": "t", "elementTemplateVersion": "4"}
    throws = {**template, "errorExpression": '=if error != null then bpmnError("E") else null'}
    async with site() as running:
        await running.ended({"url": fine.url()}, template)
        await running.ended({"url": broken.url()}, template, retries=1)
        await running.ended({"url": broken.url()}, throws, catches=["E"])
        await running.worker.logged("job done", count=3)
        metrics = await running.metrics()
    labels = f'elementTemplateId="t",elementTemplateVersion="4",type="{NATIVE}"'
    for action, count in (("activated", 3.0), ("completed", 1.0), ("failed", 1.0), ("bpmn-error", 1.0)):
        assert f'camunda_connector_outbound_invocations_total{{action="{action}",{labels}}} {count}' in metrics
    assert f"camunda_connector_outbound_execution_time_seconds_count{{{labels}}} 3.0" in metrics
    for name in ("last_completed", "last_failed"):
        start = f'camunda_connector_outbound_{name}{{type="{NATIVE}"'
        (line,) = [row for row in metrics.splitlines() if row.startswith(start)]
        assert float(line.split()[-1]) > 0


async def test_alf_20_open_breakers_show_in_the_metrics(scene: Scene) -> None:
    broken = await scene.serve_json({}, 500)
    rule = {"enabled": True, "window": 1, "minCalls": 1, "openMs": 60_000}
    async with site() as running:
        assert "rest_connector_circuit_breakers_open 0.0" in await running.metrics()
        await running.ended({"url": broken.url(), "httpOptions": {"circuitBreaker": rule}}, {}, retries=1)
        assert "rest_connector_circuit_breakers_open 1.0" in await running.metrics()


async def test_cmx_45_each_job_has_a_line_at_its_end_and_on_request_at_its_start(scene: Scene) -> None:
    service = await scene.serve_json({"answer": "payload-out"})
    headers = {"X-Header": "payload-header"}
    variables = {"url": service.url("/payload-path"), "method": "POST", "body": "payload-in", "headers": headers}
    async with site(REST_CONNECTOR_LOG__LEVEL="debug") as running:
        key = running.gateway.add_job(NATIVE, variables=variables, headers={"resultVariable": "r"})
        await running.gateway.ended(key, timeout=PATIENCE)
        started, done = await running.worker.logged("job arrived"), await running.worker.logged("job done")
        assert [line["job"] for line in (started, done)] == [key, key]
        for line, level in ((started, "debug"), (done, "info")):
            assert (line["level"], line["type"], line["tenant_id"]) == (level, NATIVE, "<default>")
        assert "payload" not in json.dumps(running.worker.lines)


async def test_cmx_45_the_lines_can_be_turned_off_but_for_failures(scene: Scene) -> None:
    fine, broken = await scene.serve_json({}), await scene.serve_json({}, 500)
    async with site(REST_CONNECTOR_LOG__JOBS="false") as running:
        await running.ended({"url": fine.url()}, {})
        await running.ended({"url": broken.url()}, {}, retries=1)
        assert (await running.worker.logged("job done"))["outcome"] == "incident"
        assert [line["message"] for line in running.worker.lines].count("job done") == 1
        assert "job arrived" not in [line["message"] for line in running.worker.lines]
