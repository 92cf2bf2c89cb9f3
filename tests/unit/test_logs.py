"""Log lines: their shape, and that nothing secret is in them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from worker import logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_fields() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)

    logging.getLogger("worker.test").info("job done", extra={"job": 7, "text": "grüß\nGott"})

    (line,) = written(stream)
    assert (line["level"], line["logger"], line["message"]) == ("info", "worker.test", "job done")
    assert (line["job"], line["text"]) == (7, "grüß\nGott")
    assert line["time"].endswith("+00:00")


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_line_that_is_written_the_short_way_looks_like_all_others(style: Any) -> None:
    stream = io.StringIO()
    logs.configure(style=style, stream=stream, mask=lambda text: text.replace("hunter2", "***"))
    log = logging.getLogger("worker.test")
    fields = {"job": 7, "text": "grüß\nGott", "seconds": 0.25, "secret": "hunter2"}

    log.info("job done", extra=fields)
    logs.write(log, logging.INFO, "job done", fields)
    log.debug("job done", extra=fields)
    logs.write(log, logging.DEBUG, "job done", fields)

    long_way, short_way = (re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "T", line) for line in stream.getvalue().splitlines())
    assert short_way == long_way
    assert "***" in short_way


def test_whoever_else_listens_gets_a_line_written_the_short_way_with_its_fields(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    logs.write(logging.getLogger("worker.test"), logging.WARNING, "job done", {"job": 7})

    (record,) = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == ("worker.test", "WARNING", "job done")
    assert vars(record)["job"] == 7
    assert caplog.text.endswith("job done\n")


class Unflushed(io.StringIO):
    """Shows only what was flushed."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.flushed = asyncio.Event()

    def flush(self) -> None:
        self.shown = self.getvalue()
        self.flushed.set()


async def test_lines_of_a_moment_are_written_together_and_warnings_at_once() -> None:
    stream = Unflushed()
    logs.configure(stream=stream)
    log = logging.getLogger("worker.test")

    log.info("one")
    assert stream.shown == ""
    log.warning("two")
    assert len(stream.shown.splitlines()) == 2

    stream.flushed.clear()
    log.info("three")
    await asyncio.wait_for(stream.flushed.wait(), 5)
    assert len(stream.shown.splitlines()) == 3


class Full(io.StringIO):
    """A disk without room."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


async def test_a_warning_that_cannot_be_written_ends_nothing() -> None:
    logs.configure(stream=Full())

    logging.getLogger("worker.test").warning("polling fails")


def test_the_last_lines_are_written_when_the_loop_has_ended() -> None:
    stream = Unflushed()
    logs.configure(stream=stream)

    async def say() -> None:
        logging.getLogger("worker.test").info("the end")

    asyncio.run(say())
    for handler in logging.getLogger().handlers:
        handler.flush()  # as `logging.shutdown` does

    assert "the end" in stream.shown


def test_lines_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    logs.configure(level="warning", stream=stream)

    logging.getLogger("worker.test").info("quiet")
    logging.getLogger("worker.test").warning("loud")

    assert [line["message"] for line in written(stream)] == ["loud"]


def test_libraries_that_show_payloads_stay_quiet() -> None:
    stream = io.StringIO()
    logs.configure(level="debug", stream=stream)

    logging.getLogger("aiohttp.client").debug("Authorization: secret")
    logging.getLogger("grpc").info("payload")

    assert stream.getvalue() == ""


@pytest.mark.parametrize("style", ["json", "console"])
def test_secrets_are_masked_everywhere_in_a_line(style: Any) -> None:
    stream = io.StringIO()
    logs.configure(style=style, mask=lambda text: text.replace("hunter2", "***"), stream=stream)

    try:
        raise ValueError("hunter2")
    except ValueError:
        logging.getLogger("worker.test").exception("hunter2", extra={"field": "hunter2"})

    assert "hunter2" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_a_line_for_people_is_one_line() -> None:
    stream = io.StringIO()
    logs.configure(style="console", stream=stream)

    logging.getLogger("worker.test").warning("job done", extra={"job": 7, "error": "a\nb"})

    (line,) = stream.getvalue().splitlines()
    assert line.endswith("warning job done job=7 error=a\\nb")
