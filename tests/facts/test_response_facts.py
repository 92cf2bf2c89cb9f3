"""What a response becomes (contract 13.16, 13.17)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.facts.jobs import JSON, URL, Fact, Sent, check, completes, fails, gives, rows, run, text, told_by
from tests.support.scripted_server import answer, hang, partly, scripted
from worker.documents import MemoryStore, Spool

WHOLE = {"resultVariable": "r"}
CONNECTOR = "io.camunda.connector.api.error.ConnectorException"
INPUT = "io.camunda.connector.api.error.ConnectorInputException"
LARGEST = 1_572_864
PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


def given(fact: str, answered: bytes, told: dict[str, Any], **variables: Any) -> Fact:
    return Fact(fact, told, WHOLE, variables, (answered,))


def formatted(fact: str, answered: bytes, told: dict[str, Any], choice: str, encoding: str | None = None) -> Fact:
    """With a return format."""
    return given(fact, answered, told, documentReturnFormat={"choice": choice, "encoding": encoding})


def lost(*parts: str) -> dict[str, Any]:
    """A conversion that failed: no code, one retry less."""
    return fails(*parts, retries=2, picked={"error.type": CONNECTOR})


@rows(
    [
        given("RS-001", answer(200, b""), gives(status=200, body=None, document=None)),
        given(
            "RS-002",
            answer(200, b"{}", "X-Many: 1", "X-Many: 2", "X-One: 3"),
            gives(headers={"X-Many": ["1", "2"], "X-One": "3", "Content-Length": "2"}),
        ),
        given("RS-003", text("plain", "Content-Type: text/plain"), gives(body="plain")),
        given("RS-003", text('{"a":null,"b":[1]}', JSON), gives(body={"a": None, "b": [1]})),
        given("RS-003", text("<a/>", "Content-Type: application/xml"), gives(body="<a/>")),
        given("RS-004", text('"Hello, world"', JSON), gives(body='"Hello, world"')),
        given("RS-005", text('{"unknown": null}', JSON), gives(body={"unknown": None})),
        given(
            "RS-006",
            answer(200, b"", "Set-Cookie: a=1", "Set-Cookie: b=2"),
            gives(headers={"Set-Cookie": ["a=1", "b=2"], "Content-Length": "0"}),
            method="POST",
            body={},
        ),
        given(
            "RS-007",
            b"HTTP/1.1 204 No Content\r\nX-Header: 1\r\n\r\n",
            gives(status=204, headers={"X-Header": "1"}, body=None, reason="No Content"),
        ),
        given("RQ-029", b"HTTP/1.1 204 No Content\r\n\r\n", gives(status=204, body=None), method="DELETE"),
        given(
            "RS-008", b"HTTP/1.1 204 No Content\r\n\r\n", gives(status=204, body=None), storeResponse=True
        ),
        *(
            given(
                "RS-009",
                answer(200, PNG, "Content-Type: image/png"),
                gives(body=None, document__metadata__contentType="image/png"),
                **wanted,
            )
            for wanted in ({"storeResponse": True}, {"documentReturnFormat": {"choice": "DOCUMENT"}})
        ),
        *(
            given(
                "RS-011",
                answer(status, b"", "Location: /elsewhere"),
                gives(status=status, headers={"Location": "/elsewhere", "Content-Length": "0"}),
                **wanted,
            )
            for status in (301, 302)
            for wanted in ({}, {"followRedirects": False})
        ),
        formatted("RS-013", text('"scalar"'), gives(body="scalar"), "JSON"),
        given("RS-013", text('"scalar"'), gives(body='"scalar"')),
        formatted("RS-014", text('{"a":1}'), gives(body={"a": 1}, document=None), "JSON"),
        formatted("RS-014", text('{"a":1}'), gives(body='{"a":1}', document=None), "TEXT"),
        formatted("RS-014", text('{"a":1}'), gives(body=None, document__storeId="in-memory"), "DOCUMENT"),
        given("RS-016", text('{"a":1}'), gives(body=None, document__storeId="in-memory"), storeResponse=True),
        given("RS-016", text('{"a":1}'), gives(body={"a": 1}, document=None), storeResponse=False),
        *(
            given("RS-017", text(body), gives(body=parsed))
            for body, parsed in (
                ('{"a":1}', {"a": 1}),
                ('[{"a":1},{"b":2}]', [{"a": 1}, {"b": 2}]),
                ('["a","b"]', ["a", "b"]),
                ('{"key":null}', {"key": None}),
                ('{"a":', '{"a":'),
                ("null", "null"),
                ("key: value", "key: value"),
                ("", None),
            )
        ),
    ]
)  # fmt: skip
async def test_responses(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        *(
            Fact(
                "RS-012",
                gives(status=200, body={"at": "the end"}),
                WHOLE,
                {"followRedirects": True},
                (answer(status, b"", "Location: /target"), text('{"at":"the end"}')),
                sent=(Sent("GET /x"), Sent("GET /target")),
            )
            for status in (301, 302)
        ),
        Fact(
            "RS-012",
            gives(body={"at": "the end"}),
            WHOLE,
            {"followRedirects": True},
            (answer(302, b"", "Location: /one"), answer(301, b"", "Location: /two"), text('{"at":"the end"}')),
            sent=(Sent("GET /x"), Sent("GET /one"), Sent("GET /two")),
        ),
    ]
)
async def test_redirects(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        formatted("RF-001", text("café"), gives(body="café"), "TEXT"),
        formatted("RF-001", answer(200, b"caf\xe9"), gives(body="café"), "TEXT", "ISO-8859-1"),
        formatted("RF-002", text('{"a":[1]}'), gives(body={"a": [1]}), "JSON"),
        formatted("RF-002", text("[1,2]"), gives(body=[1, 2]), "JSON"),
        formatted("RF-002", text("plain"), lost("not valid JSON"), "JSON"),
        *(
            formatted("RF-002", text(body), lost("not valid JSON"), "JSON")
            for body in ("2024-01-01", "1.2.3", "01", "1.", "12abc", "trueish", "5,6")
        ),
        *(
            formatted("RF-002", text(body), gives(body=read), "JSON")
            for body, read in (("12 monkeys", 12), ("true!", True), ('"a"b', "a"), ("null, void", None), ("[1]x", [1]))
        ),
        formatted("RF-003", text("{}"), fails("DOCUMENT, TEXT, JSON", retries=0, picked={"error.type": INPUT}), "XML"),
        formatted("RF-004", answer(200, b"x" * (LARGEST + 1)), lost("Text response payload", "Document reference"),
                  "TEXT"),
        formatted("RF-004", answer(200, b'"' + b"x" * LARGEST + b'"'), lost("JSON response payload",
                  "Document reference"), "JSON"),
        formatted("RF-005", text("1"), gives(body=1), "JSON", "bogus"),
        formatted("RF-005", text("1"), gives(document__storeId="in-memory"), "DOCUMENT", "bogus"),
        formatted("RF-005", text("1"), fails("Unsupported charset 'bogus'", retries=0), "TEXT", "bogus"),
        given("RF-006", text('{"a":1}'), gives(body={"a": 1})),
    ]
)  # fmt: skip
async def test_return_formats(fact: Fact) -> None:
    await check(fact)


def refused(fact: str, answered: bytes, message: str, code: str, headers: Any, body: Any, **variables: Any) -> Fact:
    error = {
        "type": CONNECTOR,
        "message": message,
        "code": code,
        "variables": {"response": {"headers": headers, "body": body}},
    }
    return Fact(fact, {"kind": "fail", "retries": 2, "variables": {"error": error}}, {}, variables, (answered,))


def length(body: str, **headers: str) -> dict[str, str]:
    return {**headers, "Content-Length": str(len(body))}


@rows(
    [
        refused("ER-001", b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", "", "404", {"Content-Length": "0"}, ""),
        refused("ER-002", text("", status=404, reason="My reason"), "My reason", "404", length(""), ""),
        refused(
            "ER-003",
            text('{"a":1}', "X-A: 1", "X-A: 2", status=400, reason="Bad"),
            "Bad",
            "400",
            {"X-A": ["1", "2"], "Content-Length": "7"},
            {"a": 1},
        ),
        refused("ER-003", text("plain", status=400, reason="Bad"), "Bad", "400", length("plain"), "plain"),
        refused("ER-004", text("", status=500, reason="My status"), "My status", "500", length(""), ""),
        refused("ER-005", text("none", status=404, reason="Not Found"), "Not Found", "404", length("none"), "none"),
        *(
            refused(
                "ER-006",
                text(body, "X-Header: 1", status=401, reason="Custom reason"),
                "Custom reason",
                "401",
                {"X-Header": "1", "Content-Length": str(len(body))},
                seen,
            )
            for body, seen in (("text", "text"), ('{"a":"b"}', {"a": "b"}))
        ),
        *(
            refused(
                "RS-015",
                text('{"a":1}', status=404, reason="Not Found"),
                "Not Found",
                "404",
                length('{"a":1}'),
                {"a": 1},
                documentReturnFormat={"choice": choice},
            )
            for choice in ("JSON", "TEXT", "DOCUMENT")
        ),
    ]
)  # fmt: skip
async def test_refusals(fact: Fact) -> None:
    await check(fact)


async def test_rs_010_a_document_that_cannot_be_stored() -> None:
    store = MemoryStore(max_bytes=3)
    fact = Fact("RS-010", {}, WHOLE, {"storeResponse": True}, (text("four"),), store=store)
    async with scripted(*fact.answers) as server:
        told = told_by(await run(fact, server))

    error = told["variables"]["error"]
    assert (told["kind"], told["retries"], error["type"], error["code"]) == ("fail", 2, CONNECTOR, "500")
    assert error["message"].startswith("Error while executing an HTTP request: Failed to create document: ")


class NothingIsStored(MemoryStore):
    async def store(self, content: Spool, *, content_type: str | None, file_name: str | None) -> dict[str, Any]:
        raise AssertionError("a document was stored")


@pytest.mark.parametrize("wanted", [{"storeResponse": True}, {"documentReturnFormat": {"choice": "DOCUMENT"}}])
async def test_rs_015_an_error_is_never_stored(wanted: dict[str, Any]) -> None:
    fact = Fact("RS-015", {}, WHOLE, wanted, (text('{"a":1}', status=404),), store=NothingIsStored())
    async with scripted(*fact.answers) as server:
        told = told_by(await run(fact, server))

    assert told["variables"]["error"]["variables"]["response"]["body"] == {"a": 1}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"resultExpression": '=[{d: createDocument("aGk=")}]'}, id="RE-007"),
        pytest.param({"resultExpression": '=createDocument("aGk=")'}, id="RE-006"),
        pytest.param({"errorExpression": '=createDocument("aGk=")'}, id="EE-029"),
    ],
)
async def test_a_refused_expression_makes_no_document(header: dict[str, str]) -> None:
    fact = Fact("RE-007", fails("must", retries=0), header, store=NothingIsStored())
    await check(fact)


async def test_rs_009_a_stored_document_has_the_bytes_of_the_response() -> None:
    store = MemoryStore()
    fact = Fact("RS-009", {}, WHOLE, {"storeResponse": True}, (answer(200, PNG),), store=store)
    async with scripted(*fact.answers) as server:
        reference = told_by(await run(fact, server))["variables"]["r"]["document"]
        sending = {"method": "POST", "body": {"file": reference}}
        await run(Fact("RS-009", {}, variables=sending, store=store), server)

    assert server.requests[1].body.decode() == f'{{"file":"{base64.b64encode(PNG).decode()}"}}'


async def test_er_007_silence_ends_by_the_read_timeout() -> None:
    fact = Fact("ER-007", {}, variables={"readTimeoutInSeconds": 1})
    async with scripted(hang) as server:
        told = told_by(await run(fact, server))

    assert told["variables"]["error"] == {
        "type": CONNECTOR,
        "message": "The request timed out. Please try increasing the read and connection timeouts.",
        "code": "408",
    }


async def test_rf_004_reading_stops_behind_the_limit() -> None:
    endless = partly(answer(200, b"x" * (LARGEST + 1)).replace(b"1572865", b"9999999"), hang)
    fact = formatted("RF-004", b"", {}, "TEXT")
    async with scripted(endless) as server:
        told = told_by(await run(fact, server))

    assert "exceeds the inline variable size limit of 1.5 MiB" in told["message"]


@rows([Fact("E2-006", completes(temp=36, booleanField=True, message="custom message"))])
async def test_an_error_body_becomes_the_variables_of_a_bpmn_error(fact: Fact) -> None:
    body = '{"message":"custom message","booleanField":true,"temp":36}'
    expression = (
        '=if matches(error.code, "400") and error.variables.response.body.temp = 36 then bpmnError("Too hot", '
        "error.variables.response.body.message, error.variables.response.body) "
        'else bpmnError("Not too hot", "The message default", {fake:"fakeValue"})'
    )
    thrown = {"kind": "throw", "code": "Too hot", "message": "custom message", "variables": fact.told["variables"]}
    given = {"method": "post", "url": URL + "/x"}
    await check(Fact(fact.id, thrown, {"errorExpression": expression}, given, (text(body, JSON, status=400),)))
