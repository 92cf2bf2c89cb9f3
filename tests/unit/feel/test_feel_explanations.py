"""Warnings and explanations: why a part of a value is null."""

from __future__ import annotations

from typing import Any

import pytest

from worker import feel
from worker.feel.parser import parse_expression, parse_unary_tests
from worker.feel.printer import to_text


@pytest.mark.parametrize(
    ("text", "kind", "message", "position"),
    [
        ("1 + y", "NO_VARIABLE_FOUND", "No variable found with name 'y'", 4),
        ("o.b", "NO_CONTEXT_ENTRY_FOUND", "No context entry found with key 'b'. Available keys: 'a'", 2),
        ("{}.b", "NO_CONTEXT_ENTRY_FOUND", "No context entry found with key 'b'. The context is empty", 3),
        ("null.b", "NO_CONTEXT_ENTRY_FOUND", "No context entry found with key 'b'. The context is null", 5),
        ('"s".b', "NO_PROPERTY_FOUND", "No property found with name 'b' of value '\"s\"'. Available properties: ", 4),
        ('1 = "1"', "NOT_COMPARABLE", "Can't compare '1' with '\"1\"'", 0),
        ("1 in [null..2]", "NOT_COMPARABLE", "Can't compare '1' with 'null' and '2'", 5),
        ('1 + "a"', "INVALID_TYPE", "Can't add '\"a\"' to '1'", 2),
        ("1 / 0", "INVALID_TYPE", "Can't divide '1' by '0'", 2),
        ("2 ** true", "INVALID_TYPE", "Expected number but found 'true'", 2),
        ("-null", "INVALID_TYPE", "Expected number but found 'null'", 0),
        ("f(1, 2)", "NO_FUNCTION_FOUND", "No function found with name 'f' and 2 parameters", 0),
        ("abs(q: 1)", "NO_FUNCTION_FOUND", "No function found with name 'abs' and parameters: q", 0),
        (
            "context put({}, [1], 2)",
            "FUNCTION_INVOCATION_FAILURE",
            "Failed to invoke function 'context put': Illegal arguments: '{}', '[1]', '2'",
            0,
        ),
        (
            'count("a")',
            "FUNCTION_INVOCATION_FAILURE",
            "Failed to invoke function 'count': Illegal arguments: '\"a\"'",
            0,
        ),
    ],
)
def test_warnings_say_what_and_where(text: str, kind: str, message: str, position: int) -> None:
    warning = feel.evaluate(text, {"o": {"a": 1}}).warnings[0]
    assert (warning.type, warning.message, warning.position) == (kind, message, position)


def test_an_explanation_shows_each_part() -> None:
    result, steps = feel.parse("if total > 10 then total * 2 else 0").explain({"total": 20})
    assert result.value == 40
    assert [(step.text, step.value) for step in steps] == [
        ("total", "20"),
        ("10", "10"),
        ("total > 10", "true"),
        ("total", "20"),
        ("2", "2"),
        ("total * 2", "40"),
        ("if total > 10 then total * 2 else 0", "40"),
    ]


def test_an_expression_can_be_kept() -> None:
    expression = feel.parse("a + 1")
    assert expression is feel.parse("a + 1")
    assert [expression.evaluate({"a": n}).value for n in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((1+2))*3", "(1 + 2) * 3"),
        ("a.b[1].`c d`", "a.b[1].`c d`"),
        ('{first name:1,"a:b":2}', '{first name: 1, "a:b": 2}'),
        ("for i in 1..3,j in xs return i", "for i in 1 .. 3, j in xs return i"),
        ("x in (<5,[1..2))", "x in (< 5, [1 .. 2))"),
        ("function(a b)`a b`", "function(a b) `a b`"),
        ("date and time(x)", "date and time(x)"),
        ("(date) and time(x)", "(date) and time(x)"),
        ("not(a)or b and(c)", "not(a) or b and c"),
        ("1 .x", "1 .x"),
        ("--2", "--2"),
        ("f(g: [1..2])", "f(g: [1 .. 2])"),
    ],
)
def test_trees_are_printed_with_the_groups_they_need(text: str, printed: str) -> None:
    tree = parse_expression(text)
    assert to_text(tree) == printed
    assert parse_expression(printed) == tree


@pytest.mark.parametrize("text", ["-", "not(1, < 5)", "true", "[1 .. 2], x", "? > 1"])
def test_unary_tests_are_printed_too(text: str) -> None:
    tree: Any = parse_unary_tests(text)
    assert to_text(tree) == text
