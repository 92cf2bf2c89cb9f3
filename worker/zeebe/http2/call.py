"""One call: its request, the messages that have come, and its end.

A call with one answer is awaited; one with many is read, message by message, and what was not read when the call ended
is still handed out. How much the peer may send ahead of the reader is bounded: a job in a buffer is a job whose lease
runs. A message that somebody waits for may come whole at once, however large.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Mapping
from struct import Struct
from typing import Any, Final, Protocol

from worker.zeebe.http2.deadlines import GRAIN, Deadlines
from worker.zeebe.http2.frames import CANCEL, DEFAULT_WINDOW
from worker.zeebe.http2.status import SUCCESS, RpcError, Status, of_http, of_reset, of_trailers

READ_AHEAD: Final = 1 << 14
"""Bytes that the peer may send on one stream before they are asked for, unless a call says otherwise."""

PREFIX: Final = Struct(">BL")
"""Of a message: whether it is compressed, and its length."""

LEAVE_SECONDS: Final = 2.0
"""For the rest of a message that was coming when the call was left."""

CANCELLED: Final[Status] = ("CANCELLED", "the call was cancelled")
TIMED_OUT: Final[Status] = ("DEADLINE_EXCEEDED", "no answer in time")


class Place(Protocol):
    """Where an open call is: in the queue for a connection, or on one."""

    def abandon(self, call: Call) -> None:
        """The call ends early."""
        ...

    def grant(self, call: Call, increment: int) -> None:
        """Let the peer send so many bytes more for this call."""
        ...


class Call:
    """A call that has begun. `deadline` is a time of the loop's clock."""

    __slots__ = (
        "_ahead",
        "_arriving",
        "_buffered",
        "_deadlines",
        "_deserialize",
        "_headers",
        "_largest",
        "_leaving",
        "_loop",
        "_messages",
        "_reader",
        "_single",
        "body",
        "credit",
        "deadline",
        "head",
        "place",
        "status",
        "stream",
        "unsent",
        "window",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        deadlines: Deadlines,
        *,
        head: bytes,
        body: bytes,
        deadline: float,
        deserialize: Callable[[bytes], Any],
        single: bool,
        largest: int,
        place: Place,
        ahead: int = READ_AHEAD,
    ) -> None:
        """The peer may send `ahead` bytes before they are asked for."""
        self._loop = loop
        self._deadlines = deadlines
        self._deserialize = deserialize
        self._single = single  # one message answers it
        self._largest = largest
        self._ahead = ahead
        self._headers: Mapping[str, str] | None = None
        self._messages: deque[bytes] = deque()
        self._arriving: bytearray | None = None  # messages that are not whole yet
        self._buffered = 0  # bytes in `_messages`
        self._reader: asyncio.Future[None] | None = None
        self._leaving = False  # it ends with the message that is coming
        self.head = head
        self.body = body
        self.deadline = deadline
        self.place = place
        self.stream = 0
        self.unsent: memoryview | None = None  # what of the request waits for credit
        self.credit = 0  # bytes that the peer takes on this stream
        self.window = ahead  # bytes that it may send
        self.status: Status | None = None  # how it ended

    # -- for the caller

    def __await__(self) -> Generator[Any, None, Any]:
        """The answer. Raises `RpcError`. Cancelling whoever waits cancels the call."""
        if self.status is None:
            self._reader = self._loop.create_future()
            try:
                yield from self._reader
            except asyncio.CancelledError:
                self.cancel()
                raise
        if self.status is not SUCCESS:
            raise RpcError(*self.status or CANCELLED)
        if not self._messages:
            raise RpcError("INTERNAL", "the answer has no message")
        return self._decoded(self._messages[0])

    async def read(self) -> Any:
        """The next message, None at the end. Raises `RpcError` once all that came before is read."""
        while not self._messages:
            if self.status is SUCCESS:
                return None
            if self.status is not None:
                raise RpcError(*self.status)
            self._reader = self._loop.create_future()
            self._ask()
            try:
                await self._reader
            finally:
                self._reader = None
        message = self._messages.popleft()
        self._buffered -= len(message)
        self._ask()
        return self._decoded(message)

    def cancel(self) -> None:
        """End the call now; harmless when it is over."""
        self.abort(CANCELLED)

    def leave(self) -> None:
        """End the call, but not within a message: the jobs in it are ours already."""
        if self._arriving is None:
            self.cancel()
        elif self.status is None:
            self._leaving = True
            self.deadline = min(self.deadline, self._loop.time() + LEAVE_SECONDS)
            self._deadlines.add(self)

    # -- for whoever carries it

    def abort(self, status: Status) -> None:
        """End the call here, and tell the peer."""
        if self.status is None:
            self.place.abandon(self)
            self.finish(status)

    def expire(self) -> None:
        """Its time has come."""
        self.abort(TIMED_OUT)

    def finish(self, status: Status) -> None:
        """The call has ended in this way."""
        if self.status is not None:
            return
        self.status = status
        self._deadlines.discard(self)
        self._wake()

    def rewind(self) -> bool:
        """Make ready to be sent again; false when that is not possible any more."""
        self.unsent, self.window = None, self._ahead
        return self._headers is None and self.status is None

    def headers_came(self, lines: Mapping[str, str]) -> None:
        """The first lines of the answer."""
        if lines.get(":status", "").startswith("1"):
            return  # the real ones are to come
        if self._headers is not None:
            self.abort(("INTERNAL", "header lines in the middle of the answer"))
        elif (status := of_http(lines)) is not None:
            self.abort(status)
        else:
            self._headers = lines

    def data_came(self, data: bytes, size: int) -> None:
        """A part of the answer; with its padding it had `size` bytes."""
        self.window -= size
        if self._headers is None or self.window < -DEFAULT_WINDOW:  # a peer may not know of our window yet
            self.abort(("INTERNAL", "more was sent than was asked for"))
        elif self._arriving is None and len(data) >= PREFIX.size and PREFIX.unpack_from(data) == (0, len(data) - 5):
            self._message_came(data[PREFIX.size :])
        else:
            if self._arriving is None:
                self._arriving = bytearray()
            self._arriving += data
            self._take_apart(self._arriving)
        self._ask()

    def ended(self, lines: Mapping[str, str]) -> None:
        """The answer is over; these are its last lines."""
        status = of_trailers(lines, self._headers or lines)
        if status is SUCCESS and self._arriving:
            status = ("INTERNAL", "the answer ended within a message")
        self.finish(status)

    def reset(self, code: int) -> None:
        """The peer has ended the call. That is also how some tell that its time is over."""
        late = code == CANCEL and self._loop.time() >= self.deadline - GRAIN
        self.finish(TIMED_OUT if late else of_reset(code))

    def _take_apart(self, arriving: bytearray) -> None:
        while self.status is None and len(arriving) >= PREFIX.size:
            compressed, length = PREFIX.unpack_from(arriving)
            end = PREFIX.size + length
            if compressed:
                self.abort(("INTERNAL", "a compressed message, which was not agreed upon"))
            elif length > self._largest:
                text = f"Received message larger than max ({length} vs. {self._largest})"
                self.abort(("RESOURCE_EXHAUSTED", text))
            elif len(arriving) < end:
                break
            else:
                self._message_came(bytes(arriving[PREFIX.size : end]))
                del arriving[:end]
        if not arriving:
            self._arriving = None

    def _message_came(self, message: bytes) -> None:
        if len(message) > self._largest:
            text = f"Received message larger than max ({len(message)} vs. {self._largest})"
            self.abort(("RESOURCE_EXHAUSTED", text))
        elif self._single and self._messages:
            self.abort(("INTERNAL", "the answer has more than one message"))
        else:
            self._messages.append(message)
            self._buffered += len(message)
            if not self._single:
                self._wake()
            if self._leaving:
                self.cancel()

    def _ask(self) -> None:
        """Let the peer send what the reader waits for, and a little more."""
        if self.window >= self._ahead // 2 and self._arriving is None:
            return
        arriving = self._arriving or b""
        wanted, missing = self._ahead - self._buffered - len(arriving), 0
        if not self._messages and len(arriving) >= PREFIX.size and (self._single or self._reader is not None):
            missing = PREFIX.size + PREFIX.unpack_from(arriving)[1] - len(arriving)
            wanted = max(wanted, missing)
        increment = wanted - self.window
        if self.status is None and (increment >= self._ahead // 2 or missing > self.window):
            self.window += increment
            self.place.grant(self, increment)

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _decoded(self, message: bytes) -> Any:
        try:
            return self._deserialize(message)
        except Exception as error:
            raise RpcError("INTERNAL", f"a message that cannot be decoded ({type(error).__name__})") from error
