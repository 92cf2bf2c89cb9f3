"""Laws of FEEL that hold for every text and every value."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from worker import feel
from worker.feel.parser import parse_expression
from worker.feel.printer import to_text

NUMBERS = st.one_of(
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6),
    st.floats(allow_nan=False, allow_infinity=False),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8), st.dates(), st.timedeltas())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=10,
)

WORDS = st.sampled_from(
    [
        *"()[]{},:.?@-+*/<>=\"`'\\ \n",
        *("1", "2.5", ".5", "**", "..", "<=", "!=", "//", "/*", "*/", "null", "true", '"a"', '@"P1D"', "😀"),
        *(" and ", " or ", " in ", " if ", " then ", " else ", "for ", " return ", "some ", " satisfies ", "every "),
        *(" between ", " instance of ", "function", "date", "date and time(", "not(", "count(", "x", "y.z", "a b("),
    ]
)
NOISE = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map("".join))


def leaves() -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(["null", "true", "x", "xs", "o", '"s"', '@"P1D"', '@"2024-02-29"', "?", "`a b`"]),
        st.integers(0, 99).map(str),
        st.decimals(0, 9, places=2).map(str),
    )


def branches(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = ["+", "-", "*", "/", "**", "=", "!=", "<", ">=", "and", "or"]
    return st.one_of(
        st.builds("({}) {} ({})".format, inner, st.sampled_from(operators), inner),
        st.builds("{} {} {}".format, leaves(), st.sampled_from(operators), leaves()),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{a: {}, `b c`: {}}}".format, inner, inner),
        st.builds("if {} then {} else {}".format, inner, inner, inner),
        st.builds("for i in ({}), j in 1..3 return {}".format, inner, inner),
        st.builds("some i in [{}] satisfies {}".format, inner, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({}).a.b".format, inner),
        st.builds("-({})".format, inner),
        st.builds("({}) in ([({})..9), < 3, {})".format, inner, inner, inner),
        st.builds("({}) between ({}) and ({})".format, inner, inner, inner),
        st.builds("({}) instance of number".format, inner),
        st.builds("{{f: function(p) ({}), r: f({})}}".format, inner, inner),
        st.builds("get or else({}, {})".format, inner, inner),
        st.builds("before(range: [1..({})], point: {})".format, inner, inner),
    )


EXPRESSIONS = st.recursive(leaves(), branches, max_leaves=12)


def attempt(call: Callable[[], Any]) -> Any:
    """The result of a call, or the FeelError it raised; any other exception is a fault."""
    try:
        return call()
    except feel.FeelError as error:
        return error


@given(NOISE)
@settings(max_examples=300)
def test_any_text_parses_or_names_a_place_inside(text: str) -> None:
    outcome = attempt(lambda: feel.parse(text))
    if isinstance(outcome, feel.FeelSyntaxError):
        assert outcome.position is not None
        assert 0 <= outcome.position <= len(text)
        assert outcome.expected
        assert "^" in str(outcome)
    else:
        assert isinstance(outcome, (feel.Expression, feel.FeelLimitError))


@given(st.one_of(NOISE, EXPRESSIONS), VALUES)
@settings(max_examples=300)
def test_evaluation_ends_in_a_value_or_a_feel_error(text: str, value: Any) -> None:
    for outcome in (
        attempt(lambda: feel.evaluate(text, {"x": value, "xs": [value], "?": value})),
        attempt(lambda: feel.unary_tests(text, value)),
    ):
        if isinstance(outcome, feel.Result):
            assert feel.type_name(outcome.value)
            assert feel.to_string(outcome.value) is not None
        else:
            assert str(outcome)


@given(EXPRESSIONS)
@settings(max_examples=300)
def test_printing_and_parsing_are_inverse(text: str) -> None:
    tree = parse_expression(text)
    assert parse_expression(to_text(tree)) == tree


def answer(text: str, **variables: Any) -> Any:
    return feel.evaluate(text, variables).value


@given(VALUES)
def test_equality_is_reflexive_for_data(value: Any) -> None:
    assert answer("a = a", a=value) is True
    assert answer("a = b", a=value, b=feel.evaluate("a", {"a": value}).value) is True


@given(VALUES, VALUES)
def test_equality_is_symmetric_and_inequality_its_negation(left: Any, right: Any) -> None:
    same = answer("a = b", a=left, b=right)
    assert answer("b = a", a=left, b=right) is same
    assert answer("a != b", a=left, b=right) is (None if same is None else not same)


@given(SCALARS, SCALARS)
def test_order_is_total_within_a_type_and_unknown_between_types(left: Any, right: Any) -> None:
    less, more, same = (answer(f"a {operator} b", a=left, b=right) for operator in ("<", ">", "="))
    if less is None:
        assert more is None
    else:
        assert [less, more, same].count(True) == 1
        assert answer("a <= b", a=left, b=right) is (less or same)


@given(st.lists(NUMBERS, min_size=3, max_size=3))
def test_order_is_transitive_and_ranges_agree_with_it(numbers: list[Any]) -> None:
    variables = dict(zip("abc", numbers, strict=True))
    if answer("a <= b and b <= c", **variables):
        assert answer("a <= c", **variables)
    assert answer("b in [a..c]", **variables) is answer("b >= a and b <= c", **variables)
    assert answer("b in (a..c)", **variables) is answer("b > a and b < c", **variables)
    assert answer("b between a and c", **variables) is answer("b in [a..c]", **variables)


@given(st.lists(VALUES, max_size=6))
def test_distinct_values_are_those_that_equality_tells_apart(values: list[Any]) -> None:
    distinct = answer("distinct values(xs)", xs=values)
    assert answer("every v in xs satisfies list contains(d, v)", xs=values, d=distinct) is True
    assert all(count == 1 for count in answer("for v in d return count(index of(d, v))", d=distinct))
    assert answer("count(duplicate values(xs)) <= count(xs) - count(distinct values(xs))", xs=values) is True


@given(st.lists(NUMBERS, max_size=12))
def test_sorting_gives_the_same_items_in_order(numbers: list[Any]) -> None:
    ordered = answer("sort(xs, function(a, b) a < b)", xs=numbers)
    assert len(ordered) == len(numbers)
    assert answer("every i in 2..(count(xs)) satisfies i < 2 or xs[i - 1] <= xs[i]", xs=ordered) is not False
    assert answer("min(xs)", xs=numbers) == (ordered[0] if numbers else None)


@given(st.integers(-(10**16), 10**16), st.integers(-(10**16), 10**16))
def test_whole_numbers_are_exact(left: int, right: int) -> None:
    assert answer("a + b", a=left, b=right) == left + right
    assert answer("a - b", a=left, b=right) == left - right
    assert answer("a * b", a=left, b=right) == left * right
    if right:
        assert answer("modulo(a, b)", a=left, b=right) == left % right


@given(st.decimals(-(10**9), 10**9, places=4), st.integers(-4, 4))
def test_rounding_stays_within_one_unit(number: Decimal, scale: int) -> None:
    unit = Decimal(10) ** -scale
    for function in ("floor", "ceiling", "decimal", "round up", "round down", "round half up", "round half down"):
        rounded = answer(f"{function}(n, s)", n=number, s=scale)
        assert abs(Decimal(rounded) - number) < unit
        assert Decimal(rounded) % unit == 0


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_json_passes_through_unchanged(value: Any) -> None:
    assert feel.to_json_value(answer("x", x=value)) == value
    assert json.loads(answer("to json(x)", x=value)) == value
    assert feel.to_json_value(answer("from json(to json(x))", x=value)) == value


@given(VALUES, st.sampled_from(["x", "[x, {y: x}]", "{n: count(x[item != null]), first: x[1], all: x}"]))
def test_the_tree_of_an_evaluation_is_that_of_its_value(value: Any, text: str) -> None:
    tree = feel.parse(text).evaluate_to_json({"x": value}).value
    assert repr(tree) == repr(feel.to_json_value(answer(text, x=value)))


@given(st.text(max_size=40))
def test_a_string_literal_is_the_string(text: str) -> None:
    literal = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert answer(literal) == text
