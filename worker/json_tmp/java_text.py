"""JSON values as Java prints them: for form fields, text parts of multipart bodies and the dump in error messages.

Models compare these texts, so they follow `toString` of Java's maps, lists and doubles. Nothing recurses and the
length can be bounded, because the values come from services.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

INFINITIES: Final = {float("inf"): "Infinity", float("-inf"): "-Infinity"}


def java_text(value: Any, limit: int | None = None) -> str:
    """`{a=1, b=[x, null]}` and so on; at most about `limit` characters are made of a long value."""
    parts: list[str] = []
    length = 0
    for part in _parts(value):
        parts.append(part)
        length += len(part)
        if limit is not None and length > limit:
            return "".join(parts)[:limit]
    return "".join(parts)


def java_double(number: float) -> str:
    """A double as Java prints it: plain between 0.001 and 10 million, else with an exponent (`1.0E-5`)."""
    if number != number or number in INFINITIES:
        return INFINITIES.get(number, "NaN")
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    scale = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{scale}"


def _parts(value: Any) -> Iterator[str]:
    opening, closing, items = _container(value)
    if items is None:
        yield _scalar(value)
        return
    yield opening
    stack = [(items, closing)]
    separator = ""
    while stack:
        items, closing = stack[-1]
        for label, member in items:
            yield f"{separator}{label}"
            opening, inner_closing, inner = _container(member)
            if inner is None:
                yield _scalar(member)
                separator = ", "
                continue
            yield opening
            stack.append((inner, inner_closing))
            separator = ""
            break
        else:
            stack.pop()
            yield closing
            separator = ", "


def _container(value: Any) -> tuple[str, str, Iterator[tuple[str, Any]] | None]:
    """The brackets of a map or list and its labelled members; None in their place for a scalar."""
    if isinstance(value, dict):
        return "{", "}", ((f"{key}=", member) for key, member in value.items())
    if isinstance(value, list | tuple):
        return "[", "]", (("", member) for member in value)
    reference = getattr(value, "reference", None)
    return _container(reference()) if callable(reference) else ("", "", None)


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return java_double(value)
        case _:
            return str(value)
