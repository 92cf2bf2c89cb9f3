"""Whatever goes through the codec comes out as it went in; whatever is no JSON is refused, in bounded time."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from worker.json_codec import JsonError, dumps, dumps_body, loads, loads_prefix

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=30,
)


def same(left: Any, right: Any) -> bool:
    """Equal, with whole numbers and doubles told apart and the order of members kept."""
    return json.dumps(left) == json.dumps(right)


@given(trees)
def test_trees_survive(tree: Any) -> None:
    assert same(loads(dumps(tree)), tree)
    assert same(loads(dumps_body(tree)), tree)


@given(trees)
def test_exact_numbers_keep_their_digits(tree: Any) -> None:
    text = dumps(tree)
    again = dumps(loads(text, exact=True))
    assert same(loads(again), tree)


@given(trees, st.text())
def test_the_first_value_is_found_whatever_follows(tree: Any, rest: str) -> None:
    assert same(loads_prefix(f"{dumps([tree])}{rest}"), [tree])


@given(st.text('[]{}",:0123456789.eE+-ntrfalsu \n\\', max_size=60))
def test_the_codec_agrees_with_a_strict_reader(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        expected = JsonError
    try:
        got = loads(text)
    except JsonError:
        got = JsonError
    assert got is expected or same(got, expected)
