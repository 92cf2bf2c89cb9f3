"""One HTTP/2 connection (RFC 9113) as its client side: streams, settings, flow control, pings.

What one turn of the loop sends goes out in one write. The peer's flow control holds requests back, and so does the
transport while the peer does not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast

from worker.zeebe.http2 import frames
from worker.zeebe.http2.call import READ_AHEAD, Call
from worker.zeebe.http2.frames import DATA, HEAD, HEADERS, LARGEST, ProtocolError
from worker.zeebe.http2.headers import LARGEST_BLOCK, HeaderReader
from worker.zeebe.http2.status import of_reset

CLOSE_SECONDS: Final = 1.0

MOST_IDLE_FRAMES: Final = 10_000
"""Frames that carry nothing for any call (pings, settings, unknown ones), in a second."""

LARGEST_BACKLOG: Final = 1 << 20
"""Bytes of replies that a peer may leave unread."""

_NO_LINES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Life:
    """How long a connection lives.

    A ping is sent after so many seconds without a sign of life while calls are open (gateways refuse pings within 30 s,
    and without calls), and answered within so many; no call begins after the last stream's number.
    """

    ping_after: float = 45.0
    pong_within: float = 10.0
    last_stream: int = frames.LARGEST


class Owner(Protocol):
    """Whom a connection serves. `waiting` are its calls that have not begun."""

    waiting: dict[Call, None]

    def has_room(self, connection: Connection) -> None:
        """Calls may begin on it."""
        ...

    def retired(self, connection: Connection) -> None:
        """No more calls may begin on it; those that have go on."""
        ...

    def lost(self, connection: Connection) -> None:
        """It has ended, for the reason in its `end`."""
        ...


class Connection(asyncio.Protocol):
    """`ready` is done once the peer has introduced itself, or the connection has ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: Owner, life: Life) -> None:
        self.ready: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.answered = False  # whether any call has had an answer
        self.end: str | None = None  # why it has ended
        self._loop = loop
        self._owner = owner
        self._waiting = owner.waiting
        self._transport: asyncio.Transport | None = None
        self._introduced = False  # whether the peer's settings are known
        self._open = False  # for new calls
        self._streams: dict[int, Call] = {}
        self._next = 1
        self._life = life
        self._most = frames.LARGEST  # streams at once
        # sending
        self._out: list[bytes] = []
        self._paused = False
        self._held: dict[int, Call] = {}  # calls whose request is not sent to its end
        self._credit = frames.DEFAULT_WINDOW  # of the whole connection
        self._initial = frames.DEFAULT_WINDOW  # of a new stream
        self._largest_frame = frames.SMALLEST_MAX_FRAME
        # receiving
        self._rest = b""  # of a frame that is not whole yet
        self._block: tuple[int, int, bytearray] | None = None  # a header block that goes on: its stream and flags
        self._headers = HeaderReader()
        self._consumed = 0
        # signs of life
        self._heard = loop.time()
        self._unanswered = False  # a ping
        self._keepalive: asyncio.TimerHandle | None = None
        self._idle_frames = 0
        self._idle_since = 0.0

    # -- calls

    def start(self, call: Call) -> bool:
        """Begin the call; false when it has to wait for room, or for another connection."""
        if not self._open or self._paused or len(self._streams) >= self._most:
            return False
        stream = self._next
        self._next += 2
        self._streams[stream] = call
        call.place, call.stream = self, stream
        head, body = call.head, call.body
        size = len(body)
        if size <= self._credit and size <= self._initial and size + len(head) <= self._largest_frame:
            self._credit -= size
            first = HEAD.pack(0, len(head), frames.HEADERS, frames.END_HEADERS, stream)
            self._write(first + head + HEAD.pack(0, size, frames.DATA, frames.END_STREAM, stream) + body)
        else:
            self._write(frames.header_frames(stream, head, self._largest_frame))
            call.unsent, call.credit = memoryview(body), self._initial
            self._held[stream] = call
            self._send_held()
        if self._keepalive is None:
            self._keepalive = self._loop.call_at(self._heard + self._life.ping_after, self._look)
        if self._next > self._life.last_stream:
            self.retire()
        return True

    def abandon(self, call: Call) -> None:
        """The call ends early: the peer need not go on."""
        self._write(frames.rst_stream(call.stream, frames.CANCEL))
        self._leave(call.stream)

    def grant(self, call: Call, increment: int) -> None:
        """Let the peer send so many bytes more."""
        self._write(frames.window_update(call.stream, increment))

    def retire(self) -> None:
        """Begin no more calls; close when the last one has ended."""
        if self._open:
            self._open = False
            self._owner.retired(self)
        if not self._streams:
            self.close("the connection was replaced")

    def close(self, why: str, code: int = frames.NO_ERROR) -> None:
        """End the connection, with all that is under way."""
        if self.end is None and self._transport is not None:
            self._write(frames.goaway(code))
            self._flush()
            self._transport.close()
            self._loop.call_later(CLOSE_SECONDS, self._transport.abort)
        self._ended(why)

    def _leave(self, stream: int) -> None:
        """A stream has ended: its place is free."""
        self._streams.pop(stream, None)
        if self._held:
            self._held.pop(stream, None)
        if not self._open:
            if not self._streams:
                self.close("the connection was replaced")
        elif self._waiting:
            self._owner.has_room(self)

    def _ended(self, why: str) -> None:
        if self.end is not None:
            return
        self.end, self._open = why, False
        if self._keepalive is not None:
            self._keepalive.cancel()
        if not self.ready.done():
            self.ready.set_result(None)
        calls = list(self._streams.values())
        self._streams.clear()
        self._held.clear()
        for call in calls:
            call.finish(("UNAVAILABLE", why))
        self._owner.lost(self)

    # -- sending

    def _write(self, data: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        data = b"".join(self._out)
        self._out.clear()
        if not data or self.end is not None or self._transport is None:
            return
        self._transport.write(data)
        if self._paused and self._transport.get_write_buffer_size() > LARGEST_BACKLOG:
            self._transport.abort()
            self._ended("the gateway does not read what it is sent")

    def _send_held(self) -> None:
        """Send of the requests that were held back what may be sent now."""
        self._flush()  # what comes before
        for stream, call in list(self._held.items()):
            while call.unsent and self.end is None and not self._paused and self._transport is not None:
                size = min(len(call.unsent), self._credit, call.credit, self._largest_frame)
                if size <= 0:
                    break
                flags = frames.END_STREAM if size == len(call.unsent) else 0
                self._transport.write(frames.frame(frames.DATA, flags, stream, bytes(call.unsent[:size])))
                call.unsent = call.unsent[size:]
                call.credit -= size
                self._credit -= size
            if not call.unsent:
                self._held.pop(stream, None)

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._paused = True

    def resume_writing(self) -> None:
        """It does again."""
        self._paused = False
        self._send_held()
        if self._waiting and self._open:
            self._owner.has_room(self)

    # -- receiving

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce ourselves."""
        self._transport = cast(asyncio.Transport, transport)
        ours = {
            frames.HEADER_TABLE_SIZE: 0,
            frames.ENABLE_PUSH: 0,
            frames.INITIAL_WINDOW_SIZE: READ_AHEAD,
            frames.MAX_HEADER_LIST_SIZE: LARGEST_BLOCK,
        }
        # Each stream has a window of its own, so the connection's may be as large as it can.
        whole = frames.window_update(0, frames.LARGEST - frames.DEFAULT_WINDOW)
        self._transport.write(frames.PREFACE + frames.settings(ours) + whole)

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer's."""
        if self.end is not None:
            return
        self._heard = self._loop.time()
        self._unanswered = False
        try:
            self._rest = self._frames(self._rest + data if self._rest else data)
        except ProtocolError as error:
            self.close(f"the gateway broke the protocol: {error}", error.code)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport has ended."""
        self._ended(f"the connection was lost: {error}" if error else "the connection was closed by the gateway")
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)

    def _frames(self, data: bytes) -> bytes:
        """Take whole frames; answers the rest."""
        start, size = 0, len(data)
        while size - start >= frames.HEAD_BYTES and self.end is None:
            high, low, kind, flags, stream = HEAD.unpack_from(data, start)
            length = high << 16 | low
            end = start + frames.HEAD_BYTES + length
            if not self._introduced and (kind != frames.SETTINGS or flags or stream):
                raise ProtocolError(frames.PROTOCOL_ERROR, "it does not speak HTTP/2")
            if length > frames.SMALLEST_MAX_FRAME:
                raise ProtocolError(frames.FRAME_SIZE_ERROR, "a frame that is too large")
            if end > size:
                break
            if self._block is not None and kind != frames.CONTINUATION:
                raise ProtocolError(frames.PROTOCOL_ERROR, "a frame within a header block")
            payload = data[start + frames.HEAD_BYTES : end]
            if kind == HEADERS:
                self._header_block(flags, stream & LARGEST, payload)
            elif kind == DATA:
                self._data(flags, stream & LARGEST, payload)
            else:
                self._control_frame(kind, flags, stream & LARGEST, payload)
            start = end
        return data[start:]

    def _control_frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        match kind:
            case frames.CONTINUATION:
                self._continuation(flags, stream, payload)
            case frames.RST_STREAM:
                self._reset(stream, frames.number(payload))
            case frames.SETTINGS:
                self._settings(flags, stream, payload)
            case frames.PUSH_PROMISE:
                raise ProtocolError(frames.PROTOCOL_ERROR, "a push, which nobody asked for")
            case frames.PING:
                self._ping(flags, stream, payload)
            case frames.GOAWAY:
                self._goaway(stream, payload)
            case frames.WINDOW_UPDATE:
                self._window_update(stream, frames.number(payload) & frames.LARGEST)
            case _:
                self._idle_frame()

    def _data(self, flags: int, stream: int, payload: bytes) -> None:
        size = len(payload)
        self._consumed += size
        if self._consumed > frames.LARGEST // 2:
            self._write(frames.window_update(0, self._consumed))
            self._consumed = 0
        data = frames.unpadded(payload, flags) if flags & frames.PADDED else payload
        ended = flags & frames.END_STREAM
        call = self._stream(stream)
        if call is None or not (data or ended):
            self._idle_frame()
        if call is not None:
            call.data_came(data, size)
            if ended:
                self._answer_over(call, _NO_LINES)

    def _header_block(self, flags: int, stream: int, payload: bytes) -> None:
        block = frames.unpadded(payload, flags) if flags & frames.PADDED else payload
        if flags & frames.PRIORITIZED:
            block = block[5:]
        if flags & frames.END_HEADERS:
            self._lines(flags, stream, block)
        else:
            self._block = stream, flags, bytearray(block)

    def _continuation(self, flags: int, stream: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != stream:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a header block goes on that did not begin")
        self._idle_frame()
        _, first_flags, block = self._block
        block += payload
        if len(block) > LARGEST_BLOCK:
            raise ProtocolError(frames.ENHANCE_YOUR_CALM, "a header block that is too large")
        if flags & frames.END_HEADERS:
            self._block = None
            self._lines(first_flags, stream, bytes(block))

    def _lines(self, flags: int, stream: int, block: bytes) -> None:
        lines = self._headers.read(block)
        call = self._stream(stream)
        if call is None:
            self._idle_frame()
            return
        self.answered = True
        if flags & frames.END_STREAM:
            self._answer_over(call, lines)
        else:
            call.headers_came(lines)

    def _answer_over(self, call: Call, lines: Mapping[str, str]) -> None:
        if call.unsent:  # it need not hear the rest of the request
            self._write(frames.rst_stream(call.stream, frames.CANCEL))
        call.ended(lines)
        self._leave(call.stream)

    def _stream(self, stream: int) -> Call | None:
        """The open call of that number; None when it has ended."""
        call = self._streams.get(stream)
        if call is None and (not stream & 1 or stream >= self._next):
            raise ProtocolError(frames.PROTOCOL_ERROR, "a frame for a stream that was never opened")
        return call

    def _reset(self, stream: int, code: int) -> None:
        call = self._stream(stream)
        if call is None:
            self._idle_frame()
        else:
            call.finish(of_reset(code))
            self._leave(stream)

    def _settings(self, flags: int, stream: int, payload: bytes) -> None:
        if stream or (flags & frames.ACK and payload):
            raise ProtocolError(frames.PROTOCOL_ERROR, "settings at a wrong place")
        self._idle_frame()
        if flags & frames.ACK:
            return
        for name, value in frames.read_settings(payload):
            match name:
                case frames.MAX_CONCURRENT_STREAMS:
                    self._most = value
                case frames.INITIAL_WINDOW_SIZE:
                    if value > frames.LARGEST:
                        raise ProtocolError(frames.FLOW_CONTROL_ERROR, "a window that is too large")
                    for call in self._held.values():
                        call.credit += value - self._initial
                    self._initial = value
                case frames.MAX_FRAME_SIZE:
                    if not frames.SMALLEST_MAX_FRAME <= value <= frames.LARGEST_MAX_FRAME:
                        raise ProtocolError(frames.PROTOCOL_ERROR, "a frame size that is not allowed")
                    self._largest_frame = min(value, 1 << 16)
        self._write(frames.frame(frames.SETTINGS, frames.ACK, 0))
        if not self._introduced:
            self._introduced = self._open = True
            self.ready.set_result(None)
        self._send_held()
        if self._waiting and self._open:
            self._owner.has_room(self)

    def _ping(self, flags: int, stream: int, payload: bytes) -> None:
        frames.sized(payload, 8)
        if stream:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a ping on a stream")
        self._idle_frame()
        if not flags & frames.ACK:
            self._write(frames.frame(frames.PING, frames.ACK, 0, payload))

    def _goaway(self, stream: int, payload: bytes) -> None:
        if stream:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a farewell on a stream")
        self._idle_frame()
        last, code, words = frames.read_goaway(payload)
        why = f"the gateway is going away (HTTP/2 error {code}{': ' if words else ''}{words})"
        for number in [number for number in self._streams if number > last]:
            self._streams.pop(number).finish(("UNAVAILABLE", why))
            self._held.pop(number, None)
        self.retire()

    def _window_update(self, stream: int, increment: int) -> None:
        if not increment:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a window that does not grow")
        if stream == 0:
            self._credit += increment
            largest = self._credit
        else:
            call = self._stream(stream)
            if call is None or call.unsent is None:
                return
            call.credit += increment
            largest = call.credit
        if largest > frames.LARGEST:
            raise ProtocolError(frames.FLOW_CONTROL_ERROR, "a window that is too large")
        if self._held:
            self._send_held()

    def _idle_frame(self) -> None:
        """Count a frame that carries nothing for a call."""
        if self._heard - self._idle_since > 1.0:
            self._idle_frames, self._idle_since = 0, self._heard
        self._idle_frames += 1
        if self._idle_frames > MOST_IDLE_FRAMES:
            raise ProtocolError(frames.ENHANCE_YOUR_CALM, "a flood of frames for no call")

    # -- signs of life

    def _look(self) -> None:
        """Ping a peer that has been silent for long while calls are open, and give up one that stays so."""
        self._keepalive = None
        if self.end is not None or not (self._streams or self._unanswered):
            return
        now, pause = self._loop.time(), 0.01  # a timer may come a little early
        due = self._heard + self._life.ping_after
        if self._unanswered:
            if self._transport is not None:
                self._transport.abort()
            self._ended("the gateway does not answer a ping")
            return
        if now + pause >= due:
            self._unanswered = True
            self._write(frames.frame(frames.PING, 0, 0, b"liveness"))
            due = now + self._life.pong_within
        self._keepalive = self._loop.call_at(due, self._look)
