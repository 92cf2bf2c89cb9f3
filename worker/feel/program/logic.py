"""Three-valued logic and `if`."""

from __future__ import annotations

from typing import Any

from worker.feel.evaluation import Evaluation
from worker.feel.syntax import Conjunction, Disjunction, If
from worker.feel.text import preview

from .frame import CallFailed, Code, Compiler, Scope, may_fail, passes_failures, settled


def expected(type_name: str, value: Any, evaluation: Evaluation, position: int) -> Any:
    """Warn that a value is of another type; the answer is null."""
    message = f"Expected {type_name} but found '{preview(value, evaluation)}'"
    evaluation.warn("INVALID_TYPE", message, position)
    return None


def conjoin(so_far: bool | None, value: Any, evaluation: Evaluation, position: int) -> bool | None:
    """One step of `and`: the next operand after an answer that is not false."""
    if so_far is None:
        return False if value is False else None
    if value is True or value is False:
        return value
    expected("boolean", value, evaluation, position)
    return None


def disjoin(so_far: bool | None, value: Any, evaluation: Evaluation, position: int) -> bool | None:
    """One step of `or`: the next operand after an answer that is not true."""
    if so_far is None:
        return True if value is True else None
    if value is True or value is False:
        return value
    expected("boolean", value, evaluation, position)
    return None


def conjunction(compiler: Compiler, node: Conjunction) -> Code:
    operands = [(settled(compiler.compile(each)), each.start) for each in node.operands]

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        result: bool | None = True
        for operand, position in operands:
            evaluation.fuel -= 1
            if evaluation.fuel < 0:
                evaluation.refuel()
            value = operand(evaluation, scope)
            if value is False:
                return False
            if value is not True:
                result = conjoin(result, value, evaluation, position)
        return result

    return run


def disjunction(compiler: Compiler, node: Disjunction) -> Code:
    operands = [(settled(compiler.compile(each)), each.start) for each in node.operands]

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        result: bool | None = False
        for operand, position in operands:
            evaluation.fuel -= 1
            if evaluation.fuel < 0:
                evaluation.refuel()
            value = operand(evaluation, scope)
            if value is True:
                return True
            if value is not False:
                result = disjoin(result, value, evaluation, position)
        return result

    return run


def conditional(compiler: Compiler, node: If) -> Code:
    condition = settled(compiler.compile(node.condition))
    consequence, alternative = compiler.compile(node.consequence), compiler.compile(node.alternative)
    position, fragile = node.condition.start, may_fail(consequence)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.fuel -= 1
        if evaluation.fuel < 0:
            evaluation.refuel()
        met = condition(evaluation, scope)
        if met is True:
            if not fragile:
                return consequence(evaluation, scope)
            try:
                return consequence(evaluation, scope)
            except CallFailed:
                return alternative(evaluation, scope)
        if met is not False:
            expected("boolean", met, evaluation, position)
        return alternative(evaluation, scope)

    return passes_failures(run, alternative)
