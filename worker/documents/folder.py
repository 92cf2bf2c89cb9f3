"""Documents in a folder, local or remote: one file each, its name the document's id.

The folder is a file system of `fsspec`, so any store that it speaks to can hold the documents (`file:///data`,
`s3://bucket/path` with the matching package); locally it writes aside and renames, so that a document is there
whole or not at all. Ids are made here and checked on the way in, so no reference can name another file.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, Any, Final, TypeVar

from worker.documents.document import no_link, not_created, not_found, not_read, reference_of
from worker.documents.spool import Spool
from worker.errors import JobFailure

STORE_ID: Final = "folder"
SECONDS: Final = 30.0
THREADS: Final = 8
"""Of the folder's own: what hangs on a disk that does not answer holds up nothing else."""

_PIECE: Final = 1 << 18  # bytes

T = TypeVar("T")


class FolderStore:
    """`url` is a path or any address that fsspec knows; the folder is made when it is missing."""

    def __init__(self, url: str, *, max_bytes: int = 50 << 20, seconds: float = SECONDS) -> None:
        """Raises OSError or ValueError when the folder cannot be had."""
        from fsspec.core import url_to_fs
        from fsspec.implementations.dirfs import DirFileSystem

        file_system, path = url_to_fs(url)
        file_system.makedirs(path, exist_ok=True)
        self._files: Any = DirFileSystem(path, file_system)
        self._threads = ThreadPoolExecutor(THREADS, "documents")
        self._max_bytes = max_bytes
        self._seconds = seconds

    def spool(self) -> Spool:
        return Spool()

    async def store(self, content: Spool, *, content_type: str | None, file_name: str | None) -> dict[str, Any]:
        if content.size > self._max_bytes:
            raise not_created(f"{content.size} bytes are more than the {self._max_bytes} of the document store")
        document_id = str(uuid.uuid4())
        content_hash = await self._in_thread(lambda: self._write(document_id, content.file()), not_created)
        return reference_of(
            STORE_ID,
            document_id,
            content_hash=content_hash,
            content_type=content_type,
            file_name=file_name,
            size=content.size,
        )

    async def load(self, document_id: str, *, store_id: str | None, content_hash: str | None) -> bytes:
        if not _is_id(document_id):
            raise not_found(document_id)
        content = await self._in_thread(lambda: self._read(document_id), not_read)
        if content is None:
            raise not_found(document_id)
        if content_hash is not None and content_hash != _hash(content):
            raise not_read("the document's content does not match its hash")
        return content

    async def link(
        self, document_id: str, *, store_id: str | None, content_hash: str | None, seconds: float | None
    ) -> str:
        raise no_link("A folder of documents does not support link generation")

    async def close(self) -> None:
        """Every file is closed after its use; what hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _write(self, name: str, content: IO[bytes]) -> str:
        """Copies piece by piece; returns the hash."""
        digest = hashlib.sha256()
        file = self._files.open(name, "wb", autocommit=False)
        try:
            with file:
                while piece := content.read(_PIECE):
                    digest.update(piece)
                    file.write(piece)
            file.commit()
        except Exception:
            with suppress(OSError):
                file.discard()
            raise
        return digest.hexdigest()

    def _read(self, name: str) -> bytes | None:
        try:
            with self._files.open(name, "rb") as file:
                content: bytes = file.read(self._max_bytes + 1)
        except FileNotFoundError:
            return None
        if len(content) > self._max_bytes:
            raise OSError(f"the document is larger than {self._max_bytes} bytes")
        return content

    async def _in_thread(self, work: Callable[[], T], failed: Callable[[str], JobFailure]) -> T:
        """File work off the event loop; the wait for it ends, whatever the disk does."""
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            raise failed(f"the document store did not answer within {self._seconds:g} s") from None
        except Exception as problem:  # each file system of fsspec has errors of its own
            raise failed(str(problem) or type(problem).__name__) from problem


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
