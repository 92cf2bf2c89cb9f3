"""What a failure adds when a text caused it that looks like an expression (compatible face)."""

from __future__ import annotations

from typing import Any

from worker.face import Face


def expression_hint(path: str, value: Any, face: Face) -> str:
    """How to get `value` evaluated; empty when it is no such text. The native face has notes of its own (`inputs`)."""
    if face.input_expressions or not isinstance(value, str) or not value.startswith("="):
        return ""
    return (
        f"\n - {path} begins with '=' but is text here. To have it evaluated, use '=' in the input mapping of the "
        "model, or give the task a job type of the native face and put the expression in a task header named "
        f"{path}"
    )
