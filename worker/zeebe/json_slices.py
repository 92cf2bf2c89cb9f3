"""The parts of a JSON text as they are written, for handing on what must not change: numbers, order, depth.

Only brackets and strings are looked at, so nesting costs no recursion and a number no digit. What the parts are is up
to whoever decodes them; a text that is no JSON may pass unnoticed until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# Strings in pieces without a way back: one of megabytes would otherwise cost a hundred times its size.
_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)


def members(text: str) -> dict[str, str]:
    """The members of an object, each value as its text. Raises `ValueError` when it is none."""
    parts: dict[str, str] = {}
    for part in _parts(text, "{}"):
        name, colon, value = _split(part)
        if not colon:
            raise ValueError("expected a JSON object")
        parts[name] = value
    return parts


def items(text: str) -> list[str]:
    """The items of an array, each as its text. Raises `ValueError` when it is none."""
    return list(_parts(text, "[]"))


def _parts(text: str, brackets: str) -> Iterator[str]:
    """What stands between the commas of the outermost brackets."""
    text = text.strip()
    if len(text) < 2 or text[0] != brackets[0] or text[-1] != brackets[1]:
        raise ValueError("expected a JSON object" if brackets == "{}" else "expected a JSON array")
    depth, start = 0, 1
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth < 0 or (depth == 0 and token.end() != len(text)):
                raise ValueError("the JSON text has a bracket too many")
        elif mark == "," and depth == 1:
            yield text[start : token.start()].strip()
            start = token.end()
    if depth:
        raise ValueError("the JSON text ends too early")
    if last := text[start:-1].strip():
        yield last


def _split(part: str) -> tuple[str, str, str]:
    name = _TOKEN.match(part)
    if name is None or not name[0].startswith('"'):
        raise ValueError("expected a JSON object")
    rest = part[name.end() :].lstrip()
    return name[0][1:-1], rest[:1], rest[1:].lstrip()
