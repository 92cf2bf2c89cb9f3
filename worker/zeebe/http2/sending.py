"""What a connection sends: one write for each turn of the loop, and of large requests what the peer takes now.

Two things hold a request back: the peer's windows (RFC 9113, 5.2), of its stream and of the connection, and the
transport while the peer does not read.
"""

from __future__ import annotations

import asyncio
from typing import Final

from worker.zeebe.http2 import frames
from worker.zeebe.http2.call import Call
from worker.zeebe.http2.frames import HEAD, ProtocolError

LARGEST_BACKLOG: Final = 1 << 20
"""Bytes of replies that a peer may leave unread."""

_LARGEST_FRAME: Final = 1 << 16
"""Of ours, where the peer would take larger ones."""


class Sender:
    """The sending half of a connection. `paused` while the transport has enough to do."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.paused = False
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._unread = 0  # bytes of replies that the paused transport got
        self._held: dict[int, Call] = {}  # calls whose request is not sent to its end
        self._credit = frames.DEFAULT_WINDOW  # of the whole connection
        self._initial = frames.DEFAULT_WINDOW  # of a new stream
        self._largest_frame = frames.SMALLEST_MAX_FRAME

    def open(self, transport: asyncio.Transport) -> None:
        """Send to this transport."""
        self._transport = transport

    def close(self) -> None:
        """Send what is to be sent this turn, and nothing any more."""
        self._flush()
        self._transport = None
        self._held.clear()

    def write(self, data: bytes) -> None:
        """Send it at the end of this turn of the loop. Frames keep their order."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def request(self, call: Call) -> None:
        """Send a call's request on its stream, at once or bit by bit."""
        head, body, stream = call.head, call.body, call.stream
        size = len(body)
        if size <= self._credit and size <= self._initial and size + len(head) <= self._largest_frame:
            self._credit -= size
            first = HEAD.pack(0, len(head), frames.HEADERS, frames.END_HEADERS, stream)
            self.write(first + head + HEAD.pack(0, size, frames.DATA, frames.END_STREAM, stream) + body)
        else:
            self.write(frames.header_frames(stream, head, self._largest_frame))
            call.unsent, call.credit = memoryview(body), self._initial
            self._held[stream] = call
            self._flush()  # what comes before
            self._send(call)

    def forget(self, stream: int) -> None:
        """The stream has ended, whether its request was sent or not."""
        if self._held:
            self._held.pop(stream, None)

    def grow_window(self, call: Call | None, increment: int) -> None:
        """The peer takes so many bytes more, of one call or in all. Raises `ProtocolError`."""
        if call is None:
            self._credit += increment
        else:
            call.credit += increment
        if (self._credit if call is None else call.credit) > frames.LARGEST:
            raise ProtocolError(frames.FLOW_CONTROL_ERROR, "a window that is too large")
        if call is None:
            self._send_held()
        else:
            self._flush()
            self._send(call)

    def set_window(self, value: int) -> None:
        """The peer takes so many bytes of each call to begin with. Raises `ProtocolError`."""
        if value > frames.LARGEST:
            raise ProtocolError(frames.FLOW_CONTROL_ERROR, "a window that is too large")
        for call in self._held.values():
            call.credit += value - self._initial
        self._initial = value
        self._send_held()

    def set_largest_frame(self, value: int) -> None:
        """The peer takes frames of this size. Raises `ProtocolError`."""
        if not frames.SMALLEST_MAX_FRAME <= value <= frames.LARGEST_MAX_FRAME:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a frame size that is not allowed")
        self._largest_frame = min(value, _LARGEST_FRAME)

    def resume(self) -> None:
        """The transport takes more."""
        self.paused, self._unread = False, 0
        self._send_held()

    def backlog(self) -> bool:
        """Whether the peer leaves far too many replies unread. No request begins while it does not read."""
        return self.paused and self._unread + sum(map(len, self._out)) > LARGEST_BACKLOG

    def _flush(self) -> None:
        if self._out:
            data = b"".join(self._out)
            self._out.clear()
            if self.paused:
                self._unread += len(data)
            if self._transport is not None:
                self._transport.write(data)

    def _send_held(self) -> None:
        if not self._held:
            return
        self._flush()  # what comes before
        for call in list(self._held.values()):
            if self.paused or self._credit <= 0:
                break
            self._send(call)

    def _send(self, call: Call) -> None:
        """Send what the peer takes now of a request that is held back."""
        while call.unsent and not self.paused and self._transport is not None:
            size = min(len(call.unsent), self._credit, call.credit, self._largest_frame)
            if size <= 0:
                return
            flags = frames.END_STREAM if size == len(call.unsent) else 0
            self._transport.write(frames.frame(frames.DATA, flags, call.stream, bytes(call.unsent[:size])))
            call.unsent = call.unsent[size:]
            call.credit -= size
            self._credit -= size
        if not call.unsent:
            self._held.pop(call.stream, None)
