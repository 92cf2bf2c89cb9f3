"""Laws of temporal values and of patterns, tried on generated ones."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from worker.feel import javaregex, temporal
from worker.feel.temporal import Date, DateTime, DaysDuration, Time, YearsDuration

DAY = 86_400 * 10**9
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "UTC", "Etc/GMT+2"]

day_numbers = st.integers(-365_242_000_000, 365_241_000_000) | st.integers(-800_000, 100_000)
dates = day_numbers.map(Date.of_day_number).filter(lambda date: date is not None)
offsets = st.integers(-18 * 60, 18 * 60).map(lambda minutes: minutes * 60)
clocks = st.integers(0, DAY - 1) | st.integers(0, 86_399).map(lambda second: second * 10**9)
times = (
    st.builds(Time, clocks)
    | st.builds(Time, clocks, offsets)
    | st.builds(lambda clock, zone: Time(clock).in_zone(zone), clocks, st.sampled_from(ZONES))
)
local = st.builds(DateTime, dates, st.builds(Time, clocks))
moments = (
    local
    | st.builds(DateTime, dates, st.builds(Time, clocks, offsets))
    | st.builds(lambda moment, zone: moment.in_zone(zone), local, st.sampled_from(ZONES)).filter(bool)
)
days = st.builds(DaysDuration, st.integers(-(10**20), 10**20))
years = st.builds(YearsDuration, st.integers(-(10**10), 10**10))
values = dates | times | moments | days | years
texts = st.text(alphabet="ab(?<=!>)[]^&-|*+{1,9}\\.$:dwspPLQEkxuRbBZzÀé😀\n\r \u2028", max_size=40)
subjects = st.text(alphabet="aAbBéÀ😀1 \n\r\u2028-\ud83d", max_size=12)


def parse(value: Any, text: str) -> Any:
    """The reverse of printing; the year of a date alone prints with a plus sign that is not read."""
    return temporal.parse_at(text.removeprefix("+"))


@given(dates | times | days.map(lambda each: DaysDuration(each.nanoseconds // 10**9 * 10**9)) | years)
def test_printed_values_are_read_again(value: Any) -> None:
    assert parse(value, temporal.to_string(value)) == value


@given(moments)
def test_printed_moments_are_read_again_unless_the_clock_is_set_back(value: DateTime) -> None:
    again = parse(value, temporal.to_string(value))
    assert (again.date, again.time.nanosecond, again.time.zone) == (value.date, value.time.nanosecond, value.time.zone)
    assert again == value or value.time.zone is not None


@given(days | years)
def test_json_texts_of_durations_are_read_again(value: Any) -> None:
    text = temporal.to_json_text(value)
    assert temporal.parse_duration(text) == value or text == "P0D"


@given(dates, days)
def test_a_duration_added_and_taken_away_leads_back(date: Date, duration: DaysDuration) -> None:
    whole = DaysDuration(duration.nanoseconds // DAY * DAY)
    later: Any = temporal.add(date, whole)
    assert later is None or temporal.subtract(later, whole) == date


@given(moments, days)
def test_the_difference_of_two_moments_is_the_duration_between(moment: DateTime, duration: DaysDuration) -> None:
    later = temporal.add(moment, duration)
    if later is not None:
        assert temporal.subtract(later, moment) == duration


@given(dates, st.integers(-1000, 1000))
def test_months_keep_the_day_where_the_month_has_it(date: Date, months: int) -> None:
    later: Any = temporal.add(date, YearsDuration(months))
    if later is not None:
        assert later.day == date.day or later.day < date.day <= 31
        assert (later.year * 12 + later.month) - (date.year * 12 + date.month) == months


@given(values, values, values)
def test_order_is_consistent_and_transitive(first: Any, second: Any, third: Any) -> None:
    if temporal.comparable(first, second):
        assert temporal.compare(first, second) == -temporal.compare(second, first)
        if first == second:
            assert temporal.compare(first, second) == 0
        if temporal.comparable(second, third) and temporal.compare(first, second) == temporal.compare(second, third):
            assert temporal.compare(first, third) == temporal.compare(first, second)


@given(values, values, st.decimals(allow_nan=False, allow_infinity=False) | st.integers())
def test_operators_give_a_value_or_nothing(left: Any, right: Any, number: Decimal | int) -> None:
    outcomes = [temporal.add(left, right), temporal.subtract(left, right), temporal.divide(left, right)]
    outcomes += [temporal.multiply(left, number), temporal.multiply(number, left), temporal.divide(left, number)]
    for outcome in outcomes:
        assert outcome is None or isinstance(outcome, (int, *temporal.TEMPORAL_TYPES))


@example("P0D")
@given(st.text(max_size=30) | st.from_regex(r"-?P?T?[0-9:.@ZYMDHS+\-]{0,25}", fullmatch=True))
def test_any_text_is_a_value_or_nothing(text: str) -> None:
    value = temporal.parse_at(text)
    assert value is None or type(value) in temporal.TEMPORAL_TYPES


@given(texts, subjects, st.text(alphabet="a$1{}n\\", max_size=6), st.text(alphabet="smix", max_size=4))
def test_patterns_fail_in_two_ways_only(pattern: str, text: str, replacement: str, flags: str) -> None:
    with contextlib.suppress(javaregex.BadPattern, javaregex.PatternLimit):
        javaregex.find(text, pattern, flags)
        parts = javaregex.split(text, pattern)
        matches = javaregex.extract(text, pattern)
        assert len(parts) <= len(matches) + 1
        javaregex.replace(text, pattern, replacement, flags)


@given(subjects, texts)
def test_replacing_matches_by_themselves_changes_nothing(text: str, pattern: str) -> None:
    with contextlib.suppress(javaregex.BadPattern, javaregex.PatternLimit):
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        assert javaregex.replace(text, pattern, "$0") in (text, whole)


@given(st.integers(1, 40), st.sampled_from(["(?:{})*", "(?:{})+", "(?:{}|{})*", "({})*\\1", "(?={})*"]), st.booleans())
def test_nested_quantifiers_do_not_hang(depth: int, form: str, ends: bool) -> None:
    pattern = "a"
    for _ in range(depth):
        grown = form.replace("{}", pattern)
        if len(grown) > 900:
            break
        pattern = grown
    with contextlib.suppress(javaregex.BadPattern, javaregex.PatternLimit):
        javaregex.find("a" * 2000 + "!" * ends, f"^{pattern}$")
