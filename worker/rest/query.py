"""Query parameters of a request, appended to what the URL already has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from worker.face import Face
from worker.rest.url import decode_text, encode_text

Parameters = list[tuple[str, str | None]]
"""Names and values in order; None is a bare name."""

_STRICT_SAFE: Final = "-._~"
_LENIENT_SAFE: Final = "-._~$,:@/!'()*"  # OData needs `$top` and `a,b` as they are


def parameters(given: Mapping[str, Any] | None, face: Face) -> Parameters:
    """The task's parameters. Where the face is lenient, a list repeats the name and null leaves it out."""
    pairs: Parameters = []
    for name, value in (given or {}).items():
        if not face.lenient_parameters:
            pairs.append((name, value))
        elif isinstance(value, list | tuple):
            pairs.extend((name, str(item)) for item in value if item is not None)
        elif value is not None:
            pairs.append((name, str(value)))
    return pairs


def append(query: str | None, added: Parameters, face: Face) -> str | None:
    """The whole query. With the recorded rules one added parameter is enough to encode the existing ones again."""
    if not added:
        return query
    if face.reencode_url:
        return _join(_existing(query), _STRICT_SAFE, added)
    text = _join((), _LENIENT_SAFE, added)
    return f"{query}&{text}" if query else text


def _existing(query: str | None) -> Parameters:
    pairs: Parameters = []
    for pair in (query or "").split("&"):
        if pair:
            name, equals, value = pair.partition("=")
            pairs.append((decode_text(name), decode_text(value) if equals else None))
    return pairs


def _join(first: Iterable[tuple[str, str | None]], safe: str, then: Parameters) -> str:
    return "&".join(
        encode_text(name, safe) + ("" if value is None else "=" + encode_text(value, safe))
        for name, value in (*first, *then)
    )
