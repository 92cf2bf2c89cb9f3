"""What pyzeebe's generated stub is bound to: it finds the connection for a call, and opens one when there is none.

A call that is made before the connection stands waits for it, for as long as its deadline allows. While connecting
fails, calls fail at once (UNAVAILABLE) and the next attempt is made for a call that comes after a short wait.
"""

from __future__ import annotations

import asyncio
import logging
import math
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

from worker import __version__
from worker.zeebe.backoff import Backoff
from worker.zeebe.http2.call import PREFIX, READ_AHEAD, Call
from worker.zeebe.http2.connection import Connection
from worker.zeebe.http2.deadlines import Deadlines
from worker.zeebe.http2.dialing import dial
from worker.zeebe.http2.headers import block
from worker.zeebe.http2.liveness import Life
from worker.zeebe.http2.status import Status

MOST_WAITING: Final = 10_000
"""Calls that wait for a connection or for room on one."""

FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 1.0
"""Seconds between two attempts to connect."""

CLOSE_SECONDS: Final = 2.0
LIFE: Final = Life()

log = logging.getLogger(__name__)

_POST: Final = b"\x83"  # entries of the table that both sides have (RFC 7541, appendix A)
_HTTP: Final = b"\x86"
_HTTPS: Final = b"\x87"
_AGENT: Final = f"rest-connector/{__version__}"
_LINES: Final = [("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", _AGENT)]
_NONE: Final[Mapping[str, str]] = {}


