"""Log lines: one JSON object per line for machines, or one readable line for people; always masked.

The only module that configures logging. A line has a constant sentence, which is what people search for, and fields
(`extra=`). No payload, header, URL or secret belongs in either; the masker is the net below that rule.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

Mask = Callable[[str], str]
"""Replaces every secret value in a text."""

_OWN_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# Libraries that log what they send or receive when asked to be talkative.
_QUIET = ("aiohttp", "asyncio", "grpc", "urllib3")


def unmasked(text: str) -> str:
    """The masker of a process without secrets."""
    return text


def configure(
    *,
    level: str = "info",
    style: Literal["json", "console"] = "json",
    mask: Mask = unmasked,
    stream: TextIO | None = None,
) -> None:
    """Send all log lines to `stream` (default: standard error) from now on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(mask) if style == "json" else ConsoleFormatter(mask))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Facts about the call site and the thread that no line shows; collecting them costs more than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # the documented way to leave out the call site


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was handed in as `extra=`."""
    return {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}


class JsonFormatter(logging.Formatter):
    """One JSON object per line: `time`, `level`, `logger`, `message`, then the fields."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return self._mask(json.dumps(line, ensure_ascii=False, default=str))


class ConsoleFormatter(logging.Formatter):
    """One line for people: time, level, sentence, `name=value` for every field."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().isoformat(sep=" ", timespec="milliseconds")[:23]
        parts = [moment, f"{record.levelname.lower():7}", record.getMessage()]
        parts += [f"{name}={value}" for name, value in fields(record).items()]
        line = " ".join(parts).replace("\n", "\\n")
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return self._mask(line)
