"""Members deep in a tree of inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a member deep in the tree; the objects on the way are copied, for the variables stay as they are."""
    node = tree
    for part in path[:-1]:
        inner = node.get(part)
        node[part] = dict(inner) if isinstance(inner, dict) else {}
        node = node[part]
    node[path[-1]] = value


def at(tree: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """A member deep in the tree; None where there is none."""
    node: Any = tree
    for part in path:
        if not isinstance(node, (dict, Mapping)):  # nearly always the first, which is found out sooner
            return None
        node = node.get(part)
    return node


def is_set(value: Any) -> bool:
    """Whether there is anything in a value; optional fields of templates arrive as nulls and blank texts."""
    if value is None:
        return False
    if isinstance(value, str):
        return bool(value.strip())
    return any(map(is_set, value.values())) if isinstance(value, (dict, Mapping)) else True
