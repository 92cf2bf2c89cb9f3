"""Compiles the syntax tree through a closed table of node classes.

`FeelCompiler` is a `simpleeval.SimpleEval` whose table of nodes is ours: dispatch, and the refusal of
everything that is not listed, are the library's. The handlers do not evaluate but return closures, so
that an expression is walked once and then runs at the speed of plain calls. This is the only module that
knows the library.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import simpleeval

from . import syntax
from .errors import too_many_frames
from .evaluation import Evaluation
from .program import basics, calls, filters, logic, loops, operators, tests
from .program.frame import Code, Scope, passes_failures

_HANDLERS: dict[type[syntax.Node], Callable[..., Code]] = {
    syntax.Literal: basics.literal,
    syntax.TemporalLiteral: basics.literal,
    syntax.InputSymbol: basics.input_symbol,
    syntax.Name: basics.name,
    syntax.Path: basics.path,
    syntax.ListLiteral: basics.list_literal,
    syntax.ContextLiteral: basics.context_literal,
    syntax.FunctionDefinition: basics.function_definition,
    syntax.Range: basics.range_value,
    syntax.Negation: operators.negation,
    syntax.Arithmetic: operators.arithmetic,
    syntax.Comparison: operators.comparison,
    syntax.Between: operators.between,
    syntax.InstanceOf: operators.instance_of,
    syntax.Conjunction: logic.conjunction,
    syntax.Disjunction: logic.disjunction,
    syntax.If: logic.conditional,
    syntax.NumberRange: loops.number_range,
    syntax.For: loops.for_loop,
    syntax.Quantified: loops.quantified,
    syntax.Filter: filters.filtered,
    syntax.Call: calls.call,
    syntax.PathCall: calls.path_call,
    syntax.In: tests.membership,
    syntax.Tests: tests.tests,
    syntax.AnyInput: tests.any_input,
    syntax.InputEquals: tests.input_equals,
    syntax.InputComparison: tests.input_comparison,
    syntax.InputInRange: tests.input_in_range,
    syntax.ExpressionTest: tests.expression_test,
}


class FeelCompiler(simpleeval.SimpleEval):  # type: ignore[misc]
    """Dispatches nodes to the handlers of `program`. Safe to share between threads."""

    def __init__(self) -> None:
        super().__init__(operators={}, functions={}, names={})
        # Methods and not partials: calls between Python functions leave the C stack alone, however deep.
        self.nodes = {kind: MethodType(handler, self) for kind, handler in _HANDLERS.items()}
        self.definitions = object()

    compile = simpleeval.SimpleEval._eval
    """The program of a node. Raises `simpleeval.FeatureNotAvailable` for a class that is not listed."""


class TracingCompiler(FeelCompiler):
    """Compiles programs that report each node's value to `Evaluation.trace`."""

    def compile(self, node: syntax.Node) -> Code:
        code = super().compile(node)

        def run(evaluation: Evaluation, scope: Scope) -> Any:
            value = code(evaluation, scope)
            if evaluation.trace is not None:
                evaluation.trace(node, value)
            return value

        return passes_failures(run, code)


_COMPILER = FeelCompiler()
_TRACING_COMPILER = TracingCompiler()


def compile_node(node: syntax.Node, tracing: bool = False) -> Code:
    """The program of a whole tree. Raises FeelLimitError if it is nested too deeply for this thread."""
    try:
        program: Code = (_TRACING_COMPILER if tracing else _COMPILER).compile(node)
    except RecursionError:
        raise too_many_frames("The expression is nested too deeply") from None
    return program
