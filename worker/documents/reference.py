"""How documents and function calls are told from other JSON objects, and what may be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from worker.json_codec.java_text import java_text

REFERENCE_TYPE: Final = "camunda.document.type"
FUNCTION_TYPE: Final = "camunda.function.type"


class InvalidReference(ValueError):
    """An object says that it is a document or a call, but is not one that can be read."""


def may_be_special(text: str) -> bool:
    """Whether a JSON text may have a document or a call in it; False is certain, and quick."""
    return "camunda." in text or "\\u" in text


def is_special(value: Any) -> bool:
    """Whether a JSON value is a document reference or a function call."""
    return isinstance(value, dict) and (REFERENCE_TYPE in value or FUNCTION_TYPE in value)


def optional_text(reference: Mapping[str, Any], name: str) -> str | None:
    """A member that may be missing. Raises `InvalidReference` when it is no scalar."""
    value = reference.get(name)
    if isinstance(value, dict | list):
        raise InvalidReference(f"{name} is no text")
    return value if value is None or isinstance(value, str) else java_text(value)


def required_text(reference: Mapping[str, Any], name: str) -> str:
    """A member that must be there. Raises `InvalidReference`."""
    value = optional_text(reference, name)
    if value is None:
        raise InvalidReference(f"{name} is missing")
    return value
