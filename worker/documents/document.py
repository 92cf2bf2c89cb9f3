"""A document as the rest of the worker sees it: bytes on demand, metadata, and the reference it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a document; `size` is bytes, -1 when unknown."""

    content_type: str | None = None
    file_name: str | None = None
    size: int = -1
    extra: dict[str, Any] = field(default_factory=dict)


class Document(Protocol):
    """One document, loaded lazily."""

    async def read(self) -> bytes:
        """The content. Raises `JobFailure` when it cannot be had."""
        ...

    async def metadata(self) -> Metadata:
        """Name, type and size; for an external document this loads it."""
        ...

    def reference(self) -> dict[str, Any]:
        """The JSON object that stands for the document in process variables."""
        ...


class DocumentStore(Protocol):
    """Where documents are kept."""

    async def store(self, content: bytes, *, content_type: str | None, file_name: str | None) -> dict[str, Any]:
        """Keep the bytes and answer the document reference (a JSON object). Raises `JobFailure`."""
        ...

    async def load(self, document_id: str, *, store_id: str | None, content_hash: str | None) -> bytes:
        """The bytes of a stored document. Raises `JobFailure` when there is none."""
        ...
