"""Header blocks (HPACK, RFC 7541).

Ours are literals that no table keeps, so they can be written once and sent again as they are. The peer is asked to
keep no table either (SETTINGS_HEADER_TABLE_SIZE 0); once it does, a block means the same each time it comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hpack import Decoder, HPACKError

from worker.zeebe.http2.frames import COMPRESSION_ERROR, ProtocolError

LARGEST_BLOCK: Final = 1 << 16
"""Bytes of a block, and of what becomes of it with 32 for each line (RFC 9113, 6.5.2)."""

_LARGEST_KEPT: Final = 256
_MOST_KEPT: Final = 64
_NEVER_KEPT: Final = b"\x10"  # by nobody on the way either
_NOT_KEPT: Final = b"\x00"
_SECRET: Final = frozenset({"authorization", "proxy-authorization", "cookie"})


def block(lines: Iterable[tuple[str, str]]) -> bytes:
    """Header lines, the names in lower case. Blocks can be joined."""
    return b"".join(
        (_NEVER_KEPT if name in _SECRET else _NOT_KEPT) + _string(name) + _string(value) for name, value in lines
    )


def _string(text: str) -> bytes:
    data = text.encode()
    length = len(data)
    if length < 127:
        return bytes((length,)) + data
    prefix = bytearray((127,))
    length -= 127
    while length > 127:
        prefix.append(length & 127 | 128)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + data


class HeaderReader:
    """The peer's header blocks, in the order in which they come."""

    def __init__(self) -> None:
        self._decoder = Decoder(max_header_list_size=LARGEST_BLOCK)
        self._kept: dict[bytes, dict[str, str]] = {}

    def read(self, data: bytes) -> dict[str, str]:
        """The lines, which nobody may change; of two with one name the last. Raises `ProtocolError`."""
        known = self._kept.get(data)
        if known is not None:
            return known
        try:
            pairs = self._decoder.decode(data, raw=True)
        except (HPACKError, IndexError, ValueError) as error:
            raise ProtocolError(COMPRESSION_ERROR, f"a header block that cannot be read: {error}") from error
        lines = {bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in pairs}
        if self._decoder.header_table_size or len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        if not self._decoder.header_table_size and len(data) <= _LARGEST_KEPT:
            self._kept[data] = lines
        return lines
