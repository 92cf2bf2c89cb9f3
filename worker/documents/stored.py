"""A document that a store keeps; its reference names the store, and says what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.documents.document import DocumentStore, Metadata
from worker.documents.reference import InvalidReference, optional_text, required_text


class StoredDocument:
    """Loaded once, when it is needed."""

    def __init__(self, reference: Mapping[str, Any], store: DocumentStore) -> None:
        """Raises `InvalidReference`."""
        self._document_id = required_text(reference, "documentId")
        self._store_id = optional_text(reference, "storeId")
        self._content_hash = optional_text(reference, "contentHash")
        metadata = reference.get("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise InvalidReference("metadata is no object")
        self._metadata = _metadata(metadata)
        self._reference = dict(reference)
        self._store = store
        self._content: bytes | None = None

    async def read(self) -> bytes:
        if self._content is None:
            self._content = await self._store.load(
                self._document_id, store_id=self._store_id, content_hash=self._content_hash
            )
        return self._content

    async def metadata(self) -> Metadata:
        return self._metadata

    def reference(self) -> dict[str, Any]:
        return self._reference

    async def link(self, seconds: float | None) -> str:
        return await self._store.link(
            self._document_id, store_id=self._store_id, content_hash=self._content_hash, seconds=seconds
        )


def _metadata(given: Mapping[str, Any]) -> Metadata:
    size = given.get("size")
    known = {"contentType", "fileName", "size"}
    return Metadata(
        optional_text(given, "contentType"),
        optional_text(given, "fileName"),
        size if isinstance(size, int) else -1,
        {name: value for name, value in given.items() if name not in known},
    )
