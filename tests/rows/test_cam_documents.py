"""CAM-059, CAM-060, CAM-074 to CAM-076, CAM-101: documents that are sent, and responses that become documents."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.rows.support import NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import answer
from worker.json_codec import dumps

PDF = b"%PDF-1.7 \xff\x00"
STORE = {"storeResponse": True}


async def stored(scene: Scene, content: bytes = PDF, type: str = NATIVE, *, file_name: str = "bill.pdf") -> Any:
    """The reference of a document with this content, made by a task."""
    service = await scene.serve(answer(200, content, "Content-Type: application/pdf"))
    variables = {"method": "GET", "url": service.url(), **STORE}
    reference = completed(await scene.run(variables, {"resultExpression": "={d: document}"}, type=type))["d"]
    return {**reference, "metadata": {**reference["metadata"], "fileName": file_name}}


def contents(folder: Path) -> list[bytes]:
    """What the documents of a folder hold."""
    return [file.read_bytes() for file in folder.iterdir()]


@both_faces
async def test_cam_059_a_document_is_a_part_of_a_multipart_body(scene: Scene, type: str) -> None:
    body = {"file": await stored(scene, type=type), "note": "hello"}
    service = await scene.serve()
    variables = {"method": "POST", "url": service.url(), "headers": {"Content-Type": "multipart/form-data"}}
    completed(await scene.run({**variables, "body": body}, type=type))
    (request,) = service.requests
    assert (request.value("content-type") or "").startswith("multipart/form-data; ")
    head, _, rest = request.body.partition(b"\r\n\r\n")
    assert b'Content-Disposition: form-data; name="file"; filename="bill.pdf"' in head
    assert b"Content-Type: application/pdf" in head
    assert rest.startswith(PDF + b"\r\n")
    assert b'name="note"' in rest
    assert b"\r\n\r\nhello\r\n" in rest


async def test_cam_059_a_document_without_a_name_is_a_file_all_the_same(scene: Scene) -> None:
    service = await scene.serve(answer(200, PDF))
    reference = completed(await scene.run({"url": service.url(), **STORE}, {"resultVariable": "r"}))["r"]["document"]
    variables = {"method": "POST", "url": service.url(), "headers": {"Content-Type": "multipart/form-data"}}
    completed(await scene.run({**variables, "body": {"file": reference}}))
    assert b'Content-Disposition: form-data; name="file"; filename="document"\r\n' in service.requests[1].body


@both_faces
async def test_cam_060_documents_in_a_json_body_become_base64(scene: Scene, type: str) -> None:
    document = await stored(scene, b"hi", type)
    service = await scene.serve()
    body = {"a": {"deep": [document]}, "b": document}
    completed(await scene.run({"method": "POST", "url": service.url(), "body": body}, type=type))
    assert service.requests[0].body == b'{"a":{"deep":["aGk="]},"b":"aGk="}'


@both_faces
async def test_cam_074_a_stored_response_is_in_document_and_not_in_body(scene: Scene, type: str) -> None:
    service = await scene.serve(answer(200, PDF, "Content-Type: application/pdf"))
    custom = {"resultVariable": "r"}
    result = completed(await scene.run({"method": "GET", "url": service.url(), **STORE}, custom, type=type))["r"]
    assert result["body"] is None
    assert result["document"]["camunda.document.type"] == "camunda"
    assert result["document"]["metadata"]["contentType"] == "application/pdf"
    plain = completed(await scene.run({"method": "GET", "url": service.url()}, custom, type=type))["r"]
    assert plain["document"] is None


async def test_cam_075_all_fields_of_a_document_of_the_engine_are_visible(scene: Scene) -> None:
    """The engine's REST API answers a reference; whatever it holds is what expressions see."""
    metadata = {
        "contentType": "application/pdf",
        "fileName": "document",
        "size": len(PDF),
        "expiresAt": "2027-01-01T00:00:00Z",
        "customProperties": {"case": "7"},
    }
    engine = await scene.serve_json(
        {
            "camunda.document.type": "camunda",
            "storeId": "s3",
            "documentId": "d1",
            "contentHash": "h",
            "metadata": metadata,
        },
        201,
    )
    scene.environ["REST_CONNECTOR_DOCUMENTS__CAMUNDA"] = engine.url("")
    service = await scene.serve(answer(200, PDF, "Content-Type: application/pdf"))
    expression = (
        "={id: response.document.documentId, store: response.document.storeId, size: document.metadata.size, "
        "expires: document.metadata.expiresAt, name: document.metadata.fileName, "
        "case: document.metadata.customProperties.case, type: document.metadata.contentType}"
    )
    outcome = await scene.run({"url": service.url(), **STORE}, {"resultExpression": expression})
    assert completed(outcome) == {
        "id": "d1",
        "store": "s3",
        "size": len(PDF),
        "expires": "2027-01-01T00:00:00Z",
        "name": "document",
        "case": "7",
        "type": "application/pdf",
    }
    assert engine.requests[0].line == "POST /v2/documents HTTP/1.1"
    assert PDF in engine.requests[0].body


