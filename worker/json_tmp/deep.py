"""Decoding and encoding of JSON without recursion, for trees nested too deeply for the C code of `worker.json_codec`.

A thousand levels are legal, and how many of them the C code manages depends on the caller's stack and the Python
version; these loops depend on neither. Scalars are still the decoder's work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

_SPACE = " \t\n\r"


class NestingError(ValueError):
    """More levels than allowed."""


def decode_deep(text: str, start: int, decoder: json.JSONDecoder, depth: int) -> tuple[Any, int]:
    """The value at `start` and the offset behind it. Raises ValueError; NestingError beyond `depth` levels."""
    stack: list[tuple[Any, str | None]] = []  # open containers, each with the key that waits for its value
    position = start
    while True:
        position = _skip(text, position)
        if text[position : position + 1] in ("[", "{") and text[position : position + 1]:
            if len(stack) >= depth:
                raise NestingError(f"more than {depth} levels")
            opened: Any = [] if text[position] == "[" else {}
            position = _skip(text, position + 1)
            if text[position : position + 1] != ("]" if isinstance(opened, list) else "}"):
                key, position = _key(text, position) if isinstance(opened, dict) else (None, position)
                stack.append((opened, key))
                continue
            value, position = opened, position + 1
        else:
            value, position = decoder.raw_decode(text, position)
        while stack:
            container, key = stack.pop()
            _put(container, key, value)
            position = _skip(text, position)
            mark = text[position : position + 1]
            if mark == ",":
                position = _skip(text, position + 1)
                key, position = _key(text, position) if isinstance(container, dict) else (None, position)
                stack.append((container, key))
                break
            if mark != ("]" if isinstance(container, list) else "}"):
                raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
            value, position = container, position + 1
        else:
            return value, position


def encode_deep(value: Any, scalar: Callable[[Any], str | None], depth: int) -> str:
    """Compact JSON; `scalar` gives the text of a node, None for a container. Raises NestingError beyond `depth`."""
    parts: list[str] = []
    stack: list[tuple[Iterator[Any], str, bool]] = []
    node: Any = value
    while True:
        text = scalar(node)
        if text is None:
            if len(stack) >= depth:
                raise NestingError(f"more than {depth} levels, or a container within itself")
            is_object = isinstance(node, dict)
            stack.append((iter(node.items() if is_object else node), "}" if is_object else "]", is_object))
            parts.append("{" if is_object else "[")
            separator = ""
        else:
            parts.append(text)
            separator = ","
        while stack:
            items, close, is_object = stack[-1]
            for following in items:
                parts.append(separator)
                node = following
                if is_object:
                    key, node = following
                    parts.append(f"{scalar(str(key))}:")
                break
            else:
                parts.append(close)
                separator = ","
                stack.pop()
                continue
            break
        else:
            return "".join(parts)


def _skip(text: str, position: int) -> int:
    while text[position : position + 1] in _SPACE and position < len(text):
        position += 1
    return position


def _key(text: str, position: int) -> tuple[str, int]:
    if text[position : position + 1] != '"':
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, position)
    key, position = json.decoder.scanstring(text, position + 1, True)  # type: ignore[attr-defined]  # of json.decoder
    position = _skip(text, position)
    if text[position : position + 1] != ":":
        raise json.JSONDecodeError("Expecting ':' delimiter", text, position)
    return key, position + 1


def _put(container: Any, key: str | None, value: Any) -> None:
    if isinstance(container, list):
        container.append(value)
    else:
        container[key] = value
