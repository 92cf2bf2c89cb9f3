"""Conversions between strings, numbers and JSON. Those to temporal values are in `temporal.py`."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from worker.feel import numbers
from worker.feel.errors import FeelLimitError, IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.json_text import json_text
from worker.feel.numbers import Number
from worker.feel.text import printed
from worker.feel.values import convert

from .registry import Family

CONVERSION = Family("conversion")

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,10})?")
_GROUPING = frozenset({" ", ",", "."})
_DECIMAL = frozenset({",", "."})


@CONVERSION.builtin(
    "string",
    "from: any",
    summary="The printed form of a value; null stays null.",
    examples=[("string(1.1)", '"1.1"'), ('string([1, "a"])', '"[1, \\"a\\"]"')],
)
def _string(evaluation: Evaluation, value: Any) -> str | None:
    return None if value is None else printed(value, evaluation)


def _parsed(evaluation: Evaluation, text: str) -> Number:
    limit = evaluation.limits.number_digits
    if len(text) > limit:
        raise FeelLimitError("number_digits", limit, "A number has too many digits")
    if not _NUMBER.fullmatch(text):
        raise IllegalArguments(f"Can't parse '{text}' as a number")
    if text.isdigit() and text.isascii():
        return int(text)
    number = numbers.bounded(numbers.WIDE.create_decimal(text))
    if number is None:
        raise IllegalArguments(f"Can't parse '{text}' as a number")
    return number


@CONVERSION.builtin(
    "number",
    "from: string",
    summary="The number that a text denotes; null if it is none.",
    examples=[('number("1500.5")', "1500.5"), ('number("1e3")', "1000")],
)
def _number(evaluation: Evaluation, text: str) -> Number:
    return _parsed(evaluation, text)


@CONVERSION.builtin(
    "number",
    "from: string",
    "grouping separator: string",
    summary='The number after the grouping separator (" ", "," or ".") is removed.',
    examples=[('number("1,500", ",")', "1500")],
)
def _number_grouped(evaluation: Evaluation, text: str, grouping: str) -> Number:
    if grouping not in _GROUPING:
        raise IllegalArguments("illegal argument for grouping. Must be one of ' ', ',' or '.'")
    return _parsed(evaluation, text.replace(grouping, ""))


@CONVERSION.builtin(
    "number",
    "from: string",
    "grouping separator: string?",
    "decimal separator: string?",
    summary='The number in a notation with its own separators; the decimal separator is "," or ".".',
    examples=[('number("1 500,5", " ", ",")', "1500.5")],
)
def _number_separated(evaluation: Evaluation, text: str, grouping: str | None, point: str | None) -> Number:
    if grouping is None and point is None:
        raise IllegalArguments
    valid = grouping is None or grouping in _GROUPING
    if not valid or (point is not None and (point not in _DECIMAL or point == grouping)):
        detail = "illegal arguments for grouping or decimal. Must be one of ' ' (grouping only), ',' or '.'"
        raise IllegalArguments(detail)
    if grouping is not None:
        text = text.replace(grouping, "")
    return _parsed(evaluation, text if point is None else text.replace(point, "."))


@CONVERSION.builtin(
    "to json",
    "value: any",
    summary="The value as compact JSON text.",
    examples=[("to json({a: 1})", '"{\\"a\\":1}"'), ("to json(null)", '"null"')],
)
def _to_json(evaluation: Evaluation, value: Any) -> str:
    return json_text(value, evaluation)


_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)


def _reject(constant: str) -> NoReturn:
    raise ValueError(constant)


def _float(text: str) -> float | None:
    value = float(text)
    return value if abs(value) != float("inf") else None


_DECODER = json.JSONDecoder(parse_constant=_reject, parse_float=_float)


@CONVERSION.builtin(
    "from json",
    "json: string?",
    summary="The value of a JSON text; text after the value is ignored. Null if it is no JSON.",
    examples=[('from json("{\\"a\\": [1, true]}")', "{a: [1, true]}")],
)
def _from_json(evaluation: Evaluation, text: str | None) -> Any:
    if text is None:
        return None
    limits = evaluation.limits
    if len(text) > limits.json_length:
        raise FeelLimitError("json_length", limits.json_length, "A JSON text is too long")
    evaluation.spend(1 + (len(text) >> 6))
    evaluation.allocate(len(text) * 4)
    _check_depth(text, limits.json_depth)
    shown = text if len(text) <= 100 else f"{text[:100]}…"
    start = len(text) - len(text.lstrip(" \t\n\r"))
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        raise IllegalArguments(f"Failed to parse JSON from '{shown}'") from None
    if not isinstance(value, (dict, list, str)) and text[end : end + 1] not in ("", " ", "\t", "\n", "\r"):
        raise IllegalArguments(f"Failed to parse JSON from '{shown}'")
    return convert(value, evaluation, 0)


def _check_depth(text: str, limit: int) -> None:
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[1]:
            depth += 1
            if depth > limit:
                raise FeelLimitError("json_depth", limit, "A JSON text is nested too deeply")
        elif match[2]:
            depth -= 1
