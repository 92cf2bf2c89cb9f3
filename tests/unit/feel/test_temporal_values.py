"""Texts, operators, order, properties and printed forms of temporal values."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker.feel import temporal
from worker.feel.temporal import Date, DateTime, DaysDuration, Time, YearsDuration


def at(text: str) -> Any:
    value = temporal.parse_at(text)
    assert value is not None, text
    return value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2024-02-29", "date"),
        ("-0001-01-01", "date"),
        ("999999999-12-31", "date"),
        ("10:30", "time"),
        ("T10:30:00", "time"),
        ("24:00:00", "time"),
        ("10:30:00Z", "time"),
        ("10:30:00.5-05:00", "time"),
        ("10:30:00@Europe/Berlin", "time"),
        ("10:30:00@GMT+02:00", "time"),
        ("2024-02-29T10:30", "date and time"),
        ("2024-02-29T10:30Z", "date and time"),
        ("2024-02-29T10:30:00+02:00[Europe/Berlin]", "date and time"),
        ("2024-02-29T10:30:00@Etc/UTC", "date and time"),
        ("P1Y", "years and months duration"),
        ("-P14M", "years and months duration"),
        ("P1DT2H", "days and time duration"),
        ("PT1,5S", "days and time duration"),
        ("PT-1H-5M", "days and time duration"),
    ],
)
def test_the_form_of_a_text_decides_on_its_type(text: str, name: str) -> None:
    assert temporal.type_name(at(text)) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2023-02-29",
        "02024-01-01",
        "1234567890-01-01",
        "-0000-01-01",
        "2024-1-1",
        "+2024-01-01",
        "25:00:00",
        "10:60",
        "10:30.5",
        "10:30:00.1234567890",
        "10:30Z",
        "10:30:00+19:00",
        "10:30:00z",
        "10:30:00@Nowhere/Town",
        "10:30:00@EST",
        "10:30:00@GMT+2",
        "10:30:00@europe/berlin",
        "10:30:00@../../etc/passwd",
        "10:30:00@posix/Europe/Berlin",
        "2024-02-29T24:00:00",
        "2024-02-29 10:30:00",
        "P",
        "PT",
        "P1W",
        "P1Y1D",
        "p1d",
        "+P1D",
        "P9999999999Y",
        "P99999999999999999999D",
        "1" * 10_000,
        "P" + "9" * 10_000 + "D",
    ],
)
def test_other_texts_are_no_value(text: str) -> None:
    assert temporal.parse_at(text) is None


def test_literals_of_durations_are_read_more_freely() -> None:
    assert temporal.parse_duration("p1d") == temporal.parse_duration("+P+1D") == at("P1D")
    assert temporal.parse_duration("p1d", literal=False) is None


def test_a_date_alone_is_midnight_for_date_and_time_only() -> None:
    assert temporal.parse_date_time("2024-02-29") == at("2024-02-29T00:00:00")
    assert temporal.parse_date("2024-02-29T00:00:00") is None


@pytest.mark.parametrize(
    ("text", "printed", "json", "json_function"),
    [
        ("2024-02-29", "2024-02-29", "2024-02-29", "2024-02-29"),
        ("12345-01-01", "+12345-01-01", "+12345-01-01", "+12345-01-01"),
        ("12345-01-01T10:00:00", "12345-01-01T10:00:00", "+12345-01-01T10:00:00", "+12345-01-01T10:00:00"),
        ("10:30", "10:30:00", "10:30:00", "10:30:00"),
        ("10:30:00.50", "10:30:00.5", "10:30:00.5", "10:30:00.5"),
        ("10:30:00+00:00", "10:30:00Z", "10:30Z", "10:30:00Z"),
        ("10:30:05Z", "10:30:05Z", "10:30:05Z", "10:30:05Z"),
        ("10:30:00.5Z", "10:30:00.5Z", "10:30:00.500Z", "10:30:00.5Z"),
        ("10:30:00@Asia/Tokyo", "10:30:00@Asia/Tokyo", "10:30+09:00", "10:30:00+09:00"),
        (
            "2024-07-01T10:30:00@Europe/Berlin",
            "2024-07-01T10:30:00@Europe/Berlin",
            "2024-07-01T10:30:00+02:00",
            "2024-07-01T10:30:00+02:00[Europe/Berlin]",
        ),
        ("P1D", "P1D", "PT24H", "PT24H"),
        ("PT36H90M", "P1DT13H30M", "PT37H30M", "PT37H30M"),
        ("PT0S", "P0D", "PT0S", "PT0S"),
        ("-PT1.5S", "-PT2S", "PT-1.5S", "PT-1.5S"),
        ("P14M", "P1Y2M", "P1Y2M", "P1Y2M"),
        ("-P1Y2M", "-P1Y2M", "P-1Y-2M", "P-1Y-2M"),
        ("P0M", "P0Y", "P0D", "P0D"),
    ],
)
def test_texts_of_values(text: str, printed: str, json: str, json_function: str) -> None:
    value = at(text)
    assert temporal.to_string(value) == printed
    assert temporal.to_json_text(value) == json
    assert temporal.to_json_function_text(value) == json_function


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2024-01-31", "PT36H", "2024-02-01"),
        ("2024-01-31", "-PT1S", "2024-01-30"),
        ("23:30:00", "PT1H", "00:30:00"),
        ("23:30:00+02:00", "P3DT1H", "00:30:00+02:00"),
        ("2024-01-31T10:00:00", "P13M", "2025-02-28T10:00:00"),
        ("2024-03-30T02:30:00@Europe/Berlin", "P1D", "2024-03-31T03:30:00@Europe/Berlin"),
        ("2024-02-29T02:30:00@Europe/Berlin", "P1M", "2024-03-29T02:30:00@Europe/Berlin"),
        ("2024-02-28T10:00:00Z", "P1D", "2024-02-29T10:00:00Z"),
        ("P1D", "PT12H", "P1DT12H"),
        ("P1Y", "P1M", "P1Y1M"),
    ],
)
def test_sums(left: str, right: str, total: str) -> None:
    assert temporal.add(at(left), at(right)) == at(total)
    assert temporal.add(at(right), at(left)) == at(total)


@pytest.mark.parametrize(
    ("left", "right", "difference"),
    [
        ("2024-03-01", "2024-02-01", "P29D"),
        ("2024-03-31", "P1M", "2024-02-29"),
        ("2024-03-01", "PT1H", "2024-02-29"),
        ("10:00:00", "11:00:00", "-PT1H"),
        ("10:00:00Z", "11:00:00Z", "PT1H"),
        ("10:00:00+01:00", "10:00:00Z", "PT1H"),
        ("2024-03-31T03:30:00@Europe/Berlin", "2024-03-31T01:30:00@Europe/Berlin", "PT1H"),
        ("2024-01-01T00:00:00", "PT0.000000001S", "2023-12-31T23:59:59.999999999"),
        ("P1D", "P2D", "-P1D"),
        ("P1Y", "P13M", "-P1M"),
    ],
)
def test_differences(left: str, right: str, difference: str) -> None:
    assert temporal.subtract(at(left), at(right)) == at(difference)


def test_products_and_quotients() -> None:
    assert temporal.multiply(at("P1D"), Decimal("1.5")) == at("P1D")
    assert temporal.multiply(3, at("P1M")) == at("P3M")
    assert temporal.multiply(at("PT1S"), 3_000_000_000) == DaysDuration(3_000_000_000 * 10**9)
    assert temporal.divide(at("P1Y"), 5) == at("P2M")
    assert temporal.divide(at("-P1D"), Decimal("0.5")) == at("-P2D")
    assert temporal.divide(at("PT1H"), at("PT40M")) == 1
    assert temporal.divide(at("-P1Y"), at("P5M")) == -2


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        (temporal.add, "2024-01-01", "2024-01-01"),
        (temporal.add, "10:00:00", "P1M"),
        (temporal.add, "P1D", "P1M"),
        (temporal.add, "999999999-12-31", "P1D"),
        (temporal.add, "999999999-12-31", "P1M"),
        (temporal.subtract, "2024-01-01", "2024-01-01T00:00:00"),
        (temporal.subtract, "10:00:00", "10:00:00Z"),
        (temporal.subtract, "P1D", "2024-01-01"),
        (temporal.divide, "P1D", "PT0.0001S"),
        (temporal.divide, "P1D", "P1M"),
        (temporal.divide, "P1Y", "P0M"),
        (temporal.multiply, "P1D", "P1D"),
    ],
)
def test_what_the_table_does_not_have_is_null(operator: Any, left: str, right: str) -> None:
    assert operator(at(left), at(right)) is None


@pytest.mark.parametrize("number", [Decimal("1e999999"), Decimal("1e-999999"), 10**300, True, "2", None, 0])
def test_extreme_and_foreign_factors(number: Any) -> None:
    assert temporal.divide(at("P1D"), number) in (None, at("PT0S"))
    assert temporal.multiply(at("P1D"), number) in (None, at("PT0S"))


def test_equality_asks_for_offset_and_zone_but_order_for_the_moment() -> None:
    berlin, offset = at("2024-07-01T10:00:00@Europe/Berlin"), at("2024-07-01T10:00:00+02:00")
    assert berlin != offset
    assert temporal.comparable(berlin, offset)
    assert temporal.compare(berlin, offset) == 1
    assert at("10:00:00+01:00") != at("09:00:00Z")
    assert temporal.compare(at("10:00:00+01:00"), at("09:00:00Z")) == 0
    assert temporal.compare(at("2024-07-01T10:00:00+02:00"), at("2024-07-01T09:00:00Z")) == -1
    assert at("P14M") == at("P1Y2M")


@pytest.mark.parametrize(
    ("left", "right"),
    [("10:00:00", "10:00:00Z"), ("2024-01-01", "2024-01-01T00:00:00"), ("P1D", "P1M"), ("2024-01-01", "10:00:00")],
)
def test_unlike_types_are_not_comparable(left: str, right: str) -> None:
    assert not temporal.comparable(at(left), at(right))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29", {"year": 2024, "month": 2, "day": 29, "weekday": 4}),
        ("-0001-03-01", {"year": -1, "month": 3, "day": 1, "weekday": 1}),
        ("P1Y2M", {"years": 1, "months": 2}),
        ("-P14M", {"years": -1, "months": -2}),
        ("-P1DT1H", {"days": -1, "hours": -1, "minutes": 0, "seconds": 0}),
        ("-PT1.5S", {"days": 0, "hours": 0, "minutes": 0, "seconds": -2}),
        (
            "10:30:05@Europe/Berlin",
            {
                "hour": 10,
                "minute": 30,
                "second": 5,
                "time offset": DaysDuration(3600 * 10**9),
                "timezone": "Europe/Berlin",
            },
        ),
        ("10:30:05", {"hour": 10, "minute": 30, "second": 5, "time offset": None, "timezone": None}),
    ],
)
def test_properties(text: str, expected: dict[str, Any]) -> None:
    value = at(text)
    assert {name: temporal.get_property(value, name) for name in temporal.property_names(value)} == expected


def test_a_date_and_time_has_the_properties_of_both() -> None:
    value = at("2024-02-29T10:30:00Z")
    assert len(temporal.property_names(value)) == 9
    assert temporal.get_property(value, "day") == 29
    assert temporal.get_property(value, "time offset") == DaysDuration(0)
    with pytest.raises(KeyError):
        temporal.get_property(value, "__class__")


def test_values_of_python() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert temporal.from_python(datetime.date(2024, 2, 29)) == Date(2024, 2, 29)
    assert temporal.from_python(datetime.datetime(2024, 7, 1, 10, tzinfo=berlin)) == at(
        "2024-07-01T10:00:00@Europe/Berlin"
    )
    assert temporal.from_python(datetime.datetime(2024, 7, 1, 10, tzinfo=datetime.UTC)) == at("2024-07-01T10:00:00Z")
    assert temporal.from_python(datetime.time(10, 30)) == Time(37_800 * 10**9)
    assert temporal.from_python(datetime.time(10, 30, tzinfo=berlin)) == at("10:30:00@Europe/Berlin")
    assert temporal.from_python(datetime.timedelta(days=-1, microseconds=1)) == DaysDuration(-86_399_999_999_000)
    with pytest.raises(TypeError):
        temporal.from_python("2024-01-01")  # type: ignore[arg-type]


def test_types_are_known() -> None:
    assert {Date, Time, DateTime, DaysDuration, YearsDuration} == set(temporal.TEMPORAL_TYPES)
