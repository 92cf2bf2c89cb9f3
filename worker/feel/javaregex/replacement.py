"""Java's replacement texts: `$1` and `${name}` stand for groups, a backslash makes the next character plain."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .syntax import BadPattern

_NAMED = re.compile(r"\$\{([a-zA-Z][a-zA-Z0-9]*)\}")
_DIGITS = "0123456789"


def parse_replacement(text: str, group_count: int, names: Mapping[str, int]) -> list[str | int]:
    """The parts of a replacement: plain texts and numbers of groups. Raises BadPattern."""
    parts: list[str | int] = []
    index = 0
    while index < len(text):
        character = text[index]
        if character == "\\":
            if index + 1 == len(text):
                raise BadPattern("The replacement ends in a backslash")
            parts.append(text[index + 1])
            index += 2
        elif character == "$":
            number, index = _group(text, index, group_count, names)
            parts.append(number)
        else:
            end = index
            while end < len(text) and text[end] not in "\\$":
                end += 1
            parts.append(text[index:end])
            index = end
    return parts


def _group(text: str, index: int, group_count: int, names: Mapping[str, int]) -> tuple[int, int]:
    """The group that `$` at `index` refers to, and where the text goes on."""
    if match := _NAMED.match(text, index):
        if match[1] not in names:
            raise BadPattern(f"The replacement names a group '{match[1]}' that does not exist")
        return names[match[1]], match.end()
    index += 1
    if text[index : index + 1] not in _DIGITS or index == len(text):
        raise BadPattern("A '$' of the replacement is not followed by a group")
    number = int(text[index])
    if number > group_count:
        raise BadPattern(f"The replacement refers to group {number}, which does not exist")
    index += 1
    while index < len(text) and text[index] in _DIGITS and number * 10 + int(text[index]) <= group_count:
        number = number * 10 + int(text[index])
        index += 1
    return number, index
