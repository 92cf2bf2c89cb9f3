"""Text and bytes as Java converts them: charset names, Latin-1 with `?`, and the content codings of responses."""

from __future__ import annotations

import codecs
import re
import zlib
from functools import lru_cache
from typing import Final

_CHARSET_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-+.:_]*")
_NOT_CHARSETS: Final = frozenset(
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "mbcs", "oem", "undefined", "palmos", "utf-8-sig"}
)
_GZIP: Final = 16 + zlib.MAX_WBITS
CODINGS: Final = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}


class UnknownCharset(ValueError):
    """No charset has this name."""


class UndecodableBody(ValueError):
    """The bytes are not in the content coding that was announced; the message is what Java's stream says."""


@lru_cache(maxsize=256)
def _codec(name: str) -> str:
    if not _CHARSET_NAME.fullmatch(name):
        raise UnknownCharset(name)
    try:
        info = codecs.lookup(name)
    except LookupError as error:
        raise UnknownCharset(name) from error
    if info.name.replace("_", "-") in _NOT_CHARSETS or not getattr(info, "_is_text_encoding", True):
        raise UnknownCharset(name)
    return info.name


def check_charset(name: str) -> None:
    """Raises `UnknownCharset`."""
    _codec(name)


def encode(text: str, charset: str) -> bytes:
    """The bytes of a text; what the charset does not have becomes `?`. Raises `UnknownCharset`."""
    codec = _codec(charset)
    if codec in ("utf-16", "utf-32"):  # Java writes big-endian, UTF-16 with its mark
        mark = codecs.BOM_UTF16_BE if codec == "utf-16" else b""
        return mark + text.encode(codec + "-be", "replace")
    return text.encode(codec, "replace")


def decode(data: bytes, charset: str) -> str:
    """The text of bytes; what is malformed becomes U+FFFD. Raises `UnknownCharset`."""
    codec = _codec(charset)
    if codec == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16-be"
    elif codec == "utf-32" and not data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        codec = "utf-32-be"
    return data.decode(codec, "replace")


def latin1(text: str) -> bytes:
    """Latin-1 as a request head has it: every UTF-16 unit beyond it is one `?`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return "".join(char if char <= "\xff" else "?" if char <= "\uffff" else "??" for char in text).encode("latin-1")


class Decoder:
    """Decodes one content coding piece by piece, never more than asked for at once."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._stream: zlib._Decompress | None = None
        self._start = b""

    def feed(self, data: bytes, room: int) -> bytes:
        """The decoded bytes of the next piece, at most `room` and one. Raises `UndecodableBody`."""
        decoded: list[bytes] = []
        size = 0
        data = self._start + data
        self._start = b""
        while data and size <= room:
            if self._stream is None:
                if len(data) < 2:
                    self._start = data  # the first two bytes tell which stream it is
                    break
                self._stream = _stream(self._coding, data)
            try:
                piece = self._stream.decompress(data, room - size + 1)
            except zlib.error as error:
                raise UndecodableBody(str(error)) from error
            size += len(piece)
            decoded.append(piece)
            data = self._stream.unconsumed_tail or self._stream.unused_data
            if self._stream.eof:
                if self._coding == "deflate" or not data.startswith(b"\x1f\x8b"):
                    break  # what follows the end is ignored
                self._stream = None
        return b"".join(decoded)

    def finish(self) -> None:
        """Raises `UndecodableBody` when the end is missing."""
        if self._start or (self._stream is not None and not self._stream.eof):
            raise UndecodableBody("Unexpected end of ZLIB input stream")


def _stream(coding: str, data: bytes) -> zlib._Decompress:
    if coding == "gzip":
        if not data.startswith(b"\x1f\x8b"):
            raise UndecodableBody("Not in GZIP format")
        return zlib.decompressobj(_GZIP)
    wrapped = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
    return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
