"""String functions, seen through expressions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from worker import feel


def value(expression: str, **context: Any) -> Any:
    return feel.evaluate(expression, context).value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('substring("foobar", 3)', "obar"),
        ('substring("foobar", -2)', "ar"),
        ('substring("foobar", 0)', ""),
        ('substring("foobar", 7)', ""),
        ('substring("foobar", 8)', None),
        ('substring("foobar", -7)', None),
        ('substring("foobar", 10**40)', None),
        ('substring("foobar", 3, 3)', "oba"),
        ('substring("foobar", -2, 100)', "ar"),
        ('substring("foobar", 3, 10**40)', "obar"),
        ('substring("foobar", 3, -1)', None),
        ('substring("abc", 2, 1.9)', "b"),
        ('substring("🐎ab", 2)', "\udc0eab"),
        ('substring("🐎ab", 3)', "ab"),
        ('substring("😀", 1, 1) + substring("😀", 2)', "😀"),
        ('upper case(substring("😀", 1, 1)) + substring("😀", 2) = "😀"', True),
        ('string join([substring("😀", 1, 1), substring("😀", 2)])', "😀"),
        ('contains("😀", substring("😀", 1, 1))', True),
        ('ends with("a😀", substring("😀", 2))', True),
        ('starts with("😀a", substring("😀", 2))', False),
        ('substring after("😀b", substring("😀", 1, 1))', "\ude00b"),
        ('substring before("a😀", substring("😀", 2)) + substring("😀", 2)', "a😀"),
        ('string length("😀")', 2),
        ('upper case("straße")', "STRASSE"),
        ('lower case("İ")', "i̇"),
        ('substring before("foobar", "o")', "f"),
        ('substring before("foobar", "f")', ""),
        ('substring before("foobar", "x")', ""),
        ('substring after("foobar", "ob")', "ar"),
        ('substring after("foobar", "")', "foobar"),
        ('substring after("foobar", "x")', ""),
        ('contains("foobar", "ob")', True),
        ('starts with("foobar", "o")', False),
        ('ends with("foobar", "bar")', True),
        ('matches("foobar", "^fo*b")', True),
        ('matches("foobar", "[")', None),
        ('matches("FOO", "foo", "qi")', True),
        ('matches("foo", "foo", null)', None),
        ('replace("abc", "(b)", "<$1>")', "a<b>c"),
        ('replace("abc", "b", "$1")', None),
        ('replace("ABC", "b", "x", "i")', "AxC"),
        ('split("John Doe", "\\s")', ["John", "Doe"]),
        ('extract("a1b2", "\\d")', ["1", "2"]),
        ('trim(" \t\na b\u00a0 ")', "a b\u00a0"),
        ('is blank(" \t\u3000")', True),
        ('is blank("\u00a0")', False),
        ('to base64("FEEL é")', "RkVFTCDDqQ=="),
        ('from base64("RkVFTA==")', "FEEL"),
        ('from base64("YQ")', "a"),
        ('from base64("YQ=")', None),
        ('from base64("Y Q==")', None),
        ('from base64("YWI")', "ab"),
        ('from base64("/w==")', "\ufffd"),
        ('string join(["a", null, "b"])', "ab"),
        ('string join(["a", "b"], ", ")', "a, b"),
        ('string join(["a", "b"], null)', "ab"),
        ('string join([], ",", "[", "]")', "[]"),
        ('string join(["a", "b"], ",", null, "]")', None),
        ('string join(["a", 1])', None),
        ('string join("a")', None),
    ],
)
def test_results(expression: str, expected: Any) -> None:
    assert value(expression) == expected


def test_joining_takes_a_list_of_the_input() -> None:
    assert value('string join(names, "-")', names=["a", None, "b"]) == "a-b"


def test_a_lone_surrogate_has_no_utf8_form() -> None:
    assert value('to base64(substring("🐎", 2))') == "Pw=="


def test_uuids_are_of_version_7_and_sort_by_time() -> None:
    first, second = value("[uuid(), uuid()]")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)
    assert first != second
    assert first[:13] == second[:13]


@pytest.mark.parametrize(
    ("expression", "limit"),
    [
        ('matches(text, "a")', "pattern_input"),
        ('matches("a", pattern)', "pattern_length"),
        ('replace(short, "a", short)', "string_length"),
        ('matches(nested, "^(a|a)*\\\\1$")', "seconds"),
    ],
)
def test_patterns_are_limited(expression: str, limit: str) -> None:
    context = {"text": "a" * 100_001, "pattern": "a" * 1001, "short": "a" * 20_000, "nested": "a" * 50_000 + "!"}
    with pytest.raises(feel.FeelLimitError) as error:
        feel.evaluate(expression, context)
    assert error.value.limit == limit


def test_a_bad_pattern_is_named_in_a_warning() -> None:
    result = feel.evaluate('matches("a", "[")', {})
    assert [warning.type for warning in result.warnings] == ["FUNCTION_INVOCATION_FAILURE"]
    assert "[" in result.warnings[0].message
