"""An answer as result and error expressions see it, or the failure it stands for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from worker.documents import Spool
from worker.documents.document import DocumentStore
from worker.errors import JobFailure, input_failure
from worker.face import Face
from worker.json_codec import JsonError, loads_prefix
from worker.rest.answer import Answer
from worker.rest.encoding import UnknownCharset, check_charset, decode
from worker.rest.failures import too_large, unreadable
from worker.rest.headers import HeaderLines
from worker.rest.media_type import parse_media_type
from worker.rest.request import RestRequest, RestResponse, ReturnFormat

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

INLINE_LIMIT: Final = 1_572_864
"""Bytes of a body that may become a variable where the format of the response was chosen."""


def group_headers(lines: HeaderLines) -> dict[str, str | list[str]]:
    """One value is a text, several are a list; names are compared with case."""
    grouped: dict[str, str | list[str]] = {}
    for name, value in lines:
        known = grouped.get(name)
        if known is None:
            grouped[name] = value
        elif isinstance(known, str):
            grouped[name] = [known, value]
        else:
            known.append(value)
    return grouped


def raise_for_status(answer: Answer, face: Face) -> None:
    """Raises `JobFailure` for 400 and above."""
    if answer.status < 400:
        return
    headers = group_headers(answer.headers)
    body = None if answer.broken or not answer.has_entity else _error_body(answer.body, face)
    raise JobFailure(
        answer.reason or (_PHRASES.get(answer.status, "") if face.error_details else ""),
        code=str(answer.status),
        variables={"response": {"headers": headers, "body": body}},
        kind="http",
    )


async def read_response(
    answer: Answer, request: RestRequest, face: Face, store: DocumentStore, *, limit: int
) -> RestResponse | None:
    """The response of a call that went well; None for a 3xx without entity (legacy path). Raises `JobFailure`."""
    headers = group_headers(answer.headers)
    body: Any
    document: dict[str, Any] | None
    if request.return_format is not None:
        body, document = await _in_format(answer, request.return_format, face, store, limit)
    else:
        if answer.status >= 300 and not answer.has_entity and not face.whole_response_body:
            return None
        if answer.broken is not None:
            raise _unreadable(answer.broken)
        if answer.cut:
            raise too_large(limit)
        if request.store_response:
            body, document = None, await _legacy_document(answer, store)
        else:
            body, document = _sniff(answer.body.decode("utf-8", "replace"), face), None
    return RestResponse(answer.status, headers, body, answer.reason, document)


def stores_response(request: RestRequest) -> bool:
    """Whether the body becomes a document; the format that was chosen counts before the older switch."""
    return request.store_response if request.return_format is None else request.return_format.choice == "DOCUMENT"


def body_limit(request: RestRequest, face: Face, *, memory: int, unlimited: int) -> int:
    """How many bytes of the body are read: `memory` is the guard, `unlimited` stands for none."""
    if request.return_format is not None and not stores_response(request):
        return INLINE_LIMIT
    return memory if face.limit_response else unlimited


async def _legacy_document(answer: Answer, store: DocumentStore) -> dict[str, Any]:
    try:
        return await _store(answer, store)
    except JobFailure as failure:
        message = f"Error while executing an HTTP request: Failed to create document: {failure.message}"
        raise JobFailure(message, code="500", kind=failure.kind) from failure


async def _in_format(
    answer: Answer, form: ReturnFormat, face: Face, store: DocumentStore, limit: int
) -> tuple[Any, dict[str, Any] | None]:
    charset = _text_charset(answer, form, face) if form.choice == "TEXT" else "UTF-8"
    if answer.broken is not None:
        raise JobFailure(
            f"Failed to read payload for document response conversion: {answer.broken}",
            kind=_broken_kind(answer.broken),
            native_code=_broken_code(answer.broken),
        )
    if answer.cut:
        raise too_large(limit) if form.choice == "DOCUMENT" else _beyond_inline(form.choice)
    match form.choice:
        case "DOCUMENT":
            return None, await _store(answer, store)
        case "TEXT":
            return decode(answer.body, charset), None
        case "JSON":
            return _json(answer.body, face), None


def _text_charset(answer: Answer, form: ReturnFormat, face: Face) -> str:
    """The task's charset, or that of the response where the face looks at it. Raises `JobFailure`."""
    if form.encoding and form.encoding.strip():
        try:
            check_charset(form.encoding)
        except UnknownCharset as error:
            raise input_failure(
                f"Unsupported charset '{form.encoding}' configured on documentReturnFormat.encoding. Use a valid IANA "
                "charset name (e.g. UTF-8, ISO-8859-1) or leave the field blank to default to UTF-8."
            ) from error
        return form.encoding
    media = parse_media_type(answer.first("content-type") or "") if face.whole_response_body else None
    try:
        check_charset(media.charset if media and media.charset else "UTF-8")
    except UnknownCharset:
        return "UTF-8"
    return media.charset if media and media.charset else "UTF-8"


