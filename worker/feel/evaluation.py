"""The state of one running evaluation: counted steps, clock, random source, warnings.

Compiled expressions and built-ins receive it as their first argument. Everything that may grow is
announced here before it is built, so that a limit ends the evaluation in time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .errors import FeelLimitError, FeelWarning
from .limits import DEFAULT_LIMITS, Limits

CLOCK_INTERVAL = 512
"""Steps between two looks at the wall clock."""

Now = datetime | Callable[[], datetime]
"""The moment that `now()` and `today()` name, or where to ask for it."""


class Evaluation:
    """Counts and bounds the work of one evaluation; hands out time, randomness and warnings."""

    # Defaults live on the class, so that starting an evaluation sets little.
    random: random.Random = random.SystemRandom()
    """Where random numbers come from."""
    depth = 0
    """Nested calls of user functions."""
    input_nodes = 0
    room = 0
    """Characters left for the result as JSON."""
    given_now: Now | None = None
    """The moment that `now()` names, or where to ask for it; None asks the system."""
    omitted_warnings = 0
    trace: Callable[[Any, Any], None] | None = None
    """Told each node and its value, for explanations."""
    _allocated = 0
    _now: datetime | None = None

    def __init__(self, limits: Limits = DEFAULT_LIMITS, text: str = "", nonce: str | None = None) -> None:
        self.limits = limits
        self.text = text
        self.nonce = nonce
        self.warnings: list[FeelWarning] = []
        self.fuel = self._issued = CLOCK_INTERVAL if limits.steps > CLOCK_INTERVAL else limits.steps
        self._deadline = time.monotonic() + limits.seconds

    def now(self) -> datetime:
        """The moment of this evaluation: the same one however often it is asked for; always with an offset."""
        if self._now is None:
            given = self.given_now
            if given is None:
                moment = datetime.now(UTC).astimezone()
            else:
                moment = given if isinstance(given, datetime) else given()
            self._now = moment if moment.tzinfo is not None else moment.astimezone()
        return self._now

    def spend(self, steps: int = 1) -> None:
        """Count steps: one for each node evaluated, item touched or comparison made."""
        self.fuel -= steps
        if self.fuel < 0:
            self.refuel()

    def refuel(self) -> None:
        """Called when the portion of steps is used up: looks at the limits, then hands out the next portion."""
        limit = self.limits.steps
        used = self._issued - self.fuel
        if used > limit:
            raise FeelLimitError("steps", limit, "The evaluation takes too many steps")
        self.check_clock()
        portion = min(CLOCK_INTERVAL, limit - used)
        self._issued = used + portion
        self.fuel = portion

    @property
    def steps(self) -> int:
        """Steps counted so far."""
        return self._issued - self.fuel

    def check_clock(self) -> None:
        """End the evaluation if its time is up. For built-ins: before and after each piece of heavy work."""
        if time.monotonic() > self._deadline:
            raise FeelLimitError("seconds", self.limits.seconds, "The evaluation takes too long")

    def reserve_text(self, length: int) -> None:
        """Announce a string of `length` characters before it is built."""
        if length > self.limits.string_length:
            raise FeelLimitError("string_length", self.limits.string_length, f"A string of {length} characters")
        self.allocate(length * 4 + 16)
        if length > 4096:
            self.spend(length >> 12)

    def reserve_list(self, length: int) -> None:
        """Announce a list of `length` items before it is built."""
        if length > self.limits.list_length:
            raise FeelLimitError("list_length", self.limits.list_length, f"A list of {length} items")
        self.allocate(length * 16 + 64)

    def reserve_context(self, entries: int) -> None:
        """Announce a context of `entries` entries before it is built."""
        if entries > self.limits.context_entries:
            limit = self.limits.context_entries
            raise FeelLimitError("context_entries", limit, f"A context of {entries} entries")
        self.allocate(entries * 32 + 64)

    def allocate(self, size: int) -> None:
        """Count estimated bytes."""
        self._allocated += size
        if self._allocated > self.limits.allocation:
            raise FeelLimitError("allocation", self.limits.allocation, "The evaluation builds too much data")

    def take_input(self, values: int) -> None:
        """Count values taken over from the input; eight of them cost a step."""
        self.input_nodes += values
        if self.input_nodes > self.limits.input_nodes:
            raise FeelLimitError("input_nodes", self.limits.input_nodes, "The input has too many values")
        self.spend(1 + (values >> 3))

    def warn(self, kind: str, message: str, position: int | None = None) -> None:
        """Keep a warning; messages and their number are bounded."""
        self.keep(FeelWarning(kind, message, position))

    def keep(self, warning: FeelWarning) -> None:
        """The same for a warning that is there."""
        limits = self.limits
        if len(self.warnings) >= limits.warnings:
            self.omitted_warnings += 1
            return
        if len(warning.message) > limits.message_length:
            warning = warning._replace(message=warning.message[: limits.message_length - 1] + "…")
        self.warnings.append(warning)
