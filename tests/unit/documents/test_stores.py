"""The three stores keep documents whole, bounded, and apart from everything else."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import IO, Any

import pytest
from aiohttp import web

from worker.cluster.access import ClusterAccess
from worker.cluster.credentials import bearer
from worker.documents import CamundaStore, DocumentStore, FolderStore, MemoryStore
from worker.documents.spool import Spool
from worker.engine_api import EngineApi
from worker.errors import JobFailure


class DocumentApi:
    """The part of the engine's REST API that stores use, in memory."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.requests: list[web.Request] = []
        self.metadata: Any = None
        self.next_answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.next_answer is not None:
            return await self.next_answer(request)
        if request.method == "GET":
            content = self.documents.get(request.match_info["id"])
            return web.Response(status=404) if content is None else web.Response(body=content)
        if request.path.endswith("/links"):
            return web.json_response({"url": "http://link", "asked": await request.json()}, status=201)
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        metadata = form["metadata"]
        self.metadata = json.loads(metadata if isinstance(metadata, str) else bytes(metadata))
        document_id = f"doc/{len(self.documents)}"
        self.documents[document_id] = file.file.read()
        reference = {"storeId": request.query.get("storeId", "gcp"), "documentId": document_id, "contentHash": "h"}
        return web.json_response({**reference, "metadata": {**self.metadata, "size": 4}}, status=201)


@pytest.fixture
async def api() -> AsyncIterator[tuple[DocumentApi, str]]:
    served = DocumentApi()
    application = web.Application(client_max_size=1 << 24)
    application.router.add_route("POST", "/v2/documents", served.handle)
    application.router.add_route("POST", "/v2/documents/{id}/links", served.handle)
    application.router.add_route("GET", "/v2/documents/{id}", served.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield served, f"http://{host}:{port}"
    await runner.cleanup()


@pytest.fixture
async def engine(api: tuple[DocumentApi, str]) -> AsyncIterator[EngineApi]:
    client = EngineApi(api[1])
    yield client
    await client.close()


async def kept(store: DocumentStore, content: bytes = b"\0four", **about: Any) -> dict[str, Any]:
    return await store.store(Spool.of(content), **{"content_type": "text/x", "file_name": "ü.x", **about})


async def loaded(store: DocumentStore, reference: dict[str, Any]) -> bytes:
    return await store.load(
        reference["documentId"], store_id=reference["storeId"], content_hash=reference["contentHash"]
    )


async def test_a_document_comes_back_from_each_store(tmp_path: Path, engine: EngineApi) -> None:
    stores: list[DocumentStore] = [MemoryStore(), FolderStore(str(tmp_path / "new" / "folder")), CamundaStore(engine)]
    for store in stores:
        reference = await kept(store)
        assert reference["camunda.document.type"] == "camunda"
        assert reference["metadata"]["contentType"] == "text/x"
        assert reference["metadata"]["fileName"] == "ü.x"
        assert await loaded(store, reference) == b"\0four"


async def test_unknown_metadata_is_left_out(tmp_path: Path) -> None:
    reference = await kept(MemoryStore(), content_type=None, file_name=None)
    assert reference["metadata"] == {}
    reference = await kept(FolderStore(str(tmp_path)), content_type=None, file_name=None)
    assert reference["metadata"] == {"size": 5}


async def test_the_memory_store_drops_the_oldest() -> None:
    store = MemoryStore(max_bytes=10)
    references = [await kept(store, bytes(4)) for _ in range(3)]
    with pytest.raises(JobFailure, match="Document not found"):
        await loaded(store, references[0])
    assert await loaded(store, references[1]) == bytes(4)
    with pytest.raises(JobFailure, match="Failed to create document: 11 bytes"):
        await kept(store, bytes(11))


@pytest.mark.parametrize("document_id", ["../outside", "/etc/hostname", "..", "", "x", "{uuid}/../../outside"])
async def test_an_id_never_leaves_the_folder(tmp_path: Path, document_id: str) -> None:
    (tmp_path / "outside").write_text("no")
    store = FolderStore(str(tmp_path / "documents"))
    stored = await kept(store)
    with pytest.raises(JobFailure, match="Document not found"):
        await store.load(document_id.format(uuid=stored["documentId"]), store_id=None, content_hash=None)


async def test_a_folder_holds_whole_documents_only(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), max_bytes=5)
    reference = await kept(store)
    assert os.listdir(tmp_path) == [reference["documentId"]]
    (tmp_path / reference["documentId"]).write_bytes(b"other")
    with pytest.raises(JobFailure, match="does not match its hash"):
        await loaded(store, reference)
    (tmp_path / reference["documentId"]).write_bytes(bytes(6))
    with pytest.raises(JobFailure, match="larger than 5 bytes"):
        await loaded(store, reference)
    with pytest.raises(JobFailure, match="Failed to create document: 6 bytes"):
        await kept(store, bytes(6))


