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
    tree = _Tree(evaluation)
    plain = tree.plain(value, 0)
    if tree.room < 0:
        tree.refuse()
    return plain


class _Tree:
    """Builds the plain tree within the limit of the result's size.

    A `level` above 0 says that a value is input as it came, and how deep in the input it stands.
    """

    __slots__ = ("evaluation", "room")

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.room = evaluation.limits.result_length
        """Characters left; what a list or context has taken is looked at when it is complete."""

    def refuse(self) -> None:
        limit = self.evaluation.limits.result_length
        raise FeelLimitError("result_length", limit, "The result is too large as JSON")

    def plain(self, value: Any, depth: int, level: int = 0) -> Any:
        kind = type(value)
        if kind is str:
            self.room -= len(value) + 3
            return value
        if value is None or kind is bool:
            self.room -= 5
            return value
        if kind is int and -_LONG <= value < _LONG:
            self.room -= 8
            return value
        if level:
            return self.taken_over(value, depth, level)
        if kind is Decimal or kind is int:
            self.room -= 8
            return _number(value)
        if kind in CONTEXT_TYPES:
            if kind is InputContext and value.raw is not None:
                return self.context(value.raw, depth, value.level)
            return self.context(value.entries, depth, 0)
        if kind in LIST_TYPES:
            if kind is InputList and value.raw is not None:
                return self.list(value.raw, depth, value.level)
            return self.list(items_of(value), depth, 0)
        if kind is Range and depth:
            raise FeelError("The result holds a range inside a list or context, where it is no value")
        if kind is Function or kind is Range:
            name = "function" if kind is Function else "range"
            raise FeelError(f"The result holds a {name}, which has no JSON form")
        if kind not in TYPE_NAMES:
            return self.plain(convert(value, self.evaluation, depth), depth)
        text = temporal.to_json_text(value)
        self.room -= len(text) + 3
        return text

    def taken_over(self, value: Any, depth: int, level: int) -> Any:
        """Input: as if it were converted to its FEEL value before."""
        kind = type(value)
        if kind is dict:
            return self.context(value, depth, level + 1)
        if kind is list:
            return self.list(value, depth, level + 1)
        if kind is float and -_EXACT < value < _EXACT:
            self.room -= 8
            return int(value) if value.is_integer() else value
        return self.plain(convert(value, self.evaluation, level), depth)

    def context(self, entries: dict[str, Any], depth: int, level: int) -> dict[str, Any]:
        self.enter(len(entries), depth, level)
        result = {}
        for key, each in entries.items():
            if type(key) is not str:
                key = context_key(key)
            self.room -= len(key) + 4
            kind = type(each)
            if kind is str:  # the most frequent kinds, without a call
                self.room -= len(each) + 3
                result[key] = each
            elif kind is int and -_LONG <= each < _LONG:
                self.room -= 8
                result[key] = each
            elif kind is not Function or not level:  # a function that came in is no entry
                result[key] = self.plain(each, depth + 1, level)
        if self.room < 0:
            self.refuse()
        return result

    def list(self, values: Sequence[Any], depth: int, level: int) -> list[Any]:
        self.enter(len(values), depth, level)
        items = [self.plain(each, depth + 1, level) for each in values]
        self.room -= 2
        if self.room < 0:
            self.refuse()
        return items

    def enter(self, size: int, depth: int, level: int) -> None:
        """Count a list or context and what it holds."""
        evaluation = self.evaluation
        limit = evaluation.limits.value_depth
        if depth > limit:
            raise FeelLimitError("value_depth", limit, "The result is nested too deeply")
        if level:
            if level > evaluation.limits.input_depth:
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
