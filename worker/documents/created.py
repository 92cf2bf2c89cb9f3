"""Documents that a result or error expression made with `createDocument(...)`.

The function leaves a marker with a random word of this one evaluation. Only those are replaced: a marker that came
from a service, or from an earlier evaluation, is data.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from worker.documents.content_type import type_of_name
from worker.documents.document import DocumentStore
from worker.documents.spool import Spool
from worker.errors import input_failure

MARKER: Final = "connectorResultFunction"
_PREFIX: Final = "createDocument:"
_SPACE: Final = re.compile(r"\s+")


async def resolve_created_documents(
    tree: Any, nonce: str, store: DocumentStore | None, *, expression: str = "Result"
) -> Any:
    """A copy of the JSON tree with each marker of this evaluation replaced by the reference of a new document.

    `expression` is the word for messages, `Result` or `Error`. Raises `JobFailure`.
    """
    mark = _PREFIX + nonce
    if _is_marked(tree, mark):
        raise input_failure(
            f"{expression} expression must not be a bare createDocument(...) call — wrap it inside a field,"
            " e.g. {myDocument: createDocument(...)}"
        )
    top: list[Any] = [None]
    waiting: list[tuple[Any, Any, Any]] = [(tree, top, 0)]  # node, and where its copy goes
    while waiting:
        node, container, place = waiting.pop()
        if _is_marked(node, mark):
            container[place] = await _create(node.get("value"), store)
        elif isinstance(node, dict):
            members: dict[str, Any] = dict.fromkeys(node)
            container[place] = members
            waiting.extend((member, members, name) for name, member in reversed(node.items()))
        elif isinstance(node, list):
            elements: list[Any] = [None] * len(node)
            container[place] = elements
            waiting.extend((node[index], elements, index) for index in reversed(range(len(node))))
        else:
            container[place] = node
    return top[0]


def _is_marked(node: Any, mark: str) -> bool:
    return isinstance(node, dict) and node.get(MARKER) == mark


async def _create(value: Any, store: DocumentStore | None) -> dict[str, Any]:
    if store is None:
        raise input_failure("createDocument() needs a document store, and this worker has none")
    match value:
        case None:
            raise input_failure("createDocument() was called with null")
        case str():
            content, name, content_type = value, None, None
        case dict():
            found = _first_text(value, "content", "data", blank=True)
            if found is None:
                raise input_failure("createDocument() needs 'content' or 'data', a Base64 text")
            content = found
            name = _first_text(value, "name", "fileName")
            content_type = _first_text(value, "contentType")
        case _:
            raise input_failure("createDocument() takes a Base64 text, or a context with 'content' or 'data'")
    name = name or str(uuid.uuid4())
    with Spool.of(_decoded(content)) as spool:
        return await store.store(spool, content_type=content_type or type_of_name(name), file_name=name)


def _first_text(value: Mapping[str, Any], *names: str, blank: bool = False) -> str | None:
    return next((text for name in names if isinstance(text := value.get(name), str) and (blank or text.strip())), None)


def _decoded(content: str) -> bytes:
    """Base64 with or without its padding; white space is ignored."""
    code = _SPACE.sub("", content)
    try:
        return base64.b64decode(code if code.endswith("=") else code + "=" * (-len(code) % 4), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise input_failure(f"createDocument() 'content'/'data' is not valid base64: {problem}") from None
