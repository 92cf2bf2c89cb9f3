"""The peer's bytes as frames: whole, without padding, and each header block in one piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from worker.zeebe.http2 import frames
from worker.zeebe.http2.frames import DATA, HEAD, HEADERS, LARGEST, ProtocolError
from worker.zeebe.http2.headers import LARGEST_BLOCK

MOST_CONTINUATIONS: Final = 1000

Frame = tuple[int, int, int, bytes, int]
"""Type, flags, stream, payload, and the size that counts for flow control."""


class FrameReader:
    """The first frame has to be the peer's settings; the largest frame is the one that nobody has to agree upon."""

    def __init__(self) -> None:
        self._rest = b""  # of a frame that is not whole yet
        self._greeted = False
        self._stream = 0  # whose header block goes on, with the flags of its first frame
        self._flags = 0
        self._block: bytearray | None = None
        self._continuations = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now. Raises `ProtocolError`."""
        if self._rest:
            data = self._rest + data
        start, size = 0, len(data)
        while size - start >= frames.HEAD_BYTES:
            high, low, kind, flags, stream = HEAD.unpack_from(data, start)
            length = high << 16 | low
            end = start + frames.HEAD_BYTES + length
            if not self._greeted and (kind != frames.SETTINGS or flags or stream):
                raise ProtocolError(frames.PROTOCOL_ERROR, "it does not speak HTTP/2")
            if length > frames.SMALLEST_MAX_FRAME:
                raise ProtocolError(frames.FRAME_SIZE_ERROR, "a frame that is too large")
            if end > size:
                break
            self._greeted = True
            payload = data[start + frames.HEAD_BYTES : end]
            start, stream = end, stream & LARGEST
            if self._block is not None or kind == frames.CONTINUATION:
                if (block := self._go_on(kind, flags, stream, payload)) is not None:
                    yield HEADERS, self._flags, stream, block, 0
                continue
            if flags & frames.PADDED and kind in (DATA, HEADERS):
                payload = frames.unpadded(payload)
            if kind == HEADERS:
                if flags & frames.PRIORITIZED:
                    payload = payload[5:]
                if not flags & frames.END_HEADERS:
                    self._stream, self._flags, self._block, self._continuations = stream, flags, bytearray(payload), 0
                    continue
            yield kind, flags, stream, payload, length
        self._rest = data[start:]

    def _go_on(self, kind: int, flags: int, stream: int, payload: bytes) -> bytes | None:
        """A frame of a header block that has begun; answers the block when it is whole."""
        block = self._block
        if block is None or kind != frames.CONTINUATION or stream != self._stream:
            raise ProtocolError(
                frames.PROTOCOL_ERROR, "a header block that is interrupted, or goes on without beginning"
            )
        block += payload
        self._continuations += 1
        if len(block) > LARGEST_BLOCK or self._continuations > MOST_CONTINUATIONS:
            raise ProtocolError(frames.ENHANCE_YOUR_CALM, "a header block without end")
        if not flags & frames.END_HEADERS:
            return None
        self._block = None
        return bytes(block)
