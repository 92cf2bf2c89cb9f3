"""What the native face adds: input expressions, error details, other reactions to failures, exact numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.support.job_runs import (
    FixedSecrets,
    Lease,
    Service,
    completed,
    failed,
    job,
    pipeline,
    serving,
    thrown,
    variables_of,
)
from worker.face import COMPATIBLE, NATIVE, Face
from worker.outcome import Outcome
from worker.pipeline.inputs import Expressible


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving() as running:
        yield running


async def run(
    variables: Any,
    headers: dict[str, str],
    *,
    face: Face = NATIVE,
    retries: int = 3,
    secrets: FixedSecrets | None = None,
    input_expressions: Expressible = "headers",
    trust_variables: bool = False,
) -> Outcome:
    async with pipeline(
        face, secrets=secrets, input_expressions=input_expressions, trust_variables=trust_variables
    ) as handler:
        return await handler.handle(job(variables, headers, retries=retries), Lease())


def error_of(outcome: Outcome) -> Any:
    return variables_of(outcome)["error"]


class TestInputExpressions:
    async def test_headers_named_like_inputs_are_evaluated_over_the_variables(self, service: Service) -> None:
        headers = {
            "url": '=base + "/orders/" + string(orderId)',
            "method": "post",
            "headers.X-Trace.Id": '=upper case("abc")',
            "queryParameters": "={page: orderId + 1, none: null}",
            "body": '={id: orderId, price: price, note: "=not again"}',
        }
        completed(await run({"base": service.url, "orderId": 7, "price": 1.5}, headers))
        method, target, sent, body = service.requests[0]
        assert (method, target) == ("POST", "/orders/7?page=8")
        assert sent["X-Trace.Id"] == "ABC"
        assert body == '{"id":7,"price":1.5,"note":"=not again"}'

    async def test_a_header_without_the_mark_is_text(self, service: Service) -> None:
        completed(await run({}, {"url": service.url + "/a", "headers.X": "1 + 1", "connectionTimeoutInSeconds": "5"}))
        assert service.requests[0][2]["X"] == "1 + 1"

    async def test_an_object_without_the_mark_fails_and_says_what_is_missing(self, service: Service) -> None:
        outcome = failed(await run({}, {"url": service.url, "headers": '{"X": "1"}'}))
        assert "headers is text here. To make it an object or a list, begin its task header with '='" in outcome.message

    async def test_headers_win_over_variables_and_change_members_only(self, service: Service) -> None:
        variables = {
            "url": "http://nowhere.invalid",
            "method": "PUT",
            "headers": {"A": "1", "B": "2"},
            "body": {"x": 1},
        }
        completed(await run(variables, {"url": service.url, "headers.B": "3"}))
        method, _, sent, body = service.requests[0]
        assert (method, body) == ("PUT", '{"x":1}')
        assert (sent["A"], sent["B"]) == ("1", "3")

    async def test_several_inputs_in_one_header(self, service: Service) -> None:
        headers = {"inputs": '={url: base + "/x", method: "DELETE", headers: {A: "1"}}', "headers.B": "2"}
        completed(await run({"base": service.url}, headers))
        method, target, sent, _ = service.requests[0]
        assert (method, target, sent["A"], sent["B"]) == ("DELETE", "/x", "1", "2")

    @pytest.mark.parametrize(("text", "reason"), [("=[1]", "must be a context"), ("={uri: 1}", "unknown members: uri")])
    async def test_a_wrong_context_of_inputs_names_the_choices(self, text: str, reason: str) -> None:
        outcome = failed(await run({}, {"inputs": text}))
        assert outcome.retries == 0
        assert reason in outcome.message
        assert "queryParameters" in outcome.message

    async def test_a_failure_names_the_input_the_position_and_the_text(self) -> None:
        outcome = failed(await run({}, {"url": '=concat("a",'}))
        assert outcome.retries == 0
        message = error_of(outcome)["message"]
        assert "header url" in message
        assert "line 1, column" in message
        assert '=concat("a",' in message

    async def test_warnings_explain_an_input_that_became_null(self) -> None:
        message = error_of(failed(await run({}, {"url": "=base.path"})))["message"]
        assert "must not be blank" in message
        assert "header url" in message
        assert "base" in message

    async def test_variables_that_look_like_expressions_are_text_and_the_failure_says_so(self) -> None:
        message = error_of(failed(await run({"url": '="http://x"'}, {})))["message"]
        assert "variable url begins with '='" in message
        assert "REST_CONNECTOR_INPUT_EXPRESSIONS=all" in message

    async def test_by_setting_variables_are_evaluated_one_level_deep(self, service: Service) -> None:
        variables = {
            "base": service.url,
            "url": '=base + "/v"',
            "method": "post",
            "body": {"a": "=1 + 1", "deep": {"b": "=1 + 1"}},
        }
        completed(await run(variables, {}, input_expressions="all"))
        assert service.requests[0][3] == '{"a":2,"deep":{"b":"=1 + 1"}}'

    async def test_by_setting_nothing_is_evaluated(self) -> None:
        message = error_of(failed(await run({}, {"url": '="http://x"'}, input_expressions="off")))["message"]
        assert "header url begins with '='" in message

    async def test_an_expression_never_sees_a_secret(self, service: Service) -> None:
        headers = {
            "url": service.url,
            "authentication.type": "bearer",
            "authentication.token": "{{secrets.TOK}}",
            "headers.X": '=string length("{{secrets.TOK}}") + 0',
        }
        completed(await run({}, headers, secrets=FixedSecrets({"TOK": "abc123"})))
        sent = service.requests[0][2]
        assert (sent["Authorization"], sent["X"]) == ("Bearer abc123", "15")

    @pytest.mark.parametrize(
        ("variables", "header"),
        [
            ("{}", '="{{sec" + "rets.TOK}}"'),
            ('{"name": "rets.TOK"}', '="{{sec" + name + "}}"'),
            (r'{"given": "{{\u0073ecrets.TOK}}"}', "=given"),
            (r'{"headers": {"Y": "{{\u0073ecrets.TOK}}"}}', "x"),
        ],
    )
    async def test_a_reference_counts_in_whatever_way_it_came(
        self, service: Service, variables: str, header: str
    ) -> None:
        headers = {"url": service.url, "headers.X": header}
        completed(await run(variables, headers, secrets=FixedSecrets({"TOK": "abc123"})))
        assert "abc123" in service.requests[0][2].values()

    async def test_certificates_come_from_the_model(self, service: Service) -> None:
        variables = {"url": service.url, "clientTls": {"privateKeyPassword": "x", "trustedCertificate": None}}
        message = error_of(failed(await run(variables, {})))["message"]
        assert "REST_CONNECTOR_TRUST_VARIABLES" in message
        assert completed(await run(variables, {}, trust_variables=True)) == {}
        assert completed(await run({"url": service.url, "clientTls": {"privateKeyPassword": " "}}, {})) == {}

    async def test_the_compatible_face_evaluates_nothing(self, service: Service) -> None:
        outcome = failed(await run({"method": "GET"}, {"url": f'="{service.url}"'}, face=COMPATIBLE))
        assert "must not be blank" in outcome.message

    async def test_cam_002_namespaced_inputs_keep_process_variables_out(self, service: Service) -> None:
        variables = {"url": "http://nowhere.invalid", "body": "x", "request": {"url": service.url, "method": "PUT"}}
        headers = {"httpOptions.inputs": "namespaced", "headers.X": "=url"}
        completed(await run(variables, headers))
        method, _, sent, body = service.requests[0]
        assert (method, body, sent["X"]) == ("PUT", "", "http://nowhere.invalid")
        outcome = failed(await run({"request": 5}, headers))
        assert "members of the variable request" in outcome.message

    async def test_variables_must_be_an_object(self) -> None:
        assert failed(await run("5", {})).retries == 0


class TestFailures:
    async def test_errors_have_kind_and_status(self, service: Service) -> None:
        service.status = 404
        error = error_of(await run({"url": service.url}, {}))
        assert (error["code"], error["variables"]["kind"], error["variables"]["response"]["status"]) == (
            "404",
            "http",
            404,
        )

    async def test_input_errors_have_codes_of_their_own(self) -> None:
        assert error_of(await run({}, {}))["code"] == "MISSING_INPUT"
        assert error_of(await run({"url": "x"}, {}))["code"] == "INVALID_INPUT"

    async def test_the_service_may_ask_for_a_longer_backoff(self, service: Service) -> None:
        service.status, service.headers = 429, {"Retry-After": "120"}
        assert failed(await run({"url": service.url}, {"retryBackoff": "PT30S"})).backoff == 120_000
        assert failed(await run({"url": service.url}, {"retryBackoff": "PT5M"})).backoff == 300_000
        service.headers = {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)}
        backoff = failed(await run({"url": service.url}, {})).backoff
        assert backoff is not None
        assert 3_000_000 < backoff <= 3_600_000
        service.headers = {"Retry-After": "soon"}
        assert failed(await run({"url": service.url}, {})).backoff is None

    async def test_messages_of_error_expressions_are_masked(self, service: Service) -> None:
        variables = {"url": service.url, "headers": {"X": "{{secrets.TOK}}"}}
        service.body = '{"echo":"abc123"}'
        headers = {"errorExpression": '=jobError("got " + response.body.echo)'}
        outcome = failed(await run(variables, headers, secrets=FixedSecrets({"TOK": "abc123"})))
        assert outcome.message.startswith("got ***")

    async def test_decimals_stay_exact(self, service: Service) -> None:
        service.body = '{"amount":12345678901234567890.10}'
        outcome = await run({"url": service.url}, {"resultVariable": "r"})
        assert '"amount":12345678901234567890.10' in (outcome.variables or "")


class TestReactions:
    async def test_mode_bpmn_throws_what_no_retry_can_mend(self, service: Service) -> None:
        service.status, service.body = 404, '{"detail":"x"}'
        outcome = thrown(await run({"url": service.url}, {"httpOptions.errors.mode": "bpmn"}))
        assert (outcome.code, outcome.message) == ("NOT_FOUND", "Not Found")
        assert error_of(outcome)["variables"]["response"]["body"] == {"detail": "x"}

    @pytest.mark.parametrize(
        ("status", "name"), [(500, "INTERNAL_SERVER_ERROR"), (503, "SERVICE_UNAVAILABLE"), (429, "UNKNOWN_ERROR")]
    )
    async def test_what_a_retry_may_mend_is_thrown_after_the_last_one(
        self, service: Service, status: int, name: str
    ) -> None:
        service.status = status
        headers = {"httpOptions.errors.mode": "bpmn"}
        assert failed(await run({"url": service.url}, headers, retries=2)).retries == 1
        assert thrown(await run({"url": service.url}, headers, retries=1)).code == name
        headers["httpOptions.errors.immediate"] = "true"
        assert thrown(await run({"url": service.url}, headers, retries=2)).code == name

    async def test_names_of_failures_without_an_answer(self) -> None:
        headers = {"httpOptions.errors.mode": "bpmn"}
        assert thrown(await run({}, headers)).code == "MISSING_INPUT"
        assert thrown(await run({"url": "x"}, headers)).code == "INVALID_INPUT"
        assert thrown(await run({"url": "http://127.0.0.1:1"}, headers, retries=1)).code == "SERVICE_UNAVAILABLE"
        assert thrown(await run({"url": "x"}, {"dialect": "alfresco"})).code == "INVALID_INPUT"

    async def test_the_error_expression_has_the_first_word(self, service: Service) -> None:
        service.status = 404
        headers = {"httpOptions.errors.mode": "bpmn", "errorExpression": '=bpmnError("MINE")'}
        assert thrown(await run({"url": service.url}, headers)).code == "MINE"

    async def test_mode_return_passes_errors_on_as_data(self, service: Service) -> None:
        service.status, service.body = 404, '{"detail":"x"}'
        headers = {"httpOptions.errors.mode": "return", "resultExpression": "={s: status, d: body.detail}"}
        assert completed(await run({"url": service.url}, headers)) == {"s": 404, "d": "x"}
        assert failed(await run({"url": "http://127.0.0.1:1"}, headers)).retries == 2

    async def test_an_unknown_mode_is_refused_before_the_call(self, service: Service) -> None:
        outcome = failed(await run({"url": service.url}, {"httpOptions.errors.mode": "ignore"}))
        assert outcome.retries == 0
        assert "must be one of job, bpmn, return" in outcome.message
        assert service.requests == []

    async def test_the_mode_is_not_taken_from_variables(self, service: Service) -> None:
        outcome = failed(await run({"url": service.url, "httpOptions": {"errors": {"mode": "return"}}}, {}))
        assert "httpOptions.errors.mode is taken from task headers only" in outcome.message


class TestPreview:
    async def test_the_exact_request_with_secrets_masked(self, service: Service) -> None:
        variables = {
            "url": service.url + "/a?x=1",
            "method": "post",
            "body": {"a": 1.5, "t": "{{secrets.TOK}}"},
            "authentication": {"type": "basic", "username": "u", "password": "{{secrets.TOK}}"},
        }
        async with pipeline(NATIVE, secrets=FixedSecrets({"TOK": "abc123"})) as handler:
            shown = await handler.preview(job(variables, {"headers.X": "{{secrets.TOK}}"}))
        assert service.requests == []
        assert (shown["method"], shown["url"], shown["body"]) == ("POST", service.url + "/a?x=1", '{"a":1.5,"t":"***"}')
        assert "Authorization: Basic ***" in shown["headers"]
        assert "X: ***" in shown["headers"]
