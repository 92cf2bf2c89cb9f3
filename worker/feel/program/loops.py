"""`for`, `some` and `every`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator as Rounds
from typing import Any

from worker.feel import numbers
from worker.feel.errors import FeelLimitError
from worker.feel.evaluation import Evaluation
from worker.feel.syntax import For, Iterator, NumberRange, Quantified
from worker.feel.values import LIST_TYPES, NUMBER_TYPES, PartialList, items_of

from .frame import CallFailed, Code, Compiler, Scope, settled
from .logic import conjoin, disjoin, expected

MAX_BOUND = 10**15


def number_range(compiler: Compiler, node: NumberRange) -> Code:
    low, high = settled(compiler.compile(node.low)), settled(compiler.compile(node.high))

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        first, last = low(evaluation, scope), high(evaluation, scope)
        for bound, place in ((first, node.low.start), (last, node.high.start)):
            if type(bound) not in NUMBER_TYPES:
                expected("number", bound, evaluation, place)
                raise CallFailed
            if not -MAX_BOUND <= bound <= MAX_BOUND:
                detail = "A bound of a loop is too large"
                raise FeelLimitError("range_bound", "10^15", detail, origin="a constant of this FEEL engine")
        count = numbers.distance(first, last) + 1
        evaluation.reserve_list(count)
        sign = 1 if first < last else -1
        if type(first) is int:
            return list(range(first, first + sign * count, sign))
        evaluation.spend(count)
        return [numbers.add(first, sign * index) for index in range(count)]

    return run


def _sources(compiler: Compiler, iterators: tuple[Iterator, ...]) -> list[tuple[Code, int]]:
    return [(compiler.compile(each.source), each.source.start) for each in iterators]


def _lists(sources: list[tuple[Code, int]], evaluation: Evaluation, scope: Scope) -> list[list[Any]] | None:
    """The values to go through, all evaluated before the first round; None if one is no list."""
    try:
        values = [(source(evaluation, scope), position) for source, position in sources]
    except CallFailed:
        return None
    for value, position in values:
        if type(value) not in LIST_TYPES:
            expected("list", value, evaluation, position)
            return None
    return [items_of(value) for value, _ in values]


def _rounds(lists: list[list[Any]]) -> Rounds[tuple[Any, ...]]:
    return zip(lists[0], strict=True) if len(lists) == 1 else itertools.product(*lists)


def for_loop(compiler: Compiler, node: For) -> Code:
    names = tuple(each.name for each in node.iterators)
    sources = _sources(compiler, node.iterators)
    body = settled(compiler.compile(node.result))

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        lists = _lists(sources, evaluation, scope)
        if lists is None:
            return None
        evaluation.reserve_list(math.prod(map(len, lists)))
        results: list[Any] = []
        for values in _rounds(lists):
            evaluation.fuel -= 1
            if evaluation.fuel < 0:
                evaluation.refuel()
            variables = dict(zip(names, values, strict=True))
            variables["partial"] = PartialList(results, len(results))
            results.append(body(evaluation, Scope(variables.get, None, scope)))
        return results

    return run


def quantified(compiler: Compiler, node: Quantified) -> Code:
    names = tuple(each.name for each in node.iterators)
    sources = _sources(compiler, node.iterators)
    condition, position = settled(compiler.compile(node.condition)), node.condition.start
    decisive = node.quantifier == "some"
    join = disjoin if decisive else conjoin

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        lists = _lists(sources, evaluation, scope)
        if lists is None:
            return None
        result: bool | None = not decisive
        for values in _rounds(lists):
            evaluation.fuel -= 1
            if evaluation.fuel < 0:
                evaluation.refuel()
            inner = Scope(dict(zip(names, values, strict=True)).get, None, scope)
            result = join(result, condition(evaluation, inner), evaluation, position)
            if result is decisive:
                return result
        return result

    return run
