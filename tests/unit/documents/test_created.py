"""`createDocument` markers become documents (contract 4.7, 13.7)."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from worker.documents import MemoryStore, resolve_created_documents
from worker.errors import CONNECTOR_INPUT_EXCEPTION, JobFailure

NONCE = "d7d1f1b0-5a53-4b60-a3b6-0f8e6e1c9a57"


def created(value: Any, nonce: str = NONCE) -> dict[str, Any]:
    return {"connectorResultFunction": f"createDocument:{nonce}", "value": value}


async def content_of(store: MemoryStore, reference: dict[str, Any]) -> bytes:
    return await store.load(
        reference["documentId"], store_id=reference["storeId"], content_hash=reference["contentHash"]
    )


@pytest.mark.parametrize(
    ("value", "content", "metadata"),
    [
        ({"content": "aGVsbG8=", "name": "a.txt"}, b"hello", {"contentType": "text/plain", "fileName": "a.txt"}),
        ({"data": "aGVsbG8", "fileName": "b"}, b"hello", {"contentType": "application/octet-stream", "fileName": "b"}),
        ({"content": "aGVs\n bG8=\t", "name": "c.bin", "contentType": "any/thing; really"}, b"hello",
         {"contentType": "any/thing; really", "fileName": "c.bin"}),
        ({"content": "", "name": "empty.json"}, b"", {"contentType": "application/json", "fileName": "empty.json"}),
        ({"content": 5, "data": "aGk=", "name": " ", "fileName": "d.csv"}, b"hi",
         {"contentType": "text/csv", "fileName": "d.csv"}),
    ],
)  # fmt: skip
async def test_a_marker_becomes_the_reference_of_a_document(value: Any, content: bytes, metadata: Any) -> None:
    store = MemoryStore()
    tree = await resolve_created_documents({"doc": created(value), "n": 1}, NONCE, store)
    assert tree["doc"]["camunda.document.type"] == "camunda"
    assert tree["doc"]["metadata"] == metadata
    assert await content_of(store, tree["doc"]) == content
    assert tree["n"] == 1


async def test_a_bare_text_gets_a_random_name() -> None:
    store = MemoryStore()
    tree = await resolve_created_documents([{"d": created("aGk=")}], NONCE, store)
    metadata = tree[0]["d"]["metadata"]
    assert str(uuid.UUID(metadata["fileName"])) == metadata["fileName"]
    assert metadata["contentType"] == "application/octet-stream"
    assert await content_of(store, tree[0]["d"]) == b"hi"


async def test_everything_beside_a_marker_stays() -> None:
    tree = {
        "big": 10**40,
        "d": Decimal("1.000000000000000000001"),
        "l": [created("aGk="), {"x": created("aGk=")}, None],
    }
    resolved = await resolve_created_documents(tree, NONCE, MemoryStore())
    assert resolved["big"] == 10**40
    assert str(resolved["d"]) == "1.000000000000000000001"
    assert resolved["l"][0]["storeId"] == resolved["l"][1]["x"]["storeId"] == "in-memory"
    assert resolved["l"][2] is None


@pytest.mark.parametrize(
    "data",
    [
        created("aGk=", nonce="another"),
        created("aGk=", nonce=""),
        {"connectorResultFunction": "createDocument", "value": "aGk="},
        f"createDocument:{NONCE}",
        {"other": f"createDocument:{NONCE}"},
    ],
)
async def test_a_forged_or_old_marker_is_data(data: Any) -> None:
    assert await resolve_created_documents({"v": data}, NONCE, MemoryStore()) == {"v": data}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "null"),
        (5, "takes a Base64 text"),
        (["aGk="], "takes a Base64 text"),
        ({"name": "x"}, "needs 'content' or 'data'"),
        ("not-base64!!", "createDocument() 'content'/'data' is not valid base64: "),
        ({"content": "aGVs!!bG8="}, "is not valid base64"),
        ("aGk=aGk=", "is not valid base64"),
        ("a", "is not valid base64"),
    ],
)
async def test_misuse_ends_the_job(value: Any, message: str) -> None:
    with pytest.raises(JobFailure) as caught:
        await resolve_created_documents({"d": created(value)}, NONCE, MemoryStore())
    assert message in caught.value.message
    assert caught.value.type == CONNECTOR_INPUT_EXCEPTION
    assert caught.value.final


@pytest.mark.parametrize("expression", ["Result", "Error"])
async def test_a_bare_call_ends_the_job(expression: str) -> None:
    with pytest.raises(JobFailure) as caught:
        await resolve_created_documents(created("aGk="), NONCE, MemoryStore(), expression=expression)
    assert caught.value.message.startswith(f"{expression} expression must not be a bare createDocument(...) call")


async def test_cd_010_without_a_store_the_job_ends() -> None:
    with pytest.raises(JobFailure, match="needs a document store"):
        await resolve_created_documents({"d": created("aGk=")}, NONCE, None)
