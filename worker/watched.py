"""What is made of files, made again when they change: certificates and keys that are rotated under a running worker.

What cannot be used (half a file, a key of another certificate) is logged, and what was read before stays in force
until the files change again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

LOOK_AGAIN: Final = 1.0
"""Seconds between two looks at the files."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Watched(Generic[T]):
    """What `load` makes of files, made again when one of them has changed. `version` counts the changes."""

    def __init__(self, paths: Sequence[Path], load: Callable[[], T], *, now: Callable[[], float] = time.monotonic):
        self.version = 0
        self._paths = paths
        self._load = load
        self._now = now
        self._look_at = 0.0
        self._stamp: object = None
        self._value: T | None = None

    def get(self) -> T:
        """Raises `OSError` or `ValueError` as long as the files have never been usable."""
        if self._value is not None and self._now() < self._look_at:
            return self._value
        self._look_at = self._now() + LOOK_AGAIN
        stamp = [_stamp(path) for path in files_of(self._paths)]
        if self._value is None:
            self._value = self._load()
        elif stamp != self._stamp:
            self._reload()
        self._stamp = stamp
        return self._value

    def _reload(self) -> None:
        try:
            self._value = self._load()
        except (OSError, ValueError) as error:
            log.warning("changed files cannot be used, the ones before stay in force", extra={"error": str(error)})
        else:
            self.version += 1
            log.info("files have changed and were read again", extra={"files": [str(path) for path in self._paths]})


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and those in folders; hidden ones (as mounted volumes have them) are left out."""
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith("."))
        else:
            yield path


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError as error:
        return error.errno
    return path, status.st_mtime_ns, status.st_size, status.st_ino
