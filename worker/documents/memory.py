"""Documents in memory: for development and tests, and for answers that only live as long as the worker."""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from typing import Any, Final

from worker.documents.document import no_link, not_created, not_found, reference_of
from worker.documents.spool import Spool

log = logging.getLogger(__name__)

STORE_ID: Final = "in-memory"


class MemoryStore:
    """Bounded: when a new document does not fit, the oldest ones are dropped. Everything is lost at the end."""

    def __init__(self, *, max_bytes: int = 256 << 20, max_documents: int = 10_000) -> None:
        self._max_bytes = max_bytes
        self._max_documents = max_documents
        self._documents: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._dropped = False

    def spool(self) -> Spool:
        return Spool(in_memory=self._max_bytes)  # they end there anyhow

    async def store(self, content: Spool, *, content_type: str | None, file_name: str | None) -> dict[str, Any]:
        if content.size > self._max_bytes:
            raise not_created(f"{content.size} bytes are more than the {self._max_bytes} of the memory store")
        document_id = str(uuid.uuid4())
        self._documents[document_id] = content.file().read()
        self._bytes += content.size
        self._make_room()
        return reference_of(
            STORE_ID,
            document_id,
            content_hash=str(content.size),  # as the original's; nothing here can change behind its back
            content_type=content_type,
            file_name=file_name,
        )

    async def load(self, document_id: str, *, store_id: str | None, content_hash: str | None) -> bytes:
        content = self._documents.get(document_id)
        if content is None:
            raise not_found(document_id)
        return content

    async def link(
        self, document_id: str, *, store_id: str | None, content_hash: str | None, seconds: float | None
    ) -> str:
        raise no_link("The in-memory document store does not support link generation")

    async def close(self) -> None:
        self._documents.clear()
        self._bytes = 0

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes or len(self._documents) > self._max_documents:
            _, content = self._documents.popitem(last=False)
            self._bytes -= len(content)
            if not self._dropped:
                self._dropped = True
                log.warning("The memory store is full: its oldest documents are dropped. Set up a lasting store")
