"""Functions that make one answer of many values: extremes, sums, averages, `all` and `any`."""

from __future__ import annotations

import heapq
import math
from typing import Any

from worker.feel import numbers
from worker.feel.errors import IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.numbers import Number
from worker.feel.relations import comparable, compare
from worker.feel.text import preview
from worker.feel.values import TYPE_NAMES, items_of

from .registry import Family

STATISTICS = Family("statistics")

_CHUNK = 8192
"""Items that are sorted in one go; a longer sort would hold the interpreter too long."""


def _extreme(evaluation: Evaluation, values: Any, sign: int) -> Any:
    evaluation.spend(len(values))
    items = items_of(values)
    if not items:
        return None
    best = items[0]
    for each in items:
        if not comparable(best, each):
            raise IllegalArguments(f"{preview(values, evaluation)} is not comparable")
        if compare(each, best) * sign > 0:
            best = each
    return best


@STATISTICS.builtin(
    "min",
    "*list: any",
    summary="The least of comparable values; null for an empty list.",
    examples=[("min(1, 2, 3)", "1"), ("min([])", "null")],
)
def _min(evaluation: Evaluation, values: Any) -> Any:
    return _extreme(evaluation, values, -1)


@STATISTICS.builtin(
    "max",
    "*list: any",
    summary="The greatest of comparable values; null for an empty list.",
    examples=[("max([1, 2, 3])", "3")],
)
def _max(evaluation: Evaluation, values: Any) -> Any:
    return _extreme(evaluation, values, 1)


def _numbers(evaluation: Evaluation, values: Any) -> list[Number]:
    evaluation.spend(len(values))
    items = items_of(values)
    for each in items:
        if TYPE_NAMES.get(type(each)) != "number":
            raise IllegalArguments(f"expected number but found '{preview(each, evaluation)}'")
    return items


def _result(number: Number | None) -> Number:
    if number is None:
        raise IllegalArguments("the result is no number within the bounds")
    return number


def _total(items: list[Number]) -> Number:
    total = items[0]
    for each in items[1:]:
        total = _result(numbers.add(total, each))
    return total


def _ordered(evaluation: Evaluation, items: list[Number]) -> list[Number]:
    """Sorted in pieces that are short enough to leave others the interpreter."""
    evaluation.spend(2 * len(items))
    if len(items) <= _CHUNK:
        return sorted(items)
    chunks = []
    for first in range(0, len(items), _CHUNK):
        evaluation.check_clock()
        chunks.append(sorted(items[first : first + _CHUNK]))
    return list(heapq.merge(*chunks))


@STATISTICS.builtin(
    "sum",
    "*list: any",
    summary="The sum of numbers; null for an empty list.",
    examples=[("sum([1, 2, 3])", "6"), ("sum(1, 2.5)", "3.5")],
)
def _sum(evaluation: Evaluation, values: Any) -> Number | None:
    items = _numbers(evaluation, values)
    return _total(items) if items else None


@STATISTICS.builtin(
    "product",
    "*list: any",
    summary="The product of numbers; null for an empty list.",
    examples=[("product([2, 3, 4])", "24")],
)
def _product(evaluation: Evaluation, values: Any) -> Number | None:
    items = _numbers(evaluation, values)
    if not items:
        return None
    product = items[0]
    for each in items[1:]:
        product = _result(numbers.multiply(product, each))
    return product


@STATISTICS.builtin(
    "mean",
    "*list: any",
    summary="The arithmetic mean of numbers; null for an empty list.",
    examples=[("mean([1, 2, 3])", "2")],
)
def _mean(evaluation: Evaluation, values: Any) -> Number | None:
    items = _numbers(evaluation, values)
    return _result(numbers.divide(_total(items), len(items))) if items else None


@STATISTICS.builtin(
    "median",
    "*list: any",
    summary="The middle one of the sorted numbers; null for an empty list.",
    examples=[("median(8, 2, 5, 3, 4)", "4"), ("median([6, 1, 2, 3])", "2.5")],
)
def _median(evaluation: Evaluation, values: Any) -> Number | None:
    items = _ordered(evaluation, _numbers(evaluation, values))
    if not items:
        return None
    middle = len(items) // 2
    if len(items) % 2:
        return items[middle]
    return _result(numbers.divide(_result(numbers.add(items[middle - 1], items[middle])), 2))


@STATISTICS.builtin(
    "stddev",
    "*list: any",
    summary="The sample standard deviation of numbers; null for an empty list.",
    examples=[("stddev(2, 4, 7, 5)", "2.0816659994661326")],
)
def _stddev(evaluation: Evaluation, values: Any) -> Number | None:
    items = _numbers(evaluation, values)
    if not items:
        return None
    if len(items) == 1:
        raise IllegalArguments("the standard deviation needs two numbers or more")
    mean = _result(numbers.divide(_total(items), len(items)))
    squares: Number = 0
    for each in items:
        evaluation.spend()
        difference = _result(numbers.subtract(each, mean))
        squares = _result(numbers.add(squares, _result(numbers.power(difference, 2))))
    variance = numbers.to_float(_result(numbers.divide(squares, len(items) - 1)))
    return _result(numbers.from_float(math.sqrt(variance)))


@STATISTICS.builtin(
    "mode",
    "*list: any",
    summary="The most frequent numbers, sorted.",
    examples=[("mode([6, 3, 9, 6, 6])", "[6]"), ("mode([6, 1, 9, 6, 1])", "[1, 6]")],
)
def _mode(evaluation: Evaluation, values: Any) -> list[Number]:
    items = _numbers(evaluation, values)
    if not items:
        return []
    counts: dict[Number, int] = {}
    for each in items:
        counts[each] = counts.get(each, 0) + 1
    highest = max(counts.values())
    evaluation.reserve_list(len(counts))
    return _ordered(evaluation, [number for number, count in counts.items() if count == highest])


def _fold(evaluation: Evaluation, values: Any, decisive: bool) -> bool | None:
    """`or` (decided by true) or `and` (decided by false) over items; what is no boolean counts as null."""
    evaluation.spend(len(values))
    result: bool | None = not decisive
    for each in items_of(values):
        if each is decisive:
            return bool(each)
        if each is not (not decisive):
            result = None
    return result


@STATISTICS.builtin(
    "all",
    "*list: any",
    summary="False if one item is false, else null if one is no boolean, else true.",
    examples=[("all([true, false])", "false"), ("all([])", "true")],
    takes_failures=True,
)
@STATISTICS.builtin(
    "and",
    "*list: any",
    summary="The same as `all`.",
    examples=[("and([true, null])", "null")],
    takes_failures=True,
)
def _all(evaluation: Evaluation, values: Any) -> bool | None:
    return _fold(evaluation, values, decisive=False)


@STATISTICS.builtin(
    "any",
    "*list: any",
    summary="True if one item is true, else null if one is no boolean, else false.",
    examples=[("any([false, true])", "true"), ("any([])", "false")],
    takes_failures=True,
)
@STATISTICS.builtin(
    "or",
    "*list: any",
    summary="The same as `any`.",
    examples=[("or([false, null])", "null")],
    takes_failures=True,
)
def _any(evaluation: Evaluation, values: Any) -> bool | None:
    return _fold(evaluation, values, decisive=True)
