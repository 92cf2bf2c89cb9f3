"""An answer: its head as the parser gives it, its body read, decoded, and kept within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.http import RawResponseMessage

from worker.documents import Spool
from worker.errors import without_frames
from worker.rest.content_coding import COMPATIBLE_CODINGS, Decoder, UndecodableBody, decoder
from worker.rest.failures import protocol_error
from worker.rest.headers import HeaderLines
from worker.rest.library_errors import why_broken
from worker.rest.protocol import Body

ERROR_LIMIT: Final = 3_145_728
"""Bytes of an error's body that are read: a failure with much more does not fit in one message to the engine (4 MB)."""

_WITHOUT_ENTITY: Final = frozenset({204, 304})
_CODING: Final = "Content-Encoding"
_GROWTH: Final = 8
_GROWTH_START: Final = 1 << 20
"""Bytes. A coding that flushes each byte makes a body seven times longer; one that makes nothing of more than this, and
of more than `_GROWTH` bytes for each of the body, is there to keep us busy.
"""


@dataclass(slots=True)
class Answer:
    """A response, read. `broken` says why the body could not be read to its end, `cut` that it passed the limit: then
    only that of an error is kept, as far as it was read.

    The body is in `spool`, and `body` empty, where the caller wanted it there and the status is below 400.
    """

    status: int
    reason: str
    headers: HeaderLines
    body: bytes
    broken: str | None = None
    cut: bool = False
    protocol: str = "HTTP/1.1"
    spool: Spool | None = None

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body) if self.spool is None else self.spool.size

    @property
    def has_entity(self) -> bool:
        """Whether a body belongs to this status, be it empty."""
        return self.status not in _WITHOUT_ENTITY

    def first(self, name: str) -> str | None:
        """The value of the first header of this (lower-case) name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


async def read_answer(
    head: RawResponseMessage,
    body: Body,
    codings: Sequence[str],
    limit: int,
    *,
    spool: Spool | None = None,
    without_body: bool = False,
) -> Answer:
    """Read at most `limit` bytes of the body and a little; `without_body` is for the answers to HEAD.

    With a `spool` the body of a status below 400 goes there, in place of what it held. Raises `JobFailure` for what is
    no answer of HTTP/1, and for a coding that is not among `codings`.
    """
    status = head.code
    if status < 200 or head.version.major != 1:
        raise protocol_error()
    if status >= 400:
        limit, spool = min(limit, ERROR_LIMIT), None
    headers = [(name.decode("latin-1"), value.decode("latin-1").strip(" \t")) for name, value in head.raw_headers]
    decoders: list[Decoder] = []
    if _CODING in head.headers and not without_body and status not in _WITHOUT_ENTITY:
        decoders = _decoders(head, codings)
    answer = Answer(status, _reason(head), headers, b"", protocol=f"HTTP/1.{head.version.minor}", spool=spool)
    if isinstance(body, bytes) and not decoders and spool is None and len(body) <= limit:
        answer.body = body
    else:
        await _read(answer, body, decoders, limit)
    return answer


async def _read(answer: Answer, body: Body, decoders: list[Decoder], limit: int) -> None:
    spool = answer.spool
    if spool is not None:
        spool.clear()
    content = bytearray()
    size = received = 0
    over = False
    try:
        while size <= limit and not over:
            if isinstance(body, bytes):
                piece, over = body, True
            else:
                piece = await body.readany()
                over = not piece
            received += len(piece)
            for layer in decoders:
                piece = layer.feed(piece, limit - size)
            size += len(piece)
            if received > _GROWTH_START + _GROWTH * size:
                raise UndecodableBody("Nothing but content coding")
            if spool is None:
                content += piece
            else:
                await spool.write(piece)
        if size <= limit:
            for layer in decoders:
                layer.finish()
    except UndecodableBody as error:
        answer.broken = str(error)
    except (aiohttp.ClientError, OSError) as error:
        answer.broken = why_broken(without_frames(error))
    answer.cut = size > limit
    if answer.cut:
        del content[0 if answer.status < 400 else limit + 1 :]
    answer.body = bytes(content)


def _reason(head: RawResponseMessage) -> str:
    """As Latin-1, like the headers; the library takes it for UTF-8."""
    reason = head.reason or ""
    if not reason.isascii():
        reason = reason.encode("utf-8", "surrogateescape").decode("latin-1")
    return reason.strip(" \t")


def _decoders(head: RawResponseMessage, known: Sequence[str]) -> list[Decoder]:
    """The codings to take off, the last applied first. Raises `JobFailure` for one that we do not know."""
    if head.headers.get("Content-Length") == "0":
        return []
    named = ",".join(head.headers.getall(_CODING)).lower().split(",")
    codings = [coding for coding in map(str.strip, named) if coding not in ("", "identity")]
    if any(coding not in known and coding not in COMPATIBLE_CODINGS for coding in codings):
        raise protocol_error("decode")
    return [decoder(coding) for coding in reversed(codings)]
