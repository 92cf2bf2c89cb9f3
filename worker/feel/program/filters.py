"""Filters: `list[condition]` and `list[index]`."""

from __future__ import annotations

from typing import Any

from worker.feel import numbers
from worker.feel.errors import FeelError, FeelLimitError
from worker.feel.evaluation import Evaluation
from worker.feel.syntax import Call, Comparison, Filter, Literal, Negation, Node, PathCall
from worker.feel.values import CONTEXT_TYPES, LIST_TYPES, NUMBER_TYPES, Function, items_of

from .frame import CallFailed, Code, Compiler, Scope, passes_failures, settled
from .logic import expected


class _ItemScope:
    """The scope of a filter's condition: `item`, and the entries of an item that is a context before it.

    One scope serves all items, unless the condition defines functions, which keep the scope they were made in.
    """

    def __init__(self, outer: Scope, *, kept: bool) -> None:
        self._outer = outer
        self._kept = kept
        self._make()

    def _make(self) -> None:
        self._variables: dict[str, Any] = {}
        self._item = Scope(self._variables.get, None, self._outer)
        self._entries = Scope(_nothing, None, self._item)

    def of(self, item: Any) -> Scope:
        """The scope for one item."""
        if self._kept:
            self._make()
        if type(item) in CONTEXT_TYPES:
            self._variables["item"] = item
            self._entries.get, self._entries.named = item.get, item.named
            return self._entries
        if type(item) is Function:
            return Scope(_nothing, {"item": [item]}.get, self._outer)
        self._variables["item"] = item
        return self._item


def _nothing(_: str, default: Any) -> Any:
    return default


def filtered(compiler: Compiler, node: Filter) -> Code:
    source, position = settled(compiler.compile(node.source)), node.source.start
    fixed = _fixed_index(node.condition)
    before = compiler.definitions
    condition = compiler.compile(node.condition)
    defines = compiler.definitions is not before
    per_item = isinstance(node.condition, (Call, PathCall)) or (
        isinstance(node.condition, Comparison) and node.condition.operator != "!="
    )

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.spend()
        value = source(evaluation, scope)
        if type(value) not in LIST_TYPES:
            return expected("list", value, evaluation, position)
        if fixed is not None:
            return indexed(value, fixed)
        if not per_item:
            index = _outer_value(condition, evaluation, scope)
            if type(index) in NUMBER_TYPES:
                return indexed(value, index)
        return _selected(value, condition, evaluation, _ItemScope(scope, kept=defines))

    return settled(passes_failures(run, condition))


def _fixed_index(node: Node) -> Any:
    if isinstance(node, Literal) and type(node.value) in NUMBER_TYPES:
        return node.value
    if isinstance(node, Negation):
        inner = node.operand
        if isinstance(inner, Literal) and type(inner.value) in NUMBER_TYPES:
            return numbers.negate(inner.value)
    return None


def _outer_value(condition: Code, evaluation: Evaluation, scope: Scope) -> Any:
    """The condition's value without `item`, to see whether it is an index. Leaves no warnings behind."""
    warnings, omitted = len(evaluation.warnings), evaluation.omitted_warnings
    try:
        return condition(evaluation, scope)
    except FeelLimitError:
        raise
    except (FeelError, CallFailed):
        return None
    finally:
        del evaluation.warnings[warnings:]
        evaluation.omitted_warnings = omitted


def _selected(value: Any, condition: Code, evaluation: Evaluation, scope: _ItemScope) -> Any:
    result = []
    first = True
    for item in items_of(value):
        evaluation.fuel -= 1
        if evaluation.fuel < 0:
            evaluation.refuel()
        answer = condition(evaluation, scope.of(item))
        if first:
            if type(answer) in NUMBER_TYPES:
                return indexed(value, answer)
            first = False
        if answer is True:
            result.append(item)
    evaluation.reserve_list(len(result))
    return result


def indexed(value: Any, index: Any) -> Any:
    """`value[index]`: from 1, or from the end if not positive; null outside."""
    size = len(value)
    place = numbers.add(index, -1 if index > 0 else size)
    return None if place is None or not 0 <= place < size else value[int(place)]
