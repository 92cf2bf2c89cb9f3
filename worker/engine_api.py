"""Calls to the engine's REST API (`/v2/...`): jobs where they do not go over gRPC, documents, deployed models.

Engine traffic: it uses neither the proxies nor the destination rules of the tasks' calls, which are in `worker.rest`.
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, Final, Protocol

import aiohttp

from worker.errors import GatewayBusy, without_frames
from worker.json_codec import JsonError, loads

CONNECT_SECONDS: Final = 10.0
SECONDS: Final = 60.0
LARGEST_ANSWER: Final = 1 << 20
LARGE: Final = 1 << 19


class Access(Protocol):
    """Who we are for the engine, whom we trust, and the way there."""

    @property
    def proxy(self) -> str | None:
        """An HTTP proxy, `http://host:port`."""
        ...

    async def headers(self, seconds: float) -> Mapping[str, str]:
        """What lets a call in; waits at most `seconds`. Raises `GatewayBusy`."""
        ...

    def refused(self, headers: Mapping[str, str]) -> None:
        """A call with these headers was not let in."""
        ...

    def context(self) -> ssl.SSLContext | None:
        """For HTTPS; None trusts the system's authorities."""
        ...


class EngineApiError(Exception):
    """A call failed. `status` is that of the answer, None without one; the text is for people and shows no data.

    `title` is the name that the engine's problem details (RFC 9457) have for it; None when the answer has none.
    """

    def __init__(
        self, reason: str, status: int | None = None, title: str | None = None, *, timed_out: bool = False
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.title = title
        self.timed_out = timed_out


class AnswerTooLargeError(EngineApiError):
    """There are more bytes than the caller takes."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload, piece by piece, and a JSON object about it."""

    content: IO[bytes]
    name: str
    metadata: str


class EngineApi:
    """One engine, by its REST address such as `http://localhost:8080`. Connections open with the first call."""

    def __init__(self, address: str, *, access: Access | None = None, seconds: float = SECONDS) -> None:
        self._address = address.rstrip("/")
        self._access = access
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        file: File | None = None,
        body: Mapping[str, Any] | str | None = None,
        limit: int = LARGEST_ANSWER,
        seconds: float | None = None,
    ) -> bytes:
        """The body of a successful answer; `body` is JSON, as a value or as its text.

        Raises `EngineApiError`, also after `seconds` (those of the constructor when None) and for more than `limit`
        bytes.
        """
        seconds = self._seconds if seconds is None else seconds
        access = self._access
        try:
            headers = {} if access is None else await access.headers(seconds)
        except GatewayBusy as problem:
            raise EngineApiError(problem.message, 401) from problem
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)  # whoever calls has bounds of its own
            self._session = aiohttp.ClientSession(connector=connector, trust_env=False)
        text = isinstance(body, str)
        try:
            async with self._session.request(
                method,
                self._address + path,
                params=query,
                headers={**headers, "content-type": "application/json"} if text else headers,
                data=_text(body) if isinstance(body, str) else None if file is None else _form(file),
                json=None if text else body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, CONNECT_SECONDS)),
                ssl=True if access is None else access.context() or True,
                proxy=None if access is None else access.proxy,
            ) as answer:
                content = await bounded(answer, limit)
        except TimeoutError:
            raise EngineApiError("the engine's API did not answer in time", timed_out=True) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise EngineApiError(str(problem) or type(problem).__name__) from without_frames(problem)
        if not 200 <= answer.status < 300:
            if answer.status == 401 and access is not None:
                access.refused(headers)
            raise _problem(answer.status, content)
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


async def bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body. Raises `AnswerTooLargeError`."""
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise AnswerTooLargeError(f"the answer is larger than {limit} bytes")
    return bytes(content)


def _text(body: str) -> bytes | IO[bytes]:
    """A large text goes out in pieces, so that it does not hold up the other jobs."""
    content = body.encode()
    return content if len(content) < LARGE else io.BytesIO(content)


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


def _problem(status: int, content: bytes) -> EngineApiError:
    """What the API says is wrong (RFC 9457), or the bare status."""
    problem = _json(content)
    values = problem if isinstance(problem, dict) else {}
    title, detail = (values[name] if isinstance(values.get(name), str) else None for name in ("title", "detail"))
    reason = f"the engine's API answered {status}" + (f": {detail or title}" if detail or title else "")
    return EngineApiError(reason, status, title)