def _json(data: bytes, face: Face) -> Any:
    """Any JSON value, in UTF-8, 16 or 32."""
    try:
        text = data.decode(_json_encoding(data))
    except UnicodeDecodeError as error:
        raise _no_json(f"invalid bytes at offset {error.start}") from error
    if not text.strip(" \t\r\n"):
        if face.whole_response_body:
            return None
        raise JobFailure("JSON response format selected but payload was empty or could not be parsed.", kind="decode")
    try:
        return loads_prefix(text, exact=face.exact_decimals)
    except JsonError as error:
        raise _no_json(str(error)) from error


def _json_encoding(data: bytes) -> str:
    """By the mark, else by where the zero bytes are (RFC 4627)."""
    if data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    match tuple(byte == 0 for byte in data[:4]):
        case (True, True, True, False):
            return "utf-32-be"
        case (False, True, True, True):
            return "utf-32-le"
        case (True, False, *_):
            return "utf-16-be"
        case (False, True, *_):
            return "utf-16-le"
        case _:
            return "utf-8"


def _sniff(text: str, face: Face) -> Any:
    """An object or array where the text begins with one, else the text; null where it is blank."""
    first = text[:1]
    if first.isspace():
        first = text.lstrip()[:1]
    if not first:
        return None
    if first not in "{[":
        return text
    try:
        return loads_prefix(text, exact=face.exact_decimals)
    except JsonError:
        return text


def _error_body(data: bytes, face: Face) -> Any:
    """As recorded, a list with one object is that object, and other lists are lost; the native face keeps lists."""
    value = _sniff(data.decode("utf-8", "replace"), face)
    if isinstance(value, list) and not face.keep_error_arrays:
        return value[0] if len(value) == 1 and isinstance(value[0], dict) else None
    return data.decode("utf-8", "replace") if value is None else value


async def _store(answer: Answer, store: DocumentStore) -> dict[str, Any]:
    with answer.spool or Spool.of(answer.body) as content:
        return await store.store(content, content_type=answer.first("content-type"), file_name=None)


def _unreadable(reason: str) -> JobFailure:
    failure = unreadable(reason)
    failure.kind = _broken_kind(reason)
    failure.native_code = _broken_code(reason)
    return failure


def _broken_kind(reason: str) -> str:
    if reason == "Read timed out":
        return "timeout_read"
    return "reset" if reason.startswith(("Connection", "Premature", "Truncated", "Bad chunk")) else "decode"


def _broken_code(reason: str) -> str:
    """An answer that broke off has the code of one that did not come at all."""
    return "RESPONSE_NOT_DECODABLE" if _broken_kind(reason) == "decode" else "408"


def _no_json(reason: str) -> JobFailure:
    return JobFailure(
        f"JSON response format selected but payload is not valid JSON: {reason}",
        kind="decode",
        native_code="RESPONSE_NOT_DECODABLE",
    )


def _beyond_inline(choice: str) -> JobFailure:
    name = "JSON" if choice == "JSON" else "Text"
    return JobFailure(
        f"{name} response payload exceeds the inline variable size limit of 1.5 MiB. Re-run with 'Document reference' "
        "as the response format so the payload is uploaded to the document store instead.",
        kind="too_large",
        native_code="RESPONSE_TOO_LARGE",
    )
