"""A document whose content stands in the variables themselves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from worker.documents.content_type import type_of_name
from worker.documents.document import Metadata, no_link
from worker.documents.reference import REFERENCE_TYPE, optional_text
from worker.errors import input_failure
from worker.json_codec import dumps


class InlineDocument:
    """Text is taken as it is, other JSON as compact JSON text; the bytes are UTF-8."""

    def __init__(self, reference: Mapping[str, Any]) -> None:
        """Raises `JobFailure` without content, `InvalidReference` for a name or type that is no text."""
        content = reference.get("content")
        if content is None:
            raise input_failure("Inline document content must not be null")
        self._content = content if isinstance(content, str) else dumps(content)
        self._name = optional_text(reference, "name") or str(uuid.uuid4())
        self._given_type = optional_text(reference, "contentType")

    async def read(self) -> bytes:
        return self._content.encode("utf-8", "replace")

    async def metadata(self) -> Metadata:
        given = self._given_type
        content_type = given if given and given.strip() else type_of_name(self._name)
        return Metadata(content_type, self._name, len(await self.read()))

    def reference(self) -> dict[str, Any]:
        written: dict[str, Any] = {REFERENCE_TYPE: "inline", "content": self._content, "name": self._name}
        return written if self._given_type is None else {**written, "contentType": self._given_type}

    async def link(self, seconds: float | None) -> str:
        raise no_link("Inline documents do not support link generation")
