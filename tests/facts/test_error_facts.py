"""Failures and the error expression: JH-030 to JH-043, JT, EE and the functions of FE, in the compatible face."""

from __future__ import annotations

from typing import Any

import pytest

from tests.facts.jobs import JSON, Fact, check, completes, fails, rows, run, text, throws
from tests.support.job_runs import Lease, failed, thrown
from tests.support.scripted_server import scripted

FAILURE = text('{"foo":"bar"}', JSON, status=404, reason="exception message")
SUCCESS = text('{"testProperty":"foo"}', JSON)
PLAIN = fails("exception message | Error variables: ", retries=2)
EVALUATION = {"retries": 0}


def reacts(
    fact: str, expression: str, told: dict[str, Any], *, on: bytes = FAILURE, retries: int = 3, **more: str
) -> Fact:
    return Fact(fact, told, {"errorExpression": expression, **more}, answers=(on,), retries=retries)


def broken(fact: str, told: dict[str, Any], retries: int = 3, **headers: str) -> Fact:
    """A job that the service refuses."""
    return Fact(fact, told, headers, answers=(FAILURE,), retries=retries)


@rows(
    [
        Fact("JH-033", fails("Invalid", retries=0), variables={"url": "http:///x"}, sent=()),
        Fact("JH-034", fails("jakarta.validation.ValidationException", retries=0), variables={"url": "x"}, sent=()),
        broken("JH-035", fails("exception message", retries=2, backoff=60_000), retryBackoff="PT1M"),
        broken("JH-036", fails("exception message", retries=2, backoff=86_400_000), retryBackoff="P1D"),
        Fact(
            "JH-037",
            fails("Failed to parse retry backoff header", retries=0, backoff=None),
            {"retryBackoff": "P1D1S"},
            sent=(),
        ),
        broken("JH-038", fails("exception message", retries=2, backoff=None)),
        broken("JH-041", fails("exception message", retries=3), 4),
        broken(
            "JH-042",
            fails(
                "exception message | Error variables: ",
                "type=io.camunda.connector.api.error.ConnectorException",
                "message=exception message",
                "code=404",
            ),
        ),
        broken(
            "JH-043",
            {
                "kind": "fail",
                "variables": {
                    "error": {
                        "code": "404",
                        "message": "exception message",
                        "type": "io.camunda.connector.api.error.ConnectorException",
                        "variables": {
                            "response": {
                                "headers": {"Content-Type": "application/json", "Content-Length": "13"},
                                "body": {"foo": "bar"},
                            }
                        },
                    }
                },
            },
        ),
        Fact(
            "JH-045",
            fails("Failed to parse retry backoff header", retries=0),
            {"retryBackoff": "NOT_A_VALID_DURATION"},
            sent=(),
        ),
    ]
)
async def test_failures(fact: Fact) -> None:
    await check(fact)


async def test_jh_031_and_032_messages_are_cut() -> None:
    long = "x" * 8400
    failing = Fact("JH-031", {}, answers=(text("", status=500, reason="y" * 7000),))
    throwing = Fact("JH-032", {}, {"errorExpression": f'=bpmnError("C", "{long}")'}, answers=(FAILURE,))
    async with scripted(*failing.answers) as server:
        failure = failed(await run(failing, server))
    async with scripted(*throwing.answers) as server:
        error = thrown(await run(throwing, server))

    assert failure.message == "y" * 6000
    assert error.message == long[:6000]


@rows(
    [
        Fact(fact, fails(part, retries=0), {"jobTimeout": value}, sent=())
        for fact, value, part in (
            ("JT-003", "not-a-duration", "not-a-duration"),
            ("JT-007", "PT0S", "must be a positive duration"),
            ("JT-007", "P0D", "must be a positive duration"),
            ("JT-007", "PT-10M", "must be a positive duration"),
            ("JT-007", "PT0.000000001S", "must be a positive duration"),
            ("JT-008", "PT9999999999999999S", "too large to represent"),
            ("JT-009", "PT9223372036854775S", "too large to represent"),
        )
    ]
)
async def test_job_timeouts_that_cannot_be(fact: Fact) -> None:
    lease = Lease()
    await check(fact, lease)
    assert lease.asked == []


