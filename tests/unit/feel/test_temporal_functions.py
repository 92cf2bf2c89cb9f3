"""Functions that make temporal values or ask the calendar, seen through expressions."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from worker import feel


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("string(date(2024, 2, 29))", "2024-02-29"),
        ("date(2023, 2, 29)", None),
        ("date(10**40, 1, 1)", None),
        ('string(date(@"2024-02-29T10:00:00Z"))', "2024-02-29"),
        ("string(date(text))", "2024-02-29"),
        ("string(time(10, 30, 1.5))", "10:30:01.5"),
        ("time(24, 0, 0)", None),
        ("time(10, 30, -0.5)", None),
        ('string(time(10, 30, 0, @"-PT5H"))', "10:30:00-05:00"),
        ("string(time(10, 30, 1.5, null))", "10:30:01"),
        ('time(10, 30, 0, @"PT19H")', None),
        ('string(time(@"2024-02-29T10:00:00@Europe/Berlin"))', "10:00:00@Europe/Berlin"),
        ('string(time(@"2024-02-29"))', "00:00:00Z"),
        ('string(date and time(@"2024-02-29", @"10:00:00"))', "2024-02-29T10:00:00"),
        ('string(date and time(@"2024-07-01", @"10:00:00@Europe/Berlin"))', "2024-07-01T10:00:00@Europe/Berlin"),
        ('string(date and time(@"2024-07-01T09:00:00Z", @"10:00:00+01:00"))', "2024-07-01T10:00:00+01:00"),
        ('string(date and time(@"2024-07-01T10:00:00Z", "Europe/Berlin"))', "2024-07-01T12:00:00@Europe/Berlin"),
        ('string(date and time(@"2024-07-01T10:00:00", "Europe/Berlin"))', "2024-07-01T10:00:00@Europe/Berlin"),
        ('string(date and time(@"2024-07-01T10:00:00Z", "+2"))', "2024-07-01T12:00:00+02:00"),
        ('date and time(@"2024-07-01T10:00:00Z", "Nowhere")', None),
        ('date and time(@"2024-07-01", "Europe/Berlin")', None),
        ('string(duration("P14M"))', "P1Y2M"),
        ('string(duration("p1d"))', "P1D"),
        ("duration(loose)", None),
        ('string(years and months duration(@"2011-12-22", @"2013-08-24"))', "P1Y8M"),
        ('string(years and months duration(@"2024-01-31", @"2024-02-29"))', "P0Y"),
        ('string(years and months duration(@"2024-03-30T10:00:00", @"2024-01-31"))', "-P1M"),
        ('day of year(@"2024-12-31")', 366),
        ('day of week(@"2024-02-29T10:00:00")', "Thursday"),
        ('month of year(@"2024-02-29")', "February"),
        ('week of year(@"2021-01-03")', 53),
        ('week of year(@"2024-12-30")', 1),
        ('string(last day of month(@"2023-02-01T10:00:00Z"))', "2023-02-28"),
    ],
)
def test_results(expression: str, expected: Any) -> None:
    assert feel.evaluate(expression, {"text": "2024-02-29", "loose": "p1d"}).value == expected


def test_now_is_one_moment_with_an_offset() -> None:
    before = datetime.datetime.now(datetime.UTC)
    result = feel.evaluate("[now() = now(), now().time offset != null, date(now()) = today(), string(now())]", {})
    same, zoned, today, text = result.value
    assert same is zoned is today is True
    assert before - datetime.timedelta(seconds=1) < datetime.datetime.fromisoformat(text)