async def test_a_folder_that_cannot_be_written_fails_the_document(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path / "documents"))
    (tmp_path / "documents").rmdir()
    (tmp_path / "documents").write_text("a file")
    with pytest.raises(JobFailure, match="Failed to create document: ") as caught:
        await kept(store)
    assert not caught.value.final


class Cut(Spool):
    """Bytes that cannot be read to their end."""

    def file(self) -> IO[bytes]:
        return CutFile(b"x" * 1_000_000)


class CutFile(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(28, "No space left on device")
        return super().read(size)


async def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aside, folder = tmp_path / "aside", tmp_path / "folder"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    store = FolderStore(str(folder))

    with pytest.raises(JobFailure, match="No space left"), Cut() as content:
        await store.store(content, content_type=None, file_name=None)

    assert [*aside.iterdir(), *folder.iterdir()] == []


async def test_stores_without_links_say_so(tmp_path: Path) -> None:
    for store in (MemoryStore(), FolderStore(str(tmp_path))):
        with pytest.raises(JobFailure, match="does not support link generation"):
            await store.link("id", store_id=None, content_hash=None, seconds=None)


async def test_camunda_store_speaks_the_document_api(api: tuple[DocumentApi, str]) -> None:
    served, address = api
    client = EngineApi(f"{address}/", access=ClusterAccess(bearer("T")))
    store = CamundaStore(client, store_id="s 1")
    reference = await kept(store)
    assert (reference["storeId"], reference["contentHash"]) == ("s 1", "h")
    assert served.metadata == {"contentType": "text/x", "fileName": "ü.x"}
    await loaded(store, reference)
    link = await store.link(reference["documentId"], store_id="s 1", content_hash="h", seconds=90.5)
    assert link == "http://link"
    assert [request.raw_path for request in served.requests] == [
        "/v2/documents?storeId=s+1",
        "/v2/documents/doc%2F0?storeId=s+1&contentHash=h",
        "/v2/documents/doc%2F0/links?storeId=s+1&contentHash=h",
    ]
    assert {request.headers["Authorization"] for request in served.requests} == {"Bearer T"}
    await client.close()


async def test_a_missing_camunda_document_says_so(engine: EngineApi) -> None:
    store = CamundaStore(engine)
    with pytest.raises(JobFailure, match="Failed to read document content: Document not found: nope"):
        await store.load("nope", store_id=None, content_hash=None)


async def test_what_the_api_says_is_wrong_is_passed_on(api: tuple[DocumentApi, str], engine: EngineApi) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.json_response({"title": "Bad", "detail": "no such store"}, status=400)

    api[0].next_answer = refuse
    store = CamundaStore(engine)
    with pytest.raises(JobFailure, match="Failed to create document: the engine's API answered 400: no such store"):
        await kept(store)


async def test_an_answer_is_never_read_beyond_the_limit(api: tuple[DocumentApi, str], engine: EngineApi) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(bytes(1 << 16))
        return response

    api[0].next_answer = endless
    store = CamundaStore(engine, max_bytes=1000)
    with pytest.raises(JobFailure, match="larger than 1000 bytes"):
        await store.load("id", store_id=None, content_hash=None)


@pytest.mark.parametrize("seconds", [0.05, 5.0])
async def test_an_api_that_does_not_answer_ends_the_wait(api: tuple[DocumentApi, str], seconds: float) -> None:
    done = asyncio.Event()

    async def never(request: web.Request) -> web.StreamResponse:
        await done.wait()
        return web.Response()

    api[0].next_answer = never
    client = EngineApi(api[1] if seconds < 1 else "http://127.0.0.1:1", seconds=seconds)
    with pytest.raises(JobFailure, match="Failed to create document: "):
        await kept(CamundaStore(client))
    done.set()
    await client.close()
