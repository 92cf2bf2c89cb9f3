"""Unary tests: `in`, the tests themselves, and what refers to the implicit input value."""

from __future__ import annotations

from typing import Any

from worker.feel.evaluation import Evaluation
from worker.feel.relations import ORDERS, equal, in_range
from worker.feel.syntax import AnyInput, ExpressionTest, In, InputComparison, InputEquals, InputInRange, Tests
from worker.feel.text import preview
from worker.feel.values import LIST_TYPES, MISSING, items_of

from .frame import CallFailed, Code, Compiler, NoInput, Scope, find, passes_failures, settled
from .logic import disjoin, expected
from .operators import equals, order

INPUT_NAME = "cellInput"
"""The variable that holds the implicit input value. No variable can redirect it to another."""


def input_value(evaluation: Evaluation, scope: Scope, position: int) -> Any:
    """The implicit input value; null with a warning if there is none."""
    value = find(scope, INPUT_NAME)
    if value is MISSING:
        evaluation.warn("NO_VARIABLE_FOUND", "No input value found.", position)
        return None
    return value


def with_input(value: Any, scope: Scope | None) -> Scope:
    """A scope in which tests apply to `value`."""
    return Scope({INPUT_NAME: value}.get, None, scope)


def membership(compiler: Compiler, node: In) -> Code:
    only = node.tests.tests[0] if len(node.tests.tests) == 1 else node.tests
    value, tests = compiler.compile(node.value), compiler.compile(only)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.spend()
        return tests(evaluation, with_input(value(evaluation, scope), scope))

    return passes_failures(run, value, tests)


def tests(compiler: Compiler, node: Tests) -> Code:
    codes = [(compiler.compile(each), each.start) for each in node.tests]
    if len(codes) == 1 and not node.negated:
        return codes[0][0]
    checks = [(settled(code), position) for code, position in codes]
    single = len(checks) == 1

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        result: bool | None = False
        for check, position in checks:
            answer = check(evaluation, scope)
            result = answer if single else disjoin(result, answer, evaluation, position)
            if result is True:
                break
        if not node.negated:
            return result
        if result is True or result is False:
            return not result
        return expected("boolean", result, evaluation, node.start)

    return run


def any_input(_: Compiler, node: AnyInput) -> Code:
    return lambda evaluation, scope: True


def input_equals(_: Compiler, node: InputEquals) -> Code:
    def run(evaluation: Evaluation, scope: Scope) -> Any:
        return equals(input_value(evaluation, scope, node.start), node.value, evaluation, node.start)

    return run


def input_comparison(compiler: Compiler, node: InputComparison) -> Code:
    operand, holds, position = compiler.compile(node.operand), ORDERS[node.operator], node.start

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        value = input_value(evaluation, scope, position)
        return order(value, operand(evaluation, scope), holds, evaluation, position)

    return passes_failures(run, operand)


def input_in_range(compiler: Compiler, node: InputInRange) -> Code:
    bounds = node.range
    low, high = compiler.compile(bounds.low), compiler.compile(bounds.high)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.spend()
        first, last = low(evaluation, scope), high(evaluation, scope)
        value = input_value(evaluation, scope, node.start)
        inside = in_range(value, first, last, bounds.low_closed, bounds.high_closed)
        if inside is None:
            shown = [preview(each, evaluation) for each in (value, first, last)]
            message = f"Can't compare '{shown[0]}' with '{shown[1]}' and '{shown[2]}'"
            evaluation.warn("NOT_COMPARABLE", message, node.start)
        return inside

    return passes_failures(run, low, high)


def expression_test(compiler: Compiler, node: ExpressionTest) -> Code:
    expression, position = compiler.compile(node.expression), node.start
    with_symbol = settled(expression)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        value = input_value(evaluation, scope, position)
        warnings = len(evaluation.warnings)
        try:
            wanted = expression(evaluation, scope)
        except NoInput:
            del evaluation.warnings[warnings:]
            answer = with_symbol(evaluation, Scope({"?": value}.get, None, scope))
            return answer if answer is True or answer is False else None
        except CallFailed:  # equal to no input
            return False
        if wanted is True:
            return True
        if type(wanted) in LIST_TYPES:
            evaluation.spend(len(wanted))
            if any(equal(each, value, evaluation) is True for each in items_of(wanted)):
                return True
        same = equals(value, wanted, evaluation, position)
        if same is True:
            return True
        if wanted is False or type(wanted) in LIST_TYPES:
            return False
        return same

    return run
