"""CMX-20 to CMX-24: where secrets may stand, who may name them, and that they never show."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed, thrown
from tests.support.scripted_server import answer
from tests.support.worker_process import worker

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
                  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
  <bpmn:process id="p">
    <bpmn:serviceTask id="call" zeebe:modelerTemplate="t"><bpmn:extensionElements>
      <zeebe:ioMapping><zeebe:input source="Bearer {{secrets.MINE}}" target="headers.A" /></zeebe:ioMapping>
      <zeebe:taskHeaders><zeebe:header key="headers.B" value="{{secrets.HEADER}}" /></zeebe:taskHeaders>
    </bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:serviceTask id="plain"><bpmn:extensionElements>
      <zeebe:taskHeaders><zeebe:header key="headers.B" value="{{secrets.HEADER}}" /></zeebe:taskHeaders>
    </bpmn:extensionElements></bpmn:serviceTask>
  </bpmn:process>
</bpmn:definitions>"""


def secrets(scene: Scene, **values: str) -> None:
    scene.environ |= {f"SECRET_{name}": value for name, value in values.items()}


async def sent_headers(scene: Scene, given: Mapping[str, str], type: str, **job: Any) -> dict[str, str]:
    """What headers of a task become on the wire."""
    service = await scene.serve_json({})
    completed(await scene.run({"url": service.url(), "method": "GET", "headers": given}, type=type, **job))
    return dict(service.requests[0].headers)


@both_faces
async def test_cmx_20_a_reference_is_replaced_wherever_it_stands(scene: Scene, type: str) -> None:
    secrets(scene, HOST="127.0.0.1", KEY='a"b\\c', USER="u", PASS="p")
    service = await scene.serve_json({})
    variables = {
        "url": service.url("/{{secrets.USER}}", host="{{secrets.HOST}}"),
        "method": "POST",
        "headers": {"X-Key": "<{{ secrets.KEY }}>"},
        "queryParameters": {"q": "{{secrets.USER }}"},
        "body": {"deep": [{"k": "{{secrets.KEY}}"}]},
        "authentication": {"type": "basic", "username": "{{secrets.USER}}", "password": "{{secrets.PASS}}"},
    }
    completed(await scene.run(variables, type=type))
    (request,) = service.requests
    assert request.line == "POST /u?q=u HTTP/1.1"
    assert request.value("x-key") == '<a"b\\c>'
    assert json.loads(request.body) == {"deep": [{"k": 'a"b\\c'}]}
    assert request.value("authorization") == "Basic " + base64.b64encode(b"u:p").decode()


@both_faces
async def test_cmx_20_a_missing_secret_fails_for_good_and_is_named(scene: Scene, type: str) -> None:
    service = await scene.serve_json({})
    outcome = failed(
        await scene.run({"url": service.url(), "method": "GET", "headers": {"A": "{{secrets.NO}}"}}, type=type)
    )
    assert outcome.retries == 0
    assert "Secret with name 'NO' is not available" in outcome.message
    assert service.requests == []


async def test_cmx_21_a_bare_reference_is_text_unless_the_operator_says_otherwise(scene: Scene) -> None:
    secrets(scene, KEY="value")
    given = {"A": "see secrets.KEY", "B": "{{secrets.KEY}}"}
    sent = await sent_headers(scene, given, NATIVE)
    assert (sent["A"], sent["B"]) == ("see secrets.KEY", "value")
    assert (await sent_headers(scene, given, CAMUNDA))["A"] == "see value"


async def test_cmx_21_the_switch_turns_them_on(scene: Scene) -> None:
    secrets(scene, KEY="value")
    scene.environ["REST_CONNECTOR_SECRETS__BARE"] = "true"
    assert (await sent_headers(scene, {"A": "see secrets.KEY"}, NATIVE))["A"] == "see value"


@both_faces
async def test_cmx_22_with_an_allow_list_other_references_stay_text(scene: Scene, type: str) -> None:
    secrets(scene, MINE="m", OTHER="o")
    scene.environ["REST_CONNECTOR_SECRETS__ALLOW"] = "MINE,THIRD"
    sent = await sent_headers(scene, {"A": "{{secrets.MINE}}", "B": "{{secrets.OTHER}}"}, type)
    assert (sent["A"], sent["B"]) == ("m", "{{secrets.OTHER}}")


async def engine_with_model(scene: Scene) -> str:
    engine = await scene.serve(answer(200, MODEL.encode(), "Content-Type: text/xml"))
    return engine.url("").rstrip("/")


@both_faces
@pytest.mark.parametrize("mode", ["STRICT", "lax"])
async def test_cmx_22_the_model_decides_which_secrets_a_task_may_name(scene: Scene, type: str, mode: str) -> None:
    secrets(scene, MINE="m", OTHER="o")
    scene.environ["CAMUNDA_CONNECTOR_SECRET_RESOLVER_SECRET_FILTER_MODE"] = mode
    scene.environ["CAMUNDA_CLIENT_REST_ADDRESS"] = await engine_with_model(scene)
    given = {"A": "{{secrets.MINE}}", "B": "{{secrets.OTHER}}"}
    sent = await sent_headers(scene, given, type, element_id="call", process_definition_key=1)
    assert (sent["A"], sent["B"]) == ("m", "{{secrets.OTHER}}")


