"""Texts to temporal values, in the forms of `date("...")`, `duration("...")` and `@"..."`.

Every function returns None for a text that is not valid in all its parts; nothing is guessed or
repaired. The reverse direction is `printing.py`.
"""

from __future__ import annotations

import re

from .values import DAY, SECOND, Date, DateTime, DaysDuration, Temporal, Time, YearsDuration
from .zones import parse_offset, parse_zone

_MAX_TEXT = 200
"""Longer texts cannot be valid: years, numbers of durations and zone ids are all bounded."""
_INT_MAX = 2**31 - 1
_LONG_MAX = 2**63 - 1
_MAX_MONTHS = _INT_MAX * 12 + 11

_DATE = r"(?P<year>-?(?:[1-9][0-9]{0,4})?[0-9]{4})-(?P<month>[01][0-9])-(?P<day>[0-3][0-9])"
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{0,9}))?)?"
_FULL_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?"
_OFFSET = r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})"

_DATE_FORM = re.compile(_DATE)
_LOCAL_TIME_FORM = re.compile(f"T?{_CLOCK}")
_ZONED_TIME_FORM = re.compile(f"T?{_FULL_CLOCK}(?:{_OFFSET}|@(?P<zone>.+))")
_LOCAL_FORM = re.compile(f"{_DATE}T{_CLOCK}")
_ZONED_FORM = re.compile(rf"{_DATE}T{_CLOCK}(?:{_OFFSET}(?:\[(?P<bracket>.+)\])?|@(?P<zone>.+))")
_YEARS_FORM = re.compile(r"(?P<sign>-?)P(?:(?P<years>-?[0-9]+)Y)?(?:(?P<months>-?[0-9]+)M)?")
_DAYS_PARTS = (
    r"P(?:(?P<days>{0}[0-9]+)D)?(?P<clock>T(?:(?P<hours>{0}[0-9]+)H)?(?:(?P<minutes>{0}[0-9]+)M)?"
    r"(?:(?P<seconds>{0}[0-9]+)(?:[.,](?P<fraction>[0-9]{{0,9}}))?S)?)?"
)
_DAYS_FORM = re.compile("(?P<sign>-?)" + _DAYS_PARTS.format("-?"))
_LOOSE_DAYS_FORM = re.compile("(?P<sign>[-+]?)" + _DAYS_PARTS.format("[-+]?"), re.IGNORECASE | re.ASCII)


def parse_date(text: str) -> Date | None:
    """`2024-02-29`; the year has 4 to 9 digits and may be negative."""
    match = _DATE_FORM.fullmatch(text)
    return _date(match) if match else None


def parse_time(text: str) -> Time | None:
    """`10:30[:00[.5]]`, or with seconds and `Z`, an offset or `@Zone`; `24:00` counts as midnight."""
    if len(text) > _MAX_TEXT:
        return None
    if match := _ZONED_TIME_FORM.fullmatch(text):
        return _zoned_time(match)
    match = _LOCAL_TIME_FORM.fullmatch(text)
    return _clock(match, midnight_at_24=True) if match else None


def parse_date_time(text: str) -> DateTime | None:
    """A date, which means midnight, or a date and a time joined by `T`, with or without offset or zone."""
    date = parse_date(text) if "T" not in text else None
    return DateTime(date, Time(0)) if date is not None else _date_time(text)


def parse_duration(text: str, *, literal: bool = True) -> DaysDuration | YearsDuration | None:
    """`P1Y2M`, `P1DT2H3M4.5S`; in a literal the days form may be in any case and have plus signs."""
    return _years(text) or _days(text, _LOOSE_DAYS_FORM if literal else _DAYS_FORM)


def parse_at(text: str) -> Temporal | None:
    """The value of `@"..."`; its form decides on the type."""
    return (
        parse_date(text)
        or (parse_time(text) if _ZONED_TIME_FORM.fullmatch(text[: _MAX_TEXT + 1]) else None)
        or _date_time(text)
        or _years(text)
        or _days(text, _DAYS_FORM)
        or parse_time(text)
    )


def _date(match: re.Match[str]) -> Date | None:
    if match["year"] == "-0000":
        return None
    return Date.of(int(match["year"]), int(match["month"]), int(match["day"]))


def _clock(match: re.Match[str], *, midnight_at_24: bool) -> Time | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    fraction = int((match["fraction"] or "").ljust(9, "0"))
    if midnight_at_24 and hour == 24 and minute == second == fraction == 0:
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        return None
    return Time((hour * 3600 + minute * 60 + second) * SECOND + fraction)


def _zoned_time(match: re.Match[str]) -> Time | None:
    clock = _clock(match, midnight_at_24=True)
    zone = parse_zone(match["zone"]) if match["zone"] else parse_offset(match["offset"])
    return None if clock is None or zone is None else clock.in_zone(zone)


def _date_time(text: str) -> DateTime | None:
    if len(text) > _MAX_TEXT:
        return None
    match = _ZONED_FORM.fullmatch(text) or _LOCAL_FORM.fullmatch(text)
    if match is None or match["fraction"] == "":
        return None
    date, clock = _date(match), _clock(match, midnight_at_24=False)
    if date is None or clock is None:
        return None
    local = DateTime(date, clock)
    return local if match.re is _LOCAL_FORM else _attach_zone(local, match)


def _attach_zone(local: DateTime, match: re.Match[str]) -> DateTime | None:
    if match["zone"]:
        zone = parse_zone(match["zone"])
        return None if zone is None else local.in_zone(zone)
    offset = parse_offset(match["offset"])
    if offset is None:
        return None
    moment = DateTime(local.date, Time(local.time.nanosecond, offset))
    if not match["bracket"]:
        return moment
    zone = parse_zone(match["bracket"])
    return None if zone is None else DateTime.of_instant(moment.instant, zone)


def _years(text: str) -> YearsDuration | None:
    if len(text) > _MAX_TEXT:
        return None
    match = _YEARS_FORM.fullmatch(text)
    if match is None or (match["years"] is None and match["months"] is None):
        return None
    years, months = int(match["years"] or 0), int(match["months"] or 0)
    if max(abs(years), abs(months)) > _INT_MAX:
        return None
    total = years * 12 + months
    return YearsDuration(-total if match["sign"] else total) if abs(total) <= _MAX_MONTHS else None


def _days(text: str, form: re.Pattern[str]) -> DaysDuration | None:
    if len(text) > _MAX_TEXT:
        return None
    match = form.fullmatch(text)
    if match is None or len(match["clock"] or "T0") == 1 or not (match["days"] or match["clock"]):
        return None
    seconds_text = match["seconds"] or "0"
    nanoseconds = int((match["fraction"] or "").ljust(9, "0"))
    if seconds_text.startswith("-"):
        nanoseconds = -nanoseconds
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or 0)
    nanoseconds += int(match["days"] or 0) * DAY + (hours * 3600 + minutes * 60 + int(seconds_text)) * SECOND
    if abs(nanoseconds) // SECOND > _LONG_MAX:
        return None
    return DaysDuration(-nanoseconds if match["sign"] == "-" else nanoseconds)
