"""Durations as Java reads them."""

from __future__ import annotations

import pytest

from worker.durations import milliseconds, parse_duration

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("PT30S", 30 * SECOND),
        ("P1D", 86_400 * SECOND),
        ("P1DT2H", 93_600 * SECOND),
        ("pt5m", 300 * SECOND),
        ("PT1.5S", 1_500_000_000),
        ("PT1,5S", 1_500_000_000),
        ("PT0S", 0),
        ("PT-5M", -300 * SECOND),
        ("-PT5M", -300 * SECOND),
        ("-PT-5M", 300 * SECOND),
        ("PT-1.5S", -1_500_000_000),
        ("PT0.000000001S", 1),
        ("PT9223372036854775807S", (2**63 - 1) * SECOND),
    ],
)
def test_accepted(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "P",
        "PT",
        "P1W",
        "P1M",
        "P1Y",
        "P1D1S",
        "1m",
        " PT5S",
        "PT5S ",
        "PT5S30M",
        "=PT5S",
        "PT1.5M",
        "PT0.0000000001S",
        "PT9223372036854775808S",
        "PT" + "9" * 200 + "S",
        "PT１S",
    ],
)
def test_refused(text: str) -> None:
    assert parse_duration(text) is None


def test_milliseconds_are_cut_towards_zero() -> None:
    assert [milliseconds(n) for n in (1_999_999, -1_999_999, 999_999, -999_999)] == [1, -1, 0, 0]
