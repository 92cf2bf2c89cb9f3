"""The shapes in which a secret value shows up in texts: as it is, escaped, encoded, or inside Base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 3
"""Characters below which a value cannot be told from ordinary text."""

_SHORTEST_IN_BASE64: Final = 6  # bytes; below, the part of the code that only this value causes is too short
_SHORTEST_LINE: Final = 16
_SAFE_SETS: Final = (  # which characters an encoder leaves alone
    "",
    "/",
    "*-._",  # forms
    "-_.!~*'()@:$&,;=",  # a segment of a path
    "-_.!~*'()@:$&,;=/",  # a path
    "-_.!~*'()@:$,;/?:",  # a query
    "-_.!~*'()@:$&,;=/?+",  # all that is legal
    "-_.!~*'()@:$&,;=/?+%",  # all that is legal, escapes kept
)
_HEX_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")


@dataclass(frozen=True, slots=True)
class Forms:
    """`texts` are masked as they are found; around a `core` the whole run of Base64 characters is."""

    texts: tuple[str, ...]
    cores: tuple[str, ...]


def forms_of(value: str) -> Forms:
    """All shapes of a value of at least `SHORTEST` characters."""
    texts = {value, *_escaped(value), *_url_encoded(value), *_lines(value), *_base64(value)}
    texts |= {text for known in texts for text in _in_other_charsets(known)}
    return Forms(tuple(text for text in texts if len(text) >= SHORTEST), tuple(set(_cores(value))))


def _escaped(value: str) -> Iterator[str]:
    """As part of JSON, of JSON inside JSON, of HTML, and of what Python prints."""
    for ascii_only in (False, True):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield once.replace("/", r"\/")
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]
    yield html.escape(value)
    yield repr(value)[1:-1]
    yield repr(value.encode("utf-8", "replace"))[2:-1]
    yield repr(value.encode("latin-1", "replace"))[2:-1]
    yield value.replace("\r", " ").replace("\n", " ")


def _url_encoded(value: str) -> Iterator[str]:
    content = value.encode("utf-8", "replace")
    encoded = {quote_plus(content), *(quote(content, safe=safe) for safe in _SAFE_SETS)}
    for text in encoded:
        yield text
        yield _HEX_ESCAPE.sub(lambda match: match[0].lower(), text)


def _in_other_charsets(text: str) -> Iterator[str]:
    """As a peer may echo it: header values are Latin-1 on the wire, whatever they were before and will be read as."""
    if not text.isascii():
        utf8, latin1 = text.encode("utf-8", "replace"), text.encode("latin-1", "replace")
        yield utf8.decode("latin-1")
        yield latin1.decode("latin-1")
        yield latin1.decode("utf-8", "replace")
        yield latin1.decode("utf-8", "surrogateescape")
        yield text.encode("ascii", "replace").decode("ascii")


def _lines(value: str) -> Iterator[str]:
    """The long lines of a key or certificate; its BEGIN and END lines are no secret."""
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----"))


def _base64(value: str) -> Iterator[str]:
    content = value.encode("utf-8", "replace")
    for code in (base64.b64encode(content), base64.urlsafe_b64encode(content)):
        yield code.decode()
        yield code.decode().rstrip("=")


def _cores(value: str) -> Iterator[str]:
    """What the Base64 of any text contains that has the value at any place, such as `user:password`."""
    content = value.encode("utf-8", "replace")
    if len(content) < _SHORTEST_IN_BASE64:
        return
    for before in range(3):
        length = before + len(content)
        first = (before * 8 + 5) // 6  # characters that the bytes before have a part in
        last = length * 8 // 6  # from here on the bytes behind have one
        padded = b"\0" * before + content
        for code in (base64.b64encode(padded), base64.urlsafe_b64encode(padded)):
            yield code.decode()[first:last]
