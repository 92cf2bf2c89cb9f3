"""Query parameters of a request, appended to what the URL already has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from worker.face import Face
from worker.rest.options import ArrayFormat
from worker.rest.url import decode_text, encode_text

Parameters = list[tuple[str, str | None]]
"""Names and values in order; None is a bare name."""

_STRICT_SAFE: Final = "-._~"
_LENIENT_SAFE: Final = "-._~$,:@/!'()*"  # OData needs `$top` and `a,b` as they are


def parameters(given: Mapping[str, Any] | None, face: Face, array_format: ArrayFormat = "repeat") -> Parameters:
    """The task's parameters. Where the face is lenient, a list gives several and null leaves the parameter out."""
    pairs: Parameters = []
    for name, value in (given or {}).items():
        if not face.lenient_parameters:
            pairs.append((name, value))
        elif isinstance(value, list | tuple):
            pairs.extend(_list(name, [str(item) for item in value if item is not None], array_format))
        elif value is not None:
            pairs.append((name, str(value)))
    return pairs


def _list(name: str, items: list[str], array_format: ArrayFormat) -> Iterable[tuple[str, str]]:
    match array_format:
        case "repeat":
            return ((name, item) for item in items)
        case "brackets":
            return ((f"{name}[]", item) for item in items)
        case "indices":
            return ((f"{name}[{index}]", item) for index, item in enumerate(items))
        case "comma":
            return [(name, ",".join(items))] if items else []


def append(query: str | None, added: Parameters, face: Face) -> str | None:
    """The whole query. With the recorded rules one added parameter is enough to encode the existing ones again."""
    if not added:
        return query
    if face.reencode_url:
        return _join(_existing(query), _STRICT_SAFE, added)
    text = _join((), _LENIENT_SAFE, added)
    return f"{query}&{text}" if query else text


def encoded_value(text: str) -> str:
    """A value as it stands in a query where nothing is encoded again."""
    return encode_text(text, _LENIENT_SAFE)


def _existing(query: str | None) -> Parameters:
    """What the URL has; as recorded, what has no name is dropped."""
    pairs: Parameters = []
    for pair in (query or "").split("&"):
        name, equals, value = pair.partition("=")
        if name:
            pairs.append((_decoded(name), _decoded(value) if equals else None))
    return pairs


def _decoded(text: str) -> str:
    """Percent-decoded; of a character beyond ASCII, which is there only without encoding, the low byte counts."""
    if text.isascii():
        return decode_text(text)
    return unquote_to_bytes(text.encode("utf-16-le", "surrogatepass")[::2]).decode("utf-8", "replace")


def _join(first: Iterable[tuple[str, str | None]], safe: str, then: Parameters) -> str:
    return "&".join(
        encode_text(name, safe) + ("" if value is None else "=" + encode_text(value, safe))
        for name, value in (*first, *then)
    )
