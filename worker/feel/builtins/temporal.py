"""Functions that make dates, times and durations, and those that look at the calendar.

The values and their operators are in `worker/feel/temporal`.
"""

from __future__ import annotations

from decimal import Decimal

from worker.feel import temporal
from worker.feel.errors import IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.temporal import Date, DateTime, DaysDuration, Temporal, Time, YearsDuration, calendar, zones
from worker.feel.temporal.values import SECOND

from .registry import Family

TEMPORAL = Family("temporal")

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_FAR = 2**31
"""Beyond every year, month, hour and the like."""


@TEMPORAL.builtin(
    "date",
    "from: string | date | date and time",
    summary="A date from its text, or the date of a date and time.",
    examples=[('date("2018-04-29")', '@"2018-04-29"'), ('date(@"2012-12-25T11:00:00")', '@"2012-12-25"')],
)
def _date(evaluation: Evaluation, value: str | Date | DateTime) -> Date:
    if isinstance(value, str):
        parsed = temporal.parse_date(value)
        if parsed is None:
            raise IllegalArguments(f"Failed to parse date from '{value}'")
        return parsed
    return _day(value)


@TEMPORAL.builtin(
    "date",
    "year: number",
    "month: number",
    "day: number",
    summary="A date from its parts.",
    examples=[("date(2012, 12, 25)", '@"2012-12-25"')],
)
def _date_of_parts(evaluation: Evaluation, year: int | Decimal, month: int | Decimal, day: int | Decimal) -> Date:
    found = Date.of(_cut(year), _cut(month), _cut(day))
    if found is None:
        raise IllegalArguments(f"Failed to parse date from: year={year}, month={month}, day={day}")
    return found


@TEMPORAL.builtin(
    "time",
    "from: string | date | date and time",
    summary="A time from its text, or the time of a date and time.",
    examples=[('time("12:00:00")', '@"12:00:00"'), ('time(@"2012-12-25T11:00:00Z")', '@"11:00:00Z"')],
)
def _time(evaluation: Evaluation, value: str | Date | DateTime) -> Time:
    if isinstance(value, DateTime):
        return value.time
    if isinstance(value, Date):
        return Time(0, 0)
    parsed = temporal.parse_time(value)
    if parsed is None:
        raise IllegalArguments(f"Failed to parse time from '{value}'")
    return parsed


@TEMPORAL.builtin(
    "time",
    "hour: number",
    "minute: number",
    "second: number",
    summary="A local time from its parts.",
    examples=[("time(23, 59, 0)", '@"23:59:00"')],
)
def _time_of_parts(evaluation: Evaluation, hour: int | Decimal, minute: int | Decimal, second: int | Decimal) -> Time:
    return _clock(hour, minute, second)


@TEMPORAL.builtin(
    "time",
    "hour: number",
    "minute: number",
    "second: number",
    "offset: days and time duration?",
    summary="A time from its parts with an offset from UTC; local if the offset is null.",
    examples=[('time(14, 30, 0, duration("PT1H"))', '@"14:30:00+01:00"')],
)
def _time_with_offset(
    evaluation: Evaluation,
    hour: int | Decimal,
    minute: int | Decimal,
    second: int | Decimal,
    offset: DaysDuration | None,
) -> Time:
    if offset is None:
        return Time(_nanosecond(_cut(hour), _cut(minute), _cut(second)))
    if abs(offset.whole_seconds) > zones.MAX_OFFSET:
        raise IllegalArguments(f"offset '{temporal.to_string(offset)}' is beyond 18 hours")
    return _clock(hour, minute, second).in_zone(offset.whole_seconds)


@TEMPORAL.builtin(
    "date and time",
    "from: string",
    summary="A date and time from its text.",
    examples=[('date and time("2018-04-29T09:30:00")', '@"2018-04-29T09:30:00"')],
)
def _date_and_time(evaluation: Evaluation, text: str) -> DateTime:
    parsed = temporal.parse_date_time(text)
    if parsed is None:
        raise IllegalArguments(f"Failed to parse date-time from '{text}'")
    return parsed


@TEMPORAL.builtin(
    "date and time",
    "date: date | date and time",
    "time: time | string",
    summary="Joins a date and a time, or puts a date and time into a time zone.",
    examples=[
        ('date and time(@"2012-12-24", @"23:59:00")', '@"2012-12-24T23:59:00"'),
        (
            'date and time(@"2020-07-31T14:27:30Z", "America/Los_Angeles")',
            '@"2020-07-31T07:27:30@America/Los_Angeles"',
        ),
    ],
)
def _date_and_time_of(evaluation: Evaluation, value: Date | DateTime, time: Time | str) -> DateTime:
    moment = _with_time(_day(value), time) if isinstance(time, Time) else _with_zone(value, time)
    if moment is None:
        raise IllegalArguments
    return moment


