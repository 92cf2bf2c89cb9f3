"""One job in, one outcome out, in the compatible face: the order of failures, results, error expressions."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
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
from worker.errors import (
    CONNECTOR_EXCEPTION,
    CONNECTOR_INPUT_EXCEPTION,
    FEEL_EXCEPTION,
    GatewayBusy,
    GatewayRefused,
    JobFailure,
)
from worker.face import COMPATIBLE
from worker.outcome import Fail, Outcome


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving() as running:
        yield running


async def run(
    service: Service,
    custom: dict[str, str] | None = None,
    *,
    retries: int = 3,
    lease: Lease | None = None,
    secrets: FixedSecrets | None = None,
    **variables: Any,
) -> Outcome:
    tree = {"method": "GET", "url": service.url + "/orders/7", **variables}
    async with pipeline(COMPATIBLE, secrets=secrets) as handler:
        return await handler.handle(job(tree, custom, retries=retries), lease or Lease())


def error_of(outcome: Outcome) -> Any:
    return variables_of(outcome)["error"]


async def test_a_failure_needs_no_garbage_collector_to_go(service: Service) -> None:
    gc.collect()
    gc.disable()  # what a cycle holds, and bodies may be large, stays until a collection
    service.status = 404
    try:
        failed(await run(service))
        left = [each for each in gc.get_objects() if isinstance(each, JobFailure)]
    finally:
        gc.enable()
    assert left == []


class TestResults:
    async def test_the_result_variable_has_the_whole_response(self, service: Service) -> None:
        result = completed(await run(service, {"resultVariable": "res"}))["res"]
        assert sorted(result) == ["body", "document", "headers", "reason", "status"]
        assert (result["status"], result["reason"], result["document"]) == (200, "OK", None)
        assert result["body"] == {"id": 7, "order": {"status": "processing"}, "total": 1.0}
        assert isinstance(result["body"]["total"], float)

    @pytest.mark.parametrize("blank", ["", " ", "\t", "\n"])
    async def test_jh_001_blank_names_write_nothing(self, service: Service, blank: str) -> None:
        assert completed(await run(service, {"resultVariable": blank, "resultExpression": blank})) == {}

    async def test_jh_010_members_of_the_response_are_visible_by_name(self, service: Service) -> None:
        headers = {"resultExpression": "= {a: body.order.status, b: response.status, c: nothing}"}
        assert completed(await run(service, headers)) == {"a": "processing", "b": 200, "c": None}

    async def test_whole_numbers_leave_an_expression_as_integers(self, service: Service) -> None:
        total = completed(await run(service, {"resultExpression": "={total: body.total}"}))["total"]
        assert (total, type(total)) == (1, int)

    async def test_jh_021_expression_and_variable_together(self, service: Service) -> None:
        headers = {"resultVariable": "r", "resultExpression": "={id: body.id, nullVar: null, r: 1}"}
        assert completed(await run(service, headers)) == {"r": 1, "id": 7, "nullVar": None}

    @pytest.mark.parametrize(
        ("expression", "kind", "shown"),
        [
            ("=[1,2,3]", "array", "[1,2,3]"),
            ('="hello"', "string", '"hello"'),
            ("=42", "number", "42"),
            ("=true", "boolean", "true"),
        ],
    )
    async def test_re_005_the_result_must_be_an_object(
        self, service: Service, expression: str, kind: str, shown: str
    ) -> None:
        outcome = failed(await run(service, {"resultExpression": expression}))
        assert outcome.retries == 0
        assert error_of(outcome) == {
            "type": CONNECTOR_INPUT_EXCEPTION,
            "message": f"{FEEL_EXCEPTION}: Failed to evaluate expression '{expression}' in context '{shown}'. "
            f"Reason: Result expression must return a JSON object, but got {kind}. Evaluated value: {shown}",
        }

    async def test_a_failed_evaluation_costs_one_try(self, service: Service) -> None:
        outcome = failed(await run(service, {"resultExpression": "={a: assert(null, false)}"}))
        assert outcome.retries == 2
        assert error_of(outcome)["type"] == FEEL_EXCEPTION
        assert error_of(outcome)["message"].startswith(
            "Failed to evaluate expression '={a: assert(null, false)}' in context"
        )

    async def test_re_003_function_calls_must_not_get_into_variables(self, service: Service) -> None:
        service.body = '{"camunda.function.type":"base64","params":["x"]}'
        outcome = failed(await run(service, {"resultExpression": "={x: response.body}"}))
        assert outcome.retries == 0
        assert "forbidden literal 'camunda.function.type'" in outcome.message
        whole = completed(await run(service, {"resultVariable": "r"}))["r"]
        assert whole["body"]["params"] == ["x"]

    async def test_re_006_a_bare_document_is_refused(self, service: Service) -> None:
        outcome = failed(await run(service, {"resultExpression": '=createDocument("aGk=")'}))
        assert outcome.retries == 0
        assert "Result expression must not be a bare createDocument" in outcome.message

    async def test_re_011_documents_are_stored(self, service: Service) -> None:
        headers = {"resultExpression": '={doc: createDocument({content: "aGVsbG8=", name: "a.txt"})}'}
        document = completed(await run(service, headers))["doc"]
        assert document["camunda.document.type"] == "camunda"
        assert document["metadata"]["fileName"] == "a.txt"

    async def test_re_010_a_forged_marker_stays_data(self, service: Service) -> None:
        service.body = '{"connectorResultFunction":"createDocument","value":"aGk="}'
        result = completed(await run(service, {"resultExpression": "={d: response.body}"}))
        assert result["d"] == {"connectorResultFunction": "createDocument", "value": "aGk="}

    async def test_jh_006_too_much_output_is_refused(self, service: Service) -> None:
        service.body = "x" * 1_572_865
        outcome = failed(await run(service, {"resultVariable": "result"}))
        assert outcome.retries == 0
        assert "exceeds the 1.5 MB safe variable size limit" in outcome.message
        assert completed(await run(service, {"resultExpression": "={n: string length(response.body)}"})) == {
            "n": 1_572_865
        }


class TestFailures:
    async def test_a_status_of_400_and_above_fails_the_job(self, service: Service) -> None:
        service.status, service.body = 404, '{"detail":"x"}'
        outcome = failed(await run(service, {"retryBackoff": "PT1M"}))
        assert (outcome.retries, outcome.backoff) == (2, 60_000)
        error = error_of(outcome)
        assert (error["code"], error["message"], error["type"]) == ("404", "Not Found", CONNECTOR_EXCEPTION)
        assert sorted(error["variables"]["response"]) == ["body", "headers"]
        assert error["variables"]["response"]["body"] == {"detail": "x"}
        assert outcome.message.startswith("Not Found | Error variables: {error={")
        assert "code=404" in outcome.message

    async def test_jh_038_without_a_header_there_is_no_backoff(self, service: Service) -> None:
        service.status = 500
        assert failed(await run(service, retries=1)).retries == 0
        assert failed(await run(service, retries=0)).retries == 0
        assert failed(await run(service)).backoff is None

    async def test_input_failures_are_final_and_keep_the_backoff(self, service: Service) -> None:
        outcome = failed(await run(service, {"retryBackoff": "PT1M"}, url="bad"))
        assert (outcome.retries, outcome.backoff) == (0, 60_000)
        assert service.requests == []

    @pytest.mark.parametrize("header", ["retryBackoff", "jobTimeout"])
    async def test_jh_037_wrong_duration_headers_end_the_job_before_the_call(
        self, service: Service, header: str
    ) -> None:
        lease = Lease()
        outcome = failed(await run(service, {"retryBackoff": "PT1M", header: "P1D1S"}, lease=lease))
        assert (outcome.retries, outcome.backoff) == (0, None)
        assert (service.requests, lease.asked) == ([], [])

    async def test_the_backoff_header_is_read_before_the_timeout(self, service: Service) -> None:
        assert (
            "retry backoff header" in failed(await run(service, {"jobTimeout": "bad", "retryBackoff": "bad"})).message
        )

    @pytest.mark.parametrize(
        ("text", "message", "type", "retries"),
        [
            ("", "No content to map due to end-of-input", CONNECTOR_INPUT_EXCEPTION, 0),
            ("{", "This is not a JSON object", CONNECTOR_INPUT_EXCEPTION, 0),
            ('{"url":"x",}', "This is not a JSON object", CONNECTOR_INPUT_EXCEPTION, 0),
            ("null", "HV000116: The object to be validated must not be null.", "java.lang.IllegalArgumentException", 2),
        ],
    )
    async def test_undecodable_variables(self, text: str, message: str, type: str, retries: int) -> None:
        async with pipeline(COMPATIBLE) as handler:
            outcome = failed(await handler.handle(job(text), Lease()))
        assert outcome.retries == retries
        assert error_of(outcome) == {"type": type, "message": message}

    async def test_what_follows_the_variables_is_ignored(self, service: Service) -> None:
        async with pipeline(COMPATIBLE) as handler:
            text = f'{{"method":"GET","method":"POST","url":"{service.url}/x"}} garbage'
            assert completed(await handler.handle(job(text), Lease())) == {}
        assert [request[0] for request in service.requests] == ["POST"]

    async def test_messages_are_cut_at_6000_characters(self, service: Service) -> None:
        service.status, service.body = 500, "😀" * 7_000
        outcome = failed(await run(service, {"errorExpression": "=jobError(error.variables.response.body)"}))
        assert len(outcome.message.encode("utf-16-le")) == 12_000
        outcome = failed(await run(service))
        assert len(outcome.message.encode("utf-16-le")) <= 12_000
        assert len(error_of(outcome)["variables"]["response"]["body"]) == 7_000

    async def test_a_failure_too_large_for_the_engine_is_reported_without_its_variables(self, service: Service) -> None:
        service.status, service.body = 500, "x" * 4_000_000
        outcome = failed(await run(service))
        assert error_of(outcome)["code"] == "500"
        assert "too large for the engine" in error_of(outcome)["variables"]["note"]

    async def test_a_fault_of_the_worker_fails_one_job(
        self, service: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Broken(Lease):
            async def extend(self, milliseconds: int) -> None:
                raise ZeroDivisionError("secret detail")

        outcome = failed(await run(service, {"jobTimeout": "PT1M"}, lease=Broken()))
        assert outcome.retries == 2
        assert "ZeroDivisionError" in outcome.message
        assert "secret detail" not in outcome.message
        assert any(record.exc_info for record in caplog.records)


class TestJobTimeout:
    async def test_jt_001_the_lease_is_set_before_the_call(self, service: Service) -> None:
        lease = Lease()
        assert completed(await run(service, {"jobTimeout": "PT10M"}, lease=lease)) == {}
        assert lease.asked == [600_000]

    async def test_jt_002_without_the_header_it_stays(self, service: Service) -> None:
        lease = Lease()
        await run(service, lease=lease)
        assert lease.asked == []

    @pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"])
    async def test_jt_004_a_busy_gateway_does_not_stop_the_call(self, service: Service, code: str) -> None:
        lease = Lease(refusal=GatewayBusy(code, "later"))
        assert completed(await run(service, {"jobTimeout": "PT10M"}, lease=lease)) == {}

    @pytest.mark.parametrize("code", ["NOT_FOUND", "INTERNAL", "INVALID_ARGUMENT", "FAILED_PRECONDITION"])
    async def test_jt_005_a_refusal_stops_it(self, service: Service, code: str) -> None:
        outcome = failed(await run(service, {"jobTimeout": "PT10M"}, lease=Lease(refusal=GatewayRefused(code, "no"))))
        assert outcome.retries == 2
        assert error_of(outcome) == {"type": "io.camunda.client.api.command.ClientStatusException", "message": "no"}
        assert service.requests == []

    async def test_jt_006_a_lease_that_is_over_stops_it(self, service: Service) -> None:
        outcome = failed(await run(service, {"jobTimeout": "PT0.01S"}, lease=Lease(seconds=-0.1)))
        assert error_of(outcome)["type"] == "java.lang.IllegalStateException"
        assert service.requests == []


class TestErrorExpression:
    @pytest.mark.parametrize(
        "expression",
        [
            "",
            " ",
            "=null",
            "={}",
            "=if error.code != null then null else {}",
            "=bpmnError()",
            '={errorType: "bpmnError"}',
            '=if unknownFunction(error.code) then bpmnError("A") else null',
        ],
    )
    async def test_without_an_opinion_the_outcome_is_the_normal_one(self, service: Service, expression: str) -> None:
        assert "r" in completed(await run(service, {"resultVariable": "r", "errorExpression": expression}))
        service.status = 404
        assert failed(await run(service, {"errorExpression": expression})).message.startswith("Not Found")

    async def test_ee_031_bpmn_errors(self, service: Service) -> None:
        service.status, service.body = 400, '{"message":"custom message","temp":36}'
        expression = (
            '=if matches(error.code, "400") and error.variables.response.body.temp = 36 '
            'then bpmnError("Too hot", error.variables.response.body.message, error.variables.response.body) else null'
        )
        outcome = thrown(await run(service, {"errorExpression": expression}))
        assert (outcome.code, outcome.message) == ("Too hot", "custom message")
        assert variables_of(outcome) == {"message": "custom message", "temp": 36}

    @pytest.mark.parametrize(
        ("expression", "code", "message", "variables"),
        [
            ("=bpmnError(error.code)", "404", None, {}),
            ('={errorType: "bpmnError", errorCode: "X", errorMessage: "m", variables: {v: 1}}', "X", "m", {"v": 1}),
            ('={errorType: "bpmnError", errorCode: 5, extra: 1}', "5", None, {}),
        ],
    )
    async def test_ee_006_raw_contexts(
        self, service: Service, expression: str, code: str, message: str | None, variables: Any
    ) -> None:
        service.status = 404
        outcome = thrown(await run(service, {"errorExpression": expression}))
        assert (outcome.code, outcome.message, variables_of(outcome)) == (code, message, variables)

    async def test_job_errors_ignore_the_backoff_header(self, service: Service) -> None:
        headers = {"retryBackoff": "PT1M", "errorExpression": '=jobError("M", {error: 1, a: 2}, job.retries - 1)'}
        outcome = failed(await run(service, headers, retries=5))
        assert (outcome.retries, outcome.backoff) == (4, 0)
        assert variables_of(outcome) == {"error": "M", "a": 2}
        assert outcome.message in ("M | Error variables: {error=M, a=2}", "M | Error variables: {a=2, error=M}")

    @pytest.mark.parametrize(
        ("expression", "retries", "backoff"),
        [
            ('=jobError("M")', 0, 0),
            ('=jobError("M", {}, 1.7)', 1, 0),
            ('=jobError("M", {}, -5)', 0, 0),
            ('=jobError("M", {}, 2, duration("PT1M30S"))', 2, 90_000),
            ('=jobError("M", {}, 2, @"-PT1M")', 2, -60_000),
            ('={errorType: "jobError", errorMessage: "M", retries: "1"}', 1, None),
            ('={errorType: "jobError", errorMessage: "M", retries: 1, retryBackoff: "PT2S"}', 1, 2_000),
        ],
    )
    async def test_retries_and_backoff_of_job_errors(
        self, service: Service, expression: str, retries: int, backoff: int | None
    ) -> None:
        outcome = failed(await run(service, {"errorExpression": expression}))
        assert (outcome.retries, outcome.backoff) == (retries, backoff)

    @pytest.mark.parametrize(
        ("expression", "variables"),
        [("=ignoreError({ok: false})", {"ok": False}), ("=ignoreError()", {}), ('={errorType: "ignoreError"}', {})],
    )
    async def test_ignored_errors_complete_with_exactly_their_variables(
        self, service: Service, expression: str, variables: Any
    ) -> None:
        headers = {"resultVariable": "r", "errorExpression": expression}
        assert completed(await run(service, headers)) == variables
        service.status = 404
        assert completed(await run(service, headers)) == variables

    async def test_with_output_the_response_is_the_output(self, service: Service) -> None:
        expression = '=bpmnError("ALL", "m", {s: response.status, r: response.r.status, i: id, job: job})'
        headers = {"resultVariable": "r", "resultExpression": "={id: body.id}", "errorExpression": expression}
        outcome = thrown(await run(service, headers))
        assert variables_of(outcome) == {"s": None, "r": 200, "i": 7, "job": {"retries": 3}}
        outcome = thrown(
            await run(service, {"errorExpression": '=bpmnError("S", "m", {s: response.status, t: status})'})
        )
        assert variables_of(outcome) == {"s": 200, "t": 200}

    async def test_failures_before_the_call_are_seen_too(self, service: Service) -> None:
        expression = '=bpmnError("IN", error.message, {t: error.type, c: error.code, r: response.error.type})'
        outcome = thrown(await run(service, {"errorExpression": expression, "retryBackoff": "bad"}))
        kind = "io.camunda.connector.runtime.core.error.InvalidBackOffDurationException"
        assert variables_of(outcome) == {"t": kind, "c": None, "r": kind}

    @pytest.mark.parametrize(
        ("expression", "text"),
        [
            ("={", "failed to parse expression"),
            ("=bpmnError(123)", "Parameter 'errorCode' of function 'bpmnError' must be a String"),
            ('="str"', "Error expression must return a JSON object, but got string"),
            ("=[1,2,3]", "but got array. Evaluated value: [1,2,3]"),
            ("={foo: 1}", "Cannot parse '{\"foo\":1}' as 'io.camunda.connector.runtime.core.error.ConnectorError'."),
            ("={errorType: null}", "Cannot parse"),
            ('={errorType: "jobError", errorMessage: "m"}', "retries is null"),
            ('={errorType: "jobError", retries: 1}', "errorMessage is null"),
            ('={errorType: "jobError", errorMessage: "m", retries: 1, retryBackoff: "bogus"}', "Cannot parse"),
            ('={errorType: "bpmnError", errorCode: "X", variables: "str"}', "Cannot parse"),
            ('={"camunda.function.type": 1}', "forbidden literal"),
            ('=createDocument("aGk=")', "Error expression must not be a bare createDocument"),
        ],
    )
    async def test_a_wrong_error_expression_is_final_and_hides_the_failure(
        self, service: Service, expression: str, text: str
    ) -> None:
        service.status = 404
        outcome = failed(await run(service, {"errorExpression": expression, "retryBackoff": "PT7S"}))
        assert (outcome.retries, outcome.backoff) == (0, None)
        assert text in outcome.message

    async def test_a_job_error_without_a_message(self, service: Service) -> None:
        expression = '={errorType: "jobError", variables: {a: 1}, retries: 1}'
        outcome = failed(await run(service, {"errorExpression": expression}))
        assert variables_of(outcome) == {"a": 1, "error": None}
        assert outcome.message.startswith("null | Error variables: ")

    async def test_variables_of_an_error_may_not_be_too_large(self, service: Service) -> None:
        service.body = "x" * 1_600_000
        outcome = failed(await run(service, {"errorExpression": '=bpmnError("C", "m", {b: body})'}))
        assert outcome.retries == 0
        assert "exceeds the 1.5 MB" in outcome.message


class TestSecrets:
    TOKEN = FixedSecrets({"TOK": "abc123"})

    async def test_secrets_reach_the_service_and_are_masked_in_failures(self, service: Service) -> None:
        service.status, service.body = 401, '{"detail":"token abc123 is bad","abc123":1}'
        outcome = failed(
            await run(service, secrets=self.TOKEN, authentication={"type": "bearer", "token": "{{secrets.TOK}}"})
        )
        assert service.requests[0][2]["Authorization"] == "Bearer abc123"
        assert error_of(outcome)["variables"]["response"]["body"] == {"detail": "token *** is bad", "***": 1}
        assert "abc123" not in outcome.message

    async def test_se_024_a_missing_secret_goes_before_validation(self, service: Service) -> None:
        outcome = failed(await run(service, url="{{secrets.NONE}}", method="x"))
        assert outcome.retries == 0
        assert error_of(outcome)["message"] == "Secret with name 'NONE' is not available"

    async def test_se_029_unavailable_secrets_hide_the_failure(self, service: Service) -> None:
        outcome = failed(await run(service, {"retryBackoff": "PT1M"}, secrets=FixedSecrets(None), url="{{secrets.X}}"))
        assert (outcome.retries, outcome.backoff) == (2, None)
        assert "Fetching secrets failed" in outcome.message

    async def test_a_placeholder_outside_of_texts_is_replaced(self, service: Service) -> None:
        async with pipeline(COMPATIBLE, secrets=FixedSecrets({"N": "5"})) as handler:
            text = f'{{"method":"GET","url":"{service.url}","connectionTimeoutInSeconds":{{{{secrets.N}}}}}}'
            assert completed(await handler.handle(job(text), Lease())) == {}

    async def test_the_return_format_is_read_before_secrets_are_replaced(self, service: Service) -> None:
        choice = {"choice": "{{secrets.TOK}}"}
        outcome = failed(await run(service, secrets=self.TOKEN, documentReturnFormat=choice))
        assert outcome.message.startswith(
            "documentReturnFormat.choice must be one of DOCUMENT, TEXT, JSON. Got: {{secrets.TOK}}"
        )

    async def test_an_escaped_return_format_beside_secrets_is_read_too(self, service: Service) -> None:
        text = f'{{"method":"GET","url":"{service.url}","headers":{{"X":"{{{{secrets.TOK}}}}"}},'
        text += '"\\u0064ocumentReturnFormat":{"choice":"TEXT"}}'
        async with pipeline(COMPATIBLE, secrets=self.TOKEN) as handler:
            result = completed(await handler.handle(job(text, {"resultVariable": "res"}), Lease()))["res"]
        assert result["body"] == service.body
        assert service.requests[0][2]["X"] == "abc123"

    async def test_every_secret_of_a_job_is_masked_in_its_failure(self, service: Service) -> None:
        service.status, service.body = 404, '{"detail":"xy abc123"}'
        expression = {"errorExpression": '=jobError("failed: " + error.variables.response.body.detail)'}
        secrets = FixedSecrets({"TOK": "abc123", "B": "xy"})
        headers = {"A": "{{secrets.TOK}}", "B": "{{secrets.B}}"}
        outcome = failed(await run(service, expression, secrets=secrets, headers=headers))
        assert outcome.message.startswith("failed: *** ***")


class TestDocuments:
    async def test_documents_become_text_in_text_fields_and_bytes_in_bodies(self, service: Service) -> None:
        inline = {"camunda.document.type": "inline", "content": "hi", "name": "a.txt"}
        await run(
            service,
            method="POST",
            body={"myFile": inline},
            authentication={"type": "bearer", "token": inline},
        )
        _, _, headers, body = service.requests[0]
        assert headers["Authorization"] == "Bearer aGk="
        assert body == '{"myFile":"aGk="}'

    async def test_function_calls_are_carried_out(self, service: Service) -> None:
        call = {"camunda.function.type": "base64", "params": ["Hello World"]}
        await run(service, authentication={"type": "bearer", "token": call})
        assert service.requests[0][2]["Authorization"] == "Bearer SGVsbG8gV29ybGQ="

    async def test_a_document_of_an_unknown_kind(self, service: Service) -> None:
        outcome = failed(await run(service, method="POST", body={"d": {"camunda.document.type": "bogus"}}))
        assert isinstance(outcome, Fail)
        assert error_of(outcome)["message"] == "Json object contains an invalid field: body"