@pytest.mark.parametrize("element", ["call", "plain"])
async def test_cmx_22_task_headers_belong_to_the_model_of_a_native_task(scene: Scene, element: str) -> None:
    secrets(scene, HEADER="h")
    scene.environ["REST_CONNECTOR_SECRETS__FILTER"] = "STRICT"
    scene.environ["REST_CONNECTOR_SECRETS__ENGINE"] = await engine_with_model(scene)
    members = {"element_id": element, "process_definition_key": 1}
    service = await scene.serve_json({})
    headers = {"url": service.url(), "headers.B": "{{secrets.HEADER}}"}
    completed(await scene.run({}, headers, **members))
    assert service.requests[0].value("b") == "h"
    # Camunda's connector looks at input mappings of templates only.
    sent = await sent_headers(scene, {"B": "{{secrets.HEADER}}"}, CAMUNDA, **members)
    assert sent["B"] == "{{secrets.HEADER}}"


@pytest.mark.parametrize(("mode", "retries"), [("STRICT", 2), ("LAX", None)])
async def test_cmx_22_without_the_model_strict_fails_and_lax_allows(
    scene: Scene, mode: str, retries: int | None
) -> None:
    secrets(scene, MINE="m")
    scene.environ["REST_CONNECTOR_SECRETS__FILTER"] = mode
    engine = await scene.serve(answer(503))
    scene.environ["REST_CONNECTOR_SECRETS__ENGINE"] = engine.url("").rstrip("/")
    service = await scene.serve_json({})
    outcome = await scene.run({"url": service.url(), "headers": {"A": "{{secrets.MINE}}"}})
    if retries is None:
        completed(outcome)
        assert service.requests[0].value("a") == "m"
    else:
        assert failed(outcome).retries == retries
        assert service.requests == []


async def test_cmx_22_a_secret_cannot_pull_in_another(scene: Scene) -> None:
    secrets(scene, OUTER="{{secrets.INNER}}", INNER="i")
    assert (await sent_headers(scene, {"A": "{{secrets.OUTER}}"}, NATIVE))["A"] == "{{secrets.INNER}}"


async def test_cmx_22_an_answer_cannot_ask_for_a_secret(scene: Scene) -> None:
    secrets(scene, KEY="value")
    service = await scene.serve_json({"echo": "{{secrets.KEY}}"})
    outcome = await scene.run({"url": service.url()}, {"resultExpression": "={echo: body.echo}"})
    assert completed(outcome) == {"echo": "{{secrets.KEY}}"}


@pytest.mark.parametrize("restriction", [None, "ALLOW", "FILTER"])
async def test_cmx_22_the_start_warns_when_data_may_name_every_secret(restriction: str | None) -> None:
    settings = {} if restriction is None else {f"REST_CONNECTOR_SECRETS__{restriction}": "STRICT"}
    async with worker("127.0.0.1:1", **settings) as process:
        await process.logged("worker started")
        warned = [line for line in process.lines if "can name every secret" in line["message"]]
    assert bool(warned) == (restriction is None)


async def test_cmx_23_secrets_of_the_environment_have_a_prefix(scene: Scene) -> None:
    scene.environ |= {"KEY": "without", "SECRET_KEY": "with"}
    assert (await sent_headers(scene, {"A": "{{secrets.KEY}}"}, CAMUNDA))["A"] == "with"


@pytest.mark.parametrize(("prefix", "value"), [("ORDERS_", "orders"), ("", "without")])
async def test_cmx_23_the_prefix_can_be_changed_by_camundas_name(scene: Scene, prefix: str, value: str) -> None:
    scene.environ |= {"KEY": "without", "SECRET_KEY": "with", "ORDERS_KEY": "orders"}
    scene.environ["CAMUNDA_CONNECTOR_SECRETPROVIDER_ENVIRONMENT_PREFIX"] = prefix
    assert (await sent_headers(scene, {"A": "{{secrets.KEY}}"}, CAMUNDA))["A"] == value


@both_faces
async def test_cmx_24_no_form_of_a_secret_shows_in_a_failure(scene: Scene, type: str) -> None:
    secret = 'pa/ss"wörd &x'
    secrets(scene, KEY=secret)
    echo = {
        "plain": secret,
        "json": json.dumps(secret),
        "url": "pa%2Fss%22w%C3%B6rd%20%26x",
        "form": "pa%2Fss%22w%C3%B6rd+%26x",
    }
    service = await scene.serve_json({"echo": echo}, 400)
    variables = {"url": service.url(), "method": "GET", "headers": {"X": "{{secrets.KEY}}"}}
    outcome = failed(await scene.run(variables, type=type))
    shown = outcome.message + (outcome.variables or "")
    assert "***" in shown
    for form in (*echo.values(), json.dumps(secret, ensure_ascii=False)[1:-1]):
        assert form not in shown


@both_faces
async def test_cmx_24_the_code_is_compared_by_models_and_never_masked(scene: Scene, type: str) -> None:
    secrets(scene, KEY="404")
    service = await scene.serve_json({"no": "404"}, 404)
    variables = {"url": service.url(), "method": "GET", "headers": {"X": "{{secrets.KEY}}"}}
    error = error_of(await scene.run(variables, type=type))
    assert error["code"] == "404"
    assert error["variables"]["response"]["body"] == {"no": "***"}
    throws = {"errorExpression": "=bpmnError(error.code)"}
    assert thrown(await scene.run(variables, throws, type=type)).code == "404"
