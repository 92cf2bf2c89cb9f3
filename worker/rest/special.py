"""Document references and function calls inside the inputs: where they may stand, and what they become there.

Where a text is expected they become text, in the body they become documents and values. How they are loaded and
called is in `worker.documents`.
"""

from __future__ import annotations

from typing import Any, Final

from worker.documents import InvalidReference, Resolver, is_special
from worker.errors import input_failure

_TEXTS: Final = frozenset({"url", "skipEncoding"})
_OBJECTS_OF_TEXTS: Final = frozenset({"headers", "queryParameters", "authentication", "clientTls"})


async def resolve_special(tree: Any, resolver: Resolver) -> Any:
    """The inputs with every special object replaced, in the order of the text. Raises `JobFailure`."""
    if isinstance(tree, list) and len(tree) == 1:
        return [await resolve_special(tree[0], resolver)]
    if not isinstance(tree, dict):
        return tree
    return {name: await _member(name, value, resolver) for name, value in tree.items()}


async def _member(name: str, value: Any, resolver: Resolver) -> Any:
    try:
        if name == "body":
            return await resolver.resolve_any(value)
        if name in _TEXTS:
            return await _text(value, resolver)
        if name in _OBJECTS_OF_TEXTS:
            return await _texts(value, resolver)
        if name == "authenticationConfiguration" and isinstance(value, dict):
            return {key: await _texts(member, resolver) for key, member in value.items()}
        return value
    except InvalidReference:
        raise input_failure(f"Json object contains an invalid field: {name}") from None


async def _texts(value: Any, resolver: Resolver) -> Any:
    if isinstance(value, list) and len(value) == 1:
        return [await _texts(value[0], resolver)]
    if not isinstance(value, dict):
        return value
    return {key: await _text(member, resolver) for key, member in value.items()}


async def _text(value: Any, resolver: Resolver) -> Any:
    if isinstance(value, list) and len(value) == 1:
        return await _text(value[0], resolver)
    return await resolver.resolve_string(value) if is_special(value) else value
