"""Members deep in a tree of inputs."""

from __future__ import annotations

from typing import Any


def put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a member deep in the tree; the objects on the way are copied, for the variables stay as they are."""
    node = tree
    for part in path[:-1]:
        inner = node.get(part)
        node[part] = dict(inner) if isinstance(inner, dict) else {}
        node = node[part]
    node[path[-1]] = value
