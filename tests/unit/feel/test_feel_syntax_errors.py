"""What is said about a text that is no expression."""

from __future__ import annotations

import pytest

from worker import feel


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "a value"),
        ("1 +", 3, "a value"),
        ("if true then 1", 14, "'else'"),
        ("[1, 2", 5, "']'"),
        ("{a: 1", 5, "'}'"),
        ("{a: 1,}", 6, "a key"),
        ("f(1 2)", 4, "')'"),
        ("1 < 2 = true", 6, "end of expression"),
        ("for x in a + b return x", 15, "'..'"),
        ("x.", 2, "a name"),
        ('"open', 0, "a value"),
        ("/* open", 0, "a value"),
        ("1 in", 4, "a value"),
        ("f(a: 1, 2)", 8, "a parameter name and ':'"),
        ("x instance of list<number>", 18, "end of expression"),
        ("= 1", 0, "a value"),
        ("1 in (true and 1..2)", 16, "')'"),
        ("1 in (< (1)..2)", 11, "')'"),
        ("[1,]", 3, "a value"),
    ],
)
def test_position_and_expectation(text: str, position: int, expected: str) -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse(text)
    assert caught.value.position == position
    assert expected in caught.value.expected


def test_the_message_shows_the_line_with_a_caret() -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse("{\n  total: 1 +,\n  id: 2\n}")
    error = caught.value
    assert (error.line, error.column) == (2, 13)
    assert str(error).splitlines() == [
        "failed to parse expression: expected a value, but found ','",
        "line 2, column 13:",
        "      total: 1 +,",
        "    " + " " * 12 + "^",
    ]


def test_a_long_line_is_cut_around_the_caret() -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse("1 + " * 2000 + "* 2")
    lines = str(caught.value).splitlines()
    assert max(map(len, lines)) < 120
    assert lines[2][lines[3].index("^")] == "*"


@pytest.mark.parametrize(
    "text",
    [
        'function(x) external {java: {class: "java.lang.Math", method signature: "abs(int)"}}',
        "function() external {x: 1}",
    ],
)
def test_external_functions_are_rejected(text: str) -> None:
    with pytest.raises(feel.FeelSyntaxError, match="External functions are disabled"):
        feel.parse(text)


@pytest.mark.parametrize("text", ["f(1)(2)", "(function(x) x)(1)", "xs[1].f(2)", "{f: 1}.f(1)", "not(a) or"])
def test_only_names_can_be_called(text: str) -> None:
    with pytest.raises(feel.FeelSyntaxError):
        feel.parse(text)


def test_a_reserved_word_is_named_as_such() -> None:
    with pytest.raises(feel.FeelSyntaxError, match="reserved word"):
        feel.parse("x.return")
