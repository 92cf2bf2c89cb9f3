"""FEEL values as JSON: the plain tree for process variables, and the text of `to json()`.

The tree is what the connector hands to its JSON codec. Both count their size while they are made, as shared
parts grow only when they are written out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from . import numbers, temporal
from .errors import FeelError, FeelLimitError
from .evaluation import Evaluation
from .limits import DEFAULT_LIMITS, Limits
from .text import scalar
from .values import (
    CONTEXT_TYPES,
    LIST_TYPES,
    TYPE_NAMES,
    Function,
    InputContext,
    InputList,
    Range,
    context_key,
    convert,
    items_of,
    too_deep,
)

_LONG = 2**63
_EXACT = 2**53
"""Below it the digits of a whole double are those of its integer."""


def to_json_value(value: Any, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The plain JSON tree of a FEEL value: dict, list, str, int, float, bool, None.

    Whole numbers within 64 bits are `int`, all others `float`; beyond the doubles they are the text
    "Infinity" or "-Infinity". Dates, times and durations are ISO texts; functions in contexts are left
    out. Raises FeelError for ranges and other functions, FeelLimitError for a result that is too large.
    """
    return plain_tree(value, Evaluation(limits))


def plain_tree(value: Any, evaluation: Evaluation) -> Any:
    """As `to_json_value`, on what is left of a running evaluation.

    Input that was only passed on becomes JSON as it is, without being taken over into FEEL values first.
    """
    if value is None or value is True or value is False:  # what most error expressions answer
        return value
    evaluation.room = evaluation.limits.result_length
    plain = _plain(value, evaluation, 0, 0)
    if evaluation.room < 0:
        raise _too_large(evaluation)
    return plain


def _too_large(evaluation: Evaluation) -> FeelLimitError:
    return FeelLimitError("result_length", evaluation.limits.result_length, "The result is too large as JSON")


def _plain(value: Any, evaluation: Evaluation, depth: int, level: int) -> Any:
    """The tree of a part of the result; a `level` above 0 says that it is input as it came, and how deep it stands.

    Everything takes room; whether there was as much is looked at when a list or context is complete.
    """
    kind = type(value)
    if kind is str:
        evaluation.room -= len(value) + 3
        return value
    if value is None or kind is bool:
        evaluation.room -= 5
        return value
    if kind is int and -_LONG <= value < _LONG:
        evaluation.room -= 8
        return value
    if level:
        return _plain_input(value, evaluation, depth, level)
    if kind is Decimal or kind is int:
        evaluation.room -= 8
        return _number(value)
    if kind in CONTEXT_TYPES:
        if kind is InputContext and value.raw is not None:
            return _plain_context(value.raw, evaluation, depth, value.level)
        return _plain_context(value.entries, evaluation, depth, 0)
    if kind in LIST_TYPES:
        if kind is InputList and value.raw is not None:
            return _plain_list(value.raw, evaluation, depth, value.level)
        return _plain_list(items_of(value), evaluation, depth, 0)
    if kind is Range and depth:
        raise FeelError("The result holds a range inside a list or context, where it is no value")
    if kind is Function or kind is Range:
        name = "function" if kind is Function else "range"
        raise FeelError(f"The result holds a {name}, which has no JSON form")
    if kind not in TYPE_NAMES:
        return _plain(convert(value, evaluation, depth), evaluation, depth, 0)
    text = temporal.to_json_text(value)
    evaluation.room -= len(text) + 3
    return text


def _plain_input(value: Any, evaluation: Evaluation, depth: int, level: int) -> Any:
    """As if the value were converted to a FEEL value before."""
    kind = type(value)
    if kind is dict:
        return _plain_context(value, evaluation, depth, level + 1)
    if kind is list:
        return _plain_list(value, evaluation, depth, level + 1)
    if kind is float and -_EXACT < value < _EXACT:
        evaluation.room -= 8
        return int(value) if value.is_integer() else value
    return _plain(convert(value, evaluation, level), evaluation, depth, 0)


