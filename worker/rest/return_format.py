"""`documentReturnFormat`: how the model wants the response body, read leniently from the variables as they came."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from worker.errors import input_failure
from worker.face import Face
from worker.json_codec.java_text import java_text
from worker.rest.binding import root_object
from worker.rest.hints import expression_hint
from worker.rest.request import ReturnFormat

_Choice = Literal["DOCUMENT", "TEXT", "JSON"]
_CHOICES: Final[tuple[_Choice, ...]] = get_args(_Choice)


def read_return_format(tree: Any, face: Face) -> ReturnFormat | None:
    """The chosen format; None (the older rules hold) when there is no choice. Raises an input failure for another."""
    variables = tree if type(tree) is dict else root_object(tree)
    chosen = variables.get("documentReturnFormat") if variables is not None else None
    if not isinstance(chosen, dict):
        return None
    choice = _text(chosen.get("choice"))
    if choice is None:
        return None
    for known in _CHOICES:
        if known == choice:
            return ReturnFormat(known, _text(chosen.get("encoding")))
    hint = expression_hint("documentReturnFormat.choice", choice, face)
    raise input_failure(f"documentReturnFormat.choice must be one of {', '.join(_CHOICES)}. Got: {choice}{hint}")


def _text(value: Any) -> str | None:
    text = "" if value is None or isinstance(value, dict | list) else java_text(value)
    return text if text.strip() else None
