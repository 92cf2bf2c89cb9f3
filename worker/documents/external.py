"""A document at an address of its own, downloaded when it is needed, once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from worker.documents.document import Metadata, not_read
from worker.documents.reference import REFERENCE_TYPE, optional_text, required_text

_FILE_NAME: Final = re.compile(r"filename=(.*)$", re.IGNORECASE)
_SUBTYPE: Final = re.compile(r"[^/]*/\s*([A-Za-z0-9]+)")


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What came back; header names are in lower case."""

    content: bytes
    headers: Mapping[str, str]


Download = Callable[[str], Awaitable[Downloaded]]
"""Gets an address with a plain GET, under the worker's rules for outgoing calls. Raises `JobFailure`."""


class ExternalDocument:
    """Name, type and size come from the answer where the reference does not say."""

    def __init__(self, reference: Mapping[str, Any], download: Download | None) -> None:
        """Raises `InvalidReference`."""
        self._url = required_text(reference, "url")
        self._name = optional_text(reference, "name")
        self._download = download
        self._downloaded: Downloaded | None = None
        self._random_name = str(uuid.uuid4())

    async def read(self) -> bytes:
        return (await self._load()).content

    async def metadata(self) -> Metadata:
        headers = (await self._load()).headers
        content_type = headers.get("content-type")
        length = headers.get("content-length", "")
        return Metadata(content_type, self._file_name(headers, content_type), int(length) if length.isdecimal() else -1)

    def reference(self) -> dict[str, Any]:
        written = {REFERENCE_TYPE: "external", "url": self._url}
        return written if self._name is None else {**written, "name": self._name}

    async def link(self, seconds: float | None) -> str:
        return self._url

    async def _load(self) -> Downloaded:
        if self._downloaded is None:
            if self._download is None:
                raise not_read("external documents are not downloaded here")
            self._downloaded = await self._download(self._url)
        return self._downloaded

    def _file_name(self, headers: Mapping[str, str], content_type: str | None) -> str:
        if self._name is not None:
            return self._name
        given = _FILE_NAME.search(headers.get("content-disposition", ""))
        name = (given[1].strip().strip('"') if given else "") or self._random_name
        subtype = _SUBTYPE.match(content_type or "")
        return name if "." in name or subtype is None else f"{name}.{subtype[1].lower()}"
