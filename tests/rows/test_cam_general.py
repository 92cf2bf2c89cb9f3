"""CAM-001 to CAM-004, CAM-095, CAM-097: what a task is, where its inputs come from, and what must be there."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed

NINE = {
    "body": {"a": 1},
    "method": "PUT",
    "headers": {"X-Trace": "t1"},
    "authentication": {"type": "bearer", "token": "tok"},
    "queryParameters": {"q": "1"},
    "connectionTimeoutInSeconds": "20",
    "readTimeoutInSeconds": 20,
    "writeTimeoutInSeconds": 20,
}
ENDPOINT = "http://127.0.0.1:1/token"


@both_faces
async def test_cam_001_a_task_calls_a_service_and_its_result_is_used_later(scene: Scene, type: str) -> None:
    service = await scene.serve_json({"id": 7})
    variables = {"method": "GET", "url": service.url("/orders/7")}
    outcome = await scene.run(variables, {"resultExpression": "={orderId: response.body.id}"}, type=type)
    assert completed(outcome) == {"orderId": 7}
    assert service.requests[0].line == "GET /orders/7 HTTP/1.1"


@both_faces
async def test_cam_002_all_nine_reserved_names_are_inputs(scene: Scene, type: str) -> None:
    service = await scene.serve()
    completed(await scene.run({**NINE, "url": service.url("/a")}, type=type))
    request = service.requests[0]
    assert (request.line, request.body) == ("PUT /a?q=1 HTTP/1.1", b'{"a":1}')
    assert (request.value("x-trace"), request.value("authorization")) == ("t1", "Bearer tok")


async def test_cam_002_a_process_variable_body_does_no_harm_to_a_method_without_one(scene: Scene) -> None:
    service = await scene.serve()
    completed(await scene.run({"url": service.url(), "method": "GET", "body": {"of": "another task"}}))
    assert (service.requests[0].body, service.requests[0].value("content-length")) == (b"", None)


async def test_cam_002_namespaced_inputs_keep_all_nine_names_free(scene: Scene) -> None:
    service = await scene.serve()
    foreign = {**dict.fromkeys(NINE, "foreign data"), "url": "http://foreign.invalid"}
    variables = {**foreign, "request": {"url": service.url("/mine"), "method": "POST", "body": "mine"}}
    completed(await scene.run(variables, {"httpOptions.inputs": "namespaced"}))
    request = service.requests[0]
    assert (request.line, request.body) == ("POST /mine HTTP/1.1", b"mine")
    assert request.value("authorization") is None


@pytest.mark.parametrize(
    ("variables", "custom", "message"),
    [
        ({"httpOptions": {"inputs": "namespaced"}}, {}, "httpOptions.inputs is read from a task header of its own"),
        ({"httpOptions": {"inputs": "namespaced"}}, {"httpOptions.inputs": ""}, "httpOptions.inputs is read from"),
        (
            {"httpOptions": {"errors": {"immediate": True}}},
            {},
            "httpOptions.errors.immediate is read from a task header",
        ),
        ({}, {"httpOptions": '={errors: {mode: "bpmn"}}'}, "httpOptions.errors.mode is read from a task header"),
        ({}, {"inputs": '={httpOptions: {inputs: "namespaced"}}'}, "httpOptions.inputs is read from a task header"),
        ({}, {"httpOptions.inputs": "flat"}, "can only be namespaced"),
    ],
)
async def test_cam_002_what_would_be_ignored_is_refused(
    scene: Scene, variables: dict[str, Any], custom: dict[str, str], message: str
) -> None:
    service = await scene.serve()
    outcome = failed(await scene.run({"url": service.url(), **variables}, custom))
    assert (outcome.retries, service.requests) == (0, [])
    assert message in outcome.message


async def test_cam_003_the_write_timeout_limits_sending_the_body(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        limits = {"writeTimeoutInSeconds": 1, "readTimeoutInSeconds": 0}
        outcome = failed(await scene.run({"url": url, "method": "POST", "body": "x" * 30_000_000, **limits}))
    assert error_of(outcome)["code"] == "408"


async def test_cam_003_the_write_timeout_must_be_a_number(scene: Scene) -> None:
    outcome = failed(await scene.run({"url": "http://127.0.0.1:1/", "writeTimeoutInSeconds": "soon"}))
    assert outcome.retries == 0
    assert "writeTimeoutInSeconds" in outcome.message


@both_faces
@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"url": None}, "url"),
        ({"url": " "}, "url"),
        ({"authentication": {"type": "basic", "password": "p"}}, "authentication.username"),
        ({"authentication": {"type": "bearer"}}, "authentication.token"),
        ({"authentication": {"type": "apiKey", "apiKeyLocation": "headers", "value": "v"}}, "authentication.name"),
        ({"authentication": {"type": "apiKey", "apiKeyLocation": "query", "name": "n"}}, "authentication.value"),
        (
            {"authentication": {"type": "oauth-client-credentials-flow", "clientId": "c", "clientSecret": "s"}},
            "authentication.oauthTokenEndpoint",
        ),
        (
            {"authentication": {"type": "oauth-refresh-token", "oauthTokenEndpoint": ENDPOINT, "clientId": "c"}},
            "authentication.refreshToken",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_cam_004_a_missing_mandatory_field_is_named_and_not_tried_again(
    scene: Scene, type: str, inputs: dict[str, Any], field: str
) -> None:
    service = await scene.serve()
    outcome = failed(await scene.run({"method": "GET", "url": service.url(), **inputs}, type=type))
    assert outcome.retries == 0
    assert f"Property: {field}: " in outcome.message
    assert service.requests == []


async def test_cam_004_the_method_is_mandatory_in_the_compatible_face(scene: Scene) -> None:
    outcome = failed(await scene.run({"url": "http://127.0.0.1:1/"}, type=CAMUNDA))
    assert outcome.retries == 0
    assert "Property: method: " in outcome.message


async def test_cam_095_headers_give_inputs_and_their_expressions_are_evaluated(scene: Scene) -> None:
    service = await scene.serve()
    headers = {
        "url": f'="{service.url("/orders/")}" + string(orderId)',
        "method": "post",
        "inputs": "={body: {total: sum(prices)}, queryParameters: {a: 1}}",
        "headers.X-Sum": "=string(sum(prices))",
    }
    completed(await scene.run({"orderId": 7, "prices": [1, 2], "method": "DELETE"}, headers))
    request = service.requests[0]
    assert (request.line, request.body) == ("POST /orders/7?a=1 HTTP/1.1", b'{"total":3}')
    assert request.value("x-sum") == "3"


async def test_cam_095_expressions_in_variables_are_evaluated_where_the_operator_says_so(scene: Scene) -> None:
    service = await scene.serve()
    scene.environ["REST_CONNECTOR_INPUT_EXPRESSIONS"] = "all"
    variables = {"url": f'="{service.url("/")}" + "a"', "method": "POST", "body": {"x": "=1+1", "deep": {"y": "=1+1"}}}
    completed(await scene.run(variables))
    assert service.requests[0].line == "POST /a HTTP/1.1"
    assert service.requests[0].body == b'{"x":2,"deep":{"y":"=1+1"}}'


@pytest.mark.parametrize(
    ("input", "given"),
    [
        ("url", {"url": "=a"}),
        ("method", {"method": "=a"}),
        ("headers", {"headers": "=a"}),
        ("authentication", {"authentication": "=a"}),
        ("authentication.type", {"authentication": {"type": "=a"}}),
        (
            "authentication.oauthTokenEndpoint",
            {
                "authentication": {
                    "type": "oauth-refresh-token",
                    "oauthTokenEndpoint": "=a",
                    "clientId": "c",
                    "refreshToken": "r",
                }
            },
        ),
        ("readTimeoutInSeconds", {"readTimeoutInSeconds": "=a"}),
        ("documentReturnFormat.choice", {"documentReturnFormat": {"choice": "=a"}}),
    ],
)
async def test_cam_095_a_text_that_looks_like_an_expression_is_named_in_the_failure_it_causes(
    scene: Scene, input: str, given: dict[str, Any]
) -> None:
    service = await scene.serve()
    variables = {"url": service.url(), "method": "GET", **given}
    native = failed(await scene.run(variables, type=NATIVE))
    assert f"variable {input} begins with '=' but is text here" in native.message
    assert f"header named {input}" in native.message or "REST_CONNECTOR_INPUT_EXPRESSIONS=all" in native.message
    compatible = failed(await scene.run(variables, type=CAMUNDA))
    assert f"{input} begins with '=' but is text here" in compatible.message
    assert f"task header named {input}" in compatible.message


async def test_cam_095_a_failing_expression_names_the_input_the_position_and_the_text(scene: Scene) -> None:
    outcome = failed(await scene.run({}, {"url": '="http://" + ('}))
    assert outcome.retries == 0
    assert "The expression of header url failed: " in outcome.message
    assert '="http://" + (' in outcome.message


async def test_cam_097_a_template_built_on_the_rest_connector_runs_unchanged(scene: Scene) -> None:
    """The job of a template in the shape of Camunda's GitHub connector: many inputs that are none of ours."""
    service = await scene.serve_json([{"number": 5, "title": "Crash"}])
    variables = {
        "authentication": {"type": "bearer", "token": "{{secrets.GITHUB}}"},
        "operationGroup": "issues",
        "operationType": "listRepositoryIssues",
        "owner": "camunda",
        "repo": "connectors",
        "baseUrl": service.url(""),
        "url": service.url("/repos/camunda/connectors/issues"),
        "method": "get",
        "headers": {"X-GitHub-Api-Version": "2022-11-28"},
        "queryParameters": {"per_page": "1"},
        "connectionTimeoutInSeconds": "20",
        "readTimeoutInSeconds": "20",
    }
    headers = {
        "elementTemplateId": "io.camunda.connectors.GitHub.v1",
        "elementTemplateVersion": "9",
        "resultExpression": "={first: response.body[1].title}",
        "errorExpression": '=if error.code = "404" then bpmnError("NO_REPO", error.message) else null',
        "retryBackoff": "PT0S",
    }
    scene.environ["SECRET_GITHUB"] = "ghp-token"
    assert completed(await scene.run(variables, headers, type=CAMUNDA)) == {"first": "Crash"}
    request = service.requests[0]
    assert request.line == "GET /repos/camunda/connectors/issues?per_page=1 HTTP/1.1"
    assert request.value("authorization") == "Bearer ghp-token"
    assert request.value("x-github-api-version") == "2022-11-28"
