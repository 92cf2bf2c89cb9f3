"""Multipart bodies: recorded, in the browser style of the original, and ours, with typed UTF-8 parts (RFC 7578)."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from worker.documents.document import Document
from worker.errors import ILLEGAL_STATE, JobFailure
from worker.face import Face
from worker.json_codec import dumps_body
from worker.json_codec.java_text import java_text
from worker.rest.encoding import latin1

_RESERVED: Final = frozenset('",;')
_NAMELESS: Final = "document"  # a part without a file name is no file to most servers (RFC 7578, 4.2)
_BINARY: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Part:
    """One part; without a file name there is no `filename`, without a type no `Content-Type`."""

    name: str
    content: bytes
    file_name: str | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Multipart:
    """A whole body and the header value that goes with it; as recorded, one with documents is sent only once."""

    content: bytes
    content_type: str
    repeatable: bool = True


def is_document(value: Any) -> bool:
    """Documents are the only values of a body that stand for something else."""
    return hasattr(value, "reference") and hasattr(value, "read")


async def multipart_body(body: Mapping[str, Any], boundary: str | None, face: Face) -> Multipart:
    """The parts of an object, null members left out. Raises `JobFailure` when a document cannot be read."""
    parts = [part async for part in _parts(body, face)]
    if not face.typed_multipart and not all(part.name.strip() for part in parts):
        raise JobFailure("Name is blank", type=ILLEGAL_STATE, kind="input", native_code="INVALID_INPUT")
    boundary = boundary or _random_boundary(face)
    mark = latin1(boundary)
    heads = _utf8_head if face.typed_multipart else _latin1_head
    content = b"".join(b"--" + mark + b"\r\n" + heads(part) + b"\r\n" + part.content + b"\r\n" for part in parts)
    content += b"--" + mark + b"--\r\n"
    streamed = not face.typed_multipart and any(part.content_type is not None for part in parts)
    return Multipart(content, _content_type(boundary, face, empty=not parts), repeatable=not streamed)


async def _parts(body: Mapping[str, Any], face: Face) -> AsyncIterator[Part]:
    for name, value in body.items():
        several = isinstance(value, list | tuple)
        for item in value if several else (value,):
            if is_document(item):
                yield await _document_part(name, item, face)
            elif face.typed_multipart:
                if item is not None:
                    yield _typed_part(name, item)
            elif several or item is not None:  # in a list null is a text
                yield Part(name, java_text(item).encode("latin-1", "replace"))


async def _document_part(name: str, document: Document, face: Face) -> Part:
    content = await document.read()
    about = await document.metadata()
    content_type = (about.content_type or "").strip()
    if not content_type or (not face.typed_multipart and _RESERVED.intersection(content_type)):
        content_type = _BINARY
    if about.file_name is None and not face.typed_multipart:
        return Part(name, content)
    file_name = about.file_name or _NAMELESS if face.typed_multipart else about.file_name
    return Part(name, content, file_name, content_type)


def _typed_part(name: str, value: Any) -> Part:
    if isinstance(value, Mapping):
        return Part(name, dumps_body(value).encode("utf-8", "replace"), content_type="application/json")
    return Part(name, java_text(value).encode("utf-8", "replace"), content_type="text/plain; charset=utf-8")


def _random_boundary(face: Face) -> str:
    return secrets.token_hex(16) if face.typed_multipart else f"httpclient_boundary_{uuid.uuid4()}"


def _content_type(boundary: str, face: Face, *, empty: bool) -> str:
    if face.typed_multipart:
        return f"multipart/form-data; boundary={boundary}"
    return (
        f"multipart/mixed; boundary={boundary}"
        if empty
        else f"multipart/form-data; charset=ISO-8859-1; boundary={boundary}"
    )


def _latin1_head(part: Part) -> bytes:
    """Quotes and backslashes are escaped; a file name beyond Latin-1 is given a second time, percent-encoded."""
    text = f'Content-Disposition: form-data; name="{_one_line(part.name, _backslash)}"'
    if part.file_name is not None:
        text += f'; filename="{_one_line(part.file_name, _backslash)}"'
        if any(char > "\xff" for char in part.file_name):
            encoded = quote(part.file_name.encode("utf-8", "replace"), safe="!#$&+-.^_`|~")
            text += f"; filename*=\"UTF-8''{encoded}\""
    return text.encode("latin-1", "replace") + _type_line(part)


def _utf8_head(part: Part) -> bytes:
    """Quotes percent-encoded, as browsers do."""
    text = f'Content-Disposition: form-data; name="{_one_line(part.name, _percent)}"'
    if part.file_name is not None:
        text += f'; filename="{_one_line(part.file_name, _percent)}"'
    return text.encode("utf-8", "replace") + _type_line(part)


def _type_line(part: Part) -> bytes:
    if part.content_type is None:
        return b"\r\n"
    return b"\r\nContent-Type: " + latin1(part.content_type.replace("\r", " ").replace("\n", " ")) + b"\r\n"


_backslash: Final[dict[str, str | int | None]] = {'"': '\\"', "\\": "\\\\", "\r": " ", "\n": " "}
_percent: Final[dict[str, str | int | None]] = {'"': "%22", "\r": "%0D", "\n": "%0A"}


def _one_line(text: str, escapes: dict[str, str | int | None]) -> str:
    return text.translate(str.maketrans(escapes))
