"""Content codings of responses: gzip and deflate with Java's messages, brotli and zstd for the native face.

Every decoder gives no more at once than it is asked for, so a small answer never becomes a large one in memory.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Final, Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPATIBLE_CODINGS: Final = ("gzip", "deflate", "x-gzip")
NATIVE_CODINGS: Final = ("gzip", "deflate", "br", "zstd")

_GZIP: Final = 16 + zlib.MAX_WBITS
_GZIP_START: Final = b"\x1f\x8b"
_WINDOW: Final = {int(zstd.DecompressionParameter.window_log_max): 23}  # 8 MB, as RFC 9659 limits it


class UndecodableBody(ValueError):
    """The bytes are not in the content coding that was announced; the message is what Java's stream says."""


class Decoder(Protocol):
    """Takes one content coding off, piece by piece."""

    def feed(self, data: bytes, room: int) -> bytes:
        """The decoded bytes of the next piece, at most `room` and one. Raises `UndecodableBody`."""
        ...

    def finish(self) -> None:
        """Raises `UndecodableBody` when the end is missing."""
        ...


def decoder(coding: str) -> Decoder:
    """A decoder for one of the codings above. Raises `KeyError` for another."""
    return _DECODERS[coding]()


class Zlib:
    """gzip, also several members of it, and deflate in both of its forms; what follows the end is ignored."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._stream: zlib._Decompress | None = None
        self._start = b""
        self._ended = False  # one stream at least
        self._over = False

    def feed(self, data: bytes, room: int) -> bytes:
        decoded: list[bytes] = []
        size = 0
        data = self._start + data
        self._start = b""
        while data and size <= room and not self._over:
            if self._stream is None:
                if len(data) < 2:
                    self._start = data  # the first two bytes tell which stream it is
                    break
                if self._ended and not (self._coding == "gzip" and data.startswith(_GZIP_START)):
                    self._over = True
                    break
                self._stream = _stream(self._coding, data)
            try:
                piece = self._stream.decompress(data, room - size + 1)
            except zlib.error as error:
                raise UndecodableBody(str(error)) from error
            size += len(piece)
            decoded.append(piece)
            if self._stream.eof:
                data, self._stream, self._ended = self._stream.unused_data, None, True
            else:
                data = self._stream.unconsumed_tail
        return b"".join(decoded)

    def finish(self) -> None:
        if self._stream is not None or (self._start and not self._ended):
            raise UndecodableBody("Unexpected end of ZLIB input stream")


class Brotli:
    """One brotli stream; what follows its end is ignored."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._begun = False

    def feed(self, data: bytes, room: int) -> bytes:
        decoded = bytearray()
        self._begun = self._begun or bool(data)
        try:
            while len(decoded) <= room and not self._stream.is_finished():
                if not data and self._stream.can_accept_more_data():
                    break
                decoded += self._stream.process(data, output_buffer_limit=room - len(decoded) + 1)
                data = b""
        except brotli.error as error:
            raise UndecodableBody("Not in brotli format") from error
        return bytes(decoded[: room + 1])

    def finish(self) -> None:
        if self._begun and not self._stream.is_finished():
            raise UndecodableBody("Unexpected end of brotli input stream")


class Zstd:
    """Zstandard frames, one after the other."""

    def __init__(self) -> None:
        self._frame: zstd.ZstdDecompressor | None = None

    def feed(self, data: bytes, room: int) -> bytes:
        decoded = bytearray()
        try:
            while len(decoded) <= room:
                if self._frame is None:
                    if not data:
                        break
                    self._frame = zstd.ZstdDecompressor(options=_WINDOW)
                elif self._frame.needs_input and not data:
                    break
                decoded += self._frame.decompress(data, room - len(decoded) + 1)
                data = b""
                if self._frame.eof:
                    data, self._frame = self._frame.unused_data, None
        except zstd.ZstdError as error:
            raise UndecodableBody("Not in zstd format") from error
        return bytes(decoded)

    def finish(self) -> None:
        if self._frame is not None:
            raise UndecodableBody("Unexpected end of zstd input stream")


_DECODERS: Final[dict[str, Callable[[], Decoder]]] = {
    "gzip": lambda: Zlib("gzip"),
    "x-gzip": lambda: Zlib("gzip"),
    "deflate": lambda: Zlib("deflate"),
    "br": Brotli,
    "zstd": Zstd,
}


def _stream(coding: str, data: bytes) -> zlib._Decompress:
    if coding == "gzip":
        if not data.startswith(_GZIP_START):
            raise UndecodableBody("Not in GZIP format")
        return zlib.decompressobj(_GZIP)
    wrapped = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
    return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
