r"""What a backslash and the characters after it stand for, outside and inside of classes."""

from __future__ import annotations

import re
import unicodedata

from .charset import DIGITS, HORIZONTAL_SPACE, SPACE, VERTICAL_SPACE, WORD, CharSet
from .properties import named_set
from .source import Source

_HEXADECIMAL = "0123456789abcdefABCDEF"
_CONTROLS = {"t": 0x09, "n": 0x0A, "r": 0x0D, "f": 0x0C, "a": 0x07, "e": 0x1B}
_CLASSES = {"d": DIGITS, "w": WORD, "s": SPACE, "h": HORIZONTAL_SPACE, "v": VERTICAL_SPACE}


def escaped_set(source: Source, character: str, *, ignore_case: bool) -> CharSet | None:
    r"""The set that `\d`, `\p{L}` and their like stand for; None for all other escapes."""
    if character in "pP":
        found = _property(source, ignore_case=ignore_case)
        return found if character == "p" else ~found
    if character.lower() in _CLASSES:
        found = _CLASSES[character.lower()]
        return found if character.islower() else ~found
    return None


def escaped_code_point(source: Source, character: str) -> int:
    """The character that an escape stands for. Raises BadPattern for letters and digits without meaning."""
    if character in _CONTROLS:
        return _CONTROLS[character]
    if character == "0":
        return _octal(source)
    if character == "x":
        return _hexadecimal(source)
    if character == "u":
        return _unicode(source)
    if character == "c":
        return ord(source.next_raw()) ^ 64
    if character == "N":
        return _character_name(source)
    if character.isascii() and character.isalnum():
        raise source.bad("Illegal/unsupported escape sequence")
    return ord(character)


def _property(source: Source, *, ignore_case: bool) -> CharSet:
    name = source.take_until("}") if source.take_raw("{") else source.next_raw()
    try:
        return named_set(name or "", ignore_case=ignore_case)
    except KeyError:
        raise source.bad(f"Unknown character property name {{{name}}}") from None


def _octal(source: Source) -> int:
    digits = source.take_while("01234567", limit=1)
    if not digits:
        raise source.bad("Illegal octal escape sequence")
    return int(digits + source.take_while("01234567", limit=2 if digits in "0123" else 1), 8)


def _hexadecimal(source: Source) -> int:
    if not source.take_raw("{"):
        return _digits(source, 2)
    digits = source.take_until("}") or ""
    if re.fullmatch(r"[0-9A-Fa-f]{1,8}", digits) and int(digits, 16) <= 0x10FFFF:
        return int(digits, 16)
    raise source.bad("Illegal hexadecimal code point")


def _unicode(source: Source) -> int:
    first = _digits(source, 4)
    start = source.index
    if 0xD800 <= first <= 0xDBFF and source.take_all("\\u"):
        second = _digits(source, 4)
        if 0xDC00 <= second <= 0xDFFF:
            return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        source.index = start
    return first


def _digits(source: Source, count: int) -> int:
    digits = source.take_while(_HEXADECIMAL, limit=count)
    if len(digits) < count:
        raise source.bad("Illegal hexadecimal escape sequence")
    return int(digits, 16)


def _character_name(source: Source) -> int:
    name = source.take_until("}") if source.take_raw("{") else None
    try:
        return ord(unicodedata.lookup(name or ""))
    except (KeyError, TypeError):
        raise source.bad("Unknown character name") from None
