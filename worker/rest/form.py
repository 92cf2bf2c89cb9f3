"""Form bodies: `application/x-www-form-urlencoded`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

from worker.errors import input_failure
from worker.face import Face
from worker.json_codec.java_text import java_text


def form_body(body: Mapping[str, Any], face: Face) -> bytes:
    """The pairs of a form, UTF-8. Raises `JobFailure` for nested objects where the face is strict about them."""
    pairs = _flat_pairs(body) if face.lenient_parameters else _java_pairs(body)
    return "&".join(_pair(name, value) for name, value in pairs).encode("ascii")


def _java_pairs(body: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Java's text of whatever it is; null is a bare name."""
    return ((name, None if value is None else java_text(value)) for name, value in body.items())


def _flat_pairs(body: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """A list repeats the name, null is left out."""
    for name, value in body.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, Mapping | list | tuple) or hasattr(item, "reference"):
                raise input_failure(
                    f"The form field '{name}' holds a nested value; a form takes texts, numbers and lists of them."
                )
            if item is not None:
                yield name, java_text(item)


def _pair(name: str, value: str | None) -> str:
    return _quote(name) if value is None else f"{_quote(name)}={_quote(value)}"


def _quote(text: str) -> str:
    return quote_plus(text.encode("utf-8", "replace"))
