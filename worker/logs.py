"""Log lines: one JSON object per line for machines, or one readable line for people; always masked.

The only module that configures logging. A line has a constant sentence, which is what people search for, and fields
(`extra=`). No payload, header, URL or secret belongs in either; the masker is the net below that rule.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal, TextIO

from worker.json_writer import writer

Mask = Callable[[str], str]
"""Replaces every secret value in a text."""

BATCH_SECONDS = 0.05

_BLANK = vars(logging.makeLogRecord({}))
_OWN_ATTRIBUTES = frozenset(_BLANK) | {"message", "asctime", "taskName"}

# Libraries that log what they send or receive when asked to be talkative.
_QUIET = ("aiohttp", "asyncio", "grpc", "hpack", "urllib3")


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
    if style == "json":
        handler: logging.StreamHandler[TextIO] = BatchHandler(stream or _standard_error())
        handler.setFormatter(JsonFormatter(mask))
    else:
        handler = logging.StreamHandler(stream or sys.stderr)
        handler.setFormatter(ConsoleFormatter(mask))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Facts about the call site and the thread that no line shows; collecting them costs more than writing the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # the documented way to leave out the call site


class Line(logging.LogRecord):
    """A record that was made without looking for what no line shows: the call site, the thread, the process."""

    fields: dict[str, Any]

    def __init__(self, logger: str, level: int, sentence: str, fields: dict[str, Any]) -> None:
        """`fields` are as those of `extra=`: none has the name of a record's own attribute."""
        now = time.time()
        attributes = _BLANK | fields
        attributes["fields"] = fields
        attributes["name"] = logger
        attributes["levelno"] = level
        attributes["levelname"] = logging.getLevelName(level)
        attributes["msg"] = sentence
        attributes["created"] = now
        attributes["msecs"] = now % 1 * 1000
        self.__dict__ = attributes


def write(log: logging.Logger, level: int, sentence: str, fields: dict[str, Any]) -> None:
    """The same line as `log.log(level, sentence, extra=fields)` for a fraction of the time."""
    if log.isEnabledFor(level):
        log.handle(Line(log.name, level, sentence, fields))


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was handed in as `extra=`."""
    if isinstance(record, Line):
        return record.fields
    return {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}


def _standard_error() -> TextIO:
    """With a buffer of our own: the standard one writes every line at once."""
    return open(sys.stderr.fileno(), "w", encoding="utf-8", errors="backslashreplace", closefd=False)


class BatchHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of a moment together: thousands of calls to the system a second are worth saving.

    Warnings are written at once, and so is everything while no event loop runs.
    """

    _waiting = False

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if record.levelno >= logging.WARNING:
            self._write()

    def flush(self) -> None:
        """Called after every line, and at the end of the process."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
            return
        if not self._waiting:
            self._waiting = True
            loop.call_later(BATCH_SECONDS, self._write)

    def _write(self) -> None:
        self._waiting = False
        with suppress(OSError, ValueError):  # a full disk, a pipe that is gone: no reason to end what had to be told
            super().flush()


class JsonFormatter(logging.Formatter):
    """One JSON object per line: `time`, `level`, `logger`, `message`, then the fields."""

    def __init__(self, mask: Mask) -> None:
        super().__init__()
        self._mask = mask
        self._encode = writer(str)
        self._second = 0
        self._second_text = ""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self._time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return self._mask(self._encode(line))

    def _time(self, moment: float) -> str:
        """ISO 8601 in UTC with milliseconds; one line per job makes it worth keeping the text of the second."""
        second = int(moment)
        if second != self._second:
            self._second, self._second_text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._second_text}.{int(moment % 1 * 1000):03d}+00:00"


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
