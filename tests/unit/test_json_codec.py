"""The JSON codec: what it takes, what it refuses, and how numbers and odd texts leave it."""

from __future__ import annotations

import time
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest

from worker.json_codec import JsonError, dumps, dumps_body, loads, loads_prefix
from worker.json_codec.java_text import java_double, java_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.50", 1.5),
        ('{"a":1,"b":2,"a":3}', {"a": 3, "b": 2}),
        (' \t\n\r"x" ', "x"),
        ('"\\u00e4\\ud83d\\ude00"', "ä😀"),
        ("-0", 0),
        ("1" * 1000, int("1" * 1000)),
    ],
)
def test_reads(text: str, value: Any) -> None:
    assert loads(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "NaN",
        "-Infinity",
        "[1,]",
        "{'a':1}",
        '{"a":1,}',
        "\ufeff1",
        '"\n"',
        "[1] x",
        "// c\n1",
        "01",
        "+1",
        "1.",
    ],
)
def test_refuses_what_is_no_json(text: str) -> None:
    with pytest.raises(JsonError):
        loads(text)


@pytest.mark.parametrize(
    "text", ["1" * 1001, "0." + "1" * 1000, "[" * 1001 + "]" * 1001, '{"a":' * 1001 + "1" + "}" * 1001]
)
def test_refuses_what_is_beyond_the_limits(text: str) -> None:
    with pytest.raises(JsonError, match="more than 1000"):
        loads(text)


@pytest.mark.parametrize("before", range(0, 200, 33))
@pytest.mark.parametrize("number", ["{}", "-{}", "0.{}", "{}.5", "1e{}"])
def test_numbers_beyond_the_limit_are_refused_wherever_they_stand(before: int, number: str) -> None:
    for digits, allowed in ((990, True), (1002, False)):
        text = f'["{"x" * before}",{number.format("1" * digits)},"{"y" * 50}"]'
        if not allowed:
            with pytest.raises(JsonError, match="more than 1000"):
                loads(text)
        elif "e" not in number:
            assert len(loads(text, exact=True)) == 3


def test_texts_full_of_digits_are_read_in_linear_time() -> None:
    text = ("1" * 1000 + "x") * 12_000
    started = time.perf_counter()
    assert loads(f'"{text}"') == text
    assert time.perf_counter() - started < 5  # the search for long numbers takes longer, when it begins at every digit


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[1,{"a":"x","b":', ',"c":null},2]')])
def test_a_thousand_levels_go_in_and_out(opening: str, closing: str) -> None:
    levels = 1000 // (opening.count("[") + opening.count("{"))
    text = opening * levels + "1" + closing * levels
    assert dumps(loads(text)) == text


@pytest.mark.parametrize(
    "text", ["[" * 1000 + "x", '{"a":' * 999 + '{"a" 1', "[" * 999 + "[1 2]", '{"a":' * 999 + "{a:1}"]
)
def test_broken_deep_texts_are_refused(text: str) -> None:
    with pytest.raises(JsonError):
        loads(text)


def test_errors_never_quote_the_text() -> None:
    with pytest.raises(JsonError) as caught:
        loads('{"password":hunter2}')
    assert "hunter2" not in str(caught.value)


def test_the_first_value_of_a_longer_text() -> None:
    assert loads_prefix('{"a":1} garbage') == {"a": 1}
    assert loads_prefix('{"a":1}\n{"a":2}') == {"a": 1}


def test_fractions_are_doubles_or_exact() -> None:
    assert loads("1.10") == 1.1
    exact = loads("[1.10, 5, 1e2]", exact=True)
    assert [str(number) for number in exact] == ["1.10", "5", "1E+2"]
    assert isinstance(exact[0], Decimal)
    assert dumps({"n": exact[0]}) == '{"n":1.10}'
    assert dumps_body({"n": Decimal("12345678901234567890.10")}) == '{"n":12345678901234567890.10}'


def test_spelling_a_long_text_as_java_does_takes_little_memory() -> None:
    body = {"text": "x" * 1_000_000 + "\x1b"}
    tracemalloc.start()
    try:
        text = dumps_body(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert text.endswith('x\\u001B"}')
    assert peak < 20 * len(text)


def test_doubles_beyond_the_range_leave_as_text() -> None:
    assert dumps(loads("[1e400,-1e400,-0.0]")) == '["Infinity","-Infinity",-0.0]'


def test_a_text_that_looks_like_a_marked_number_stays_text() -> None:
    assert dumps({"a": "1.5", "b": Decimal("1.5")}) == '{"a":"1.5","b":1.5}'


def test_text_is_not_escaped_to_ascii_and_lone_surrogates_become_question_marks() -> None:
    assert dumps({"ü": "€\x7f/"}) == '{"ü":"€\x7f/"}'
    assert dumps(loads('"a\\ud800b"')) == '"a?b"'


def test_bodies_spell_numbers_and_control_characters_as_java_does() -> None:
    body = loads('{"a":1e16,"b":0.00001,"c":1E5,"d":1.10,"e":"1e16 \\u001f","f":-0,"g":12345678.9}')
    assert dumps_body(body) == (
        '{"a":1.0E16,"b":1.0E-5,"c":100000.0,"d":1.1,"e":"1e16 \\u001F","f":0,"g":1.23456789E7}'
    )
    assert dumps_body("\\u001f") == '"\\\\u001f"'


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-1.5e300, "-1.5E300"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_java_doubles(number: float, text: str) -> None:
    assert java_double(number) == text


def test_java_text_of_a_tree() -> None:
    assert java_text({"a": 1, "b": [None, True, 1.5], "c": {"d": "x"}}) == "{a=1, b=[null, true, 1.5], c={d=x}}"


def test_documents_are_written_as_their_references() -> None:
    class Stored:
        def reference(self) -> dict[str, Any]:
            return {"documentId": "7"}

    assert dumps({"d": Stored()}) == '{"d":{"documentId":"7"}}'
    assert java_text([Stored()]) == "[{documentId=7}]"


def test_foreign_objects_and_cycles_are_refused() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="within itself"):
        dumps(cycle)
    with pytest.raises(TypeError):
        dumps({"x": object()})
