"""The body of a request: whether there is one, and its bytes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
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
_UNSUPPORTED_CHARSET: Final = "java.nio.charset.UnsupportedCharsetException"


@dataclass(frozen=True, slots=True)
class Entity:
    """The bytes, and the `Content-Type` they come with where the request's own headers have none."""

    content: bytes
    content_type: str | None = None
    repeatable: bool = True


async def entity_of(request: RestRequest, face: Face) -> Entity | None:
    """What is sent; None for methods without a body. Raises `JobFailure` for unknown charsets, unreadable documents."""
    if request.method not in BODY_METHODS:
        return None
    if request.body is None:
        return Entity(b"", "text/plain; charset=UTF-8")
    given = content_type(request.headers)
    media = parse_media_type(given or "")
    charset = media.charset if media and media.charset else "UTF-8"
    try:
        check_charset(charset)
    except UnknownCharset as error:
        raise JobFailure(charset, type=_UNSUPPORTED_CHARSET, kind="input", native_code="INVALID_INPUT") from error
    if isinstance(request.body, str):
        return Entity(encode(request.body, charset), given)
    if media is not None and isinstance(request.body, Mapping):
        if media.name == "multipart/form-data":
            parts = await multipart_body(request.body, media.boundary, face)
            return Entity(parts.content, parts.content_type, parts.repeatable)
        if media.name == "application/x-www-form-urlencoded":
            return Entity(form_body(request.body, face), given)
    return Entity(encode(await _json_text(request), charset), given)


async def _json_text(request: RestRequest) -> str:
    body = await _embed(request.body, top=True)
    return dumps_body(_without_nulls(body) if request.ignore_null_values else body)


async def _embed(value: Any, *, top: bool = False) -> Any:
    """The tree with Base64 in place of documents; at the root, and in a list there, they become `{}` (recorded)."""
    if is_document(value):
        return {} if top else base64.b64encode(await value.read()).decode("ascii")
    if isinstance(value, Mapping):
        return {name: await _embed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [await _embed(item, top=top) for item in value]
    return value


def _without_nulls(value: Any) -> Any:
    """The tree without null members; null elements of lists stay."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
