"""Documents and function calls among the inputs, documents made by expressions (contract 13.7, 13.18)."""

from __future__ import annotations

import base64
import re
from typing import Any

from tests.facts.jobs import URL, Fact, Sent, check, completes, fails, rows, run, told_by
from tests.support.scripted_server import answer, scripted
from worker.documents import MemoryStore

INPUT = "io.camunda.connector.api.error.ConnectorInputException"
MULTIPART = {"headers": {"Content-Type": "multipart/form-data; boundary=b"}}


def inline(content: Any, **members: Any) -> dict[str, Any]:
    return {"camunda.document.type": "inline", "content": content, **members}


def call(name: str, *params: Any) -> dict[str, Any]:
    return {"camunda.function.type": name, "params": list(params)}


def posts(fact: str, body: Any, sent: Any, **variables: Any) -> Fact:
    given = {"method": "POST", "body": body, **variables}
    return Fact(fact, completes(), variables=given, sent=(Sent("POST /x", body=sent),))


def refused(fact: str, body: Any, *parts: str) -> Fact:
    told = fails(*parts, retries=0, picked={"error.type": INPUT})
    return Fact(fact, told, variables={"method": "POST", "body": body}, sent=())


def parts(*each: str) -> str:
    return "".join(f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in each) + "--b--\r\n"


@rows(
    [
        Fact(
            "DO-001",
            completes(),
            variables={"headers": {"X-Doc": inline("hi")}},
            sent=(Sent(headers={"X-Doc": "aGk="}),),
        ),
        posts("DO-001", {"o": {"l": [inline("hi")]}}, {"o": {"l": ["aGk="]}}),
        posts("DO-003", {"file": inline("hi"), "n": None}, '{"file":"aGk=","n":null}'),
        posts(
            "DO-004",
            {"m": {"l": [{"d": inline("hi")}, None, 1], "n": None}},
            '{"m":{"l":[{"d":"aGk="},null,1],"n":null}}',
        ),
        *(
            posts("DO-005", {"d": inline(content)}, {"d": base64.b64encode(sent.encode()).decode()})
            for content, sent in (("ü", "ü"), ({"a": [None]}, '{"a":[null]}'), ([1], "[1]"), (5, "5"), (True, "true"))
        ),
        refused("DO-005", {"d": inline(None)}, "Inline document content must not be null"),
        refused("DO-005", {"d": call("createLink", inline("x"))}, "Inline documents do not support link generation"),
        *(
            posts(
                "DO-005",
                {"d": inline("x", **members)},
                parts(f'name="d"; filename="{members["name"]}"\r\nContent-Type: {kind}\r\n\r\nx'),
                **MULTIPART,
            )
            for members, kind in (
                ({"name": "a.json"}, "application/json"),
                ({"name": "a.json", "contentType": "text/x"}, "text/x"),
                ({"name": "none"}, "application/octet-stream"),
            )
        ),
        *(
            posts(
                "DO-008",
                {"d": inline("x", name=name)},
                parts(f'name="d"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\nx'),
                **MULTIPART,
            )
            for name, kind in (
                ("a.json", "application/json"),
                ("a.csv", "text/csv"),
                ("a.TXT", "text/plain"),
                ("a.gz", "application/gzip"),
                ("a.csv.json", "application/json"),
                ("a.unknown", "application/octet-stream"),
                ("dot.", "application/octet-stream"),
                (".txt", "application/octet-stream"),
            )
        ),
        posts(
            "DO-002",
            {"doc": inline("The content", name="file.txt"), "docs": [inline("1", name="1.csv")], "t": "v", "n": None},
            parts(
                'name="doc"; filename="file.txt"\r\nContent-Type: text/plain\r\n\r\nThe content',
                'name="docs"; filename="1.csv"\r\nContent-Type: text/csv\r\n\r\n1',
                'name="t"\r\n\r\nv',
            ),
            **MULTIPART,
        ),
        posts("IN-001", {"v": call("base64", "Hello World")}, {"v": "SGVsbG8gV29ybGQ="}),
        posts("IN-001", {"v": call("base64", inline("hi"))}, {"v": "aGk="}),
        posts("IN-001", {"v": call("getText", inline("hi"))}, {"v": "hi"}),
        posts("IN-001", {"v": call("getText", inline("\0A"), "UTF-16")}, {"v": "A"}),
        posts("IN-001", {"v": call("getJson", inline({"a": {"b": 1}}))}, {"v": {"a": {"b": 1}}}),
        posts("IN-001", {"v": call("getJson", inline({"a": {"b": 1}}), "a.b")}, {"v": 1}),
        posts(
            "IN-001",
            {"v": call("createLink", {"camunda.document.type": "external", "url": "http://h/f"})},
            {"v": "http://h/f"},
        ),
        Fact(
            "IN-002",
            completes(),
            variables={"authentication": {"type": "bearer", "token": call("base64", "Hello World")}},
            sent=(Sent(headers={"Authorization": "Bearer SGVsbG8gV29ybGQ="}),),
        ),
        refused("IN-003", {"v": call("wrong", 1)}, "No intrinsic function found with name: wrong"),
        posts("IN-004", {"v": call("base64", call("base64", "x"))}, {"v": "ZUE9PQ=="}),
        refused("IN-004", {"v": call("base64")}, "Parameter at index 0 is required but not provided"),
        refused("IN-005", [call("base64", "x")] * 11, "Intrinsic function limit exceeded"),
        posts("IN-005", [call("base64", "x")] * 10, ["eA=="] * 10),
    ]
)  # fmt: skip
async def test_inputs(fact: Fact) -> None:
    await check(fact)


