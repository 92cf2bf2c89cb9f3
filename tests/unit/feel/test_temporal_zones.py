"""Zones: offsets by season, gaps and overlaps, far years."""

from __future__ import annotations

import pytest

from worker.feel import temporal
from worker.feel.temporal import DateTime, Time


def moment(text: str) -> DateTime:
    value = temporal.parse_date_time(text)
    assert value is not None, text
    return value


@pytest.mark.parametrize(
    ("text", "json"),
    [
        ("2024-01-01T12:00:00@Europe/Berlin", "2024-01-01T12:00:00+01:00"),
        ("2024-07-01T12:00:00@Europe/Berlin", "2024-07-01T12:00:00+02:00"),
        ("2024-03-31T02:30:00@Europe/Berlin", "2024-03-31T03:30:00+02:00"),
        ("2024-10-27T02:30:00@Europe/Berlin", "2024-10-27T02:30:00+02:00"),
        ("2024-10-06T02:15:00@Australia/Lord_Howe", "2024-10-06T02:45:00+11:00"),
        ("2024-10-27T02:30:00+01:00[Europe/Berlin]", "2024-10-27T02:30:00+01:00"),
        ("2024-07-01T12:00:00+00:00[Europe/Berlin]", "2024-07-01T14:00:00+02:00"),
        ("12345-07-01T12:00:00@Europe/Berlin", "+12345-07-01T12:00:00+02:00"),
        ("999999999-01-01T12:00:00@America/New_York", "+999999999-01-01T12:00:00-05:00"),
        ("-5000-07-01T12:00:00@Etc/GMT+2", "-5000-07-01T12:00:00-02:00"),
        ("2024-07-01T12:00:00@UTC+02:00", "2024-07-01T12:00:00+02:00"),
    ],
)
def test_the_rules_of_the_zone_give_the_offset(text: str, json: str) -> None:
    assert temporal.to_json_text(moment(text)) == json


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("Europe/Berlin", 1), ("Europe/Dublin", 0), ("Africa/Casablanca", 0), ("Australia/Sydney", 10), ("CET", 1)],
)
def test_a_time_alone_has_the_standard_offset_all_year(zone: str, offset: int) -> None:
    value = temporal.parse_time(f"10:00:00@{zone}")
    assert value == Time(36_000 * 10**9, offset * 3600, zone)


def test_months_keep_the_offset_in_an_overlap_where_they_can() -> None:
    winter = moment("2024-11-27T02:30:00@Europe/Berlin")
    month = temporal.parse_duration("P1M")
    back = temporal.subtract(winter, month)
    assert back is not None
    assert temporal.to_json_text(back) == "2024-10-27T02:30:00+01:00"  # type: ignore[arg-type]


def test_days_and_hours_move_along_the_instant() -> None:
    before = moment("2024-10-27T02:30:00@Europe/Berlin")
    later = temporal.add(before, temporal.parse_duration("PT1H"))
    assert later is not None
    assert temporal.to_json_text(later) == "2024-10-27T02:30:00+01:00"


def test_offsets_are_no_zones() -> None:
    for text in ("10:00:00@Z", "10:00:00@+02:00", "10:00:00-05:00"):
        value = temporal.parse_time(text)
        assert value is not None
        assert value.zone is None