@rows(
    [
        *(reacts("EE-001", blank, PLAIN) for blank in ("", " ", "\t", "=null")),
        reacts(
            "EE-002",
            '=if error.code != null then bpmnError("123","") else {}',
            fails("Invalid", retries=0),
        ),
        reacts("EE-003", '=if error.code = "1" then bpmnError("123","") else null', PLAIN),
        reacts("EE-004", '=if unknownFunction(error.code) then bpmnError("123","") else null', PLAIN),
        reacts(
            "EE-005",
            '=bpmnError(123, "")',
            fails("Parameter 'errorCode' of function 'bpmnError' must be a String", **EVALUATION),
        ),
        reacts(
            "EE-006",
            '={errorType: "bpmnError", errorCode: error.code, errorMessage: "Message: " + error.message}',
            throws("404", "Message: exception message"),
        ),
        reacts(
            "EE-007",
            '={errorType: "bpmnError", errorCode: "X", variables: error.variables.response.body}',
            {"kind": "throw", "code": "X", "variables": {"foo": "bar"}},
        ),
        reacts("EE-008", "=bpmnError(error.code)", {"kind": "throw", "code": "404"}),
        reacts(
            "EE-009",
            '=bpmnError(error.code, "Message: " + error.message)',
            throws("404", "Message: exception message"),
        ),
        reacts("EE-010", '=if contains(error.code,"40") then bpmnError(error.code, "m") else null', throws("404", "m")),
        reacts(
            "EE-011",
            '=if error.code = "404" then bpmnError("A","a") '
            'else if testProperty = "foo" then bpmnError("B","b") else null',
            throws("A", "a"),
        ),
        reacts(
            "EE-012",
            '=if response.testProperty = "foo" then bpmnError("B","b") else if error.code = "404" '
            'then bpmnError("A","a") else null',
            throws("A", "a"),
        ),
        reacts(
            "EE-013",
            '=if testProperty = "foo" then bpmnError("B","b") '
            'else if error.code = "404" then bpmnError("A","a") else null',
            throws("A", "a"),
        ),
        reacts(
            "EE-013",
            '=if nested.property.deep = "foo" then bpmnError("B","b") else if error.code = "404" '
            'then bpmnError("A","a") else null',
            throws("A", "a"),
        ),
        reacts(
            "EE-014",
            '=if response.body.testProperty = "foo" then bpmnError("9999", "m") else null',
            throws("9999", "m"),
            on=SUCCESS,
        ),
        reacts(
            "EE-015",
            '=if error.code != null then bpmnError("A","a") else bpmnError("B","b")',
            throws("B", "b"),
            on=SUCCESS,
        ),
        reacts(
            "EE-016",
            '=if testProperty.body.testProperty = "foo" then bpmnError("9999","m") else null',
            throws("9999", "m"),
            on=SUCCESS,
            resultVariable="testProperty",
        ),
        reacts("EE-017", '=jobError("Message: " + error.message)', fails("Message: exception message", retries=0)),
        reacts("EE-018", '=jobError("no")', fails("no", retries=0), on=SUCCESS),
        reacts("EE-019", '=jobError("…", {}, job.retries - 1)', fails("…", retries=4), retries=5),
        reacts(
            "EE-020",
            '=jobError("MyError", {"myVar":"myVal"})',
            fails("MyError", variables={"myVar": "myVal", "error": "MyError"}),
        ),
        reacts(
            "EE-021",
            '=jobError("MyError", {error: "mine", other: 1})',
            fails("MyError", variables={"error": "MyError", "other": 1}),
        ),
        reacts("EE-022", "=ignoreError(error.variables.response.body)", completes(foo="bar")),
        reacts("EE-023", "=ignoreError()", completes()),
        reacts("EE-024", '=ignoreError({"recovered": true})', completes(recovered=True), on=SUCCESS),
        reacts("EE-025", '="text"', {"kind": "fail", "retries": 0}),
        reacts(
            "EE-027",
            "=[1,2,3]",
            fails("Error expression must return a JSON object", "array", "[1,2,3]", **EVALUATION),
        ),
        reacts(
            "EE-028",
            "=bpmnError(error.code, error.message, {leaked: error.variables})",
            fails("forbidden literal 'camunda.function.type'", **EVALUATION),
            on=text('{"camunda.function.type":"base64","params":["x"]}', status=404),
        ),
        reacts("EE-029", '=createDocument("aGk=")', fails("must not be a bare createDocument", **EVALUATION)),
        reacts(
            "EE-030",
            '=bpmnError("CODE", "message", {myDoc: createDocument("aGk=")})',
            throws("CODE", "message", picked={"myDoc.metadata.contentType": "application/octet-stream"}),
        ),
    ]
)
async def test_error_expressions(fact: Fact) -> None:
    if fact.id == "EE-002":  # a failure without a code: one of the input
        fact = Fact(fact.id, fact.told, fact.headers, {"url": "http:///x"})
    await check(fact)


