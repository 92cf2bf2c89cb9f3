"""Tells people what happens to jobs: one block for each, when the job has ended.

1. A call whose URL is an expression over the variables
   url        ="http://127.0.0.1:8000/orders/" + string(orderId)
   variables  {"orderId":4711}
   0.000 s    handed to the worker
   0.012 s    completed  {"order":{...}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TextIO

from worker.dev.engine import to_json
from worker.dev.events import Event
from worker.dev.examples import Example

ERROR_VARIABLES = " | Error variables: "  # what follows repeats the variables of the failure
LONGEST_VALUE = 160
LABEL_WIDTH = 16
COLOURS = {"title": "1", "label": "2", "good": "32", "bad": "31", "pause": "33"}

TOLD = {
    "activated": "handed to the worker",
    "completed": "completed",
    "failed": "failed",
    "error-caught": "BPMN error",
    "incident": "incident",
    "available-again": "available again",
    "lease-expired": "lease expired",
    "cancelled": "cancelled",
}
MOODS = {
    "completed": "good",
    "error-caught": "good",
    "failed": "pause",
    "lease-expired": "pause",
    "incident": "bad",
    "cancelled": "bad",
}


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """On a terminal that can, unless NO_COLOR is set (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


class Story:
    """Writes blocks to a stream, coloured or plain."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour

    def say(self, text: str, style: str = "") -> None:
        self._write([self._paint(style, text)])

    def example(self, number: int, example: Example, events: Iterable[Event], *, good: bool) -> None:
        """One example with everything that happened to its job."""
        lines = [self._paint("title", f"{number}. {example.title}")]
        lines += [self._fact(name, value) for name, value in example.headers.items()]
        if example.variables:
            lines.append(self._fact("variables", to_json(example.variables)))
        lines += self._events(events)
        verdict = "as it should be: it" if good else "NOT as it should be; it should be that it"
        lines.append(self._paint("good" if good else "bad", f"   {verdict} {example.promise}"))
        self._write([*lines, ""])

    def job(self, key: int, job_type: str, events: Iterable[Event]) -> None:
        """A job that somebody submitted."""
        self._write([self._paint("title", f"Job {key} ({job_type})"), *self._events(events), ""])

    def _events(self, events: Iterable[Event]) -> list[str]:
        told = [event for event in events if event.kind in TOLD]
        start = told[0].at if told else 0.0
        return [line for event in told for line in self._event(event, event.at - start)]

    def _event(self, event: Event, seconds: float) -> list[str]:
        label = self._paint("label", f"{seconds:.3f} s".ljust(LABEL_WIDTH))
        first, *rest = _words(event)
        mood = MOODS.get(event.kind, "")
        return [f"   {label} {self._paint(mood, first)}", *(f"   {'':{LABEL_WIDTH}} {line}" for line in rest)]

    def _fact(self, name: str, value: str) -> str:
        return f"   {self._paint('label', name.ljust(LABEL_WIDTH))} {shortened(value)}"

    def _paint(self, style: str, text: str) -> str:
        return f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if self._colour and style in COLOURS else text

    def _write(self, lines: list[str]) -> None:
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()


def _words(event: Event) -> list[str]:
    """What to say of an event, as lines; the cause of an incident is told with the failure before it."""
    first = " ".join(filter(None, (TOLD[event.kind], event.code)))
    message = event.message.partition(ERROR_VARIABLES)[0]
    if event.kind == "failed":
        pause = f", again in {event.backoff} ms" if event.backoff else ""
        first += f", {event.retries} retries left{pause}"
    elif event.kind == "completed" or (event.kind == "error-caught" and event.variables):
        message = "\n".join(filter(None, (message, to_json(event.variables))))
    elif event.kind == "incident" and not event.code:
        message = ""
    return [first, *(shortened(line) for line in message.splitlines() if line.strip())]


def shortened(text: str) -> str:
    """On one line, printable, not too long: services and models may send anything, terminal controls included."""
    printable = "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
    return printable if len(printable) <= LONGEST_VALUE else printable[: LONGEST_VALUE - 2] + " …"
