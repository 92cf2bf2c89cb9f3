"""Calls to the engine's REST API (`/v2/...`), for what gRPC does not offer: documents and deployed models.

Engine traffic: it uses neither the proxies nor the destination rules of the tasks' calls, which are in `worker.rest`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

import aiohttp

from worker.json_codec import JsonError, loads

CONNECT_SECONDS: Final = 10.0
SECONDS: Final = 60.0
LARGEST_ANSWER: Final = 1 << 20

Authorize = Callable[[], Awaitable[Mapping[str, str]]]
"""The headers that let a call in."""


class EngineApiError(Exception):
    """A call failed. `status` is that of the answer, None without one; the text is for people and shows no data."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload, piece by piece, and a JSON object about it."""

    content: IO[bytes]
    name: str
    metadata: str


class EngineApi:
    """One engine, by its REST address such as `http://localhost:8080`. Connections open with the first call."""

    def __init__(self, address: str, *, authorize: Authorize | None = None, seconds: float = SECONDS) -> None:
        self._address = address.rstrip("/")
        self._authorize = authorize
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, CONNECT_SECONDS))
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        file: File | None = None,
        body: Mapping[str, Any] | None = None,
        limit: int = LARGEST_ANSWER,
    ) -> bytes:
        """The body of a successful answer. Raises `EngineApiError`, also when there are more than `limit` bytes."""
        headers = dict(await self._authorize()) if self._authorize is not None else {}
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, trust_env=False)
        try:
            async with self._session.request(
                method,
                self._address + path,
                params=query,
                headers=headers,
                data=None if file is None else _form(file),
                json=body,
                allow_redirects=False,
            ) as answer:
                content = await _bounded(answer, limit)
        except TimeoutError:
            raise EngineApiError("the engine's API did not answer in time") from None
        except (aiohttp.ClientError, OSError) as problem:
            raise EngineApiError(str(problem) or type(problem).__name__) from problem
        if not 200 <= answer.status < 300:
            raise EngineApiError(_reason(answer.status, content), answer.status)
        return content

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def json_object(content: bytes) -> dict[str, Any]:
    """The JSON object of an answer. Raises `EngineApiError`."""
    value = _json(content)
    if not isinstance(value, dict):
        raise EngineApiError("the engine's API did not answer with a JSON object")
    return value


async def _bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise EngineApiError(f"the answer is larger than {limit} bytes")
    return bytes(content)


def _form(file: File) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=True)
    form.add_field("file", file.content, filename=file.name, content_type="application/octet-stream")
    form.add_field("metadata", file.metadata, content_type="application/json")
    return form


def _json(content: bytes) -> Any:
    try:
        return loads(content.decode())
    except (JsonError, UnicodeDecodeError):
        return None


def _reason(status: int, content: bytes) -> str:
    """What the API says is wrong (RFC 9457), or the bare status."""
    problem = _json(content)
    detail = (problem.get("detail") or problem.get("title")) if isinstance(problem, dict) else None
    return f"the engine's API answered {status}" + (f": {detail}" if isinstance(detail, str) else "")