@rows(
    [
        reacts("FE-010", '=bpmnError("C", "M", "text")', {"kind": "fail", "retries": 0}),
        reacts(
            "FE-011",
            '=jobError("M", {a: 1}, 2, duration("PT1M"))',
            fails("M | Error variables: {", retries=2, backoff=60_000, variables={"a": 1, "error": "M"}),
        ),
        reacts("FE-012", '=jobError("M")', {"kind": "fail", "retries": 0, "backoff": 0, "variables": {"error": "M"}}),
        reacts(
            "FE-013",
            '=jobError("M", {sum: 1 + 5, o: {l: [1, "x", null, true]}, big: 9999999999})',
            {
                "kind": "fail",
                "variables": {"sum": 6, "o": {"l": [1, "x", None, True]}, "big": 9_999_999_999, "error": "M"},
            },
        ),
        *(
            reacts(
                "FE-012",
                f'={{errorType: "jobError", errorMessage: "M", retries: 1, retryBackoff: {given}}}',
                fails("M", retries=1, backoff=backoff),
            )
            for given, backoff in (
                ("60", 60_000),
                ('" PT5S "', 5_000),
                ('["PT5S"]', 5_000),
                ('" "', None),
                ("null", None),
            )
        ),
        reacts("FE-014", "=ignoreError({a: 1})", completes(a=1)),
        reacts(
            "FE-017",
            '=jobError("fail", {}, 2, backoff(1, duration("PT1S"), 2, duration("PT1M"), 0))',
            {"kind": "fail", "backoff": 1000},
        ),
        *(
            reacts("FE-018", f'=jobError("M", {{}}, 1, {call})', fails(named, **EVALUATION))
            for call, named in (
                ("backoff(0)", "attempt"),
                ('backoff(1, duration("PT1S"), 0)', "factor"),
                ('backoff(1, duration("PT1M"), 2, duration("PT1S"), 0)', "minDelay"),
                ('backoff(1, duration("PT1S"), 2, duration("PT1M"), -1)', "jitterFactor"),
            )
        ),
    ]
)
async def test_functions(fact: Fact) -> None:
    await check(fact)


@pytest.mark.parametrize(
    ("call", "shortest", "longest"),
    [
        pytest.param("backoff(1)", 45, 55, id="FE-015"),
        pytest.param("backoff(100)", 4500, 5500, id="FE-015 many"),
        pytest.param('backoff(1, duration("PT1S"))', 900, 1100, id="FE-016"),
    ],
)
async def test_waits_have_some_jitter(call: str, shortest: int, longest: int) -> None:
    async with scripted(FAILURE) as server:
        outcome = failed(await run(reacts("FE-015", f'=jobError("M", {{}}, 1, {call})', {}), server))

    assert outcome.backoff is not None
    assert shortest <= outcome.backoff <= longest
