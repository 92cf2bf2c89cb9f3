"""The temporal values of FEEL: dates, times, dates and times, and the two kinds of durations.

All count in integers, and none is changed once it is made. `==` is FEEL's equality of two values of one
type; whether two values may be compared at all says `comparable` in `arithmetic.py`. Texts are read by
`parsing.py` and written by `printing.py`.
"""

from __future__ import annotations

import datetime as python
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from . import calendar, zones

SECOND = 1_000_000_000
"""Nanoseconds of a second."""
DAY = 86_400 * SECOND
"""Nanoseconds of a day."""


@dataclass(unsafe_hash=True, slots=True)
class Date:
    """A day of the proleptic Gregorian calendar. Make it with `of`, which checks the parts."""

    year: int
    month: int
    day: int

    @classmethod
    def of(cls, year: int, month: int, day: int) -> Date | None:
        """The date, or None if it does not exist or its year is beyond ±999,999,999."""
        return cls(year, month, day) if calendar.is_valid(year, month, day) else None

    @classmethod
    def of_day_number(cls, number: int) -> Date | None:
        """The date of a day number (days since 1970-01-01), or None outside the years."""
        year, month, day = calendar.civil(number)
        return cls(year, month, day) if abs(year) <= calendar.MAX_YEAR else None

    @property
    def day_number(self) -> int:
        """Days since 1970-01-01."""
        return calendar.day_number(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """Monday = 1 ... Sunday = 7."""
        return calendar.weekday(self.day_number)

    def plus_months(self, months: int) -> Date | None:
        """The same day some months later, clipped to the end of its month."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        if abs(year) > calendar.MAX_YEAR:
            return None
        return Date(year, month + 1, min(self.day, calendar.month_length(year, month + 1)))


@dataclass(unsafe_hash=True, slots=True)
class Time:
    """A time of day: local, with an offset from UTC, or with a zone (and the offset it stands for).

    `nanosecond` counts from midnight, `offset` is in seconds east of UTC, `zone` a region id.
    """

    nanosecond: int
    offset: int | None = None
    zone: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether it has neither offset nor zone."""
        return self.offset is None

    @property
    def hour(self) -> int:
        """0..23."""
        return self.nanosecond // (3600 * SECOND)

    @property
    def minute(self) -> int:
        """0..59."""
        return self.nanosecond // (60 * SECOND) % 60

    @property
    def second(self) -> int:
        """0..59, without the fraction."""
        return self.nanosecond // SECOND % 60

    @property
    def utc_nanosecond(self) -> int:
        """Nanoseconds from midnight of UTC; below 0 or beyond a day where the offset leads there."""
        return self.nanosecond - (self.offset or 0) * SECOND

    def in_zone(self, zone: int | str) -> Time:
        """The same local time with an offset or, for a region id, with the zone's standard offset."""
        if isinstance(zone, int):
            return Time(self.nanosecond, zone)
        return Time(self.nanosecond, zones.standard_offset(zone), zone)


@dataclass(unsafe_hash=True, slots=True)
class DateTime:
    """A date and a time of day; offset and zone are those of the time."""

    date: Date
    time: Time

    @classmethod
    def of_local(cls, nanosecond: int, offset: int | None = None, zone: str | None = None) -> DateTime | None:
        """From local nanoseconds since 1970-01-01T00:00; None outside the years."""
        days, nanosecond_of_day = divmod(nanosecond, DAY)
        date = Date.of_day_number(days)
        return None if date is None else cls(date, Time(nanosecond_of_day, offset, zone))

    @classmethod
    def of_instant(cls, nanosecond: int, zone: int | str) -> DateTime | None:
        """From nanoseconds since 1970-01-01T00:00Z, shown with an offset or in a zone."""
        if isinstance(zone, int):
            return cls.of_local(nanosecond + zone * SECOND, zone)
        offset = zones.offset_at_instant(zone, nanosecond // SECOND)
        return cls.of_local(nanosecond + offset * SECOND, offset, zone)

    @property
    def is_local(self) -> bool:
        """Whether it has neither offset nor zone."""
        return self.time.offset is None

    @property
    def local_nanosecond(self) -> int:
        """Nanoseconds since 1970-01-01T00:00 of local time."""
        return self.date.day_number * DAY + self.time.nanosecond

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00Z; a local one counts as UTC."""
        return self.local_nanosecond - (self.time.offset or 0) * SECOND

    def in_zone(self, zone: int | str, preferred: int | None = None) -> DateTime | None:
        """The same local time with an offset or by the rules of a zone; gaps move it forward.

        `preferred` is the offset to keep where clocks are set back and both are possible.
        """
        if isinstance(zone, int):
            return DateTime(self.date, Time(self.time.nanosecond, zone))
        second, fraction = divmod(self.local_nanosecond, SECOND)
        moved, offset = zones.resolve_local(zone, second, preferred)
        return DateTime.of_local(moved * SECOND + fraction, offset, zone)


@dataclass(unsafe_hash=True, slots=True)
class DaysDuration:
    """A days and time duration: exact nanoseconds, either sign."""

    nanoseconds: int

    @property
    def whole_seconds(self) -> int:
        """Seconds, rounded down; the parts shown to FEEL are those of this number."""
        return self.nanoseconds // SECOND


@dataclass(unsafe_hash=True, slots=True)
class YearsDuration:
    """A years and months duration: months, either sign."""

    months: int


Temporal = Date | Time | DateTime | DaysDuration | YearsDuration
TEMPORAL_TYPES: frozenset[type] = frozenset({Date, Time, DateTime, DaysDuration, YearsDuration})

_NAMES = {
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysDuration: "days and time duration",
    YearsDuration: "years and months duration",
}


def type_name(value: Temporal) -> str:
    """FEEL's name of the value's type."""
    return _NAMES[type(value)]


def from_python(value: python.date | python.time | python.timedelta) -> Temporal:
    """The FEEL value of a `date`, `datetime`, `time` or `timedelta`.

    A `ZoneInfo` stays as zone, every other time zone becomes an offset. Raises TypeError for other types.
    """
    if isinstance(value, python.datetime):
        return DateTime(Date(value.year, value.month, value.day), _clock(value, value.utcoffset()))
    if isinstance(value, python.date):
        return Date(value.year, value.month, value.day)
    if isinstance(value, python.time):
        zone = _region(value.tzinfo)
        if zone is not None:
            return _clock(value.replace(tzinfo=None), None).in_zone(zone)
        return _clock(value, value.utcoffset())
    if isinstance(value, python.timedelta):
        return DaysDuration((value.days * 86_400 + value.seconds) * SECOND + value.microseconds * 1000)
    raise TypeError(f"no temporal value of FEEL: {type(value).__name__}")


def _clock(value: python.datetime | python.time, offset: python.timedelta | None) -> Time:
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    nanosecond = seconds * SECOND + value.microsecond * 1000
    if offset is None:
        return Time(nanosecond)
    return Time(nanosecond, offset.days * 86_400 + offset.seconds, _region(value.tzinfo))


def _region(tzinfo: python.tzinfo | None) -> str | None:
    return tzinfo.key if isinstance(tzinfo, ZoneInfo) and zones.is_region(tzinfo.key) else None
