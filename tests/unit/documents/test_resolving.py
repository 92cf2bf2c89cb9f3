"""References and function calls among the inputs (contract 2.4, 13.18)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from worker.documents import Documents, Downloaded, InvalidReference, MemoryStore, is_special, may_be_special
from worker.documents.spool import Spool
from worker.errors import CONNECTOR_INPUT_EXCEPTION, JobFailure


def inline(content: Any, **members: Any) -> dict[str, Any]:
    return {"camunda.document.type": "inline", "content": content, **members}


def external(url: str = "http://files/a", **members: Any) -> dict[str, Any]:
    return {"camunda.document.type": "external", "url": url, **members}


def call(name: str, *params: Any) -> dict[str, Any]:
    return {"camunda.function.type": name, "params": list(params)}


class Files:
    """An outgoing GET that answers from memory and notes what was asked."""

    def __init__(self, content: bytes = b"external!", **headers: str) -> None:
        self.answer = Downloaded(content, {name.replace("_", "-"): value for name, value in headers.items()})
        self.urls: list[str] = []
        self.failure: JobFailure | None = None

    async def get(self, url: str) -> Downloaded:
        self.urls.append(url)
        if self.failure is not None:
            raise self.failure
        return self.answer


class Path:
    """Stands for the FEEL engine: walks a dotted path."""

    async def evaluate(self, text: str, context: Mapping[str, Any]) -> Any:
        value: Any = context
        for name in text.split("."):
            value = value[name]
        return value


def documents(files: Files | None = None, **options: Any) -> Documents:
    return Documents(MemoryStore(), download=(files or Files()).get, expressions=Path(), **options)


async def text(value: Any, files: Files | None = None) -> str:
    return await documents(files).resolver().resolve_string(value)


async def body(value: Any, files: Files | None = None) -> Any:
    return await documents(files).resolver().resolve_any(value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [("The content", b"The content"), ({"a": [1, None, "ü"]}, '{"a":[1,null,"ü"]}'.encode()), ([1.5], b"[1.5]"),
     (5, b"5"), (True, b"true"), ("", b"")],
)  # fmt: skip
async def test_an_inline_document_is_base64_for_a_text_and_a_document_in_the_body(
    content: Any, expected: bytes
) -> None:
    assert await text(inline(content)) == base64.b64encode(expected).decode()
    tree = await body({"deep": [{"d": inline(content)}, 1, None]})
    assert await tree["deep"][0]["d"].read() == expected
    assert tree["deep"][1:] == [1, None]


@pytest.mark.parametrize(
    ("members", "content_type", "name"),
    [
        ({"name": "f.json", "contentType": "text/x"}, "text/x", "f.json"),
        ({"name": "f.json", "contentType": " "}, "application/json", "f.json"),
        ({"name": "F.TXT"}, "text/plain", "F.TXT"),
        ({"name": "a.b.csv"}, "text/csv", "a.b.csv"),
        ({"name": "a.gz"}, "application/gzip", "a.gz"),
        ({"name": "noextension"}, "application/octet-stream", "noextension"),
        ({"name": "dot."}, "application/octet-stream", "dot."),
        ({"name": ".txt"}, "application/octet-stream", ".txt"),
        ({"name": "a.unknownext"}, "application/octet-stream", "a.unknownext"),
    ],
)
async def test_inline_metadata(members: dict[str, Any], content_type: str, name: str) -> None:
    document = documents().document(inline("four", **members))
    metadata = await document.metadata()
    assert (metadata.content_type, metadata.file_name, metadata.size) == (content_type, name, 4)
    assert document.reference() == inline("four", **members)


async def test_an_inline_document_without_a_name_gets_one_that_stays() -> None:
    document = documents().document(inline({"a": 1}))
    name = (await document.metadata()).file_name
    assert str(uuid.UUID(name)) == name
    assert document.reference() == inline('{"a":1}', name=name)


async def test_inline_content_must_not_be_null() -> None:
    with pytest.raises(JobFailure, match="Inline document content must not be null") as caught:
        await body(inline(None))
    assert caught.value.final


@pytest.mark.parametrize(
    ("disposition", "content_type", "name"),
    [
        ('attachment; filename="report"', "application/pdf", "report.pdf"),
        ("attachment; filename=report.png", "application/pdf", "report.png"),
        ("attachment; FILENAME=x y", "image/SVG+xml", "x y.svg"),
    ],
)
async def test_external_metadata(disposition: str, content_type: str, name: str) -> None:
    files = Files(content_disposition=disposition, content_type=content_type)
    metadata = await documents(files).document(external()).metadata()
    assert (metadata.content_type, metadata.file_name, metadata.size) == (content_type, name, -1)


async def test_an_external_document_is_downloaded_once_and_not_before_it_is_needed() -> None:
    files = Files(b"12345", content_length="5")
    tree = await body([external(name="given.txt")], files)
    assert files.urls == []
    metadata = await tree[0].metadata()
    assert await tree[0].read() == b"12345"
    assert (metadata.content_type, metadata.file_name, metadata.size) == (None, "given.txt", 5)
    assert files.urls == ["http://files/a"]
    assert tree[0].reference() == external(name="given.txt")


async def test_an_external_document_without_a_name_gets_one() -> None:
    name = (await documents(Files(content_type="image/svg+xml")).document(external()).metadata()).file_name
    assert name is not None
    stem, dot, extension = name.partition(".")
    assert str(uuid.UUID(stem)) == stem
    assert (dot, extension) == (".", "svg")


async def test_a_failed_download_costs_a_retry_in_the_body_and_none_for_a_text() -> None:
    files = Files()
    files.failure = JobFailure("Not Found", code="404")
    (document,) = await body([external()], files)
    with pytest.raises(JobFailure) as in_body:
        await document.read()
    assert (in_body.value.code, in_body.value.final) == ("404", False)
    with pytest.raises(JobFailure) as in_text:
        await text(external(), files)
    assert (in_text.value.type, in_text.value.message, in_text.value.final) == (
        CONNECTOR_INPUT_EXCEPTION,
        "Not Found",
        True,
    )


async def test_cam_075_a_stored_document_keeps_its_reference_and_metadata() -> None:
    made = documents()
    reference = await made.store.store(Spool.of(b"bytes"), content_type="text/plain", file_name="a.txt")
    reference["metadata"] |= {"size": 5, "customProperties": {"k": "v"}}
    document = made.document(reference)
    assert await document.read() == b"bytes"
    metadata = await document.metadata()
    assert (metadata.content_type, metadata.file_name, metadata.size) == ("text/plain", "a.txt", 5)
    assert metadata.extra == {"customProperties": {"k": "v"}}
    assert document.reference() == reference
    assert await made.resolver().resolve_string(reference) == base64.b64encode(b"bytes").decode()


async def test_cam_101_a_missing_document_says_so() -> None:
    document = documents().document({"camunda.document.type": "camunda", "documentId": "nope", "metadata": None})
    with pytest.raises(JobFailure) as caught:
        await document.read()
    assert caught.value.message == "Failed to read document content: Document not found: nope"
    assert caught.value.type == "java.lang.RuntimeException"
    assert not caught.value.final


@pytest.mark.parametrize(
    "reference",
    [
        {"camunda.document.type": "bogus"},
        {"camunda.document.type": None},
        {"camunda.document.type": "camunda"},
        {"camunda.document.type": "camunda", "documentId": {"a": 1}},
        {"camunda.document.type": "camunda", "documentId": "d", "metadata": [1]},
        {"camunda.document.type": "external", "name": "n"},
        inline("x", name=[1]),
        {"camunda.function.type": {"a": 1}},
    ],
)
async def test_what_cannot_be_a_reference_is_refused(reference: Any) -> None:
    with pytest.raises(InvalidReference):
        await body({"d": [reference]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (call("base64", "Hello World"), "SGVsbG8gV29ybGQ="),
        (call("base64", inline("The content")), "VGhlIGNvbnRlbnQ="),
        (call("base64", call("base64", "x")), "ZUE9PQ=="),
        (call("base64", "ü"), "w7w="),
        (call("getText", inline("The content")), "The content"),
        (call("getText", inline("äb"), "ISO-8859-1"), "Ã¤b"),
        (call("getText", inline("\0A"), "UTF-16"), "A"),
        (call("createLink", external("http://files/x")), "http://files/x"),
        (call("createLink", external("http://files/x"), "PT1H"), "http://files/x"),
        ({"camunda.function.type": "base64", "params": "single"}, "c2luZ2xl"),
    ],
)
async def test_functions_answer_texts(value: Any, expected: str) -> None:
    assert await text(value) == expected
    assert await body({"v": [value]}) == {"v": [expected]}


async def test_get_json_gives_the_object_or_what_an_expression_makes_of_it() -> None:
    document = inline({"a": {"b": 5}, "n": 1.10})
    assert await body(call("getJson", document)) == {"a": {"b": 5}, "n": 1.1}
    assert await body(call("getJson", document, "a.b")) == 5
    exact = await documents().resolver(exact=True).resolve_any(call("getJson", inline('{"n": 1.10}')))
    assert str(exact["n"]) == "1.10"
    assert isinstance(exact["n"], Decimal)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (call("wrong", 1), "No intrinsic function found with name: wrong"),
        (call("base64"), "Parameter at index 0 is required but not provided"),
        (call("createGithubAppInstallationToken", "k", None, 1), "Parameter at index 1 is required but not provided"),
        (call("createLink", inline("x")), "Inline documents do not support link generation"),
        (call("getJson", inline("[1]")), "getJson with arguments: [document]. The document is no JSON object"),
        (call("getJson", inline("{")), "Failed to execute intrinsic function: getJson"),
        (call("getText", inline("x"), "no-such"), "Unsupported charset 'no-such'"),
        (call("getText", "hidden text"), r"getText with arguments: \[string\]. A document is expected"),
        (call("createLink", external(), "1h"), "'1h' is no ISO-8601 duration"),
    ],
)  # fmt: skip
async def test_in_003_a_call_that_cannot_work_ends_the_job_and_says_why(value: Any, message: str) -> None:
    for target in (text, body):
        with pytest.raises(JobFailure) as caught:
            await target(value)
        assert caught.value.type == CONNECTOR_INPUT_EXCEPTION
        assert caught.value.final
        assert message.replace("\\", "") in caught.value.message
        assert "hidden text" not in caught.value.message


async def test_a_text_must_come_out_where_a_text_is_expected() -> None:
    with pytest.raises(JobFailure, match=r"Unsupported operation result, expected a string, got: \{a=1\}"):
        await text(call("getJson", inline({"a": 1})))


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = call("base64", value)
    return value


@pytest.mark.parametrize("value", [nested(11), nested(5000), [call("base64", "x")] * 11])
async def test_in_005_at_most_ten_calls(value: Any) -> None:
    with pytest.raises(JobFailure, match="Intrinsic function limit exceeded"):
        await body(value)


@pytest.mark.parametrize("value", [nested(10), [call("base64", "x")] * 10])
async def test_ten_calls_are_allowed(value: Any) -> None:
    await body(value)


async def test_the_limit_holds_for_all_inputs_of_a_job_together() -> None:
    resolver = documents().resolver()
    for _ in range(10):
        await resolver.resolve_string(call("base64", "x"))
    with pytest.raises(JobFailure, match="limit exceeded"):
        await resolver.resolve_any(call("base64", "x"))


async def test_a_deep_tree_is_resolved() -> None:
    tree: Any = inline("x")
    for _ in range(5000):
        tree = [tree]
    resolved = await body(tree)
    while isinstance(resolved, list):
        (resolved,) = resolved
    assert await resolved.read() == b"x"


def test_telling_special_objects_from_others() -> None:
    assert is_special(inline("x"))
    assert is_special(call("f"))
    assert not is_special({"other": 1})
    assert not is_special("camunda.document.type")
    assert may_be_special('{"a":{"camunda.function.type":"x"}}')
    assert may_be_special('{"a":{"camunda\\u002edocument.type":"x"}}')
    assert not may_be_special('{"a":1}')
