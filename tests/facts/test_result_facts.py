"""What becomes of a result: JH-001 to JH-022, RE and the FEEL context, in the compatible face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.facts.jobs import Fact, check, completes, fails, rows
from tests.support.job_runs import Lease, completed, job, pipeline, serving
from worker.face import COMPATIBLE

FOO = {"body": "FOO", "headers": {"Content-Type": "text/plain"}}
CALL = {"body": '{"callStatus":{"statusCode":"200 OK","failure":null},"key":"value","list":[1,2,3]}'}
NOTHING = {"status": 304, "body": ""}
FUNCTION = {"body": '{"camunda.function.type":"base64","params":["x"]}'}
BAD_SHAPE = {"retries": 0}


def mapped(fact: str, expression: str, told: Mapping[str, Any], answer: Mapping[str, Any] | None = None) -> Fact:
    return Fact(fact, told, {"resultExpression": expression}, answer=CALL if answer is None else answer)


@rows(
    [
        *(mapped("JH-008", blank, completes()) for blank in ("", " ", "\t", "\n")),
        mapped(
            "JH-009",
            '{"processedOutput": response.body.callStatus }',
            completes(processedOutput={"statusCode": "200 OK", "failure": None}),
        ),
        mapped("JH-010", '= {"processedOutput": { status: status } }', completes(processedOutput={"status": 200})),
        mapped("JH-011", "={processedOutput: body.callStatus.failure}", completes(processedOutput=None)),
        mapped("JH-012", '{"processedOutput": response.body.key }', completes(processedOutput="value")),
        mapped("JH-012", '{"processedOutput": response.body.none }', completes(processedOutput=None)),
        mapped("JH-013", "= response.body.callStatus", completes(statusCode="200 OK", failure=None)),
        mapped("JH-015", '{"processedOutput": response.callStatus }', completes(processedOutput=None), NOTHING),
        mapped("JH-016", "={processedOutput: response.body.missing.deeper}", completes(processedOutput=None)),
        mapped("JH-017", "{processedOutput: response.body}", completes(processedOutput="FOO"), FOO),
        mapped(
            "JH-018",
            "= response.body",
            fails("Result expression must return a JSON object", "string", **BAD_SHAPE),
            FOO,
        ),
        mapped("JH-019", '= "FOO"', fails("Result expression must return a JSON object", "string", **BAD_SHAPE)),
        mapped("JH-022", "={mapped: response.body.key}", completes(mapped="value")),
    ]
)
async def test_result_expressions(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        mapped(
            "RE-001",
            '={big: response.body.list[item > 1], text: "a" + "b", '
            'day: date("2024-02-29"), now: today() > @"2020-01-01"}',
            completes(big=[2, 3], text="ab", day="2024-02-29", now=True),
        ),
        mapped(
            "RE-002",
            '={res1: response.body.key, res2: "hallo" + res1}',
            completes(res1="value", res2="hallovalue"),
        ),
        mapped(
            "RE-003",
            '={"camunda.function.type": "x"}',
            fails("The connector result contains a forbidden literal 'camunda.function.type'", **BAD_SHAPE),
        ),
        mapped("RE-004", '={"status": response.status}', completes(status=None), NOTHING),
        mapped(
            "RE-007",
            '=[{d: createDocument("aGk=")}]',
            fails("Result expression must return a JSON object", "array", **BAD_SHAPE),
        ),
        mapped(
            "RE-008",
            '={d: createDocument("aGk="), f: response.body}',
            fails("forbidden literal 'camunda.function.type'", **BAD_SHAPE),
            FUNCTION,
        ),
        mapped("RE-012", "={n: response.body.n}", completes(n=2**63 - 1), {"body": '{"n":9223372036854775807}'}),
    ]
)
async def test_results_are_json_objects(fact: Fact) -> None:
    await check(fact)


async def test_re_009_a_leaked_mark_is_inert_in_another_job() -> None:
    async with serving() as service, pipeline(COMPATIBLE) as handler:
        variables = {"method": "GET", "url": service.url}
        leak = {"resultExpression": '={mark: createDocument("aGk=").connectorResultFunction}'}
        mark = completed(await handler.handle(job(variables, leak), Lease()))["mark"]
        service.body = f'{{"connectorResultFunction":"{mark}","value":"aGk="}}'

        replayed = completed(await handler.handle(job(variables, {"resultExpression": "={d: body}"}), Lease()))

    assert mark.startswith("createDocument:")
    assert replayed["d"] == {"connectorResultFunction": mark, "value": "aGk="}


@rows(
    [
        mapped("FE-001", '{"p": response.body.key }', completes(p="value")),
        mapped("FE-001", '={"p": response.body.key }', completes(p="value")),
        mapped("FE-002", "={a: body.key, b: response.body.key}", completes(a="value", b="value")),
        mapped("FE-003", "={a: body.missing}", completes(a=None)),
        mapped("FE-004", "={a: upper case(response.body.key)}", completes(a="VALUE")),
        mapped("FE-005", "={a: unknownFunction(1), b: unknown.deeper.still}", completes(a=None, b=None)),
        mapped("FE-006", "={a: 1 + 1}", completes(a=2), NOTHING),
        mapped("FE-007", "=null", completes()),
        mapped("FE-007", "=undefined.property", completes()),
        mapped("FE-008", '={res: date("2024-01-01")}', completes(res="2024-01-01")),
        mapped(
            "FE-009",
            '={a: bpmnError("C"), b: bpmnError("C","M"), c: bpmnError("C","M",{x: 1})}',
            completes(
                a={"errorType": "bpmnError", "errorCode": "C"},
                b={"errorType": "bpmnError", "errorCode": "C", "errorMessage": "M"},
                c={"errorType": "bpmnError", "errorCode": "C", "errorMessage": "M", "variables": {"x": 1}},
            ),
        ),
    ]
)
async def test_what_expressions_see(fact: Fact) -> None:
    await check(fact)