def created(fact: str, value: str, **told: Any) -> Fact:
    return Fact(fact, {"kind": "complete", **told}, {"resultExpression": f"={{d: createDocument({value})}}"})


def misused(fact: str, value: str, *parts: str) -> Fact:
    return Fact(fact, fails(*parts, retries=0), {"resultExpression": f"={{d: createDocument({value})}}"})


@rows(
    [
        created(
            "CD-002",
            '{content: "aGk=", name: "a.bin", contentType: "text/plain"}',
            picked={"d.metadata": {"contentType": "text/plain", "fileName": "a.bin"}},
        ),
        created("CD-003", '{content: "aGk=", contentType: "no/such"}', picked={"d.metadata.contentType": "no/such"}),
        misused("CD-006", '{name: "x"}', "createDocument()", "content"),
        misused("CD-007", '"not-base64!!"', "is not valid base64"),
        misused("CD-007", '"aGVs!!bG8="', "is not valid base64"),
    ]
)
async def test_documents_made_by_expressions(fact: Fact) -> None:
    await check(fact)


async def bytes_of(fact: Fact) -> list[bytes]:
    """The contents of all documents that the job makes, in the order of its variables."""
    store = MemoryStore()
    async with scripted(*fact.answers) as server:
        told = told_by(await run(Fact(fact.id, fact.told, fact.headers, store=store), server))
    identifiers = re.findall(r"'documentId': '([^']+)'", repr(told["variables"]))
    return [await store.load(each, store_id=None, content_hash=None) for each in identifiers]


async def test_cd_001_a_bare_text_is_the_content() -> None:
    assert await bytes_of(created("CD-001", '"aGVsbG8="')) == [b"hello"]


async def test_cd_006_and_007_empty_and_wrapped_content() -> None:
    assert await bytes_of(created("CD-006", '{content: ""}')) == [b""]
    assert await bytes_of(created("CD-007", '"aGVs\\nbG8="')) == [b"hello"]


async def test_cd_004_without_name_and_type() -> None:
    async with scripted() as server:
        told = told_by(await run(created("CD-004", '"aGk="'), server))

    metadata = told["variables"]["d"]["metadata"]
    assert metadata["contentType"] == "application/octet-stream"
    assert metadata["fileName"].strip()


async def test_cd_005_and_008_marks_anywhere_and_numbers_beside_them() -> None:
    expression = (
        '={l: [createDocument("MQ=="), {x: createDocument("Mg==")}], '
        "big: 9223372036854775807, small: 0.1, s: response.status}"
    )
    fact = Fact("CD-005", {}, {"resultExpression": expression})
    async with scripted() as server:
        variables = told_by(await run(fact, server))["variables"]

    assert (variables["big"], variables["small"], variables["s"]) == (2**63 - 1, 0.1, 200)
    assert await bytes_of(fact) == [b"1", b"2"]


async def test_cd_009_a_text_like_the_discriminator_is_inert() -> None:
    body = b'{"connectorResultFunction":"createDocument:00000000-0000-0000-0000-000000000000","value":"aGk="}'
    expression = '={t: "connectorResultFunction", v: response.body, d: createDocument("aGk=")}'
    fact = Fact("CD-009", {}, {"resultExpression": expression}, answers=(answer(200, body),))
    async with scripted(*fact.answers) as server:
        variables = told_by(await run(fact, server))["variables"]

    assert variables["t"] == "connectorResultFunction"
    assert variables["v"]["value"] == "aGk="
    assert variables["d"]["camunda.document.type"] == "camunda"


async def test_do_006_an_inline_document_without_a_name_gets_one() -> None:
    fact = Fact("DO-006", {}, variables={"method": "POST", "body": {"d": inline({"a": 1})}, **MULTIPART})
    async with scripted() as server:
        await run(fact, server)

    sent = server.requests[0]
    text = sent.body.decode() if sent.body else ""
    assert re.search(r'filename="[0-9a-f-]{36}"\r\n', text)
    assert '{"a":1}' in text


async def test_do_007_an_external_document_is_fetched_when_it_is_needed() -> None:
    file = answer(200, b"bytes", "Content-Type: application/pdf", 'Content-Disposition: attachment; filename="report"')
    external = {"camunda.document.type": "external", "url": URL + "/file"}
    unused = Fact("DO-007", completes(), variables={"body": {"d": external}}, sent=(Sent("GET /x"),))
    used = Fact(
        "DO-007",
        completes(),
        variables={"method": "POST", "body": {"d": external}},
        answers=(file, answer()),
        sent=(Sent("GET /file"), Sent("POST /x", body={"d": "Ynl0ZXM="})),
    )
    await check(unused)
    await check(used)


async def test_do_007_a_missing_external_document_costs_a_try() -> None:
    external = {"camunda.document.type": "external", "url": URL + "/file"}
    gone = Fact(
        "DO-007",
        fails("Not Found", retries=2, picked={"error.code": "404"}),
        variables={"method": "POST", "body": {"d": external}},
        answers=(answer(404, b"", reason="Not Found"),),
        sent=(Sent("GET /file"),),
    )
    await check(gone)