@TEMPORAL.builtin(
    "duration",
    "from: string",
    summary="A duration from its text: days and time, or years and months.",
    examples=[('duration("P5D")', '@"P5D"'), ('duration("P32Y")', '@"P32Y"')],
)
def _duration(evaluation: Evaluation, text: str) -> DaysDuration | YearsDuration:
    parsed = temporal.parse_duration(text, literal=False)
    if parsed is None:
        raise IllegalArguments(f"Failed to parse duration from '{text}'")
    return parsed


@TEMPORAL.builtin(
    "years and months duration",
    "from: date | date and time",
    "to: date | date and time",
    summary="The whole months from one date to another.",
    examples=[('years and months duration(@"2011-12-22", @"2013-08-24")', '@"P1Y8M"')],
)
def _years_and_months(evaluation: Evaluation, start: Date | DateTime, end: Date | DateTime) -> YearsDuration:
    first, last = _day(start), _day(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearsDuration(months)


@TEMPORAL.builtin(
    "now",
    summary="The current date and time, the same during one evaluation.",
    examples=[("now()", '@"2020-07-31T14:27:30+02:00"')],
    inexact=True,
)
def _now(evaluation: Evaluation) -> Temporal:
    return temporal.from_python(evaluation.now())


@TEMPORAL.builtin(
    "today",
    summary="The current date.",
    examples=[("today()", '@"2020-07-31"')],
    inexact=True,
)
def _today(evaluation: Evaluation) -> Temporal:
    return temporal.from_python(evaluation.now().date())


@TEMPORAL.builtin(
    "day of year",
    "date: date | date and time",
    summary="The day's number within its year.",
    examples=[('day of year(@"2019-09-17")', "260")],
)
def _day_of_year(evaluation: Evaluation, value: Date | DateTime) -> int:
    date = _day(value)
    return date.day_number - Date(date.year, 1, 1).day_number + 1


@TEMPORAL.builtin(
    "day of week",
    "date: date | date and time",
    summary="The English name of the weekday.",
    examples=[('day of week(@"2019-09-17")', '"Tuesday"')],
)
def _day_of_week(evaluation: Evaluation, value: Date | DateTime) -> str:
    return _DAYS[_day(value).weekday - 1]


@TEMPORAL.builtin(
    "month of year",
    "date: date | date and time",
    summary="The English name of the month.",
    examples=[('month of year(@"2019-09-17")', '"September"')],
)
def _month_of_year(evaluation: Evaluation, value: Date | DateTime) -> str:
    return _MONTHS[_day(value).month - 1]


@TEMPORAL.builtin(
    "week of year",
    "date: date | date and time",
    summary="The number of the ISO 8601 week.",
    examples=[('week of year(@"2019-09-17")', "38")],
)
def _week_of_year(evaluation: Evaluation, value: Date | DateTime) -> int:
    date = _day(value)
    return calendar.week_of_year(date.year, date.month, date.day)


@TEMPORAL.builtin(
    "last day of month",
    "date: date | date and time",
    summary="The last date of the month.",
    examples=[('last day of month(@"2022-10-01")', '@"2022-10-31"')],
)
def _last_day_of_month(evaluation: Evaluation, value: Date | DateTime) -> Date:
    date = _day(value)
    return Date(date.year, date.month, calendar.month_length(date.year, date.month))


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


def _with_time(date: Date, time: Time) -> DateTime | None:
    moment = DateTime(date, time)
    return moment if time.zone is None else moment.in_zone(time.zone)


def _with_zone(value: Date | DateTime, text: str) -> DateTime | None:
    """A local date and time gets the zone, any other is the same moment shown in that zone."""
    if not isinstance(value, DateTime):
        return None
    zone = zones.parse_zone(text, loose=True)
    if zone is None:
        raise IllegalArguments(f"Unknown time zone '{text}'")
    return value.in_zone(zone) if value.is_local else DateTime.of_instant(value.instant, zone)


def _clock(hour: int | Decimal, minute: int | Decimal, second: int | Decimal) -> Time:
    """A local time of numbers, of which only the second may have a fraction that counts."""
    whole = _cut(second)
    fraction = int((Decimal(second) - whole) * SECOND) if abs(whole) < 60 else 0
    return Time(_nanosecond(_cut(hour), _cut(minute), whole, fraction))


def _nanosecond(hour: int, minute: int, second: int, fraction: int = 0) -> int:
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60 and fraction >= 0):
        raise IllegalArguments("Failed to parse time: hours, minutes and seconds are out of range")
    return (hour * 3600 + minute * 60 + second) * SECOND + fraction


def _cut(number: int | Decimal) -> int:
    """Without its fraction; huge numbers become merely too large, so that no digits are written out."""
    if -_FAR < number < _FAR:
        return int(number)
    return _FAR if number > 0 else -_FAR
