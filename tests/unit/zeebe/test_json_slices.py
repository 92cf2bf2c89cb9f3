"""Parts of JSON texts as they are written."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.zeebe.json_slices import items, members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_a_value_keeps_every_character() -> None:
    text = '{ "n" : 1.50e+02 , "s":"a \\"]},{ b\\\\", "o": { "x" : [ 1, 2 ] } }'

    assert members(text) == {"n": "1.50e+02", "s": '"a \\"]},{ b\\\\"', "o": '{ "x" : [ 1, 2 ] }'}


def test_numbers_of_any_length_and_texts_of_any_depth_pass() -> None:
    digits, deep = "9" * 5_000, "[" * 5_000 + "]" * 5_000

    assert items(f"[{digits},{deep}]") == [digits, deep]


def test_a_text_of_megabytes_costs_little_more_than_itself() -> None:
    text = json.dumps({"file": "x" * 2_000_000})

    tracemalloc.start()
    try:
        (value,) = members(text).values()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(value) == 2_000_002
    assert most < 10 * len(text)


@pytest.mark.parametrize(("text", "parts"), [("[]", []), (" [ ] ", []), ("[[],{}]", ["[]", "{}"])])
def test_empty_parts(text: str, parts: list[str]) -> None:
    assert items(text) == parts


@pytest.mark.parametrize("text", ["", "1", "null", "[1", '{"a":1', "[1]]", "[1][2]", "<html>", '"[]"', "{"])
def test_what_is_no_array_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|bracket|ends"):
        items(text)


@pytest.mark.parametrize("text", ["[]", "{1:2}", '{"a"}', '{"a":{}', '{"a":1}}', "{,}"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|bracket|ends"):
        members(text)


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 2]), st.booleans())
def test_the_parts_of_an_array_are_its_items(values: list[Any], indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)

    assert [json.loads(part) for part in items(text)] == values


@given(st.dictionaries(st.text("abc é", min_size=1), VALUES, max_size=5), st.sampled_from([None, 2]))
def test_the_parts_of_an_object_are_its_members(values: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=False)

    assert {name: json.loads(part) for name, part in members(text).items()} == values
