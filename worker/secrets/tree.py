"""Visits or changes every text of a JSON tree, keys too.

Without recursion: foreign data may be a thousand levels deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A copy of a JSON tree with `change` applied to its strings and keys; other values are shared.

    Where two keys become equal, the later member wins.
    """
    waiting: list[tuple[Any, Any]] = []  # containers, and their copies that are still empty

    def copied(node: Any) -> Any:
        if isinstance(node, str):
            return change(node)
        if not isinstance(node, (dict, list)):
            return node
        copy: Any = {} if isinstance(node, dict) else []
        waiting.append((node, copy))
        return copy

    top = copied(value)
    while waiting:
        node, copy = waiting.pop()
        if isinstance(node, dict):
            for key, member in node.items():
                copy[change(key)] = copied(member)
        else:
            copy.extend(map(copied, node))
    return top


def texts(value: Any) -> Iterator[str]:
    """The strings and keys of a JSON tree."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        match node:
            case str():
                yield node
            case dict():
                yield from node
                waiting.extend(node.values())
            case list():
                waiting.extend(node)
