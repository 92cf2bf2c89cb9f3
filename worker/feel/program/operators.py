"""Arithmetic, comparisons, `between`, `instance of`, negation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from worker.feel import numbers, temporal, utf16
from worker.feel.evaluation import Evaluation
from worker.feel.relations import ORDERS, comparable, compare, equal
from worker.feel.syntax import Arithmetic, Between, Comparison, InstanceOf, Negation
from worker.feel.temporal import TEMPORAL_TYPES
from worker.feel.text import preview
from worker.feel.values import NUMBER_TYPES, TYPE_NAMES

from .frame import Code, Compiler, Scope, passes_failures, settled
from .logic import conjoin, expected

Operator = Callable[[Any, Any, Evaluation], Any]


def _add(left: Any, right: Any, evaluation: Evaluation) -> Any:
    kind, other = type(left), type(right)
    if kind in NUMBER_TYPES and other in NUMBER_TYPES:
        return numbers.add(left, right)
    if kind is str and other is str:
        evaluation.reserve_text(len(left) + len(right))
        return utf16.joined(left, right)
    if kind in TEMPORAL_TYPES or other in TEMPORAL_TYPES:
        return temporal.add(left, right)
    return None


def _subtract(left: Any, right: Any, _: Evaluation) -> Any:
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return numbers.subtract(left, right)
    if type(left) in TEMPORAL_TYPES or type(right) in TEMPORAL_TYPES:
        return temporal.subtract(left, right)
    return None


def _multiply(left: Any, right: Any, _: Evaluation) -> Any:
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return numbers.multiply(left, right)
    if type(left) in TEMPORAL_TYPES or type(right) in TEMPORAL_TYPES:
        return temporal.multiply(left, right)
    return None


def _divide(left: Any, right: Any, _: Evaluation) -> Any:
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return numbers.divide(left, right)
    if type(left) in TEMPORAL_TYPES or type(right) in TEMPORAL_TYPES:
        return temporal.divide(left, right)
    return None


def _power(left: Any, right: Any, evaluation: Evaluation) -> Any:
    if type(left) in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        evaluation.spend(8)
        return numbers.power(left, right)
    return None


_OPERATORS: dict[str, tuple[Operator, str]] = {
    "+": (_add, "Can't add '{1}' to '{0}'"),
    "-": (_subtract, "Can't subtract '{1}' from '{0}'"),
    "*": (_multiply, "Can't multiply '{0}' by '{1}'"),
    "/": (_divide, "Can't divide '{0}' by '{1}'"),
    "**": (_power, "Can't raise '{0}' to the power of '{1}'"),
}


def _no_result(operate: Operator, message: str, left: Any, right: Any, evaluation: Evaluation) -> str:
    """Why an operation is null."""
    if operate is _power:
        for each in (left, right):
            if type(each) not in NUMBER_TYPES:
                return f"Expected number but found '{preview(each, evaluation)}'"
    return message.format(preview(left, evaluation), preview(right, evaluation))


def arithmetic(compiler: Compiler, node: Arithmetic) -> Code:
    first = settled(compiler.compile(node.first))
    plan = [
        (*_OPERATORS[each.operator], settled(compiler.compile(each.operand)), each.start) for each in node.operations
    ]

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        left = first(evaluation, scope)
        for operate, message, operand, position in plan:
            evaluation.fuel -= 1
            if evaluation.fuel < 0:
                evaluation.refuel()
            right = operand(evaluation, scope)
            result = operate(left, right, evaluation)
            if result is None:
                reason = _no_result(operate, message, left, right, evaluation)
                evaluation.warn("INVALID_TYPE", reason, position)
            left = result
        return left

    return run


def negation(compiler: Compiler, node: Negation) -> Code:
    operand, position = settled(compiler.compile(node.operand)), node.start

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        value = operand(evaluation, scope)
        if type(value) in NUMBER_TYPES:
            return numbers.negate(value)
        return expected("number", value, evaluation, position)

    return run


_NUMBER_ORDERS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def comparison(compiler: Compiler, node: Comparison) -> Code:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    position = node.start
    if node.operator == "!=":

        def differs(evaluation: Evaluation, scope: Scope) -> Any:
            same = equals(left(evaluation, scope), right(evaluation, scope), evaluation, position)
            return expected("boolean", None, evaluation, position) if same is None else not same

        return settled(passes_failures(differs, left, right))
    if node.operator == "=":

        def same(evaluation: Evaluation, scope: Scope) -> Any:
            first, second = left(evaluation, scope), right(evaluation, scope)
            kind = type(first)
            if kind is type(second) and (kind is str or kind is int):  # the usual case
                evaluation.fuel -= 1
                if evaluation.fuel < 0:
                    evaluation.refuel()
                return first == second
            return equals(first, second, evaluation, position)

        return passes_failures(same, left, right)
    holds, holds_for_numbers = ORDERS[node.operator], _NUMBER_ORDERS[node.operator]

    def ordered(evaluation: Evaluation, scope: Scope) -> Any:
        first, second = left(evaluation, scope), right(evaluation, scope)
        if type(first) is int and type(second) is int:  # the usual case, without the detour over `order`
            evaluation.fuel -= 1
            if evaluation.fuel < 0:
                evaluation.refuel()
            return holds_for_numbers(first, second)
        return order(first, second, holds, evaluation, position)

    return passes_failures(ordered, left, right)


def equals(left: Any, right: Any, evaluation: Evaluation, position: int) -> bool | None:
    """`left = right` with its warning."""
    evaluation.fuel -= 1
    if evaluation.fuel < 0:
        evaluation.refuel()
    same = equal(left, right, evaluation)
    if same is None:
        not_comparable(left, right, evaluation, position)
    return same


def order(left: Any, right: Any, holds: Callable[[int], bool], evaluation: Evaluation, position: int) -> bool | None:
    """`left < right` and the like with their warning."""
    evaluation.fuel -= 1
    if evaluation.fuel < 0:
        evaluation.refuel()
    if comparable(left, right):
        return holds(compare(left, right))
    not_comparable(left, right, evaluation, position)
    return None


def not_comparable(left: Any, right: Any, evaluation: Evaluation, position: int) -> None:
    message = f"Can't compare '{preview(left, evaluation)}' with '{preview(right, evaluation)}'"
    evaluation.warn("NOT_COMPARABLE", message, position)


def between(compiler: Compiler, node: Between) -> Code:
    value, low, high = (settled(compiler.compile(each)) for each in (node.value, node.low, node.high))
    at_least, at_most, position = ORDERS[">="], ORDERS["<="], node.start

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        checked = value(evaluation, scope)
        above = order(checked, low(evaluation, scope), at_least, evaluation, position)
        result = conjoin(True, above, evaluation, position)
        if result is False:
            return False
        below = order(checked, high(evaluation, scope), at_most, evaluation, position)
        return conjoin(result, below, evaluation, position)

    return run


_TYPE_ALIASES = {
    "date time": "date and time",
    "year-month-duration": "years and months duration",
    "day-time-duration": "days and time duration",
}


def instance_of(compiler: Compiler, node: InstanceOf) -> Code:
    value, wanted = compiler.compile(node.value), _TYPE_ALIASES.get(node.type, node.type)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        checked = value(evaluation, scope)
        if wanted == "Any" or checked is None:
            return checked is not None
        return TYPE_NAMES.get(type(checked)) == wanted

    return passes_failures(run, value)
