"""One HTTP/2 connection (RFC 9113) as its client side: streams, settings, farewells, signs of life."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol, cast

from worker.zeebe.http2 import frames
from worker.zeebe.http2.call import READ_AHEAD, Call
from worker.zeebe.http2.frames import DATA, HEADERS, LARGEST, ProtocolError
from worker.zeebe.http2.headers import LARGEST_BLOCK, HeaderReader
from worker.zeebe.http2.liveness import Life, Liveness
from worker.zeebe.http2.reading import FrameReader
from worker.zeebe.http2.sending import Sender

CLOSE_SECONDS: Final = 1.0

MOST_IDLE_FRAMES: Final = 10_000
"""Frames that carry nothing for any call (pings, settings, unknown ones), in a second."""

_NO_LINES: Final[Mapping[str, str]] = {}


class Owner(Protocol):
    """Whom a connection serves. `waiting` are its calls that have not begun."""

    waiting: dict[Call, None]

    def has_room(self, connection: Connection) -> None:
        """Calls may begin on it."""
        ...

    def retired(self, connection: Connection) -> None:
        """No more calls may begin on it; those that have go on."""
        ...

    def again(self, call: Call) -> None:
        """The peer has not taken this call, so it may begin on another connection."""
        ...

    def lost(self, connection: Connection) -> None:
        """It has ended, for the reason in its `end`."""
        ...


class Connection(asyncio.Protocol):
    """`ready` is done once the peer has introduced itself, or the connection has ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: Owner, life: Life) -> None:
        self.ready: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.useful = False  # whether the peer has taken calls
        self.end: str | None = None  # why it has ended
        self._loop = loop
        self._owner = owner
        self._waiting = owner.waiting
        self._transport: asyncio.Transport | None = None
        self._open = False  # for new calls
        self._streams: dict[int, Call] = {}
        self._next = 1
        self._last = life.last_stream
        self._most = frames.LARGEST  # streams at once
        self._sender = Sender(loop)
        # receiving
        self._reader = FrameReader()
        self._headers = HeaderReader()
        self._consumed = 0
        self._liveness = Liveness(
            loop, life, needed=lambda: bool(self._streams), write=self._sender.write, give_up=self._drop
        )
        self._idle_frames = 0
        self._idle_since = 0.0

    # -- calls

    def free(self) -> bool:
        """Whether a call may begin now."""
        return self._open and not self._sender.paused and len(self._streams) < self._most

    def start(self, call: Call) -> bool:
        """Begin the call; false when it has to wait for room, or for another connection."""
        if not self.free():
            return False
        stream = self._next
        self._next += 2
        self._streams[stream] = call
        call.place, call.stream = self, stream
        self._sender.request(call)
        if call.window > READ_AHEAD:
            self.grant(call, call.window - READ_AHEAD)
        self._liveness.watch()
        if self._next > self._last:
            self.retire()
        return True

    def abandon(self, call: Call) -> None:
        """The call ends early: the peer need not go on."""
        self._sender.write(frames.rst_stream(call.stream, frames.CANCEL))
        self._leave(call.stream)

    def grant(self, call: Call, increment: int) -> None:
        """Let the peer send so many bytes more."""
        self._sender.write(frames.window_update(call.stream, increment))

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
            self._sender.write(frames.goaway(code))
            self._sender.close()
            self._transport.close()
            self._loop.call_later(CLOSE_SECONDS, self._transport.abort)
        self._ended(why)

    def _leave(self, stream: int) -> None:
        """A stream has ended: its place is free."""
        self._streams.pop(stream, None)
        self._sender.forget(stream)
        if not self._open:
            if not self._streams:
                self.close("the connection was replaced")
        else:
            self._offer_room()

    def _drop(self, why: str) -> None:
        """End a connection whose other end is not there any more."""
        if self._transport is not None:
            self._transport.abort()
        self._ended(why)

    def _offer_room(self) -> None:
        if self._open and self._waiting:
            self._owner.has_room(self)

    def _ended(self, why: str) -> None:
        if self.end is not None:
            return
        self.end, self._open = why, False
        self._liveness.stop()
        if not self.ready.done():
            self.ready.set_result(None)
        calls = list(self._streams.values())
        self._streams.clear()
        self._sender.close()
        for call in calls:
            call.finish(("UNAVAILABLE", why))
        self._owner.lost(self)

    def pause_writing(self) -> None:
        """The transport has enough to do."""
        self._sender.paused = True

    def resume_writing(self) -> None:
        """It takes more."""
        self._sender.resume()
        self._offer_room()

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
        self._sender.open(self._transport)
        self._sender.write(frames.PREFACE + frames.settings(ours) + whole)

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer's."""
        if self.end is not None:
            return
        self._liveness.heard()
        try:
            for kind, flags, stream, payload, size in self._reader.feed(data):
                if kind == HEADERS:
                    self._lines(flags, stream, payload)
                elif kind == DATA:
                    self._data(flags, stream, payload, size)
                else:
                    self._control_frame(kind, flags, stream, payload)
                if self.end is not None:
                    break
        except ProtocolError as error:
            self.close(f"the gateway broke the protocol: {error}", error.code)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport has ended."""
        self._ended(f"the connection was lost: {error}" if error else "the connection was closed by the gateway")
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)

    def _control_frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        match kind:
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

    def _data(self, flags: int, stream: int, data: bytes, size: int) -> None:
        self._consumed += size
        if self._consumed > LARGEST // 2:
            self._sender.write(frames.window_update(0, self._consumed))
            self._consumed = 0
        call = self._streams.get(stream)
        if call is None:
            self._stray(stream)
            return
        ended = flags & frames.END_STREAM
        if not (data or ended):
            self._idle_frame()
        call.data_came(data, size)
        if ended:
            self._answer_over(call, _NO_LINES)

    def _lines(self, flags: int, stream: int, block: bytes) -> None:
        lines = self._headers.read(block)
        call = self._streams.get(stream)
        if call is None:
            self._stray(stream)
            return
        self.useful = True
        if flags & frames.END_STREAM:
            self._answer_over(call, lines)
        else:
            call.headers_came(lines)

    def _answer_over(self, call: Call, lines: Mapping[str, str]) -> None:
        if call.unsent:  # it need not hear the rest of the request
            self._sender.write(frames.rst_stream(call.stream, frames.CANCEL))
        call.ended(lines)
        self._leave(call.stream)

    def _stray(self, stream: int) -> None:
        """A frame for a call that is not open: it has ended, or else the peer is wrong."""
        if not stream & 1 or stream >= self._next:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a frame for a stream that was never opened")
        self._idle_frame()

    def _reset(self, stream: int, code: int) -> None:
        call = self._streams.get(stream)
        if call is None:
            self._stray(stream)
        else:
            call.reset(code)
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
                    self._sender.set_window(value)
                case frames.MAX_FRAME_SIZE:
                    self._sender.set_largest_frame(value)
        self._sender.write(frames.frame(frames.SETTINGS, frames.ACK, 0))
        if not self.ready.done():
            self._open = True
            self.ready.set_result(None)
        self._offer_room()

    def _ping(self, flags: int, stream: int, payload: bytes) -> None:
        frames.sized(payload, 8)
        if stream:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a ping on a stream")
        self._idle_frame()
        if not flags & frames.ACK:
            self._sender.write(frames.frame(frames.PING, frames.ACK, 0, payload))

    def _goaway(self, stream: int, payload: bytes) -> None:
        if stream:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a farewell on a stream")
        self._idle_frame()
        last, code, words = frames.read_goaway(payload)
        why = f"the gateway is going away (HTTP/2 error {code}{': ' if words else ''}{words})"
        untaken = [self._streams.pop(number) for number in list(self._streams) if number > last]
        for call in untaken:
            self._sender.forget(call.stream)
        self.useful = self.useful or last > 0
        self.retire()
        for call in untaken:
            if self.useful and call.rewind():
                self._owner.again(call)
            else:
                call.finish(("UNAVAILABLE", why))

    def _window_update(self, stream: int, increment: int) -> None:
        if not increment:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a window that does not grow")
        call = self._streams.get(stream)
        if not stream or (call is not None and call.unsent):
            self._sender.grow_window(call, increment)

    def _idle_frame(self) -> None:
        """Count a frame that carries nothing for a call."""
        now = self._liveness.heard_at
        if now - self._idle_since > 1.0:
            self._idle_frames, self._idle_since = 0, now
        self._idle_frames += 1
        if self._idle_frames > MOST_IDLE_FRAMES or self._sender.backlog():
            raise ProtocolError(frames.ENHANCE_YOUR_CALM, "a flood of frames for no call")
