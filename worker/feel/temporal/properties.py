"""The parts of temporal values that a path such as `date.year` reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .values import SECOND, Date, DateTime, DaysDuration, Temporal, Time

_Getter = Callable[[Any], "int | str | DaysDuration | None"]


def _cut(dividend: int, divisor: int) -> int:
    quotient = abs(dividend) // divisor
    return -quotient if dividend < 0 else quotient


def _remainder(dividend: int, divisor: int) -> int:
    """Remainder with the sign of the dividend."""
    rest = abs(dividend) % divisor
    return -rest if dividend < 0 else rest


def _time_offset(value: Time) -> DaysDuration | None:
    return None if value.offset is None else DaysDuration(value.offset * SECOND)


_DATE: dict[str, _Getter] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "weekday": lambda value: value.weekday,
}
_TIME: dict[str, _Getter] = {
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "time offset": _time_offset,
    "timezone": lambda value: value.zone,
}
_DAYS: dict[str, _Getter] = {
    "days": lambda value: _cut(value.whole_seconds, 86_400),
    "hours": lambda value: _remainder(_cut(value.whole_seconds, 3600), 24),
    "minutes": lambda value: _remainder(_cut(value.whole_seconds, 60), 60),
    "seconds": lambda value: _remainder(value.whole_seconds, 60),
}
_YEARS: dict[str, _Getter] = {
    "years": lambda value: _cut(value.months, 12),
    "months": lambda value: _remainder(value.months, 12),
}


def get_property(value: Temporal, name: str) -> int | str | DaysDuration | None:
    """The named part; KeyError if the value's type has none of that name."""
    if isinstance(value, DateTime):
        return _DATE[name](value.date) if name in _DATE else _TIME[name](value.time)
    return _getters(value)[name](value)


def property_names(value: Temporal) -> tuple[str, ...]:
    """All names that `get_property` knows for this value."""
    return (*_DATE, *_TIME) if isinstance(value, DateTime) else tuple(_getters(value))


def _getters(value: Temporal) -> dict[str, _Getter]:
    if isinstance(value, Date):
        return _DATE
    if isinstance(value, Time):
        return _TIME
    return _DAYS if isinstance(value, DaysDuration) else _YEARS
