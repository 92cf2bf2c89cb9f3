"""Media types in a `Content-Type` header: type and parameters, no more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Possessive, so that quotes without an end cost linear time: where one has none, those behind it have none either.
_FIRST: Final = re.compile(r'(?:[^",]|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+(?:"[^,]*)?', re.DOTALL)
_PARAMETER: Final = re.compile(r';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')


@dataclass(frozen=True, slots=True)
class MediaType:
    """`name` is lower-case, without parameters."""

    name: str
    charset: str | None = None
    boundary: str | None = None


def parse_media_type(text: str) -> MediaType | None:
    """What the header says, up to the first comma; None when it is blank."""
    text = _FIRST.match(text)[0]  # type: ignore[index]  # matches everywhere
    name = text.partition(";")[0].strip().lower()
    if not name:
        return None
    found: dict[str, str] = {}
    for key, quoted, plain in _PARAMETER.findall(text):
        found.setdefault(key.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain.strip())
    return MediaType(name, found.get("charset") or None, found.get("boundary") or None)