async def test_cam_075_a_folder_knows_the_size(scene: Scene, tmp_path: Path) -> None:
    scene.environ["REST_CONNECTOR_DOCUMENTS__FOLDER"] = str(tmp_path)
    document = await stored(scene)
    assert (document["storeId"], document["metadata"]["size"]) == ("folder", len(PDF))
    assert (tmp_path / document["documentId"]).read_bytes() == PDF


@both_faces
async def test_cam_076_the_raw_body_is_stored(scene: Scene, type: str, tmp_path: Path) -> None:
    scene.environ["REST_CONNECTOR_DOCUMENTS__FOLDER"] = str(tmp_path)
    body = dumps({"left": "as it is", "n": 1.10}).encode()
    document = await stored(scene, body, type)
    assert (tmp_path / document["documentId"]).read_bytes() == body


async def test_cam_076_a_large_body_is_never_in_memory_as_a_whole(scene: Scene, tmp_path: Path) -> None:
    piece, pieces = b"0123456789abcdef" * 4096, 640

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(piece) * pieces}\r\n\r\n".encode())
        for _ in range(pieces):
            writer.write(piece)
            await writer.drain()

    scene.environ["REST_CONNECTOR_DOCUMENTS__FOLDER"] = str(tmp_path)
    service = await scene.serve(send)
    await scene.pipeline(NATIVE)
    tracemalloc.start()
    try:
        outcome = await scene.run({"url": service.url(), **STORE}, {"resultExpression": "={d: document}"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    document = completed(outcome)["d"]
    assert document["contentHash"] == hashlib.sha256(piece * pieces).hexdigest()
    assert (tmp_path / document["documentId"]).stat().st_size == len(piece) * pieces
    assert peak < 10_000_000


async def test_cam_076_a_large_body_goes_to_the_engine_as_it_came(scene: Scene) -> None:
    engine = await scene.serve_json({"documentId": "d1", "storeId": "s3", "metadata": {}}, 201)
    scene.environ["REST_CONNECTOR_DOCUMENTS__CAMUNDA"] = engine.url("")
    content = bytes(range(256)) * 12_000
    service = await scene.serve(answer(200, content))
    completed(await scene.run({"url": service.url(), **STORE}))
    assert content in engine.requests[0].body


@both_faces
async def test_cam_076_content_codings_and_redirects_leave_no_trace_in_the_document(
    scene: Scene, type: str, tmp_path: Path
) -> None:
    scene.environ["REST_CONNECTOR_DOCUMENTS__FOLDER"] = str(tmp_path)
    content = bytes(range(256)) * 8_000
    service = await scene.serve(
        answer(302, b"y" * 1_500_000, "Location: /there"), answer(200, gzip.compress(content), "Content-Encoding: gzip")
    )
    variables = {"method": "GET", "url": service.url(), "followRedirects": True, **STORE}
    completed(await scene.run(variables, type=type))
    assert contents(tmp_path) == [content]


@both_faces
@pytest.mark.parametrize(
    "response",
    [
        answer(404, b"no such file"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + b"x" * 2_000_000,
        answer(200, b"x" * 2_000_000, "Content-Encoding: gzip"),
    ],
    ids=["error", "broken off", "not gzip"],
)
async def test_cam_076_only_a_whole_answer_is_stored(scene: Scene, type: str, response: bytes, tmp_path: Path) -> None:
    scene.environ["REST_CONNECTOR_DOCUMENTS__FOLDER"] = str(tmp_path)

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response)
        await writer.drain()

    service = await scene.serve(send)
    outcome = failed(await scene.run({"method": "POST", "url": service.url(), **STORE}, type=type))
    assert outcome.retries == 2
    assert contents(tmp_path) == []


async def test_cam_076_the_body_of_an_error_is_seen_and_not_stored(scene: Scene) -> None:
    service = await scene.serve_json({"detail": "no such file"}, 404)
    outcome = failed(await scene.run({"url": service.url(), **STORE}))
    assert error_of(outcome)["variables"]["response"]["body"] == {"detail": "no such file"}


async def test_cam_076_what_is_too_large_is_not_stored(scene: Scene, tmp_path: Path) -> None:
    scene.environ |= {
        "REST_CONNECTOR_DOCUMENTS__FOLDER": str(tmp_path),
        "REST_CONNECTOR_HTTP__MAX_RESPONSE_SIZE": "1500000",
    }
    service = await scene.serve(answer(200, b"x" * 1_500_001))
    assert error_of(failed(await scene.run({"url": service.url(), **STORE})))["code"] == "RESPONSE_TOO_LARGE"
    assert contents(tmp_path) == []


@both_faces
async def test_cam_101_a_document_that_is_missing_is_named(scene: Scene, type: str) -> None:
    service = await scene.serve()
    gone = {
        "camunda.document.type": "camunda",
        "storeId": "in-memory",
        "documentId": "no-such-document",
        "metadata": {},
    }
    variables = {"method": "POST", "url": service.url(), "body": {"file": gone}}
    outcome = failed(await scene.run(variables, type=type))
    assert "Document not found: no-such-document" in outcome.message
    assert service.requests == []


@both_faces
async def test_cam_101_a_store_that_cannot_be_reached_costs_one_try(scene: Scene, type: str) -> None:
    scene.environ["REST_CONNECTOR_DOCUMENTS__CAMUNDA"] = "http://127.0.0.1:1"
    service = await scene.serve(answer(200, PDF))
    to_store = failed(await scene.run({"method": "GET", "url": service.url(), **STORE}, type=type))
    assert (to_store.retries, "Failed to create document: " in to_store.message) == (2, True)
    reference = {"camunda.document.type": "camunda", "storeId": "s3", "documentId": "d1", "metadata": {}}
    in_body = {"method": "POST", "url": service.url(), "body": {"file": reference}}
    to_read = failed(await scene.run(in_body, type=type))
    assert (to_read.retries, "Failed to read document content: " in to_read.message) == (2, True)
    in_header = {"method": "GET", "url": service.url(), "headers": {"X-File": reference}}
    as_text = failed(await scene.run(in_header, type=type))
    assert (as_text.retries, "Failed to read document content: " in as_text.message) == (0, True)


async def test_cam_101_documents_in_memory_are_lost_with_the_worker(scene: Scene, other_scene: Scene) -> None:
    document = await stored(scene)
    outcome = failed(await other_scene.run({"method": "POST", "url": "http://127.0.0.1:1/", "body": {"d": document}}))
    assert f"Document not found: {document['documentId']}" in outcome.message


async def test_cam_101_a_document_that_has_expired_is_not_found(scene: Scene) -> None:
    """The engine answers 404 once `expiresAt` has passed."""
    engine = await scene.serve_json({"title": "NOT_FOUND", "status": 404}, 404)
    scene.environ["REST_CONNECTOR_DOCUMENTS__CAMUNDA"] = engine.url("")
    expired = {"camunda.document.type": "camunda", "storeId": "s3", "documentId": "d1", "metadata": {}}
    outcome = failed(await scene.run({"method": "POST", "url": engine.url(), "body": {"d": expired}}))
    assert "Document not found: d1" in outcome.message


@both_faces
@pytest.mark.parametrize("store", ["FOLDER", "CAMUNDA", None])
async def test_cam_101_a_document_that_is_too_large_is_not_stored(
    scene: Scene, type: str, store: str | None, tmp_path: Path
) -> None:
    limit = "MEMORY" if store is None else "MAX_SIZE"
    scene.environ[f"REST_CONNECTOR_DOCUMENTS__{limit}"] = "1000"
    if store is not None:
        scene.environ[f"REST_CONNECTOR_DOCUMENTS__{store}"] = (
            str(tmp_path) if store == "FOLDER" else "http://127.0.0.1:1"
        )
    service = await scene.serve(answer(200, b"x" * 1001))
    outcome = failed(await scene.run({"method": "GET", "url": service.url(), **STORE}, type=type))
    assert "Failed to create document: 1001 bytes are more than the 1000" in error_of(outcome)["message"]
