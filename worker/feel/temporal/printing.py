"""Temporal values to text: FEEL's printed form, and the two JSON forms.

`string()` and messages use `to_string`. Process variables get `to_json_text`, which writes durations in
hours and drops zone ids; the function `to json()` uses `to_json_function_text`, which keeps more.
"""

from __future__ import annotations

from .values import SECOND, Date, DateTime, DaysDuration, Temporal, Time, YearsDuration
from .zones import offset_text


def to_string(value: Temporal) -> str:
    """The printed form, as `string()` gives it."""
    if isinstance(value, Date):
        return _date(value, plus=True)
    if isinstance(value, Time):
        return _clock(value) + _suffix(value)
    if isinstance(value, DateTime):
        return f"{_date(value.date, plus=False)}T{_clock(value.time)}{_suffix(value.time)}"
    if isinstance(value, DaysDuration):
        return _days_duration(value)
    return _years_duration(value)


def to_json_text(value: Temporal) -> str:
    """The text of a process variable."""
    if isinstance(value, Time) and value.offset is not None:
        return _short_clock(value) + offset_text(value.offset)
    return _iso(value)


def to_json_function_text(value: Temporal) -> str:
    """The text that `to json()` writes: zoned times with seconds, zoned dates and times with the zone id."""
    if isinstance(value, DateTime) and value.time.zone is not None:
        return f"{_iso(value)}[{value.time.zone}]"
    return _iso(value)


def _iso(value: Temporal) -> str:
    if isinstance(value, Date):
        return _date(value, plus=True)
    if isinstance(value, Time):
        return _clock(value) + _offset(value)
    if isinstance(value, DateTime):
        return f"{_date(value.date, plus=True)}T{_clock(value.time)}{_offset(value.time)}"
    if isinstance(value, DaysDuration):
        return _hours_duration(value.nanoseconds)
    return _signed_years_duration(value.months)


def _date(value: Date, *, plus: bool) -> str:
    sign = "-" if value.year < 0 else "+" if plus and value.year > 9999 else ""
    return f"{sign}{abs(value.year):04d}-{value.month:02d}-{value.day:02d}"


def _clock(value: Time) -> str:
    text = f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}"
    fraction = value.nanosecond % SECOND
    return f"{text}.{fraction:09d}".rstrip("0") if fraction else text


def _short_clock(value: Time) -> str:
    """Zero seconds are left out; a fraction has 3, 6 or 9 digits."""
    fraction = value.nanosecond % SECOND
    if not fraction:
        return _clock(value) if value.second else f"{value.hour:02d}:{value.minute:02d}"
    digits = f"{fraction:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}.{digits}"


def _offset(value: Time) -> str:
    return "" if value.offset is None else offset_text(value.offset)


def _suffix(value: Time) -> str:
    return _offset(value) if value.zone is None else f"@{value.zone}"


def _days_duration(value: DaysDuration) -> str:
    seconds = value.whole_seconds
    if seconds == 0:
        return "P0D"
    days, rest = divmod(abs(seconds), 86_400)
    hours, minutes, seconds_left = rest // 3600, rest // 60 % 60, rest % 60
    clock = _part(hours, "H") + _part(minutes, "M") + _part(seconds_left, "S")
    return f"{'-' if seconds < 0 else ''}P{_part(days, 'D')}{'T' if clock else ''}{clock}"


def _years_duration(value: YearsDuration) -> str:
    if value.months == 0:
        return "P0Y"
    years, months = divmod(abs(value.months), 12)
    return f"{'-' if value.months < 0 else ''}P{_part(years, 'Y')}{_part(months, 'M')}"


def _hours_duration(nanoseconds: int) -> str:
    """ISO 8601 with hours as largest unit; every part carries the sign."""
    if nanoseconds == 0:
        return "PT0S"
    sign = "-" if nanoseconds < 0 else ""
    total, fraction = divmod(abs(nanoseconds), SECOND)
    hours, minutes, seconds = total // 3600, total // 60 % 60, total % 60
    text = "PT" + _part(hours, "H", sign) + _part(minutes, "M", sign)
    if fraction:
        return f"{text}{sign}{seconds}.{fraction:09d}".rstrip("0") + "S"
    return text + _part(seconds, "S", sign)


def _signed_years_duration(months: int) -> str:
    if months == 0:
        return "P0D"
    years, rest = divmod(abs(months), 12)
    sign = "-" if months < 0 else ""
    return f"P{_part(years, 'Y', sign)}{_part(rest, 'M', sign)}"


def _part(number: int, unit: str, sign: str = "") -> str:
    return f"{sign}{number}{unit}" if number else ""
