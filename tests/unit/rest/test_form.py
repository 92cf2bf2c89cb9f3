"""Form bodies in both faces."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE
from worker.rest.form import form_body


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"k": None, "a b": "x y"}, b"k&a+b=x+y"),
        ({"x": "x~y*z ü&=+"}, b"x=x~y%2Az+%C3%BC%26%3D%2B"),
        ({"a": 1, "b": 1.5, "c": True}, b"a=1&b=1.5&c=true"),
        ({"l": ["a", "b"], "o": {"k": "v"}}, b"l=%5Ba%2C+b%5D&o=%7Bk%3Dv%7D"),
        ({"n": 1e16}, b"n=1.0E16"),
        ({"u": "😀"}, b"u=%F0%9F%98%80"),
        ({}, b""),
    ],
)
def test_values_are_the_text_that_java_gives_them(body: dict[str, Any], expected: bytes) -> None:
    assert form_body(body, COMPATIBLE) == expected


def test_cmx_19_lists_repeat_the_name_and_null_is_left_out() -> None:
    body = {"a": ["1", 2, None], "n": None, "d": Decimal("1.10")}
    assert form_body(body, NATIVE) == b"a=1&a=2&d=1.10"


@pytest.mark.parametrize("value", [{"k": "v"}, [["x"]], [{"k": 1}]])
def test_cmx_19_nested_values_are_an_input_error(value: Any) -> None:
    with pytest.raises(JobFailure) as caught:
        form_body({"field": value}, NATIVE)
    assert caught.value.final
    assert "'field'" in caught.value.message
