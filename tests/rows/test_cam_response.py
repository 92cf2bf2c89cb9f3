"""CAM-070 to CAM-073, CAM-080 to CAM-091: the response, its way into the process, and failures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed, thrown, variables_of
from tests.support.scripted_server import answer
from worker.outcome import Outcome


async def outcome_of(
    scene: Scene, response: bytes, custom: dict[str, str] | None = None, type: str = NATIVE, **variables: Any
) -> Outcome:
    """What becomes of a GET that gets this answer."""
    service = await scene.serve(response)
    return await scene.run({"method": "GET", "url": service.url(), **variables}, custom, type=type)


async def response_of(scene: Scene, response: bytes, type: str = NATIVE) -> Any:
    """`response` as result expressions see it."""
    return completed(await outcome_of(scene, response, {"resultVariable": "r"}, type))["r"]


async def error_for(scene: Scene, response: bytes, type: str = NATIVE) -> Any:
    return error_of(failed(await outcome_of(scene, response, type=type)))


@both_faces
async def test_cam_070_the_response_is_no_process_variable_by_itself(scene: Scene, type: str) -> None:
    assert completed(await outcome_of(scene, answer(200, b'{"a":1}'), type=type)) == {}
    seen = {"resultExpression": "={whole: response}"}
    whole = completed(await outcome_of(scene, answer(200, b'{"a":1}'), seen, type))["whole"]
    assert set(whole) == {"status", "headers", "body", "reason", "document"}


@both_faces
@pytest.mark.parametrize("status", [200, 201, 202, 299, 302, 399])
async def test_cam_071_status(scene: Scene, type: str, status: int) -> None:
    assert (await response_of(scene, answer(status, b"x"), type))["status"] == status


@both_faces
@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('{"a":[1,null]}', {"a": [1, None]}),
        ('[{"a":1}]', [{"a": 1}]),
        ("plain ü", "plain ü"),
        ('{"broken":', '{"broken":'),
        ("", None),
    ],
)
async def test_cam_072_body(scene: Scene, type: str, text: str, body: Any) -> None:
    assert (await response_of(scene, answer(200, text.encode()), type))["body"] == body


@both_faces
async def test_cam_073_headers_keep_their_names(scene: Scene, type: str) -> None:
    headers = (
        await response_of(scene, answer(200, b"", "X-Request-ID: 5", "Set-Cookie: a=1", "Set-Cookie: b=2"), type)
    )["headers"]
    assert headers == {"X-Request-ID": "5", "Set-Cookie": ["a=1", "b=2"], "Content-Length": "0"}


@both_faces
async def test_cam_080_the_result_variable_has_the_whole_response(scene: Scene, type: str) -> None:
    result = await response_of(scene, answer(201, b'{"id":7}', "X-A: 1", reason="Created"), type)
    assert result == {
        "status": 201,
        "headers": {"X-A": "1", "Content-Length": "8"},
        "body": {"id": 7},
        "reason": "Created",
        "document": None,
    }


@both_faces
async def test_cam_081_the_result_expression_gives_variables(scene: Scene, type: str) -> None:
    custom = {"resultExpression": "={second: response.body.items[2], n: count(body.items), s: status}"}
    outcome = await outcome_of(scene, answer(200, b'{"items":["a","b"]}'), custom, type)
    assert completed(outcome) == {"second": "b", "n": 2, "s": 200}


@both_faces
async def test_cam_081_variable_and_expression_together_are_both_written(scene: Scene, type: str) -> None:
    custom = {"resultVariable": "whole", "resultExpression": "={id: body.id}"}
    variables = completed(await outcome_of(scene, answer(200, b'{"id":7}'), custom, type))
    assert (variables["id"], variables["whole"]["body"]) == (7, {"id": 7})


@both_faces
@pytest.mark.parametrize("custom", [{}, {"resultVariable": "", "resultExpression": " "}])
async def test_cam_082_without_either_the_job_completes_without_variables(
    scene: Scene, type: str, custom: dict[str, str]
) -> None:
    assert completed(await outcome_of(scene, answer(200, b'{"a":1}'), custom, type)) == {}


@both_faces
@pytest.mark.parametrize("status", [400, 404, 418, 500, 503, 599])
async def test_cam_083_a_status_of_400_and_above_fails_the_job(scene: Scene, type: str, status: int) -> None:
    outcome = failed(await outcome_of(scene, answer(status, b"x", reason="Odd"), {"retryBackoff": "PT5S"}, type))
    assert (outcome.retries, outcome.backoff) == (2, 5_000)
    assert outcome.message.startswith("Odd")
    assert set(variables_of(outcome)) == {"error"}


@both_faces
async def test_cam_084_the_code_is_the_status_as_text(scene: Scene, type: str) -> None:
    assert (await error_for(scene, answer(422), type))["code"] == "422"


@both_faces
async def test_cam_085_the_message_is_the_reason(scene: Scene, type: str) -> None:
    assert (await error_for(scene, answer(404, reason="No such order"), type))["message"] == "No such order"


async def test_cam_085_without_a_reason_it_is_the_standard_phrase(scene: Scene) -> None:
    assert (await error_for(scene, answer(404, reason="")))["message"] == "Not Found"


async def test_cam_085_the_compatible_face_leaves_it_empty(scene: Scene) -> None:
    assert (await error_for(scene, answer(404, reason=""), CAMUNDA))["message"] == ""


@both_faces
async def test_cam_086_the_type_is_the_one_that_models_compare(scene: Scene, type: str) -> None:
    error = await error_for(scene, answer(500), type)
    assert error["type"] == "io.camunda.connector.api.error.ConnectorException"


@both_faces
@pytest.mark.parametrize(("text", "body"), [('{"detail":"x"}', {"detail": "x"}), ("sorry", "sorry")])
async def test_cam_087_headers_and_body_of_the_error(scene: Scene, type: str, text: str, body: Any) -> None:
    response = (await error_for(scene, answer(409, text.encode(), "X-Request-ID: 5"), type))["variables"]["response"]
    assert response["body"] == body
    assert response["headers"] == {"X-Request-ID": "5", "Content-Length": str(len(text))}


@pytest.mark.parametrize("text", ['[{"a":1},{"b":2}]', "[1,2]", "[]"])
async def test_cam_087_a_list_is_kept(scene: Scene, text: str) -> None:
    response = (await error_for(scene, answer(409, text.encode())))["variables"]["response"]
    assert str(response["body"]).replace(" ", "").replace("'", '"') == text


@pytest.mark.parametrize(("text", "body"), [('[{"a":1},{"b":2}]', None), ("[1,2]", None), ('[{"a":1}]', {"a": 1})])
async def test_cam_087_the_compatible_face_loses_lists(scene: Scene, text: str, body: Any) -> None:
    response = (await error_for(scene, answer(409, text.encode()), CAMUNDA))["variables"]["response"]
    assert response["body"] == body


@both_faces
async def test_cam_088_the_error_expression_sees_the_error_and_the_response(scene: Scene, type: str) -> None:
    custom = {
        "errorExpression": '=if error != null and error.code = "404" then bpmnError("GONE", "no order") '
        'else if response.body.state = "bad" then bpmnError("BAD", "bad state") else null'
    }
    gone = thrown(await outcome_of(scene, answer(404), custom, type))
    assert (gone.code, gone.message) == ("GONE", "no order")
    assert thrown(await outcome_of(scene, answer(200, b'{"state":"bad"}'), custom, type)).code == "BAD"
    assert completed(await outcome_of(scene, answer(200, b'{"state":"good"}'), custom, type)) == {}


@both_faces
@pytest.mark.parametrize("expression", ["=null", "={}", "", '=if error.code = "1" then bpmnError("A") else null'])
async def test_cam_088_null_or_empty_leaves_things_as_they_are(scene: Scene, type: str, expression: str) -> None:
    custom = {"errorExpression": expression}
    assert failed(await outcome_of(scene, answer(404), custom, type)).retries == 2
    assert completed(await outcome_of(scene, answer(200), custom, type)) == {}


@both_faces
async def test_cam_089_bpmn_error_with_code_and_message(scene: Scene, type: str) -> None:
    custom = {"errorExpression": '=bpmnError("E" + error.code, "said: " + error.message)'}
    error = thrown(await outcome_of(scene, answer(400, reason="Bad"), custom, type))
    assert (error.code, error.message) == ("E400", "said: Bad")


@both_faces
async def test_cam_090_bpmn_error_with_variables(scene: Scene, type: str) -> None:
    custom = {"errorExpression": '=bpmnError("E", "m", {why: error.variables.response.body.detail})'}
    error = thrown(await outcome_of(scene, answer(400, b'{"detail":"stock"}'), custom, type))
    assert variables_of(error) == {"why": "stock"}


@both_faces
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, b'{"error":{"type":"x"}}', "BAD"),
        (500, b"", "OTHER"),
        (200, b'{"order":{"lines":[{"qty":3}]}}', "TOO_MANY"),
        (200, b'{"order":{"lines":[{"qty":1}]}}', None),
    ],
)
async def test_cam_091_the_functions_of_the_pages_example(
    scene: Scene, type: str, status: int, body: bytes, code: str | None
) -> None:
    custom = {
        "errorExpression": '=if matches(error.code, "400") and error.variables.response.body.error.type = "x" '
        'then bpmnError("BAD", "b") else if error != null then bpmnError("OTHER", "o") '
        'else if response.status = 200 and response.body.order.lines[1].qty = 3 then bpmnError("TOO_MANY", "t") '
        "else null"
    }
    outcome = await outcome_of(scene, answer(status, body), custom, type)
    assert (completed(outcome) == {}) if code is None else (thrown(outcome).code == code)