class Channel:
    """Calls to one gateway. `context` answers what TLS to use now; another one than before means a new connection."""

    def __init__(
        self,
        address: str,
        *,
        context: Callable[[], ssl.SSLContext] | None = None,
        proxy: str | None = None,
        max_message_bytes: int = 64 << 20,
        life: Life = LIFE,
    ) -> None:
        """`address` is `host:port`. Must be called inside a running event loop; connects for the first call."""
        host, _, port = address.rpartition(":")
        self.loop = asyncio.get_running_loop()
        self.deadlines = Deadlines(self.loop)
        self.max_message_bytes = max_message_bytes
        self.waiting: dict[Call, None] = {}
        self._address = address
        self._host, self._port = host.strip("[]"), int(port)
        self._find_context = context
        self._context: ssl.SSLContext | None = None
        self._proxy = proxy
        self._life = life
        self._connection: Connection | None = None
        self._retired: set[Connection] = set()  # calls that began on them go on
        self._dialing: asyncio.Task[None] | None = None
        self._backoff = Backoff(first=FIRST_WAIT, cap=LONGEST_WAIT)
        self._not_before = 0.0
        self._fruitless = False  # whether the last connection took no call
        self._failure = ""
        self._closed = False

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Method:
        """A call with one answer."""
        return Method(self, self._head(path), request_serializer, response_deserializer, single=True)

    def unary_stream(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Method:
        """A call with many answers."""
        return Method(self, self._head(path), request_serializer, response_deserializer, single=False)

    # The stub binds calls of these kinds as well, and nobody makes them.
    stream_unary = stream_stream = unary_unary

    def begin(self, call: Call) -> None:
        """Send the request, once there is a connection with room for it."""
        self.deadlines.add(call)
        if self._find_context is not None and (context := self._find_context()) is not self._context:
            self._replace(context)
        if self._connection is None or not self._connection.start(call):
            self._wait(call)

    async def close(self) -> None:
        """End every call and every connection."""
        self._closed = True
        self._failure = "the connection was closed"
        if self._dialing is not None:
            self._dialing.cancel()
            await asyncio.wait([self._dialing])
        self._refuse()
        connections = [*self._retired, *([] if self._connection is None else [self._connection])]
        for connection in connections:
            connection.close(self._failure)
        if connections:
            await asyncio.wait([connection.closed for connection in connections], timeout=CLOSE_SECONDS)
        self.deadlines.close()

    # -- a call's place while it waits

    def abandon(self, call: Call) -> None:
        """A call ends before it began."""
        self.waiting.pop(call, None)

    def grant(self, call: Call, increment: int) -> None:
        """Nothing can have come for it."""

    # -- the owner of the connections

    def has_room(self, connection: Connection) -> None:
        """Begin what has waited."""
        while self.waiting and connection.free():
            call = next(iter(self.waiting))
            del self.waiting[call]
            connection.start(call)

    def retired(self, connection: Connection) -> None:
        """New calls go to another connection."""
        self._retired.add(connection)
        if connection is self._connection:
            self._connection = None
            self._judge(connection, "the gateway sent the worker away")
            if self.waiting:
                self._dial()

    def again(self, call: Call) -> None:
        """Let it wait for the next connection."""
        call.place = self
        self._wait(call)

    def lost(self, connection: Connection) -> None:
        """All its calls have been told; so are those that waited for room on it."""
        self._retired.discard(connection)
        if connection is self._connection:
            self._connection = None
            self._failure = connection.end or ""
            self._judge(connection, self._failure)
            self._refuse()

    def _judge(self, connection: Connection, failure: str) -> None:
        """One that took no call may be bad luck; two in a row are as good as none."""
        if connection.useful:
            self._backoff.reset()
        elif self._fruitless:
            self._failed(failure)
        self._fruitless = not connection.useful

    # -- connecting

    def _head(self, path: str) -> bytes:
        """The header lines that all calls of this kind have."""
        start = _POST + (_HTTP if self._find_context is None else _HTTPS)
        return start + block([(":path", path), (":authority", self._address), *_LINES])

    def _wait(self, call: Call) -> None:
        if len(self.waiting) >= MOST_WAITING:
            call.finish(("UNAVAILABLE", "too many calls wait for the gateway"))
            return
        self.waiting[call] = None
        if self._connection is None:
            self._dial()

    def _dial(self) -> None:
        if self._closed or self.loop.time() < self._not_before:
            self._refuse()
        elif self._dialing is None:
            self._dialing = self.loop.create_task(self._connect(), name="connection to the gateway")

    async def _connect(self) -> None:
        connection: Connection | None = None
        try:
            connection = await dial(
                self._host,
                self._port,
                lambda: Connection(self.loop, self, self._life),
                context=self._context,
                proxy=self._proxy,
            )
        except (OSError, ValueError) as error:  # what TLS and names raise is among them
            self._failed(f"cannot connect to {self._address}: {error}")
            self._refuse()
        except Exception as error:
            log.exception("connecting failed in an unforeseen way")
            self._failed(f"cannot connect to {self._address}: {type(error).__name__}")
            self._refuse()
        finally:
            if self._dialing is asyncio.current_task():  # and not one that has taken its place
                self._dialing = None
        if connection is not None:
            self._connected(connection)

    def _connected(self, connection: Connection) -> None:
        self._connection = connection
        if connection in self._retired:  # it has greeted us and said farewell at once
            self.retired(connection)
        else:
            self.has_room(connection)

    def _failed(self, why: str) -> None:
        self._failure = why
        self._not_before = self.loop.time() + self._backoff.seconds()

    def _refuse(self) -> None:
        """Tell the calls that wait."""
        status: Status = "UNAVAILABLE", self._failure
        calls = list(self.waiting)
        self.waiting.clear()
        for call in calls:
            call.finish(status)

    def _replace(self, context: ssl.SSLContext) -> None:
        """Connect anew from now on. What goes on with material that was replaced twice ends."""
        for connection in list(self._retired):
            connection.close("the connection was replaced")
        self._context = context
        self._not_before = 0.0
        if self._dialing is not None:
            self._dialing.cancel()
            self._dialing = None
        if self._connection is not None:
            self._connection.retire()


class Method:
    """One of the stub's calls. What does not change from call to call is written once."""

    __slots__ = ("_block", "_channel", "_deserialize", "_head", "_headers", "_serialize", "_single", "_timeout")

    def __init__(self, channel: Channel, head: bytes, serialize: Any, deserialize: Any, *, single: bool) -> None:
        self._channel = channel
        self._head = head
        self._serialize = serialize
        self._deserialize = deserialize
        self._single = single
        self._block = b""
        self._timeout = -1.0  # those that `_block` was written for
        self._headers = _NONE

    def __call__(
        self, request: Any, *, timeout: float, metadata: Mapping[str, str] = _NONE, ahead: int = READ_AHEAD
    ) -> Call:
        """Begin a call that ends within `timeout` seconds; `metadata`, names in lower case, goes with it.

        The gateway may send `ahead` bytes before they are read.
        """
        channel = self._channel
        if timeout != self._timeout or metadata is not self._headers:
            milliseconds = min(math.ceil(timeout * 1000), 99_999_999)  # gRPC has room for eight digits
            self._block = self._head + block([("grpc-timeout", f"{milliseconds}m"), *metadata.items()])
            self._timeout, self._headers = timeout, metadata
        message = self._serialize(request)
        size = len(message)
        call = Call(
            channel.loop,
            channel.deadlines,
            head=self._block,
            body=PREFIX.pack(0, size) + message,
            deadline=channel.loop.time() + timeout,
            deserialize=self._deserialize,
            single=self._single,
            largest=channel.max_message_bytes,
            place=channel,
            ahead=ahead,
        )
        if size > channel.max_message_bytes:
            text = f"Sent message larger than max ({size} vs. {channel.max_message_bytes})"
            call.finish(("RESOURCE_EXHAUSTED", text))
        else:
            channel.begin(call)
        return call
