"""ISO 8601 durations as Java's `Duration.parse` takes them: days to seconds, no weeks, months or years."""

from __future__ import annotations

import re
from typing import Final

LONG_MAX: Final = 2**63 - 1

_PATTERN: Final = re.compile(
    r"([-+]?)P(?:([-+]?[0-9]+)D)?"
    r"(T(?:([-+]?[0-9]+)H)?(?:([-+]?[0-9]+)M)?(?:([-+]?[0-9]+)(?:[.,]([0-9]{0,9}))?S)?)?",
    re.IGNORECASE,
)
_LONGEST: Final = 128  # characters; a legal duration needs fewer


def parse_duration(text: str) -> int | None:
    """Nanoseconds, negative for a negative duration; None when the text is no duration that Java could hold."""
    match = _PATTERN.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    sign, days, clock, hours, minutes, seconds, fraction = match.groups()
    if (days is None and clock is None) or (clock is not None and len(clock) == 1):
        return None
    nanoseconds = int((fraction or "").ljust(9, "0"))
    if seconds is not None and seconds.startswith("-"):
        nanoseconds = -nanoseconds
    total = int(days or 0) * 86_400 + int(hours or 0) * 3_600 + int(minutes or 0) * 60 + int(seconds or 0)
    if not -LONG_MAX <= total <= LONG_MAX:
        return None
    total = total * 1_000_000_000 + nanoseconds
    return -total if sign == "-" else total


def milliseconds(nanoseconds: int) -> int:
    """Whole milliseconds, cut towards zero."""
    whole = abs(nanoseconds) // 1_000_000
    return -whole if nanoseconds < 0 else whole
