"""The forms in which `rest-connector feel` shows a result: FEEL text, JSON, or part by part.

Values go to standard output, everything else to standard error.
"""

from __future__ import annotations

import sys
from typing import Any

from worker import feel
from worker.feel.errors import mark
from worker.json_codec import dumps


def feel_text(value: Any) -> str:
    """A value as FEEL writes it; a string in quotes, so that it differs from a number."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return feel.to_string(value)


def show_result(text: str, result: feel.Result) -> None:
    """The value, its type and what the warnings point at."""
    print(feel_text(result.value))
    print(f"type: {feel.type_name(result.value)}", file=sys.stderr)
    for warning in result.warnings:
        print(f"warning {warning.type}: {warning.message}", file=sys.stderr)
        if warning.position is not None:
            print(mark(text, warning.position), file=sys.stderr)


def show_json(result: feel.Result) -> None:
    """Value, type and warnings as one JSON object."""
    warnings = [
        {"type": warning.type, "message": warning.message, "position": warning.position} for warning in result.warnings
    ]
    shown = {"value": feel.to_json_value(result.value), "type": feel.type_name(result.value), "warnings": warnings}
    print(dumps(shown))


def show_failure(failure: feel.FeelError) -> None:
    """What failed and where."""
    print(f"{type(failure).__name__}: {failure}", file=sys.stderr)
