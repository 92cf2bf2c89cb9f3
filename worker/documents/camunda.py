"""Documents in Camunda's own store, through the engine's REST API (`/v2/documents`)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from worker.documents.document import no_link, not_created, not_found, not_read
from worker.documents.spool import Spool
from worker.engine_api import EngineApi, EngineApiError, File, json_object
from worker.json_codec import dumps


class CamundaStore:
    """`store_id` names one of the engine's stores; None is its own choice."""

    def __init__(self, api: EngineApi, *, store_id: str | None = None, max_bytes: int = 50 << 20) -> None:
        self._api = api
        self._store_id = store_id
        self._max_bytes = max_bytes

    def spool(self) -> Spool:
        return Spool()

    async def store(self, content: Spool, *, content_type: str | None, file_name: str | None) -> dict[str, Any]:
        """The document's own type goes into its metadata: it may be any text, the header of a part may not."""
        if content.size > self._max_bytes:
            raise not_created(f"{content.size} bytes are more than the {self._max_bytes} that are allowed")
        metadata = dumps(_known(contentType=content_type, fileName=file_name))
        file = File(content.file(), file_name or "document", metadata)
        try:
            answer = await self._api.call("POST", "/v2/documents", query=_known(storeId=self._store_id), file=file)
            reference = json_object(answer)
        except EngineApiError as problem:
            raise not_created(str(problem)) from problem
        return {"camunda.document.type": "camunda", **reference}

    async def load(self, document_id: str, *, store_id: str | None, content_hash: str | None) -> bytes:
        query = _known(storeId=store_id, contentHash=content_hash)
        try:
            return await self._api.call("GET", _path(document_id), query=query, limit=self._max_bytes)
        except EngineApiError as problem:
            raise (not_found(document_id) if problem.status == 404 else not_read(str(problem))) from problem

    async def link(
        self, document_id: str, *, store_id: str | None, content_hash: str | None, seconds: float | None
    ) -> str:
        query = _known(storeId=store_id, contentHash=content_hash)
        body = {} if seconds is None else {"timeToLive": int(seconds * 1000)}
        try:
            answer = await self._api.call("POST", f"{_path(document_id)}/links", query=query, body=body)
            url = json_object(answer).get("url")
        except EngineApiError as problem:
            raise no_link(f"Failed to create a link to the document: {problem}") from problem
        if not isinstance(url, str):
            raise no_link("Failed to create a link to the document: the answer has no url")
        return url

    async def close(self) -> None:
        """Closes the connections of the `EngineApi`; they open again when somebody else still uses it."""
        await self._api.close()


def _path(document_id: str) -> str:
    return f"/v2/documents/{quote(document_id, safe='')}"


def _known(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
