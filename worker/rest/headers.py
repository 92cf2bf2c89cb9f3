"""The header lines of a request: the task's own, the default content type, and those a client has to add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from worker.errors import JobFailure, input_failure
from worker.face import Face
from worker.rest.failures import protocol_error

HeaderLines = list[tuple[str, str]]
"""Names and values as they leave, in order, with repetitions."""

_NULL_POINTER: Final = "java.lang.NullPointerException"
_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_BREAKS: Final = re.compile("[\r\n\0]")


def content_type(headers: Mapping[str, Any] | None) -> str | None:
    """The first content type among the task's headers, in any spelling of the name."""
    for name, value in (headers or {}).items():
        if name.lower() == "content-type":
            return value[0] if isinstance(value, list) and value else value if isinstance(value, str) else None
    return None


def task_headers(headers: Mapping[str, Any] | None, face: Face, *, has_body: bool) -> HeaderLines:
    """The task's headers, and a JSON content type when there is a body and none was given. Raises `JobFailure`."""
    lines = _given(headers, face) if headers else []
    if has(lines, "content-type"):
        return [(name, value) for name, value in lines if not _is_bare_multipart(name, value)]
    return [("Content-Type", "application/json"), *lines] if has_body else lines


def merge(auth: HeaderLines, own: HeaderLines, entity_type: str | None) -> HeaderLines:
    """Authentication first, as recorded; the entity's own type where the headers have none. Raises `JobFailure`."""
    lines = [*auth, *own]
    names = {name.strip(" \t").lower() for name, _ in lines}  # some servers ignore what stands around a name
    if not names.isdisjoint(_FRAMING):
        raise protocol_error("input")
    if entity_type is not None and "content-type" not in names:
        lines.append(("Content-Type", entity_type))
    return lines


def has(lines: Iterable[tuple[str, str]], *names: str) -> bool:
    """Whether one of the (lower-case) names is there."""
    return not {name.lower() for name, _ in lines}.isdisjoint(names)


def _given(headers: Mapping[str, Any], face: Face) -> HeaderLines:
    lines: HeaderLines = []
    for name, value in headers.items():
        if face.lenient_parameters:
            values = value if isinstance(value, (list, tuple)) else (value,)
            lines += [(name, _checked(name, str(item))) for item in values if item is not None]
        elif value is not None:
            lines.append((name, value))
        elif name == "Content-Type":
            continue
        elif name.lower() == "content-type":  # recorded fault of the original
            raise JobFailure(
                'Cannot invoke "String.contains(java.lang.CharSequence)" because the return value of '
                '"java.util.Map$Entry.getValue()" is null',
                type=_NULL_POINTER,
                kind="input",
            )
        else:
            lines.append((name, ""))
    return lines


def _checked(name: str, value: str) -> str:
    if not name or _BREAKS.search(name) or _BREAKS.search(value):
        raise input_failure(
            f"The header '{_BREAKS.sub(' ', name)}' has an empty name, or a line break or NUL in name or value."
        )
    return value


def _is_bare_multipart(name: str, value: str) -> bool:
    """Without a boundary the entity brings the header."""
    return name.lower() == "content-type" and "multipart/form-data" in value and "boundary" not in value
