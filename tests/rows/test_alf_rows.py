"""The rows of Alfresco's REST connector: `dialect` = `alfresco`, its inputs, outputs, circuit breaker and errors."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.rows.support import CAMUNDA, Scene, error_of
from tests.support.job_runs import Lease, completed, failed, thrown, variables_of
from tests.support.scripted_server import ScriptedServer, answer, hang
from worker.outcome import Outcome

DIALECT = {"dialect": "alfresco"}
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
JSON = "Content-Type: application/json"

# The table of actions (3.1): which of the inputs and outputs each has.
WITHOUT_PAYLOAD = ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE")
WITHOUT_RESULT = ("HEAD", "OPTIONS")
ACTIONS = [
    ("ALF-01", "GET"),
    ("ALF-02", "HEAD"),
    ("ALF-03", "POST"),
    ("ALF-04", "PUT"),
    ("ALF-05", "PATCH"),
    ("ALF-06", "DELETE"),
    ("ALF-07", "OPTIONS"),
    ("ALF-08", "TRACE"),
]


async def run(scene: Scene, variables: dict[str, Any], headers: dict[str, str] | None = None, **job: Any) -> Outcome:
    return await scene.run(variables, {**DIALECT, **(headers or {})}, **job)


async def rest(scene: Scene, service: ScriptedServer, **inputs: Any) -> Any:
    """The variables of a completed job that calls a service."""
    return completed(await run(scene, {"restUrl": service.url("/a"), **inputs}))


async def check_action(scene: Scene, caplog: pytest.LogCaptureFixture, action: str) -> None:
    body = b"" if action == "HEAD" else b'{"id":7}'
    service = await scene.serve(answer(200, body, "X-Out: 1"))
    inputs = {
        "restUrl": service.url("/a%2Fb?x=1"),
        "restUrlParams": {"y": 2},
        "restUrlEncoded": "true",
        "requestHeaders": {"X-In": "in"},
        "requestPayload": {"a": 1},
        "circuitBreaker": True,
        "timeout": 20_000,
    }
    with caplog.at_level(logging.WARNING):
        outputs = completed(await run(scene, inputs, {"action": action}))
    (request,) = service.requests
    assert (request.line, request.value("x-in")) == (f"{action} /a%2Fb?x=1&y=2 HTTP/1.1", "in")
    assert request.body == (b"" if action in WITHOUT_PAYLOAD else b'{"a":1}')
    names = {"restStatus", "restResult", "restResponseHeaders"}
    names -= {"restResult"} if action in WITHOUT_RESULT else set()
    names -= {"restResponseHeaders"} if action == "TRACE" else set()
    assert set(outputs) == names
    assert outputs["restStatus"] == 200
    assert outputs.get("restResult") == (None if action in WITHOUT_RESULT else {"id": 7})
    assert action == "TRACE" or outputs["restResponseHeaders"]["X-Out"] == "1"
    ignored = {record.__dict__["input"] for record in caplog.records if "input ignored" in record.message}
    expected = {"requestPayload"} if action in WITHOUT_PAYLOAD else set()
    assert ignored == (expected | {"restUrlEncoded"} if action == "TRACE" else expected)


async def test_alf_01_get(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "GET")


async def test_alf_02_head(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "HEAD")


async def test_alf_03_post(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "POST")


async def test_alf_04_put(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "PUT")


async def test_alf_05_patch(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "PATCH")


async def test_alf_06_delete(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "DELETE")


async def test_alf_07_options(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "OPTIONS")


async def test_alf_08_trace(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    await check_action(scene, caplog, "TRACE")


async def test_alf_01_the_action_may_be_the_variable_method(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    await rest(scene, service, method="put")
    completed(await run(scene, {"restUrl": service.url("/a"), "method": "put"}, {"action": "DELETE"}))
    assert [request.line.split()[0] for request in service.requests] == ["PUT", "DELETE"]


async def test_alf_10_the_url_is_required(scene: Scene) -> None:
    for variables in ({}, {"restUrl": None}, {"restUrl": ""}):
        outcome = thrown(await run(scene, variables))
        assert (outcome.code, outcome.message) == ("MISSING_INPUT", "restUrl is missing")


async def test_alf_11_parameters_are_added_to_the_query(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    completed(
        await run(scene, {"restUrl": service.url("/a?x=1"), "restUrlParams": {"y": ["2", 3], "z": None, "ä": "&"}})
    )
    assert service.requests[0].line == "GET /a?x=1&y=2&y=3&%C3%A4=%26 HTTP/1.1"


@pytest.mark.parametrize("encoded", [None, True, "true"])
async def test_alf_12_by_default_what_is_illegal_is_encoded(scene: Scene, encoded: Any) -> None:
    service = await scene.serve(answer(200))
    await rest(scene, service, restUrl=service.url("/a^b"), restUrlEncoded=encoded)
    assert service.requests[0].line == "GET /a%5Eb HTTP/1.1"


@pytest.mark.parametrize("encoded", [False, "false"])
async def test_alf_12_a_url_that_is_none_without_encoding_is_refused(scene: Scene, encoded: Any) -> None:
    outcome = thrown(await run(scene, {"restUrl": "http://127.0.0.1/a^b", "restUrlEncoded": encoded}))
    assert outcome.code == "INVALID_INPUT"


async def test_alf_12_what_is_encoded_already_is_sent_as_given(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    for encoded in (True, False):
        completed(await run(scene, {"restUrl": service.url("/a%2Fb+c"), "restUrlEncoded": encoded}))
    assert [request.line.split()[1] for request in service.requests] == ["/a%2Fb%2Bc", "/a%2Fb+c"]


async def test_alf_13_headers(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    await rest(scene, service, requestHeaders={"X-A": "1", "X-B": 2})
    assert [service.requests[0].value(name) for name in ("x-a", "x-b")] == ["1", "2"]


async def test_alf_14_the_payload_is_json_unless_the_headers_say_otherwise(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    await rest(scene, service, method="POST", requestPayload={"a": [1]})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await rest(scene, service, method="POST", requestPayload={"a": "b"}, requestHeaders=form)
    assert [request.body for request in service.requests] == [b'{"a":[1]}', b"a=b"]
    assert service.requests[0].value("content-type") == "application/json"


async def test_alf_15_the_breaker_is_off_unless_asked_for(scene: Scene) -> None:
    service = await scene.serve(answer(500))
    for _ in range(12):
        await run(scene, {"restUrl": service.url()})
    assert len(service.requests) == 12


async def test_alf_16_a_timeout_in_milliseconds_for_the_whole_call(scene: Scene) -> None:
    service = await scene.serve(hang)
    async with asyncio.timeout(20):
        outcome = thrown(await run(scene, {"restUrl": service.url(), "timeout": "50"}, retries=1))
    assert outcome.code == "REQUEST_TIMEOUT"
    assert error_of(outcome)["variables"]["kind"] == "timeout_total"


async def test_alf_16_it_may_be_longer_than_a_lease_and_without_limit(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    for timeout in (910_000, 0):
        assert (await rest(scene, service, timeout=timeout))["restStatus"] == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("restUrl", 5),
        ("restUrlParams", "a=b"),
        ("restUrlParams", [1]),
        ("restUrlEncoded", "yes"),
        ("restUrlEncoded", 1),
        ("requestHeaders", "X: 1"),
        ("circuitBreaker", "on"),
        ("timeout", "soon"),
        ("timeout", 1.5),
        ("timeout", -1),
        ("timeout", True),
    ],
)
async def test_alf_17_a_wrong_type_is_named(scene: Scene, name: str, value: Any) -> None:
    service = await scene.serve(answer(200))
    outcome = thrown(await run(scene, {"restUrl": service.url(), name: value}))
    assert outcome.code == "INVALID_INPUT"
    assert name in (outcome.message or "")
    assert service.requests == []


async def test_alf_18_values_may_be_expressions(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    headers = {
        "restUrl": '=base + "/orders/" + string(id)',
        "restUrlParams.page.size": "=id + 1",
        "requestHeaders.X-Trace.Id": '="t-" + string(id)',
    }
    completed(await run(scene, {"base": service.url("").rstrip("/"), "id": 7}, headers))
    (request,) = service.requests
    assert (request.line, request.value("x-trace.id")) == ("GET /orders/7?page.size=8 HTTP/1.1", "t-7")


BREAKER = {"circuitBreaker": True}


async def broken(scene: Scene, service: ScriptedServer, times: int, **options: Any) -> None:
    """Let so many calls fail."""
    for _ in range(times):
        await run(scene, {"restUrl": service.url(), **BREAKER, "httpOptions": {"circuitBreaker": options}})


async def kind(scene: Scene, service: ScriptedServer, **options: Any) -> str:
    """What becomes of one more call: the kind of its failure."""
    variables = {"restUrl": service.url(), **BREAKER, "httpOptions": {"circuitBreaker": options}}
    outcome = await run(scene, variables, {"httpOptions.errors.immediate": "true"})
    return str(variables_of(outcome).get("error", {}).get("variables", {}).get("kind", "completed"))


async def test_alf_20_each_origin_has_a_breaker_for_all_jobs_of_the_worker(scene: Scene) -> None:
    service, other = await scene.serve(answer(500)), await scene.serve(answer(500))
    await broken(scene, service, 10)
    assert await kind(scene, service) == "circuit_open"
    assert await kind(scene, other) == "http"
    camunda_names = {"url": service.url("/other/path"), "httpOptions": {"circuitBreaker": {"enabled": True}}}
    assert error_of(await scene.run(camunda_names))["variables"]["kind"] == "circuit_open"


async def test_alf_21_it_opens_when_half_of_the_last_calls_failed(scene: Scene) -> None:
    service = await scene.serve(
        *(answer(status) for status in [200, 404, 200, 404, 200, 500, 502, 503, 504]), answer(500)
    )
    for number in range(10):
        assert await kind(scene, service) in ("http", "completed"), number
    assert await kind(scene, service) == "circuit_open"
    assert len(service.requests) == 10


async def test_alf_21_a_refusal_by_the_service_never_counts(scene: Scene) -> None:
    service = await scene.serve(answer(404))
    await broken(scene, service, 25)
    assert len(service.requests) == 25


async def test_alf_21_a_connection_that_fails_counts(scene: Scene) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        server = ScriptedServer(port=bound.getsockname()[1])
        await broken(scene, server, 10)
        assert await kind(scene, server) == "circuit_open"


async def test_alf_21_only_the_last_calls_count(scene: Scene) -> None:
    service = await scene.serve(*[answer(500)] * 4, *[answer(200)] * 20, *[answer(500)] * 9, answer(200))
    await broken(scene, service, 33)
    assert await kind(scene, service) == "completed"


async def test_alf_21_the_numbers_can_be_changed(scene: Scene) -> None:
    service = await scene.serve(answer(200), answer(500))
    numbers = {"window": 4, "minCalls": 2, "failureRate": 50}
    await broken(scene, service, 2, **numbers)
    assert await kind(scene, service, **numbers) == "circuit_open"


@pytest.mark.parametrize("share", [0, 101, 10**400, "much", True])
async def test_alf_21_a_share_beyond_everything_is_an_input_error(scene: Scene, share: Any) -> None:
    options = {"circuitBreaker": {"failureRate": share}}
    outcome = failed(await scene.run({"url": "http://127.0.0.1:1/", "httpOptions": options}))
    assert "httpOptions.circuitBreaker.failureRate must be a share" in outcome.message


async def test_alf_22_an_open_breaker_asks_the_engine_to_wait_without_using_up_tries(scene: Scene) -> None:
    service = await scene.serve(answer(500))
    await broken(scene, service, 10)
    outcome = failed(await run(scene, {"restUrl": service.url(), **BREAKER}, retries=3, lease=Lease()))
    error = error_of(outcome)
    assert (error["code"], error["variables"]["kind"], outcome.retries) == ("503", "circuit_open", 3)
    assert 20_000 < (outcome.backoff or 0) <= 30_000
    assert f"http://127.0.0.1:{service.port}" in outcome.message
    assert len(service.requests) == 10


async def test_alf_23_one_call_on_trial_closes_it_or_opens_it_again(scene: Scene) -> None:
    service = await scene.serve(*[answer(500)] * 3, answer(200))
    at_once = {"window": 2, "minCalls": 2, "openMs": 0}
    await broken(scene, service, 2, **at_once)
    assert await kind(scene, service, **{**at_once, "openMs": 60_000}) == "http"  # the trial fails
    assert await kind(scene, service, **at_once) == "circuit_open"
    assert len(service.requests) == 3


async def test_alf_23_while_one_call_is_on_trial_no_other_is_made(scene: Scene) -> None:
    called, release = asyncio.Event(), asyncio.Event()

    async def held(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await release.wait()
        writer.write(answer(200))
        await writer.drain()

    service = await scene.serve(answer(500), answer(500), held, answer(200))
    at_once = {"window": 2, "minCalls": 2, "openMs": 0}
    await broken(scene, service, 2, **at_once)
    trial = asyncio.create_task(kind(scene, service, **at_once))
    async with asyncio.timeout(20):
        await called.wait()
        assert await kind(scene, service, **at_once) == "circuit_open"
        release.set()
        assert await trial == "completed"
    assert await kind(scene, service, **at_once) == "completed"


async def test_alf_24_an_open_breaker_is_caught_as_service_unavailable(scene: Scene) -> None:
    service = await scene.serve(answer(500))
    await broken(scene, service, 10)
    assert thrown(await run(scene, {"restUrl": service.url(), **BREAKER}, retries=1)).code == "SERVICE_UNAVAILABLE"


@pytest.mark.parametrize(("body", "result"), [(b'{"a":1}', {"a": 1}), (b"text", "text"), (b"", None)])
async def test_alf_30_the_result_is_json_or_text(scene: Scene, body: bytes, result: Any) -> None:
    assert (await rest(scene, await scene.serve(answer(200, body))))["restResult"] == result


async def test_alf_31_the_status(scene: Scene) -> None:
    assert (await rest(scene, await scene.serve(answer(202))))["restStatus"] == 202


async def test_alf_32_the_headers(scene: Scene) -> None:
    headers = await rest(scene, await scene.serve(answer(200, b"", "X-A: 1", "Set-Cookie: a", "Set-Cookie: b")))
    assert headers["restResponseHeaders"] == {"X-A": "1", "Set-Cookie": ["a", "b"], "Content-Length": "0"}


async def test_alf_33_result_variable_and_expression_work_too(scene: Scene) -> None:
    service = await scene.serve(answer(200, b'{"a":1}', JSON))
    headers = {"resultVariable": "r", "resultExpression": "={a: body.a, restStatus: 7}"}
    outputs = completed(await run(scene, {"restUrl": service.url()}, headers))
    assert set(outputs) == {"restStatus", "restResult", "restResponseHeaders", "r", "a"}
    assert (outputs["a"], outputs["restStatus"], outputs["r"]["status"]) == (1, 7, 200)


async def test_alf_43_calls_to_the_platform_itself_are_guarded(scene: Scene) -> None:
    outcome = thrown(await run(scene, {"restUrl": "http://169.254.169.254/latest"}))
    assert outcome.code == "INVALID_INPUT"


def test_alf_44_the_symbol_is_a_pair_of_brackets() -> None:
    """Two strokes, the second the mirror image of the first: both begin at the top and end at the bottom."""
    for path in TEMPLATES.glob("*.json"):
        contents = json.loads(path.read_text())["icon"]["contents"]
        assert contents.startswith("data:image/svg+xml")
        assert re.findall(r"M(\d+) 4", unquote(contents)) == ["7", "11"], path.name


async def check_error(scene: Scene, status: int, name: str, *, later: bool = False) -> None:
    """A status is thrown as this error; `later`: when no tries are left, or at once where that is wanted."""
    service = await scene.serve(answer(status, b'{"why":1}', JSON))
    outcome = await run(scene, {"restUrl": service.url()}, retries=3)
    if later:
        assert failed(outcome).retries == 2
        at_once = await run(scene, {"restUrl": service.url()}, {"httpOptions.errors.immediate": "true"}, retries=3)
        assert thrown(at_once).code == name
        outcome = await run(scene, {"restUrl": service.url()}, retries=1)
    assert thrown(outcome).code == name
    error = error_of(outcome)
    assert (thrown(outcome).message, error["variables"]["response"]["body"]) == (error["message"], {"why": 1})


async def test_alf_50_missing_input(scene: Scene) -> None:
    assert thrown(await run(scene, {})).code == "MISSING_INPUT"


async def test_alf_51_invalid_input(scene: Scene) -> None:
    assert thrown(await run(scene, {"restUrl": "mailto:x"})).code == "INVALID_INPUT"
    assert thrown(await run(scene, {"restUrl": "http://h/", "method": "TELEPORT"})).code == "INVALID_INPUT"


async def test_alf_52_unknown_error(scene: Scene) -> None:
    for status in (411, 422, 505):
        await check_error(scene, status, "UNKNOWN_ERROR")
    await check_error(scene, 429, "UNKNOWN_ERROR", later=True)
    unreadable = {"restUrl": (await scene.serve(answer(200, b"x"))).url(), "documentReturnFormat": {"choice": "JSON"}}
    assert thrown(await run(scene, unreadable)).code == "UNKNOWN_ERROR"


async def test_alf_53_bad_request(scene: Scene) -> None:
    await check_error(scene, 400, "BAD_REQUEST")


async def test_alf_54_unauthorized(scene: Scene) -> None:
    await check_error(scene, 401, "UNAUTHORIZED")


async def test_alf_55_forbidden(scene: Scene) -> None:
    await check_error(scene, 403, "FORBIDDEN")


async def test_alf_56_not_found(scene: Scene) -> None:
    await check_error(scene, 404, "NOT_FOUND")


async def test_alf_57_method_not_allowed(scene: Scene) -> None:
    await check_error(scene, 405, "METHOD_NOT_ALLOWED")


async def test_alf_58_not_acceptable(scene: Scene) -> None:
    await check_error(scene, 406, "NOT_ACCEPTABLE")


async def test_alf_59_proxy_authentication_required(scene: Scene) -> None:
    await check_error(scene, 407, "PROXY_AUTHENTICATION_REQUIRED")


async def test_alf_60_request_timeout(scene: Scene) -> None:
    await check_error(scene, 408, "REQUEST_TIMEOUT", later=True)


async def test_alf_61_conflict(scene: Scene) -> None:
    await check_error(scene, 409, "CONFLICT")


async def test_alf_62_gone(scene: Scene) -> None:
    await check_error(scene, 410, "GONE")


async def test_alf_63_internal_server_error(scene: Scene) -> None:
    await check_error(scene, 500, "INTERNAL_SERVER_ERROR", later=True)


async def test_alf_64_not_implemented(scene: Scene) -> None:
    await check_error(scene, 501, "NOT_IMPLEMENTED")


async def test_alf_65_bad_gateway(scene: Scene) -> None:
    await check_error(scene, 502, "BAD_GATEWAY", later=True)


async def test_alf_66_service_unavailable(scene: Scene) -> None:
    await check_error(scene, 503, "SERVICE_UNAVAILABLE", later=True)


async def test_alf_67_gateway_timeout(scene: Scene) -> None:
    await check_error(scene, 504, "GATEWAY_TIMEOUT", later=True)


async def test_alf_60_a_local_timeout(scene: Scene) -> None:
    service = await scene.serve(hang)
    outcome = await run(scene, {"restUrl": service.url(), "readTimeoutInSeconds": 1}, retries=1)
    assert thrown(outcome).code == "REQUEST_TIMEOUT"


async def test_alf_66_a_refused_connection(scene: Scene) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        assert failed(await run(scene, {"restUrl": url}, retries=2)).retries == 1
        assert thrown(await run(scene, {"restUrl": url}, retries=1)).code == "SERVICE_UNAVAILABLE"


async def test_alf_68_number_and_name_are_both_there(scene: Scene) -> None:
    service = await scene.serve(answer(404))
    expression = '=bpmnError(error.variables.name + "/" + error.code)'
    outcome = thrown(await run(scene, {"restUrl": service.url()}, {"errorExpression": expression}))
    assert outcome.code == "NOT_FOUND/404"
    error = error_of(thrown(await run(scene, {"restUrl": service.url()})))
    assert (error["code"], error["variables"]["name"]) == ("404", "NOT_FOUND")


async def test_an_unknown_dialect_is_refused(scene: Scene) -> None:
    outcome = failed(await scene.run({"url": "http://h/"}, {"dialect": "klingon"}))
    assert (outcome.retries, error_of(outcome)["code"]) == (0, "INVALID_INPUT")
    assert "must be one of camunda, alfresco" in outcome.message


async def test_without_the_dialect_its_names_are_not_read(scene: Scene) -> None:
    service = await scene.serve(answer(200))
    names = {"restUrl": "http://nowhere.invalid/", "timeout": "soon"}
    for type, headers in (("rest-connector", {}), ("rest-connector", {"dialect": "camunda"}), (CAMUNDA, DIALECT)):
        outcome = await scene.run({"url": service.url(), "method": "GET", **names}, headers, type=type)
        assert completed(outcome) == {}


async def test_secrets_in_the_payload_obey_the_setting_for_bodies(scene: Scene) -> None:
    scene.environ |= {"SECRET_KEY": "value", "REST_CONNECTOR_SECRETS__BODY": "false"}
    service = await scene.serve(answer(200))
    payload, headers = {"k": "{{secrets.KEY}}"}, {"X-Key": "{{secrets.KEY}}"}
    await rest(scene, service, method="POST", requestPayload=payload, requestHeaders=headers)
    assert (service.requests[0].body, service.requests[0].value("x-key")) == (b'{"k":"{{secrets.KEY}}"}', "value")
