"""Values on their way in and out: conversion, isolation, JSON, printed forms."""

from __future__ import annotations

import collections
import datetime
import types
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker import feel


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        (1, "1"),
        (10**40, str(10**40)),
        (0.1, "0.1"),
        (100.0, "100.0"),
        (1e7, "1.0E+7"),
        (1e21, "1.0E+21"),
        (1.5e300, "1.5E+300"),
        (-0.0, "0.0"),
        (0.001, "0.001"),
        (1e-7, "1.0E-7"),
        (Decimal("1.50"), "1.50"),
        (True, "true"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.time(10, 30), "10:30:00"),
        (datetime.datetime(2024, 2, 29, 10, 30, tzinfo=datetime.UTC), "2024-02-29T10:30:00Z"),
        (datetime.datetime(2024, 2, 29, 10, 30, tzinfo=ZoneInfo("Europe/Berlin")), "2024-02-29T10:30:00@Europe/Berlin"),
        (datetime.timedelta(days=1, hours=2), "P1DT2H"),
        ((1, "a", None), '[1, "a", null]'),
        (types.MappingProxyType({"a": 1, "b": "x"}), '{a:1, b:"x"}'),
        (collections.OrderedDict(a=[{}]), "{a:[{}]}"),
    ],
)
def test_input(given: Any, printed: str) -> None:
    assert feel.evaluate("string(x)", {"x": given}).value == printed


@pytest.mark.parametrize("given", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_numbers_that_are_none_become_null(given: Any) -> None:
    assert feel.evaluate("x = null", {"x": given}).value is True


@pytest.mark.parametrize("given", [object(), b"bytes", {1, 2}, {1: 2}, [object()], 1j, lambda: 1])
def test_foreign_objects_are_refused(given: Any) -> None:
    with pytest.raises(feel.FeelInputError):
        feel.evaluate("x", {"x": given})


def test_what_is_not_looked_at_is_not_converted() -> None:
    assert feel.evaluate("x", {"x": 1, "y": object()}).value == 1
    assert feel.evaluate("x.a.b", {"x": {"a": {"b": 2, "c": object()}}}).value == 2


@pytest.mark.parametrize(
    "text", ["__class__", "x.__class__", "x.keys", "s.upper", "xs.append", "`__dict__`", "d.year_"]
)
def test_no_attribute_of_a_host_object_is_reachable(text: str) -> None:
    variables = {"x": {}, "s": "a", "xs": [], "d": datetime.date(2024, 1, 1)}
    value = feel.evaluate(text, variables).value
    assert value is None or value == []


def test_results_are_independent_of_the_input() -> None:
    body = {"items": [{"id": 1}], "n": 1.5}
    result = feel.evaluate("{all: body, some: body.items, none: body.n}", {"body": body})
    body["items"][0]["id"] = 99  # type: ignore[index]
    body["n"] = 0
    body["more"] = True
    assert feel.to_json_value(result.value) == {
        "all": {"items": [{"id": 1}], "n": 1.5},
        "some": [{"id": 1}],
        "none": 1.5,
    }


def test_the_input_is_never_changed() -> None:
    variables = {"a": {"b": [1, {"c": 2}]}}
    feel.evaluate('{x: context put(a, "z", 1), y: append(a.b, 3), z: context merge(a, {b: 0}), a: 5}', variables)
    assert variables == {"a": {"b": [1, {"c": 2}]}}


def test_values_can_be_given_back() -> None:
    first = feel.evaluate('{d: date("2024-01-31"), xs: [1, 2.50], f: function(n) n + 1}').value
    again = feel.evaluate("{d: string(v.d), x: string(v.xs[2]), r: v.f(1)}", {"v": first}).value
    assert dict(again) == {"d": "2024-01-31", "x": "2.50", "r": 2}
    function = feel.evaluate("function(a) a * 2").value
    assert feel.evaluate("twice(4)", {"twice": function}).value == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.0", 1),
        ("1.50", 1.5),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9.223372036854775807e18),
        ("10 ** 400", "Infinity"),
        ("-(10 ** 400)", "-Infinity"),
        ('date("2024-02-29")', "2024-02-29"),
        ('@"10:30:00Z"', "10:30Z"),
        ('@"P1D"', "PT24H"),
        ('@"P1Y2M"', "P1Y2M"),
        ('@"2024-02-29T10:30:00@Europe/Berlin"', "2024-02-29T10:30:00+01:00"),
        ("{a: [1, {b: null}], f: function() 1}", {"a": [1, {"b": None}]}),
    ],
)
def test_output_as_json(text: str, expected: Any) -> None:
    value = feel.to_json_value(feel.evaluate(text).value)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("text", ["function(x) x", "[function(x) x]"])
