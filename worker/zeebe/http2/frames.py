"""The frames of HTTP/2 (RFC 9113, 4 and 6) as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA: Final = 0
HEADERS: Final = 1
PRIORITY: Final = 2
RST_STREAM: Final = 3
SETTINGS: Final = 4
PUSH_PROMISE: Final = 5
PING: Final = 6
GOAWAY: Final = 7
WINDOW_UPDATE: Final = 8
CONTINUATION: Final = 9

ACK: Final = 0x1
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITIZED: Final = 0x20

HEADER_TABLE_SIZE: Final = 1
ENABLE_PUSH: Final = 2
MAX_CONCURRENT_STREAMS: Final = 3
INITIAL_WINDOW_SIZE: Final = 4
MAX_FRAME_SIZE: Final = 5
MAX_HEADER_LIST_SIZE: Final = 6

NO_ERROR: Final = 0
PROTOCOL_ERROR: Final = 1
FLOW_CONTROL_ERROR: Final = 3
FRAME_SIZE_ERROR: Final = 6
CANCEL: Final = 8
COMPRESSION_ERROR: Final = 9
ENHANCE_YOUR_CALM: Final = 11

HEAD_BYTES: Final = 9
SMALLEST_MAX_FRAME: Final = 1 << 14  # what every peer takes, and what ours are held to
LARGEST_MAX_FRAME: Final = (1 << 24) - 1
DEFAULT_WINDOW: Final = (1 << 16) - 1
LARGEST: Final = (1 << 31) - 1  # of windows and of stream numbers

HEAD: Final = Struct(">BHBBL")
"""Of a frame: its length in two parts (the upper 8 bits, the lower 16), type, flags, stream."""

NUMBER: Final = Struct(">L")
_SETTING: Final = Struct(">HL")
_TWO_NUMBERS: Final = Struct(">LL")


class ProtocolError(Exception):
    """The peer broke the protocol: the connection cannot go on. `code` is what GOAWAY says to it."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    size = len(payload)
    return HEAD.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def settings(values: Mapping[int, int]) -> bytes:
    """A SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*each) for each in values.items()))


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """The settings in their order. Raises `ProtocolError`."""
    if len(payload) % _SETTING.size:
        raise ProtocolError(FRAME_SIZE_ERROR, "a SETTINGS frame of a wrong length")
    return list(_SETTING.iter_unpack(payload))


def window_update(stream: int, increment: int) -> bytes:
    """A WINDOW_UPDATE frame; stream 0 is the connection."""
    return frame(WINDOW_UPDATE, 0, stream, NUMBER.pack(increment))


def rst_stream(stream: int, code: int) -> bytes:
    """A RST_STREAM frame."""
    return frame(RST_STREAM, 0, stream, NUMBER.pack(code))


def goaway(code: int) -> bytes:
    """A GOAWAY frame of a client that has taken no stream of the server's."""
    return frame(GOAWAY, 0, 0, _TWO_NUMBERS.pack(0, code))


def read_goaway(payload: bytes) -> tuple[int, int, str]:
    """The last stream that counts, the error code, and the peer's words. Raises `ProtocolError`."""
    last, code = _TWO_NUMBERS.unpack(sized(payload[:8], 8))
    return last & LARGEST, code, payload[8:200].decode(errors="replace")


def number(payload: bytes) -> int:
    """The one number that the payload is. Raises `ProtocolError`."""
    value: int = NUMBER.unpack(sized(payload, 4))[0]
    return value


def sized(payload: bytes, size: int) -> bytes:
    """The payload. Raises `ProtocolError` unless it has this size."""
    if len(payload) != size:
        raise ProtocolError(FRAME_SIZE_ERROR, "a frame of a wrong length")
    return payload


def unpadded(payload: bytes) -> bytes:
    """The payload of a padded frame without its padding. Raises `ProtocolError`."""
    if not payload or payload[0] >= len(payload):
        raise ProtocolError(PROTOCOL_ERROR, "more padding than the frame has room for")
    return payload[1 : len(payload) - payload[0]]


def header_frames(stream: int, block: bytes, largest: int) -> bytes:
    """A header block that does not end the stream, as HEADERS and as many CONTINUATION frames as it takes."""
    if len(block) <= largest:
        return frame(HEADERS, END_HEADERS, stream, block)
    parts = [block[start : start + largest] for start in range(0, len(block), largest)]
    first, last = frame(HEADERS, 0, stream, parts[0]), frame(CONTINUATION, END_HEADERS, stream, parts[-1])
    return first + b"".join(frame(CONTINUATION, 0, stream, part) for part in parts[1:-1]) + last
