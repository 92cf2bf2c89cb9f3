"""The forms in which `rest-connector feel` shows a result: FEEL text, JSON, or part by part.

Values go to standard output, everything else to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from worker import feel
from worker.feel.errors import mark
from worker.json_codec import dumps

TEXT_WIDTH = 60
VALUE_WIDTH = 80
VALUES_SHOWN = 5


def feel_text(value: Any) -> str:
    """A value as FEEL writes it; a string in quotes, so that it differs from a number."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return feel.to_string(value)


def show_result(text: str, result: feel.Result) -> None:
    """The value, its type and what the warnings point at."""
    print(feel_text(result.value))
    _show_notes(text, result)


def _show_notes(text: str, result: feel.Result) -> None:
    print(f"type: {feel.type_name(result.value)}", file=sys.stderr)
    for warning in result.warnings:
        print(f"warning {warning.type}: {warning.message}", file=sys.stderr)
        if warning.position is not None:
            print(mark(text, warning.position), file=sys.stderr)
    if result.omitted_warnings:
        print(f"and {result.omitted_warnings} more warnings", file=sys.stderr)


def show_json(result: feel.Result) -> None:
    """Value, type and warnings as one JSON object."""
    warnings = [
        {"type": warning.type, "message": warning.message, "position": warning.position} for warning in result.warnings
    ]
    shown = {"value": feel.to_json_value(result.value), "type": feel.type_name(result.value), "warnings": warnings}
    print(dumps(shown))


def show_explanation(text: str, result: feel.Result, steps: Iterable[feel.ExplainedStep]) -> None:
    """The value of every part of an expression, each part below and inside the one it belongs to.

    A part that was evaluated for several items has all its values on one line.
    """
    values: dict[tuple[int, int, str], list[str]] = {}
    for step in steps:
        values.setdefault((step.start, step.end, step.form), []).append(step.value)
    parts = list(values)
    parts.reverse()  # of the same text the outer form comes first
    parts.sort(key=lambda part: (part[0], -part[1]))
    enclosing: list[int] = []
    for part in parts:
        start, end, _ = part
        while enclosing and enclosing[-1] <= start:
            enclosing.pop()
        shown = " ".join(text[start:end].split())
        if enclosing and set(values[part]) == {shown}:  # a literal says nothing new
            continue
        print(f"{'  ' * len(enclosing)}{_cut(shown, TEXT_WIDTH)} => {_joined(values[part])}")
        enclosing.append(end)
    _show_notes(text, result)


def _joined(values: list[str]) -> str:
    shown = ", ".join(_cut(value, VALUE_WIDTH) for value in values[:VALUES_SHOWN])
    hidden = len(values) - VALUES_SHOWN
    return shown if hidden <= 0 else f"{shown}, … ({hidden} more)"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def show_failure(failure: feel.FeelError) -> None:
    """What failed and where."""
    print(f"{type(failure).__name__}: {failure}", file=sys.stderr)
