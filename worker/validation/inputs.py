"""The inputs of one task, as far as the model tells them: what is missing or malformed.

What binds and what must be there is asked of the same models and rules that the worker runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from worker.errors import JobFailure
from worker.rest.binding import bind
from worker.rest.options import read_options
from worker.rest.return_format import read_return_format
from worker.rest.validation import violations
from worker.validation.authentications import KINDS
from worker.validation.expressions import UNKNOWN
from worker.validation.given import Given
from worker.validation.problem import Problem

_FIELD: Final = re.compile(r"invalid field: ([\w, ]+)")


def problems(given: Given) -> Iterator[Problem]:
    """What the worker itself would refuse before it calls anything."""
    known = _pruned(given.tree)
    if given.at("authentication") is UNKNOWN or given.at("authentication.type") is UNKNOWN:
        known.pop("authentication", None)
    try:
        variables = bind(known, given.face)
    except JobFailure as failure:
        match = _FIELD.search(failure.message)
        path = match[1].replace(", ", ".") if match else ""
        yield _invalid(given, path, failure)
    else:
        for path, reason in sorted(violations(variables, given.face)):
            yield from _violation(given, path, reason)
    for path, read in (
        ("httpOptions", lambda: read_options(known.get("httpOptions")) if given.face.extended_inputs else None),
        ("documentReturnFormat.choice", lambda: read_return_format(known, given.face)),
    ):
        try:
            read()
        except JobFailure as failure:
            yield _invalid(given, path, failure)


def _invalid(given: Given, path: str, failure: JobFailure) -> Problem:
    message, _, hint = failure.message.partition("\n - ")
    if path == "authentication":
        message, hint = f"{message}: its type is none of the known kinds", f"there are {', '.join(KINDS)}"
    return given.problem("error", "bad-input", path, message, hint or "correct the value; the job would fail at once")


def _violation(given: Given, path: str, reason: str) -> Iterator[Problem]:
    if given.open or given.at(path) is UNKNOWN:
        return
    if not reason.startswith("must not be"):
        hint = "begin with http:// or https://, with = for an expression, or with {{secrets.NAME}}"
        yield given.problem("error", "bad-url", path, f"{path}: {reason}", hint)
    else:
        where = "a task header" if given.face.input_expressions else "an input mapping"
        hint = f"give it by {where} named {path}"
        yield given.problem("error", "missing-input", path, f"{path} is missing, but mandatory", hint)


def _pruned(value: Any) -> Any:
    """A tree without what is unknown; a list with something unknown in it is left out as a whole."""
    if isinstance(value, Mapping):
        return {name: _pruned(member) for name, member in value.items() if not _has_gap(member)}
    return value


def _has_gap(value: Any) -> bool:
    return value is UNKNOWN or (isinstance(value, list) and any(_has_gap(item) for item in value))