def test_functions_have_no_json_form(text: str) -> None:
    with pytest.raises(feel.FeelError, match="function"):
        feel.to_json_value(feel.evaluate(text).value)


def test_plain_data_counts_as_what_it_would_become() -> None:
    assert feel.to_json_value({"a": (1, 2.0, datetime.date(2024, 1, 1))}) == {"a": [1, 2, "2024-01-01"]}
    assert feel.to_string({"a": 1.0}) == "{a:1.0}"
    assert feel.type_name({}) == "context"
    assert feel.type_name(1.5) == "number"
    assert feel.type_name(datetime.timedelta(1)) == "days and time duration"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("null", "null"),
        ("true", "boolean"),
        ("1.5", "number"),
        ('"a"', "string"),
        ("[1]", "list"),
        ("{}", "context"),
        ('@"2024-01-01"', "date"),
        ('@"10:00:00"', "time"),
        ('@"2024-01-01T10:00:00"', "date and time"),
        ('@"P1D"', "days and time duration"),
        ('@"P1Y"', "years and months duration"),
        ("function() 1", "function"),
        ("get or else(null, [1..2])", "range"),
    ],
)
def test_type_names(text: str, name: str) -> None:
    assert feel.type_name(feel.evaluate(text).value) == name


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('[1, "a", null]', '[1, "a", null]'),
        ('{a: 1, b: "x"}', '{a:1, b:"x"}'),
        ('"a"', "a"),
        ("get or else(null, [1..3))", "[1..3)"),
        ("function(a, b) 1", "function(a, b)"),
        ('@"PT1.5S"', "PT1.5S"),
        ('@"-P1DT1.5S"', "-P1DT1.5S"),
        ('@"PT0S"', "P0D"),
    ],
)
def test_printed_forms(text: str, printed: str) -> None:
    assert feel.to_string(feel.evaluate(text).value) == printed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to json({a: 1.50, b: [null, true]})", '{"a":1.50,"b":[null,true]}'),
        (r'to json("a\"\\\n")', r'"a\"\\\n"'),
        ('to json(@"10:30:00Z")', '"10:30:00Z"'),
        ("to json(null)", "null"),
        ("to json(function(a) a)", '"function(a)"'),
        ("to json([1..2])", '"[1..2]"'),
    ],
)
def test_to_json(text: str, expected: str) -> None:
    assert feel.evaluate(text).value == expected


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        ("1 2", 1),
        ("1x", None),
        ('{"a": 1.10} junk', {"a": 1.1}),
        ("1e400", None),
        ("NaN", None),
        ("[1,]", None),
        ("", None),
        (' {"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2}),
        ("[" * 100 + "]" * 100, None),
    ],
)
def test_from_json(json: str, expected: Any) -> None:
    if json.startswith("[["):
        assert feel.evaluate("from json(t) instance of list", {"t": json}).value is True
        with pytest.raises(feel.FeelLimitError):
            feel.evaluate("from json(t)", {"t": f"[{json}]"})
        return
    assert feel.to_json_value(feel.evaluate("from json(t)", {"t": json}).value) == expected
