"""The body of a request: whether there is one, and its bytes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from worker.errors import JobFailure
from worker.face import Face
from worker.json_codec import dumps_body
from worker.rest.encoding import UnknownCharset, check_charset, encode
from worker.rest.form import form_body
from worker.rest.headers import content_type
from worker.rest.media_type import parse_media_type
from worker.rest.multipart import is_document, multipart_body
from worker.rest.request import RestRequest

BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
_SCALARS: Final = (str, int, float, Decimal, type(None))


@dataclass(slots=True)
class Entity:
    """The bytes, and the `Content-Type` they come with where the request's own headers have none."""

    content: bytes
    content_type: str | None = None
    repeatable: bool = True


async def entity_of(request: RestRequest, face: Face) -> Entity | None:
    """What is sent; None for methods without a body. TRACE never has one.

    Raises `JobFailure` for unknown charsets and unreadable documents.
    """
    anyway = request.options.send_body and request.body is not None and request.method != "TRACE"
    if request.method not in BODY_METHODS and not anyway:
        return None
    if request.body is None:
        return Entity(b"", "text/plain; charset=UTF-8" if face.label_empty_body else None)
    given = content_type(request.headers) if request.headers else None
    media = parse_media_type(given) if given else None
    charset = "UTF-8"
    if media is not None and media.charset is not None:
        charset = media.charset
        try:
            check_charset(charset)
        except UnknownCharset as error:
            raise JobFailure(charset, type=error.java_type, kind="input", native_code="INVALID_INPUT") from error
    body = request.body
    if isinstance(body, str):
        return Entity(encode(body, charset), given)
    if media is not None and isinstance(body, Mapping):
        if media.name == "multipart/form-data":
            parts = await multipart_body(body, media.boundary, face)
            return Entity(parts.content, parts.content_type, parts.repeatable)
        if media.name == "application/x-www-form-urlencoded":
            return Entity(form_body(body, face), given)
    if request.ignore_null_values:
        body = await _json_tree(body, keep_nulls=False)
    try:
        text = dumps_body(body, documents=False)
    except TypeError:  # there is a document in it
        text = dumps_body(await _json_tree(body, keep_nulls=True))
    return Entity(encode(text, charset), given)


async def _json_tree(body: Any, *, keep_nulls: bool) -> Any:
    """The body with Base64 in place of documents; at the root, and in a list there, they become `{}` (recorded).

    Without `keep_nulls` objects lose their null members; elements of lists stay. Walks without recursion, for bodies
    may be nested as deeply as JSON may be.
    """
    root: list[Any] = [body]
    pending: list[tuple[Any, Any, bool]] = [(root, 0, True)]  # container, key in it, is it at the top
    while pending:
        container, key, top = pending.pop()
        value = container[key]
        if isinstance(value, Mapping):
            copy = {name: member for name, member in value.items() if keep_nulls or member is not None}
            container[key] = copy
            pending.extend((copy, name, False) for name, member in copy.items() if not isinstance(member, _SCALARS))
        elif isinstance(value, list):
            elements = list(value)
            container[key] = elements
            pending.extend((elements, at, top) for at, item in enumerate(elements) if not isinstance(item, _SCALARS))
        elif is_document(value):
            container[key] = {} if top else base64.b64encode(await value.read()).decode("ascii")
    return root[0]
