"""CMX-25 to CMX-34 and CMX-37: what expressions make of failures, and what failures say."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.rows.support import NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed, thrown, variables_of
from tests.support.scripted_server import answer, hang, reset
from worker.outcome import Outcome


async def asked(scene: Scene, expression: str, type: str, *, status: int = 409, **job: Any) -> Outcome:
    """The outcome of a job with an error expression, whose service answers with a status."""
    service = await scene.serve_json({"detail": "taken", "wait": 7}, status)
    variables = {"url": service.url(), "method": "GET"}
    return await scene.run(variables, {"errorExpression": expression}, type=type, **job)


@both_faces
async def test_cmx_25_a_bpmn_error_with_a_code_alone(scene: Scene, type: str) -> None:
    outcome = thrown(await asked(scene, '=bpmnError("TAKEN")', type))
    assert (outcome.code, outcome.message, variables_of(outcome)) == ("TAKEN", None, {})


@both_faces
@pytest.mark.parametrize(
    ("arguments", "variables", "retries", "backoff"),
    [
        ('"no"', {}, 0, 0),
        ('"no", {a: error.code}', {"a": "409"}, 0, 0),
        ('"no", {a: 1}, job.retries - 1', {"a": 1}, 2, 0),
        ('"no", {a: 1}, 5, @"PT10S"', {"a": 1}, 5, 10_000),
        ('"no", {}, 5, duration("PT" + string(response.error.variables.response.body.wait) + "S")', {}, 5, 7_000),
    ],
)
async def test_cmx_26_a_job_error_has_up_to_four_arguments(
    scene: Scene, type: str, arguments: str, variables: dict[str, Any], retries: int, backoff: int
) -> None:
    outcome = failed(await asked(scene, f"=jobError({arguments})", type))
    assert outcome.message.startswith("no")
    assert variables_of(outcome) == {**variables, "error": "no"}
    assert (outcome.retries, outcome.backoff) == (retries, backoff)


@both_faces
async def test_cmx_27_an_ignored_error_completes_the_job(scene: Scene, type: str) -> None:
    assert completed(await asked(scene, "=ignoreError()", type)) == {}
    expression = "=ignoreError({found: false, why: error.variables.response.body.detail})"
    assert completed(await asked(scene, expression, type, status=404)) == {"found": False, "why": "taken"}


@both_faces
@pytest.mark.parametrize(
    ("arguments", "lowest", "highest"),
    [
        ("1", 45, 55),
        ("2", 72, 88),
        ("100", 4_500, 5_500),
        ('2, @"PT1S"', 1_440, 1_760),
        ('3, @"PT1S", 2', 3_600, 4_400),
        ('9, @"PT1S", 2, @"PT30S"', 27_000, 33_000),
        ('3, @"PT1S", 2, @"PT1M", 0', 4_000, 4_000),
        ('9, @"PT1S", 2, @"PT1M", 0', 60_000, 60_000),
        ('1, @"PT1S", 2, @"PT1M", 0.5', 500, 1_500),
    ],
)
async def test_cmx_28_a_back_off_grows_by_a_factor(
    scene: Scene, type: str, arguments: str, lowest: int, highest: int
) -> None:
    outcome = failed(await asked(scene, f'=jobError("no", {{}}, 2, backoff({arguments}))', type))
    assert outcome.backoff is not None
    assert lowest <= outcome.backoff <= highest


@both_faces
async def test_cmx_28_attempts_begin_with_one(scene: Scene, type: str) -> None:
    outcome = failed(await asked(scene, '=jobError("no", {}, 2, backoff(0))', type))
    assert outcome.retries == 0
    assert "'attempt' of function 'backoff' must be at least 1" in outcome.message


@both_faces
async def test_cmx_29_the_error_expression_sees_the_remaining_tries(scene: Scene, type: str) -> None:
    expression = '=if job.retries = 1 then bpmnError("GIVEN_UP") else null'
    assert failed(await asked(scene, expression, type, retries=2)).retries == 1
    assert thrown(await asked(scene, expression, type, retries=1)).code == "GIVEN_UP"


@both_faces
@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("=bpmnError(404)", "Parameter 'errorCode' of function 'bpmnError' must be a String"),
        ('=bpmnError("A", "b", "c")', "Parameter 'variables' of function 'bpmnError' must be a Context"),
        ('=jobError("no", {}, "3")', "Parameter 'retries' of function 'jobError' must be a Number"),
        ('=jobError("no", {}, 3, "PT1S")', "Parameter 'retryBackoff' of function 'jobError'"),
        ("=ignoreError(1)", "Parameter 'variables' of function 'ignoreError' must be a Context"),
        ('="TAKEN"', "must return a JSON object, but got string"),
        ("=5", "must return a JSON object, but got number"),
        ("=true", "must return a JSON object, but got boolean"),
        ('=[bpmnError("A")]', "must return a JSON object, but got array"),
        ('={code: "A"}', "Cannot parse"),
        ("=if then", "failed to parse expression"),
    ],
)
async def test_cmx_30_a_wrong_error_expression_fails_for_good_and_says_why(
    scene: Scene, type: str, expression: str, said: str
) -> None:
    for status in (200, 409):
        outcome = failed(await asked(scene, expression, type, status=status))
        assert outcome.retries == 0
        assert said in outcome.message


@both_faces
@pytest.mark.parametrize(
    ("expression", "kind"),
    [("=body.detail", "string"), ("=1 + 1", "number"), ("=true", "boolean"), ("=[body]", "array")],
)
async def test_cmx_31_a_result_expression_must_give_a_context(
    scene: Scene, type: str, expression: str, kind: str
) -> None:
    service = await scene.serve_json({"detail": "text"})
    variables = {"url": service.url(), "method": "GET"}
    outcome = failed(await scene.run(variables, {"resultExpression": expression}, type=type))
    assert outcome.retries == 0
    assert f"Result expression must return a JSON object, but got {kind}" in outcome.message


@both_faces
@pytest.mark.parametrize(
    "wrong",
    [
        {"url": ""},
        {"url": "ftp://h/"},
        {"method": "TELEPORT"},
        {"readTimeoutInSeconds": "soon"},
        {"headers": "text"},
        {"authentication": {"type": "basic"}},
        {"authentication": {"type": "magic"}},
        {"followRedirects": "maybe"},
        {"url": "http:///path"},
    ],
)
async def test_cmx_32_wrong_input_is_an_incident_at_once(scene: Scene, type: str, wrong: dict[str, Any]) -> None:
    outcome = failed(await scene.run({"url": "http://127.0.0.1:1/", "method": "GET", **wrong}, type=type))
    assert outcome.retries == 0
    assert error_of(outcome)["type"] == "io.camunda.connector.api.error.ConnectorInputException"


@pytest.fixture
def unreachable() -> Any:
    """A port that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@both_faces
