"""What becomes of a result: outputs, result expressions, what FEEL sees (contract 13.1, 13.5, 13.6)."""

from __future__ import annotations

from typing import Any

from tests.facts.jobs import EMPTY, JSON, Fact, Sent, check, compare, completes, fails, gives, rows, run, text
from tests.support.scripted_server import scripted

FOO = text("FOO", "Content-Type: text/plain")
CALL = text('{"callStatus":{"statusCode":"200 OK","failure":null},"key":"value","list":[1,2,3]}', JSON)
NOTHING = b"HTTP/1.1 304 Not Modified\r\n\r\n"
FUNCTION = text('{"camunda.function.type":"base64","params":["x"]}')
BAD_SHAPE = {"retries": 0}
WHOLE = {"resultVariable": "r"}
AS_JSON = {"documentReturnFormat": {"choice": "JSON"}}


def mapped(fact: str, expression: str, told: dict[str, Any], answer: bytes = CALL) -> Fact:
    return Fact(fact, told, {"resultExpression": expression}, answers=(answer,))


@rows(
    [
        *(
            Fact("JH-001", completes(), {"resultVariable": blank}, answers=(CALL,))
            for blank in ("", " ", "\t", "\n", "\r\n ")
        ),
        Fact("JH-002", {"kind": "complete", "picked": {"result.body": {"hello": "world"}}},
             {"resultVariable": "result"}, answers=(text('{"hello":"world"}'),)),
        Fact("JH-003", completes(result=None), {"resultVariable": "result"}, answers=(NOTHING,)),
        Fact("JH-004", gives(body={}), WHOLE, answers=(text("{}"),)),
        Fact("JH-005", gives(body=1), WHOLE, AS_JSON, answers=(text("1"),)),
        Fact("JH-006", fails("Create document", "exceeds the 1.5 MB safe variable size limit", retries=0), WHOLE,
             answers=(text("x" * 1_572_865),)),
        Fact("JH-007", gives(body="small"), WHOLE, answers=(text("small"),)),
        Fact("JH-020", completes(), answers=(CALL,)),
        Fact("JH-021", {"kind": "complete", "picked": {"r.body.key": "value", "key": "value", "nullVar": None}},
             {**WHOLE, "resultExpression": "={key: response.body.key, nullVar: null}"}, answers=(CALL,)),
    ]
)  # fmt: skip
async def test_outputs(fact: Fact) -> None:
    await check(fact)


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
        *(
            mapped("RE-005", expression, fails(f"but got {kind}. Evaluated value: {shown}", **BAD_SHAPE))
            for expression, kind, shown in (
                ("=[1,2,3]", "array", "[1,2,3]"),
                ('="hello"', "string", '"hello"'),
                ("=42", "number", "42"),
                ("=true", "boolean", "true"),
            )
        ),
        mapped("RE-006", '=createDocument("aGk=")', fails("must not be a bare createDocument", **BAD_SHAPE)),
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
        mapped("RE-012", "={n: response.body.n}", completes(n=2**63 - 1), text('{"n":9223372036854775807}')),
    ]
)
async def test_results_are_json_objects(fact: Fact) -> None:
    await check(fact)


async def test_re_009_a_leaked_mark_is_inert_in_another_job() -> None:
    leak = Fact("RE-009", {}, {"resultExpression": '={mark: createDocument("aGk=").connectorResultFunction}'})
    async with scripted() as server:
        outcome = await run(leak, server)
    mark = str(outcome.variables).partition('"mark":"')[2].partition('"')[0]
    replayed = text(f'{{"connectorResultFunction":"{mark}","value":"aGk="}}')

    assert mark.startswith("createDocument:")
    await check(
        mapped("RE-009", "={d: body}", completes(d={"connectorResultFunction": mark, "value": "aGk="}), replayed)
    )


@rows(
    [
        mapped("FE-001", '{"p": response.body.key }', completes(p="value")),
        mapped("FE-001", '={"p": response.body.key }', completes(p="value")),
        mapped("FE-002", "={a: body.key, b: response.body.key}", completes(a="value", b="value")),
        mapped("FE-002", "={a: job.retries, b: response.job.retries}", completes(a=None, b=None)),
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
        *(
            mapped("FE-019", f"={{v: createDocument({value}).value}}", completes(v=seen))
            for value, seen in (
                ('"aGk="', "aGk="),
                ('{content: "aGk=", name: "n"}', {"content": "aGk=", "name": "n"}),
                ('{content: "aGk="}', {"content": "aGk="}),
                ('{content: "aGk=", contentType: "no/such"}', {"content": "aGk=", "contentType": "no/such"}),
            )
        ),
    ]
)
async def test_what_expressions_see(fact: Fact) -> None:
    await check(fact)


async def test_fe_020_every_evaluation_has_a_mark_of_its_own() -> None:
    fact = mapped("FE-020", '={m: createDocument("aGk=").connectorResultFunction}', {}, EMPTY)
    async with scripted(*fact.answers) as server:
        first, second = [await run(fact, server) for _ in range(2)]

    assert first.variables != second.variables
    compare({"kind": "complete"}, first)
    assert [request.line for request in server.requests] == [f"{Sent('GET /x').line} HTTP/1.1"] * 2
