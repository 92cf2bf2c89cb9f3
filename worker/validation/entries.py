"""The entries of a task: headers and input mappings that do not arrive, and headers that steer the worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from worker.errors import JobFailure
from worker.face import Face
from worker.pipeline.dialects import dialect_of
from worker.pipeline.header_inputs import INPUTS
from worker.pipeline.job_headers import JobHeaders
from worker.validation.bpmn import Entry, Task
from worker.validation.given import JOB_HEADERS, is_input
from worker.validation.problem import Problem, Severity

_TARGET: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*")  # the engine's own


def problems(task: Task, face: Face) -> Iterator[Problem]:
    """What is wrong with a task's entries as such."""
    yield from _repeated(task, "header", task.headers, "error")  # the engine refuses them
    yield from _repeated(task, "input", task.inputs, "warning")  # the last one counts
    for entry in task.inputs:
        yield from _mapping(task, entry)
    for entry in task.headers:
        yield from _header(task, entry, face)
    yield from _steering(task, face)


def _repeated(task: Task, kind: str, entries: tuple[Entry, ...], severity: Severity) -> Iterator[Problem]:
    seen: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in seen:
            hint = f"remove one of them; the first is in line {seen[entry.name].line}"
            message = f"the {kind} {entry.name} is there twice"
            yield Problem(severity, "duplicate-entry", task.id, message, hint, entry.line)
        seen[entry.name] = entry


def _mapping(task: Task, entry: Entry) -> Iterator[Problem]:
    if not entry.value.strip():
        message = f"the input {entry.name} has an empty source, which the engine refuses to deploy"
        yield Problem("error", "empty-mapping", task.id, message, "remove the mapping, or map =null", entry.line)
    if not _TARGET.fullmatch(entry.name):
        message = f"the engine refuses to deploy the mapping target {entry.name!r}"
        hint = 'use letters, digits and _ between dots; other names can be members of a context: ={"X-Trace": …}'
        yield Problem("error", "bad-target", task.id, message, hint, entry.line)


def _header(task: Task, entry: Entry, face: Face) -> Iterator[Problem]:
    if entry.name in JOB_HEADERS:
        return
    if is_input(entry.name) and not face.input_expressions:
        message = f"the header {entry.name} has no effect: this job type takes its inputs from input mappings"
        hint = f"map it: <zeebe:input source=… target={entry.name!r}/>, or use the job type rest-connector"
        yield Problem("error", "ignored-header", task.id, message, hint, entry.line)
    elif not is_input(entry.name):
        close = get_close_matches(entry.name, [*INPUTS, *JOB_HEADERS], n=1, cutoff=0.75)
        if close:
            message = f"the worker reads no header {entry.name}"
            yield Problem("warning", "unknown-header", task.id, message, f"did you mean {close[0]}?", entry.line)


def _steering(task: Task, face: Face) -> Iterator[Problem]:
    """Headers besides inputs, read as the worker reads them."""
    headers = JobHeaders({entry.name: entry.value for entry in task.headers})
    duration = "give days, hours, minutes and seconds, as in PT30S; expressions are not evaluated here"
    for name, code, hint, read in (
        ("retryBackoff", "bad-duration", duration, headers.retry_backoff),
        ("jobTimeout", "bad-duration", duration, headers.job_timeout),
        ("dialect", "bad-input", "without it Camunda's names are read", lambda: dialect_of(headers.values)),
    ):
        entry = task.header(name)
        if entry is None or (name == "dialect" and not face.extended_inputs):
            continue
        try:
            read()
        except JobFailure as failure:
            yield Problem("error", code, task.id, failure.message, hint, entry.line)
    retries = task.retries
    if not retries.startswith("=") and not retries.strip().isdecimal():
        message = f"retries must be a whole number or an expression, not {retries!r}"
        hint = "3 is usual; 0 raises an incident at once"
        yield Problem("error", "bad-retries", task.id, message, hint, task.line)
