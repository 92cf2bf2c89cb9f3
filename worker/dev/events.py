"""What happened in the gateway, as a bounded history that can be waited on.

Tests wait for an event with a time limit instead of sleeping; the development command tells its story from the same
events.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

EventKind = Literal[
    "created",
    "activated",
    "completed",
    "failed",
    "error-caught",
    "incident",
    "resolved",
    "available",
    "available-again",
    "lease-expired",
    "lease-extended",
    "retries-updated",
    "variables-set",
    "cancelled",
    "refused",
    "fault",
    "poll",
    "empty-poll",
    "stream-opened",
    "stream-closed",
]

ENDINGS: frozenset[EventKind] = frozenset({"completed", "error-caught", "incident", "cancelled"})
"""The events after which a job does not go on by itself."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `at` is epoch seconds, `backoff` and `timeout` are milliseconds; 0 and "" are "none"."""

    kind: EventKind
    job_key: int = 0
    job_type: str = ""
    rpc: str = ""
    worker: str = ""
    code: str = ""  # the BPMN error code, or the gRPC status of a refusal or a fault
    message: str = ""
    retries: int = 0
    backoff: int = 0
    timeout: int = 0
    count: int = 0  # jobs handed out by a poll
    incident_key: int = 0
    variables: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0
    number: int = 0


class EventsLost(LookupError):
    """A reader was slower than the history is long."""


class EventLog:
    """The last `limit` events. Subscribers are called at once, in order, and must not block."""

    def __init__(self, limit: int = 20_000) -> None:
        self._history: deque[Event] = deque(maxlen=limit)
        self._next = 1
        self._waiters: set[asyncio.Future[None]] = set()
        self._subscribers: list[Callable[[Event], None]] = []

    def __iter__(self) -> Iterator[Event]:
        return iter(tuple(self._history))

    @property
    def last(self) -> int:
        """The number of the newest event, 0 when there is none."""
        return self._next - 1

    def append(self, event: Event, at: float) -> Event:
        numbered = replace(event, at=at, number=self._next)
        self._next += 1
        self._history.append(numbered)
        for subscriber in self._subscribers:
            subscriber(numbered)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        return numbered

    def subscribe(self, subscriber: Callable[[Event], None]) -> None:
        self._subscribers.append(subscriber)

    def of(self, job_key: int) -> list[Event]:
        """Everything known about one job."""
        return [event for event in self._history if event.job_key == job_key]

    async def follow(self, after: int = 0) -> AsyncGenerator[Event, None]:
        """Every event whose number is greater than `after`, those to come included; it does not end by itself."""
        while True:
            for event in self._since(after):
                after = event.number
                yield event
            await self._change(after)

    async def wait_for(self, matches: Callable[[Event], bool], *, timeout: float = 10.0, after: int = 0) -> Event:
        """The first event that matches, past ones included.

        Raises `TimeoutError` with the last events in its text, so that a failing test says what happened instead.
        """
        try:
            async with asyncio.timeout(timeout), contextlib.aclosing(self.follow(after)) as events:
                async for event in events:
                    if matches(event):
                        return event
        except TimeoutError:
            raise TimeoutError(f"no such event within {timeout} s; the last ones: {self._tail()}") from None
        raise AssertionError("the events never end")

    async def _change(self, seen: int) -> None:
        if seen + 1 < self._next:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def _since(self, number: int) -> list[Event]:
        if not self._history or self._history[-1].number <= number:
            return []
        if number and self._history[0].number > number + 1:
            raise EventsLost(f"events {number + 1} to {self._history[0].number - 1} are no longer kept")
        behind = self._history[-1].number - number
        return list(self._history)[-behind:]

    def _tail(self) -> str:
        lines = [f"{e.kind}({e.job_key or e.rpc}{' ' + e.code if e.code else ''})" for e in tuple(self._history)[-12:]]
        return ", ".join(lines) or "none"
