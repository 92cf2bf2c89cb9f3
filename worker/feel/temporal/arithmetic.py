"""Operators on temporal values: sums, products and order, by FEEL's table of operand types.

Every operation returns None where the table has no entry or the result is out of range; the evaluator
turns that into null with a warning. Numbers are `int` or exact `Decimal`, never `float` or `bool`.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from .values import DAY, SECOND, TEMPORAL_TYPES, Date, DateTime, DaysDuration, Temporal, Time, YearsDuration
from .zones import offset_text

_MILLISECOND = SECOND // 1000
_MAX_MONTHS = (2**31 - 1) * 12 + 11
_MAX_NANOSECONDS = (2**63 - 1) * SECOND
_NO_EFFECT = 40
"""Decimal exponent beyond which a factor or divisor surely leads out of every range, or to zero."""


def add(left: Any, right: Any) -> Temporal | None:
    """`left + right`: a duration may stand on either side of a date or time."""
    if isinstance(left, DaysDuration | YearsDuration):
        if type(left) is type(right):
            return _combine(left, right, 1)
        left, right = right, left
    return _shift(left, right, 1)


def subtract(left: Any, right: Any) -> Temporal | None:
    """`left - right`: a difference of two moments, or an earlier moment."""
    if isinstance(left, DaysDuration | YearsDuration):
        return _combine(left, right, -1) if type(left) is type(right) else None
    if isinstance(right, DaysDuration | YearsDuration):
        return _shift(left, right, -1)
    return _difference(left, right) if comparable(left, right) else None


def multiply(left: Any, right: Any) -> DaysDuration | YearsDuration | None:
    """A duration times a number, whose fraction is cut off first."""
    duration, number = (left, right) if isinstance(left, DaysDuration | YearsDuration) else (right, left)
    if not isinstance(duration, DaysDuration | YearsDuration) or not _is_number(number):
        return None
    factor = _cut(number)
    if factor is None:
        return _duration(duration, 0) if _size(duration) == 0 else None
    return _duration(duration, _size(duration) * factor)


def divide(left: Any, right: Any) -> DaysDuration | YearsDuration | int | None:
    """A duration by a number (whole months or milliseconds), or the integer quotient of two durations."""
    if not isinstance(left, DaysDuration | YearsDuration):
        return None
    unit = _MILLISECOND if isinstance(left, DaysDuration) else 1
    size = _quotient(_size(left), unit)
    if type(left) is type(right):
        divisor = _quotient(_size(right), unit)
        return _quotient(size, divisor) if divisor else None
    if not _is_number(right) or not right:
        return None
    quotient = _divide_by_number(size, right)
    return None if quotient is None else _duration(left, quotient * unit)


def comparable(left: Any, right: Any) -> bool:
    """Whether the values have one type; local and zoned times are different types."""
    if type(left) is not type(right) or type(left) not in TEMPORAL_TYPES:
        return False
    return not isinstance(left, Time | DateTime) or left.is_local == right.is_local


def compare(left: Temporal, right: Temporal) -> int:
    """-1, 0 or 1 for two comparable values; zoned ones by the moment, then local time, then zone id.

    0 does not mean equal for zoned times: `==` asks for the same offset and zone too.
    """
    first, second = _order_key(left), _order_key(right)
    return (first > second) - (first < second)


def _order_key(value: Temporal) -> tuple[Any, ...]:
    if isinstance(value, Date):
        return value.year, value.month, value.day
    if isinstance(value, Time):
        return (value.utc_nanosecond,)
    if isinstance(value, DateTime):
        local, offset = value.local_nanosecond, value.time.offset or 0
        return local - offset * SECOND, local, value.time.zone or offset_text(offset)
    return (_size(value),)


def _shift(moment: Any, duration: Any, sign: int) -> Date | Time | DateTime | None:
    if isinstance(duration, YearsDuration):
        return _shift_months(moment, sign * duration.months)
    if not isinstance(duration, DaysDuration):
        return None
    distance = sign * duration.nanoseconds
    if isinstance(moment, Date):
        return Date.of_day_number(moment.day_number + distance // DAY)
    if isinstance(moment, Time):
        return Time((moment.nanosecond + distance) % DAY, moment.offset, moment.zone)
    if isinstance(moment, DateTime):
        if moment.time.offset is None:
            return DateTime.of_local(moment.local_nanosecond + distance)
        return DateTime.of_instant(moment.instant + distance, moment.time.zone or moment.time.offset)
    return None


def _shift_months(moment: Any, months: int) -> Date | DateTime | None:
    if isinstance(moment, Date):
        return moment.plus_months(months)
    if not isinstance(moment, DateTime):
        return None
    date = moment.date.plus_months(months)
    if date is None:
        return None
    moved = DateTime(date, moment.time)
    return moved if moment.time.zone is None else moved.in_zone(moment.time.zone, preferred=moment.time.offset)


def _difference(left: Temporal, right: Temporal) -> DaysDuration | None:
    if isinstance(left, Date) and isinstance(right, Date):
        return DaysDuration((left.day_number - right.day_number) * DAY)
    if isinstance(left, DateTime) and isinstance(right, DateTime):
        return DaysDuration(left.instant - right.instant)
    if isinstance(left, Time) and isinstance(right, Time):
        distance = left.utc_nanosecond - right.utc_nanosecond
        return DaysDuration(distance if left.is_local else abs(distance))
    return None


def _combine(
    left: DaysDuration | YearsDuration, right: DaysDuration | YearsDuration, sign: int
) -> DaysDuration | YearsDuration | None:
    return _duration(left, _size(left) + sign * _size(right))


def _size(duration: Temporal) -> int:
    """Nanoseconds or months."""
    if isinstance(duration, DaysDuration):
        return duration.nanoseconds
    assert isinstance(duration, YearsDuration)  # noqa: S101  narrows the type
    return duration.months


def _duration(like: DaysDuration | YearsDuration, size: int) -> DaysDuration | YearsDuration | None:
    """A duration of the same type with another size."""
    if isinstance(like, DaysDuration):
        return DaysDuration(size) if abs(size) <= _MAX_NANOSECONDS else None
    return YearsDuration(size) if abs(size) <= _MAX_MONTHS else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _cut(number: int | Decimal) -> int | None:
    """The number without its fraction; None if it is too large for any duration."""
    return None if Decimal(number).adjusted() > _NO_EFFECT else int(number)


def _divide_by_number(size: int, divisor: int | Decimal) -> int | None:
    """Exact quotient cut toward zero; None if it is too large for any duration."""
    exponent = Decimal(divisor).adjusted()
    if size == 0 or exponent > _NO_EFFECT:
        return 0
    if exponent < -_NO_EFFECT:
        return None
    return int(Fraction(size) / Fraction(divisor))


def _quotient(dividend: int, divisor: int) -> int:
    """Integer quotient cut toward zero."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient
