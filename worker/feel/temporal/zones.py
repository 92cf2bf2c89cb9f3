"""Time zones: which names are zones, and which offset a zone has at a moment.

Names follow Java's region ids, the rules come from `zoneinfo`. A name is matched against a harmless
form before the zone database sees it, since some loaders use names as paths. All moments are whole
seconds, either of the instant (since 1970-01-01T00:00Z) or of local time (since 1970-01-01T00:00).
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from .calendar import DAYS_PER_CYCLE

MAX_OFFSET = 18 * 3600
"""Largest distance of local time from UTC in seconds, either way."""

_REGION = re.compile(r"[A-Za-z0-9_+\-/]{1,64}")
_NOT_IN_JAVA = frozenset({"EST", "HST", "MST", "ROC", "Factory", "localtime", "GMT+0", "GMT-0"})
_STRICT_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?")
_LOOSE_OFFSET = re.compile(
    r"([+-])(?:([0-9])|([0-9]{2})(?::?([0-9]{2}))?|([0-9]{2}):([0-9]{2}):([0-9]{2})|([0-9]{2})([0-9]{2})([0-9]{2}))"
)
_FIXED_ZONE = re.compile(r"(UTC|GMT|UT)(?:([+-].+))?")

_FIRST_SECOND = -62_104_060_800
"""0002-01-01T00:00, before every transition: offsets are constant further down."""
_LAST_SECOND = 250_000_000_000
"""Late in year 9892, after every listed transition: only yearly rules hold further up."""
_CYCLE_SECONDS = DAYS_PER_CYCLE * 86_400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  local and UTC seconds are both counted from here
_HALF_MONTH = 15 * 86_400


def parse_offset(text: str) -> int | None:
    """Seconds of `Z`, `+hh:mm` or `+hh:mm:ss`; None if it is no such text or beyond 18 hours."""
    if text == "Z":
        return 0
    match = _STRICT_OFFSET.fullmatch(text)
    return _seconds(match[1], match[2], match[3], match[4]) if match else None


def offset_text(offset: int) -> str:
    """`Z`, `+hh:mm` or, if it has seconds, `+hh:mm:ss`."""
    if offset == 0:
        return "Z"
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"
    return f"{text}:{seconds:02d}" if seconds else text


def parse_zone(text: str, *, loose: bool = False) -> int | str | None:
    """What stands after `@` or in brackets: an offset in seconds, a zone id, or None for neither.

    `loose` also takes the short offsets (`+2`, `+0230`) that Java's `ZoneId.of` takes.
    """
    parse = _parse_loose_offset if loose else parse_offset
    if text == "Z" or text[:1] in ("+", "-"):
        return parse(text)
    if match := _FIXED_ZONE.fullmatch(text):
        offset = parse(match[2]) if match[2] else 0
        if offset is not None:
            return f"{match[1]}{offset_text(offset)}" if offset else match[1]
        return None
    return text if is_region(text) else None


def is_region(name: str) -> bool:
    """Whether the zone database knows the region id."""
    if not _REGION.fullmatch(name) or ".." in name:
        return False
    return name in _regions()


def offset_at_instant(zone: str, second: int) -> int:
    """Offset of the zone at an instant."""
    fixed = _fixed_offset(zone)
    if fixed is not None:
        return fixed
    rules = _rules(zone)
    moment = (_EPOCH + timedelta(seconds=_within_database(second))).replace(tzinfo=rules)
    return _whole_seconds(rules.fromutc(moment).utcoffset())


def resolve_local(zone: str, second: int, preferred: int | None = None) -> tuple[int, int]:
    """Local second and offset of a local time in the zone.

    A time within a gap moves forward by the gap's length. Within an overlap the preferred offset
    counts if it is one of the two, else the earlier one, which is the larger.
    """
    fixed = _fixed_offset(zone)
    if fixed is not None:
        return second, fixed
    moment = (_EPOCH + timedelta(seconds=_within_database(second))).replace(tzinfo=_rules(zone))
    before = _whole_seconds(moment.utcoffset())
    after = _whole_seconds(moment.replace(fold=1).utcoffset())
    if before < after:
        return second + after - before, after
    return second, after if preferred == after else before


def standard_offset(zone: str) -> int:
    """Offset of the zone outside summer time, by the rules of the coming year."""
    return _standard_offset(zone, int(time.time()) // _HALF_MONTH)


@lru_cache(maxsize=1024)
def _standard_offset(zone: str, half_month: int) -> int:
    # Summer time is never behind standard time, so the smallest offset of a year is the standard one. That also
    # holds where the zone database calls winter time the deviation (Dublin) or interrupts summer time (Casablanca).
    return min(offset_at_instant(zone, (half_month + step) * _HALF_MONTH) for step in range(25))


def _within_database(second: int) -> int:
    """A moment with the same offset within the years that `datetime` knows."""
    if second > _LAST_SECOND:
        return _LAST_SECOND - _CYCLE_SECONDS + (second - _LAST_SECOND) % _CYCLE_SECONDS
    return max(second, _FIRST_SECOND)


@lru_cache(maxsize=1024)
def _rules(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


@lru_cache(maxsize=1)
def _regions() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_IN_JAVA


@lru_cache(maxsize=1024)
def _fixed_offset(zone: str) -> int | None:
    match = _FIXED_ZONE.fullmatch(zone)
    if match is None:
        return None
    return parse_offset(match[2]) if match[2] else 0


def _parse_loose_offset(text: str) -> int | None:
    if text == "Z":
        return 0
    match = _LOOSE_OFFSET.fullmatch(text)
    return _seconds(match[1], *[part for part in match.groups()[1:] if part is not None]) if match else None


def _seconds(sign: str, hours: str, minutes: str = "0", seconds: str | None = None) -> int | None:
    if int(minutes) > 59 or int(seconds or 0) > 59:
        return None
    total = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    if total > MAX_OFFSET:
        return None
    return -total if sign == "-" else total


def _whole_seconds(shift: timedelta | None) -> int:
    return 0 if shift is None else shift.days * 86_400 + shift.seconds
