"""The proleptic Gregorian calendar on plain integers, for years far beyond Python's `datetime`.

Days are counted from 1970-01-01, which is day 0. Everything here is arithmetic of constant cost; the
values that use it are in `values.py`.
"""

from __future__ import annotations

MAX_YEAR = 999_999_999
DAYS_PER_CYCLE = 146_097
"""Days of 400 years, after which the calendar and its weekdays repeat."""

_EPOCH = 719_468
"""Days from 0000-03-01 to 1970-01-01."""
_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap_year(year: int) -> bool:
    """Whether February has 29 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Days of a month (1..12)."""
    return 29 if month == 2 and is_leap_year(year) else _MONTH_LENGTHS[month - 1]


def is_valid(year: int, month: int, day: int) -> bool:
    """Whether the day exists and lies within the supported years."""
    return abs(year) <= MAX_YEAR and 1 <= month <= 12 and 1 <= day <= month_length(year, month)


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01. Years are counted from March so that the leap day comes last."""
    shifted_year = year - (month <= 2)
    cycle, year_of_cycle = divmod(shifted_year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_cycle = year_of_cycle * 365 + year_of_cycle // 4 - year_of_cycle // 100 + day_of_year
    return cycle * DAYS_PER_CYCLE + day_of_cycle - _EPOCH


def civil(number: int) -> tuple[int, int, int]:
    """Year, month and day of a day number."""
    cycle, day_of_cycle = divmod(number + _EPOCH, DAYS_PER_CYCLE)
    year_of_cycle = (day_of_cycle - day_of_cycle // 1460 + day_of_cycle // 36_524 - day_of_cycle // 146_096) // 365
    day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle // 4 - year_of_cycle // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = (shifted_month + 2) % 12 + 1
    return cycle * 400 + year_of_cycle + (month <= 2), month, day


def weekday(number: int) -> int:
    """Monday = 1 ... Sunday = 7; day 0 was a Thursday."""
    return (number + 3) % 7 + 1


def week_of_year(year: int, month: int, day: int) -> int:
    """ISO 8601 week number: the week belongs to the year its Thursday lies in."""
    number = day_number(year, month, day)
    thursday = number - weekday(number) + 4
    thursday_year = civil(thursday)[0]
    return (thursday - day_number(thursday_year, 1, 1)) // 7 + 1
