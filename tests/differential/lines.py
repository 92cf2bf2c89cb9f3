"""A process that answers JSON lines with JSON lines, in order: how other languages' engines are asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

BATCH = 50
"""Requests under way at once; few enough for the pipes never to fill both ways."""


class LineProcess:
    """A running process; a context manager that ends it."""

    def __init__(self, command: Sequence[str | Path], folder: Path | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def ask(self, requests: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Answers in the order of the requests; numbers come as `int` and `Decimal`."""
        waiting = iter(requests)
        while batch := list(islice(waiting, BATCH)):  # itertools.batched is newer than Python 3.11
            yield from self._exchange(batch)

    def _exchange(self, batch: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        requests, answers = _opened(self._process.stdin), _opened(self._process.stdout)
        for request in batch:
            requests.write(json.dumps(request, default=_number) + "\n")
        requests.flush()
        for request in batch:
            line = answers.readline()
            if not line:
                raise RuntimeError(f"the process ended at or before {request!r}")
            yield json.loads(line, parse_float=Decimal)


def _opened(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("the process was started without pipes")
    return stream


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in a request")
