"""A document as the rest of the worker sees it, and what a store of documents has to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from worker.errors import JobFailure

if TYPE_CHECKING:
    from worker.documents.spool import Spool

RUNTIME_EXCEPTION: Final = "java.lang.RuntimeException"


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

    async def link(self, seconds: float | None) -> str:
        """An address under which anyone can read the document for a time. Raises `JobFailure`."""
        ...


class DocumentStore(Protocol):
    """Where documents are kept."""

    def spool(self) -> Spool:
        """Room for bytes on their way here, which whoever asked for it closes."""
        ...

    async def store(self, content: Spool, *, content_type: str | None, file_name: str | None) -> dict[str, Any]:
        """Keep the bytes and answer the document reference (a JSON object). Raises `JobFailure`."""
        ...

    async def load(self, document_id: str, *, store_id: str | None, content_hash: str | None) -> bytes:
        """The bytes of a stored document. Raises `JobFailure` when there is none."""
        ...

    async def link(
        self, document_id: str, *, store_id: str | None, content_hash: str | None, seconds: float | None
    ) -> str:
        """An address of a stored document, valid for `seconds` or the store's own time. Raises `JobFailure`."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


def not_created(reason: str) -> JobFailure:
    """A document could not be stored."""
    return JobFailure(f"Failed to create document: {reason}", type=RUNTIME_EXCEPTION, kind="document")


def not_read(reason: str) -> JobFailure:
    """A stored document could not be loaded."""
    return JobFailure(f"Failed to read document content: {reason}", type=RUNTIME_EXCEPTION, kind="document")


def not_found(document_id: str) -> JobFailure:
    """There is no such document (any more)."""
    return not_read(f"Document not found: {document_id}")


def no_link(reason: str) -> JobFailure:
    """There is no address for the document."""
    return JobFailure(reason, type=RUNTIME_EXCEPTION, kind="document")


def reference_of(
    store_id: str,
    document_id: str,
    *,
    content_hash: str,
    content_type: str | None,
    file_name: str | None,
    size: int | None = None,
) -> dict[str, Any]:
    """The reference of a stored document; what is not known of it is left out of `metadata`."""
    known = {"contentType": content_type, "fileName": file_name, "size": size}
    return {
        "camunda.document.type": "camunda",
        "storeId": store_id,
        "documentId": document_id,
        "contentHash": content_hash,
        "metadata": {name: value for name, value in known.items() if value is not None},
    }
