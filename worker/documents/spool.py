"""Bytes on their way into a document store: small ones in memory, larger ones in a temporary file."""

from __future__ import annotations

import asyncio
import io
import tempfile
from types import TracebackType
from typing import IO, Final, Self

from worker.documents.document import not_created

IN_MEMORY: Final = 1 << 20  # bytes


class Spool:
    """Written piece by piece, then read as a file. A context manager: the file is gone at the end.

    Whoever writes sees to a limit. `in_memory` is how many bytes may stay in memory.
    """

    def __init__(self, *, in_memory: int = IN_MEMORY) -> None:
        self.size = 0
        self._in_memory = in_memory
        self._file: IO[bytes] = io.BytesIO()

    @classmethod
    def of(cls, content: bytes) -> Self:
        """A spool of bytes that are in memory anyhow."""
        spool = cls(in_memory=len(content))
        spool._file = io.BytesIO(content)
        spool.size = len(content)
        return spool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    async def write(self, piece: bytes) -> None:
        """Add to the end. Raises `JobFailure` when the disk cannot take it."""
        self.size += len(piece)
        if self.size <= self._in_memory:
            self._file.write(piece)
        else:
            try:
                await asyncio.to_thread(self._write_to_disk, piece)
            except OSError as problem:
                raise not_created(f"the temporary file cannot be written: {problem.strerror}") from problem

    def clear(self) -> None:
        """Forget what was written, for another try."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def file(self) -> IO[bytes]:
        """The content from its beginning; it belongs to the spool and ends with it."""
        self._file.seek(0)
        return self._file

    def _write_to_disk(self, piece: bytes) -> None:
        if isinstance(self._file, io.BytesIO):
            file = tempfile.TemporaryFile(prefix="rest-connector-")  # noqa: SIM115  # closed by __exit__
            file.write(self._file.getvalue())
            self._file = file
        self._file.write(piece)
