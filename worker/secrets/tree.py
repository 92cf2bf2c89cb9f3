"""Visits or changes every text of a JSON tree, keys too.

Without recursion: foreign data may be a thousand levels deep.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any


def map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A copy of a JSON tree with `change` applied to its strings and keys; other values are shared.

    Where two keys become equal, the later member wins.
    """
    top: list[Any] = [None]
    waiting: deque[tuple[Any, Any, Any]] = deque([(value, top, 0)])  # node, and where its copy goes
    while waiting:
        node, container, place = waiting.popleft()
        match node:
            case str():
                container[place] = change(node)
            case dict():
                members: dict[str, Any] = {}
                container[place] = members
                for key, member in node.items():
                    name = change(key)
                    members[name] = None
                    waiting.append((member, members, name))
            case list():
                elements: list[Any] = [None] * len(node)
                container[place] = elements
                waiting.extend((element, elements, index) for index, element in enumerate(node))
            case _:
                container[place] = node
    return top[0]


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
