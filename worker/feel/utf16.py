"""Strings seen as UTF-16 code units, which is how the original engine counts and cuts them.

A Python string counts code points; characters beyond U+FFFF are two units. Cutting between the two
leaves lone surrogates, which stay in the result as they do in the original.
"""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


def is_plain(text: str) -> bool:
    """Whether every character is one unit, so that Python's own positions are right."""
    return text.isascii() or max(text) <= "\uffff"


def length(text: str) -> int:
    """Number of code units."""
    return len(text) if is_plain(text) else len(_encode(text)) // 2


def cut(text: str, start: int, end: int) -> str:
    """The units from `start` up to but not including `end`, both within the string."""
    return text[start:end] if is_plain(text) else _decode(_encode(text)[start * 2 : end * 2])


def to_units(text: str) -> str:
    """One Python character for each code unit; pairs become two lone surrogates."""
    if is_plain(text):
        return text
    return "".join(each if each <= "\uffff" else _pair(ord(each)) for each in text)


def joined(left: str, right: str) -> str:
    """Both texts as one; a pair of surrogates that meets becomes one character."""
    if right and "\ud800" <= left[-1:] <= "\udbff" and "\udc00" <= right[0] <= "\udfff":
        return left[:-1] + _decode(_encode(left[-1] + right[0])) + right[1:]
    return left + right


def has_lone_surrogate(text: str) -> bool:
    """Whether a half of a pair stands in the text, as after cutting between the two."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def whole(text: str) -> str:
    """The text with surrogates that stand next to each other joined into one character."""
    return _decode(_encode(text)) if has_lone_surrogate(text) else text


def _pair(code_point: int) -> str:
    offset = code_point - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))


def _encode(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-16-le", "surrogatepass")
