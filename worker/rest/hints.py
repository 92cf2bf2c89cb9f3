"""What a failure adds when a text caused it that looks like an expression, or that should have been one."""

from __future__ import annotations

from typing import Any

from worker.face import Face

_OPENING = ("{", "[")


def expression_hint(path: str, value: Any, face: Face) -> str:
    """How to get `value` evaluated; empty when it is no such text.

    The native face has notes of its own (`inputs`); here it says how a text becomes the object that it looks like.
    """
    if face.input_expressions and isinstance(value, str) and value.lstrip().startswith(_OPENING):
        return f"\n - {path} is text here. To make it an object or a list, begin its task header with '='"
    if face.input_expressions or not isinstance(value, str) or not value.startswith("="):
        return ""
    return (
        f"\n - {path} begins with '=' but is text here. To have it evaluated, use '=' in the input mapping of the "
        "model, or give the task a job type of the native face and put the expression in a task header named "
        f"{path}"
    )
