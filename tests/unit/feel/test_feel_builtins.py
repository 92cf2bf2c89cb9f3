"""The table of built-in functions, and those for result and error expressions."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest

from worker import feel
from worker.feel import builtins

ALL = [each for overloads in builtins.TABLE.values() for each in overloads]
EXAMPLES = [(each.name, example) for each in ALL for example in each.examples if example.exact]


@pytest.mark.parametrize("builtin", ALL, ids=lambda each: each.signature)
def test_every_function_is_described_by_example(builtin: Any) -> None:
    assert builtin.summary.endswith(".")
    assert builtin.examples


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda each: getattr(each, "expression", each))
def test_examples_are_true(name: str, example: Any) -> None:
    assert name in example.expression
    result = feel.evaluate(f"{{r: {example.expression}, e: {example.result}}}").value
    assert feel.to_json_value(result["r"]) == feel.to_json_value(result["e"])


@pytest.mark.parametrize("builtin", ALL, ids=lambda each: each.signature)
@pytest.mark.parametrize("value", ["null", "1", '"a"', "true", "[]", "[null]", "{}", '@"P1D"', '@"P1M"', "[1..2]"])
def test_any_argument_gives_a_value_or_a_feel_error(builtin: Any, value: str) -> None:
    arguments = ", ".join([value] * len(builtin.parameters))
    try:
        result = feel.evaluate(f"{builtin.name}({arguments})")
    except feel.FeelError:
        return
    feel.type_name(result.value)


def test_the_clock_is_the_callers_and_stands_still() -> None:
    moment = datetime.datetime(2024, 2, 29, 23, 30, tzinfo=datetime.UTC)
    result = feel.evaluate("[string(now()), string(today()), now() = now()]", now=moment)
    assert list(result.value) == ["2024-02-29T23:30:00Z", "2024-02-29", True]
    assert feel.evaluate("now()", now=lambda: moment).value == feel.evaluate("now()", now=moment).value


def test_random_numbers_lie_in_their_range() -> None:
    assert feel.evaluate("every i in 1..200 satisfies random number() in [0..1)").value is True
    seeded = [feel.evaluate("random number()", random=random.Random(7)).value for _ in range(2)]
    assert seeded[0] == seeded[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('bpmnError("E")', {"errorType": "bpmnError", "errorCode": "E"}),
        (
            'bpmnError(errorCode: "E", errorMessage: "m")',
            {"errorType": "bpmnError", "errorCode": "E", "errorMessage": "m"},
        ),
        (
            'jobError("m")',
            {"errorType": "jobError", "errorMessage": "m", "variables": {}, "retries": 0, "retryBackoff": "PT0S"},
        ),
        ("ignoreError({a: 1})", {"errorType": "ignoreError", "variables": {"a": 1}}),
        ('backoff(1, @"PT1S", 2, @"PT10S", 0)', "PT1S"),
        ('backoff(3, @"PT1S", 2, @"PT10S", 0)', "PT4S"),
        ('backoff(1000000000, @"PT1S", 2, @"PT10S", 0)', "PT10S"),
    ],
)
def test_connector_functions(text: str, expected: Any) -> None:
    assert feel.to_json_value(feel.evaluate(text).value) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bpmnError(404)", "Parameter 'errorCode' of function 'bpmnError' must be a String"),
        ('bpmnError("E", null)', "'errorMessage'"),
        ('bpmnError(errorCode: "E", variables: {})', "'errorMessage'"),
        ('bpmnError("E", "m", 1)', "'variables' of function 'bpmnError' must be a Context"),
        ('jobError("m", {}, "2")', "'retries'"),
        ("ignoreError(1)", "'variables'"),
        ("backoff(0)", "'attempt'"),
        ('backoff(1, @"PT1S", 0)', "'factor'"),
        ('backoff(1, @"PT9S", 2, @"PT1S")', "'minDelay'"),
        ('backoff(1, @"PT1S", 2, @"PT9S", -1)', "'jitterFactor'"),
        ("get or else(bpmnError(1), 2)", "'errorCode'"),
        ('createDocument("aGk=")', "result and error expressions"),
    ],
)
def test_wrong_arguments_of_connector_functions_fail(text: str, message: str) -> None:
    with pytest.raises(feel.FeelError, match=message):
        feel.evaluate(text)


def test_backoff_varies_within_its_jitter() -> None:
    texts = feel.evaluate('for i in 1..50 return backoff(1, @"PT10S", 1, @"PT10S", 0.1)').value
    seconds = [each.nanoseconds / 1e9 for each in texts]
    assert 9 <= min(seconds) < max(seconds) <= 11


def test_a_document_is_marked_with_the_callers_nonce() -> None:
    text = '{f: createDocument({data: "aG k=", fileName: "hi.txt", contentType: "text/plain"})}'
    result = feel.evaluate(text, nonce="n-1")
    value = {"data": "aG k=", "fileName": "hi.txt", "contentType": "text/plain"}
    marker = {"connectorResultFunction": "createDocument:n-1", "value": value}
    assert feel.to_json_value(result.value) == {"f": marker}
