"""Hostile expressions end in a clear limit error, soon, and never in anything else."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest

from worker import feel


def doubled(first: str, step: str, rounds: int = 40, last: str = "") -> str:
    """`{a0: first, a1: step of a0, ...}`: each entry doubles the one before."""
    entries = [f"a0: {first}", *(f"a{n + 1}: {step.format(f'a{n}')}" for n in range(rounds))]
    return "{" + ", ".join(entries + ([last] if last else [])) + "}"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("[" * 1_000_000, "text_length"),
        ("(" * 30_000, "text_depth"),
        ("[" * 30_000, "text_depth"),
        ("{a:" * 10_000, "text_depth"),
        ("-(" * 10_000, "text_depth"),
        ("if " * 10_000, "text_depth"),
        ("if(" * 10_000, "text_depth"),
        ("f(" * 10_000, "text_depth"),
        ("x[" * 10_000, "text_depth"),
        ("x" + "[1]" * 9_000, "text_depth"),
        ("function() " * 2_000, "text_depth"),
        ("1 in (" * 5_000, "text_depth"),
        ("1 in (" * 151 + "1" + ")" * 151, "text_depth"),
        ("1 in " * 151 + "1", "text_depth"),
        ("9" * 1_001, "number_digits"),
        ("{g: {f: function(c) c.f(c)}, r: g.f(g)}", "call_depth"),
        ("for a in 1..100000, b in 1..100000, c in 1..100000, d in 1..100000, e in 1..100000 return 1", "list_length"),
        ("for a in 1..100000 return for b in 1..100000 return for c in 1..100000 return 1", None),
        ("some a in 1..100000, b in 1..100000 satisfies a > 100000", None),
        ("for i in 1..1000000000000 return i", "list_length"),
        ("for i in 1..10**20 return i", "range_bound"),
        (doubled('"x"', "{0} + {0}"), "string_length"),
        (doubled("[1]", "concatenate({0}, {0})"), None),
        (doubled("{x: 1}", "{{l: {0}, r: {0}}}", last="s: string(a40)"), "steps"),
        (doubled("[1]", "[{0}, {0}]", last="s: to json(a40)"), "steps"),
        (doubled("[1]", "[{0}, {0}]", last="s: flatten(a40)"), "steps"),
        (doubled("[{x: 1}]", "[{0}, {0}]", last="s: a40.x"), "steps"),
        ('replace("' + "a" * 3000 + '", "a", "' + "a" * 3000 + '")', "string_length"),
    ],
)
def test_ends_in_a_limit(text: str, limit: str | None) -> None:
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.evaluate(text, limits=feel.Limits(seconds=2.0, steps=20_000))
    assert limit is None or caught.value.limit == limit
    assert "The limit is" in str(caught.value)


def test_looking_for_what_is_not_there_again_and_again_is_within_the_limits() -> None:
    wide = {f"key{number}": number for number in range(1_000)}
    result = feel.evaluate("for i in 1..5000 return wide.missing", {"wide": wide}, limits=feel.Limits(seconds=2.0))
    assert result.value == [None] * 5_000


@pytest.mark.parametrize(
    "text", ["1 in (" * 150 + "1" + ")" * 150, "1 in " * 150 + "1", "{a: " * 150 + "1" + "}" * 150]
)
def test_nesting_up_to_the_limit_is_within_the_interpreters_own(text: str) -> None:
    assert feel.evaluate(text).value is not None


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ("for i in 1..2000 return i", {}, "REST_CONNECTOR_FEEL__LIST_LENGTH"),
        ("for i in 1..10 ** 16 return i", {}, "10^15, a constant of this FEEL engine"),
        ("n + 1", {"n": 10**4300}, "4300, the digits that Python converts between numbers and text"),
    ],
)
def test_a_limit_says_where_it_comes_from(text: str, variables: dict[str, Any], said: str) -> None:
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.evaluate(text, variables, limits=feel.Limits(list_length=1_000))
    assert said in caught.value.message


def test_values_with_shared_parts_compare_within_the_steps() -> None:
    first = doubled("[1]", "[{0}, {0}]")[1:-1]
    second = first.replace("a", "b")
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.evaluate(f"{{{first}, {second}, same: a40 = b40}}", limits=feel.Limits(seconds=2.0, steps=20_000))
    assert caught.value.limit == "steps"


def test_shared_parts_are_bounded_when_they_are_given_out() -> None:
    result = feel.evaluate(doubled("{x: 1}", "{{l: {0}, r: {0}}}"))
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.to_json_value(result.value, feel.Limits(seconds=2.0, result_length=100_000))
    assert caught.value.limit == "result_length"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 ** 999999999", None),
        ("string(10 ** 999999)", None),
        ("2 ** 999999", None),
        ("[1, 2, 3][10 ** 40]", None),
        ("decimal(1, 999999999)", None),
        ('time("10:00:00@../../etc/passwd")', None),
        ('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|a)*$")', False),
        ("sort(for i in 1..2000 return i, function(x, y) true)[1]", 2000),
        ("count(for i in 1..9000 return partial)", 9000),
        ("(" * 149 + "1" + ")" * 149, 1),
        ("1" + " + 1" * 7000, 7001),
        ("count([" + "1," * 9000 + "1])", 9001),
        ("x" + ".y" * 16_000, None),
        ("(" + "true and " * 3000 + "true)", True),
    ],
)
def test_has_an_answer(text: str, expected: Any) -> None:
    assert feel.evaluate(text, limits=feel.Limits(seconds=2.0)).value == expected


@pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ("(", ")"), ("{a:", "}"), ("f(", ")"), ("if true then ", " else 2")]
)
def test_the_nesting_allowed_is_really_possible(opening: str, closing: str) -> None:
    feel.evaluate(opening * 149 + "1" + closing * 149)
    with pytest.raises(feel.FeelLimitError):
        feel.evaluate(opening * 151 + "1" + closing * 151)


def test_deep_values_built_by_a_loop_are_not_followed_without_bound() -> None:
    for text in ("string(x)", "x = x", "to json(x)", "flatten(x)"):
        deep = "{x: for i in 1..2000 return if i = 1 then [] else [partial[-1]], y: " + text + "}"
        with pytest.raises(feel.FeelLimitError):
            feel.evaluate(deep)


def test_a_small_step_budget_ends_early() -> None:
    limits = feel.Limits(steps=100)
    assert feel.evaluate("1 + 1", limits=limits).value == 2
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.evaluate("for i in 1..1000 return i", limits=limits)
    assert caught.value.limit == "steps"
    with pytest.raises(feel.FeelLimitError):
        feel.evaluate("body", {"body": [[1] * 10 for _ in range(100)]}, limits=limits)


def test_wall_clock() -> None:
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.evaluate("for i in 1..90000 return [i, i, i]", limits=feel.Limits(seconds=0.001, steps=5_000_000))
    assert caught.value.limit == "seconds"


def test_warnings_are_bounded() -> None:
    result = feel.evaluate("for i in 1..500 return unknown")
    assert len(result.warnings) == 100
    assert result.omitted_warnings == 400
    assert len(feel.evaluate(f'"{"a" * 5000}" + 1').warnings[0].message) <= 500


def test_input_is_bounded() -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.evaluate("x", {"x": deep})
    assert caught.value.limit == "input_depth"
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    with pytest.raises(feel.FeelLimitError):
        feel.evaluate("x", {"x": cycle})
    with pytest.raises(feel.FeelLimitError) as caught:
        feel.evaluate("x", {"x": 10**5000})
    assert caught.value.limit == "input_digits"


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(feel.Limits)])
def test_limits_have_a_hard_cap(field: str) -> None:
    cap = {each.name: each.metadata["cap"] for each in dataclasses.fields(feel.Limits)}[field]
    feel.Limits(**{field: cap})
    with pytest.raises(ValueError, match=field):
        feel.Limits(**{field: cap + 1})
    with pytest.raises(ValueError, match=field):
        feel.Limits(**{field: 0})


def test_evaluation_in_a_thread_with_a_deep_stack_ends_in_a_limit() -> None:
    outcome: list[object] = []

    def descend(levels: int) -> None:
        if levels:
            descend(levels - 1)
            return
        try:
            feel.evaluate("(" * 149 + "{a:[1][f(1)]}" + ")" * 149)
            feel.evaluate("{a:" * 149 + "1" + "}" * 149)
        except feel.FeelLimitError as error:
            outcome.append(error.limit)

    thread = threading.Thread(target=descend, args=(800,))
    thread.start()
    thread.join(10)
    assert outcome == ["recursion"]