async def test_cmx_33_calls_without_an_answer_share_a_code(scene: Scene, type: str, unreachable: int) -> None:
    silent, breaking = await scene.serve(hang), await scene.serve(reset)
    kinds = {
        "timeout_read": silent.url(),
        "reset": breaking.url(),
        "connect": f"http://127.0.0.1:{unreachable}/",
        "dns": "http://nowhere.invalid/",
    }
    for kind, url in kinds.items():
        variables = {"url": url, "method": "POST", "readTimeoutInSeconds": 1}
        outcome = failed(await scene.run(variables, type=type))
        error = error_of(outcome)
        assert (error["code"], outcome.retries) == ("408", 2), kind
        assert error.get("variables", {}).get("kind") == (kind if type == NATIVE else None)


@both_faces
async def test_cmx_34_what_is_not_http_has_the_code_500(scene: Scene, type: str) -> None:
    for sent in (b"HTTP/3.9 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Encoding: martian\r\n\r\nx"):
        service = await scene.serve(sent)
        outcome = failed(await scene.run({"url": service.url(), "method": "POST"}, type=type))
        assert (error_of(outcome)["code"], outcome.retries) == ("500", 2)


@both_faces
async def test_cmx_37_messages_are_cut_at_6000_characters(scene: Scene, type: str) -> None:
    service = await scene.serve_json({"long": "x" * 10_000}, 400)
    variables = {"url": service.url(), "method": "GET"}
    outcome = failed(await scene.run(variables, type=type))
    assert len(outcome.message) == 6_000
    assert error_of(outcome)["variables"]["response"]["body"] == {"long": "x" * 10_000}
    expression = {"errorExpression": '=bpmnError("E", error.variables.response.body.long)'}
    assert thrown(await scene.run(variables, expression, type=type)).message == "x" * 6_000


async def test_cmx_37_an_ordinary_answer_is_not_cut(scene: Scene) -> None:
    service = await scene.serve(answer(404, b"x" * 5_000, reason="Not Found"))
    outcome = failed(await scene.run({"url": service.url()}))
    assert outcome.message.startswith("Not Found | Error variables: ")
    assert "x" * 5_000 in outcome.message
