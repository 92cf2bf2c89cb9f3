"""Documents in Camunda's own store, through the engine's REST API (`/v2/documents`)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from worker.documents.document import no_link, not_created, not_found, not_read
from worker.errors import JobFailure
from worker.json_codec import JsonError, loads

CONNECT_SECONDS: Final = 10.0
SECONDS: Final = 60.0
LARGEST_ANSWER: Final = 1 << 20  # bytes of JSON about a document

Authorize = Callable[[], Awaitable[Mapping[str, str]]]
"""The headers that let a call in."""


class CamundaStore:
    """`address` is the engine's REST address, such as `http://localhost:8080`; `store_id` one of its stores."""

    def __init__(
        self,
        address: str,
        *,
        store_id: str | None = None,
        authorize: Authorize | None = None,
        max_bytes: int = 50 << 20,
        seconds: float = SECONDS,
    ) -> None:
        self._documents = f"{address.rstrip('/')}/v2/documents"
        self._store_id = store_id
        self._authorize = authorize
        self._max_bytes = max_bytes
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, CONNECT_SECONDS))
        self._session: aiohttp.ClientSession | None = None

    async def store(self, content: bytes, *, content_type: str | None, file_name: str | None) -> dict[str, Any]:
        if len(content) > self._max_bytes:
            raise not_created(f"{len(content)} bytes are more than the {self._max_bytes} that are allowed")
        answer = await self._call(
            "POST", "", not_created, self._query(self._store_id, None), form=_form(content, content_type, file_name)
        )
        reference = _json(answer, not_created)
        reference.setdefault("camunda.document.type", "camunda")
        return reference

    async def load(self, document_id: str, *, store_id: str | None, content_hash: str | None) -> bytes:
        return await self._call(
            "GET",
            f"/{quote(document_id, safe='')}",
            not_read,
            self._query(store_id, content_hash),
            limit=self._max_bytes,
            missing=document_id,
        )

    async def link(
        self, document_id: str, *, store_id: str | None, content_hash: str | None, seconds: float | None
    ) -> str:
        answer = await self._call(
            "POST",
            f"/{quote(document_id, safe='')}/links",
            _no_link,
            self._query(store_id, content_hash),
            body={} if seconds is None else {"timeToLive": int(seconds * 1000)},
            missing=document_id,
        )
        url = _json(answer, _no_link).get("url")
        if not isinstance(url, str):
            raise _no_link("the answer has no url")
        return url

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(
        self,
        method: str,
        path: str,
        failed: Callable[[str], JobFailure],
        query: Mapping[str, str],
        *,
        form: aiohttp.FormData | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int = LARGEST_ANSWER,
        missing: str | None = None,
    ) -> bytes:
        """The body of a successful answer of at most `limit` bytes; a 404 means that the document is `missing`."""
        headers = dict(await self._authorize()) if self._authorize is not None else {}
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        try:
            async with self._session.request(
                method,
                self._documents + path,
                params=query,
                headers=headers,
                data=form,
                json=body,
                allow_redirects=False,
            ) as answer:
                if answer.status == 404 and missing is not None:
                    raise not_found(missing)
                content = await _bounded(answer, limit)
                if not 200 <= answer.status < 300:
                    raise failed(_reason(answer.status, content))
                return content
        except TimeoutError:
            raise failed("the document API did not answer in time") from None
        except (aiohttp.ClientError, OSError, _TooLarge) as problem:
            raise failed(str(problem) or type(problem).__name__) from problem

    @staticmethod
    def _query(store_id: str | None, content_hash: str | None) -> dict[str, str]:
        given = {"storeId": store_id, "contentHash": content_hash}
        return {name: value for name, value in given.items() if value is not None}


class _TooLarge(Exception):
    """The answer goes on beyond what may be read."""


async def _bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise _TooLarge(f"the document is larger than {limit} bytes")
    return bytes(content)


def _form(content: bytes, content_type: str | None, file_name: str | None) -> aiohttp.FormData:
    """The document's own type goes into its metadata: it may be any text, the part's header may not."""
    form = aiohttp.FormData(quote_fields=True)
    known = {"contentType": content_type, "fileName": file_name}
    metadata = {name: value for name, value in known.items() if value is not None}
    form.add_field("file", content, filename=file_name or "document", content_type="application/octet-stream")
    form.add_field("metadata", json.dumps(metadata), content_type="application/json")
    return form


def _json(answer: bytes, failed: Callable[[str], JobFailure]) -> dict[str, Any]:
    try:
        content = loads(answer.decode())
    except (JsonError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict):
        raise failed("the document API did not answer with a JSON object")
    return content


def _reason(status: int, content: bytes) -> str:
    """What the API says is wrong (RFC 9457), or the bare status."""
    try:
        problem = loads(content.decode())
    except (JsonError, UnicodeDecodeError):
        problem = None
    detail = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
    return f"the document API answered {status}" + (f": {detail}" if isinstance(detail, str) else "")


def _no_link(reason: str) -> JobFailure:
    return no_link(f"Failed to create a link to the document: {reason}")