def _plain_context(entries: dict[str, Any], evaluation: Evaluation, depth: int, level: int) -> dict[str, Any]:
    _enter(len(entries), evaluation, depth, level)
    result = {}
    for key, each in entries.items():
        if type(key) is not str:
            key = context_key(key)
        evaluation.room -= len(key) + 4
        kind = type(each)
        if kind is str:  # the most frequent kinds, without a call
            evaluation.room -= len(each) + 3
            result[key] = each
        elif kind is int and -_LONG <= each < _LONG:
            evaluation.room -= 8
            result[key] = each
        elif kind is not Function or not level:  # a function that came in is no entry
            result[key] = _plain(each, evaluation, depth + 1, level)
    if evaluation.room < 0:
        raise _too_large(evaluation)
    return result


def _plain_list(values: Sequence[Any], evaluation: Evaluation, depth: int, level: int) -> list[Any]:
    _enter(len(values), evaluation, depth, level)
    items = [_plain(each, evaluation, depth + 1, level) for each in values]
    evaluation.room -= 2
    if evaluation.room < 0:
        raise _too_large(evaluation)
    return items


def _enter(size: int, evaluation: Evaluation, depth: int, level: int) -> None:
    """Count a list or context and what it holds."""
    limits = evaluation.limits
    if depth > limits.value_depth:
        raise FeelLimitError("value_depth", limits.value_depth, "The result is nested too deeply")
    if level:
        if level > limits.input_depth:
            raise too_deep(evaluation)
        evaluation.take_input(size)
    evaluation.fuel -= 1 + (size >> 3)
    if evaluation.fuel < 0:
        evaluation.refuel()


def _number(value: int | Decimal) -> int | float | str:
    """A whole number within 64 bits, the nearest double, or the name of an infinity."""
    double = numbers.to_float(value)
    if double.is_integer():
        whole = numbers.as_int(value) if -_LONG <= value < _LONG else None
        return double if whole is None else whole
    return double if math.isfinite(double) else "Infinity" if double > 0 else "-Infinity"


def json_text(value: Any, evaluation: Evaluation) -> str:
    """The text of `to json(value)`: compact, numbers with all their digits."""
    writer = _Writer(evaluation)
    writer.write(value, 0)
    text = "".join(writer.pieces)
    evaluation.reserve_text(len(text))
    return text


class _Writer:
    """Collects the pieces of a JSON text within the limit of a string's length."""

    __slots__ = ("evaluation", "pieces", "room")

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.pieces: list[str] = []
        self.room = evaluation.limits.string_length

    def add(self, piece: str) -> None:
        self.room -= len(piece)
        if self.room < 0:
            limit = self.evaluation.limits.string_length
            raise FeelLimitError("string_length", limit, "A JSON text is too long")
        self.pieces.append(piece)

    def write(self, value: Any, depth: int) -> None:
        kind = type(value)
        self.evaluation.spend()
        if kind is str:
            self.add(quoted(value))
        elif kind in CONTEXT_TYPES or kind in LIST_TYPES:
            if depth > self.evaluation.limits.value_depth:
                limit = self.evaluation.limits.value_depth
                raise FeelLimitError("value_depth", limit, "A value is nested too deeply to be written as JSON")
            self.write_all(value, depth + 1)
        elif kind in temporal.TEMPORAL_TYPES:
            self.add(quoted(temporal.to_json_function_text(value)))
        elif kind is Function or kind is Range:
            self.add(quoted(range_text(value) if kind is Range else scalar(value)))
        else:
            self.add(scalar(value))

    def write_all(self, value: Any, depth: int) -> None:
        separator = ""
        if type(value) in LIST_TYPES:
            self.add("[")
            for each in items_of(value):
                self.add(separator)
                self.write(each, depth)
                separator = ","
            self.add("]")
            return
        self.add("{")
        for key, each in value.entries.items():
            self.add(f"{separator}{quoted(key)}:")
            self.write(each, depth)
            separator = ","
        self.add("}")


def range_text(value: Range) -> str:
    """The printed form of a range; its ends hold no other values."""
    opening, closing = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
    return f"{opening}{scalar(value.low)}..{scalar(value.high)}{closing}"


_SPECIAL = re.compile(r'["\\\x00-\x1f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def quoted(text: str) -> str:
    """A JSON string."""
    return f'"{_SPECIAL.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return _SHORT.get(char) or f"\\u{ord(char):04X}"
