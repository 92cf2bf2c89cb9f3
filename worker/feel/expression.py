"""A parsed expression and how it is run: the story of one evaluation, top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from .cache import TextCache
from .compiler import compile_node
from .errors import FeelError, FeelInputError, FeelLimitError, FeelWarning, too_many_frames
from .evaluation import Evaluation, Now
from .json_text import plain_tree
from .limits import DEFAULT_LIMITS, Limits
from .parser import parse_expression, parse_unary_tests
from .program.frame import CallFailed, Code, Scope
from .program.tests import with_input
from .syntax import Node
from .text import preview
from .values import CONTEXT_TYPES, LIST_TYPES, Context, InputContext, Range, convert, items_of

ABSENT: Any = object()
"""No input value at all, which is not the same as null."""

MAX_EXPLAINED = 1_000
"""Steps that an explanation holds at most."""


class Result(NamedTuple):
    """A FEEL value and what explains its nulls. `omitted_warnings` counts those beyond the limit."""

    value: Any
    warnings: tuple[FeelWarning, ...] = ()
    omitted_warnings: int = 0


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """The value of one part of an expression: where it stands, its text, the value printed, and the part's form."""

    start: int
    end: int
    text: str
    value: str
    form: str
    """The class of its syntax node: a unary test and the expression in it are different parts of the same text."""


class Expression:
    """A parsed text: an expression or unary tests. Immutable; safe to share between threads."""

    __slots__ = ("_code", "text", "tree")

    def __init__(self, text: str, tree: Node) -> None:
        self.text = text
        self.tree = tree
        self._code = compile_node(tree)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(
        self,
        context: Mapping[str, Any] | None = None,
        *,
        input: Any = ABSENT,
        now: Now | None = None,
        limits: Limits = DEFAULT_LIMITS,
        nonce: str | None = None,
        random: Random | None = None,
    ) -> Result:
        """Run on the variables of `context`. Raises FeelError; see `worker.feel.evaluate`."""
        evaluation = self._evaluation(limits, nonce, now, random)
        return self._run(self._code, evaluation, context, input, independent)

    def evaluate_to_json(
        self, context: Mapping[str, Any], *, limits: Limits = DEFAULT_LIMITS, nonce: str | None = None
    ) -> Result:
        """As `evaluate`; the value is the plain tree of `to_json_value`, made within the limits of the evaluation."""
        evaluation = Evaluation(limits, self.text, nonce)
        return self._run(self._code, evaluation, context, ABSENT, plain_tree)

    def explain(
        self,
        context: Mapping[str, Any] | None = None,
        *,
        input: Any = ABSENT,
        now: Now | None = None,
        limits: Limits = DEFAULT_LIMITS,
        nonce: str | None = None,
        random: Random | None = None,
    ) -> tuple[Result, tuple[ExplainedStep, ...]]:
        """Evaluate and tell the value of each part, innermost first. For people; slower than `evaluate`."""
        evaluation = self._evaluation(limits, nonce, now, random)
        steps: list[ExplainedStep] = []

        def trace(node: Node, value: Any) -> None:
            if len(steps) < MAX_EXPLAINED:
                shown = preview(value, evaluation)
                text = self.text[node.start : node.end]
                steps.append(ExplainedStep(node.start, node.end, text, shown, type(node).__name__))

        evaluation.trace = trace
        result = self._run(compile_node(self.tree, tracing=True), evaluation, context, input, independent)
        return result, tuple(steps)

    def _evaluation(self, limits: Limits, nonce: str | None, now: Now | None, random: Random | None) -> Evaluation:
        evaluation = Evaluation(limits, self.text, nonce)
        evaluation.given_now = now
        if random is not None:
            evaluation.random = random
        return evaluation

    def _run(
        self,
        code: Code,
        evaluation: Evaluation,
        context: Mapping[str, Any] | None,
        input_value: Any,
        finish: Callable[[Any, Evaluation], Any],
    ) -> Result:
        try:
            scope = _root(context, evaluation)
            if input_value is not ABSENT:
                scope = with_input(convert(input_value, evaluation, 0), scope)
            value = finish(code(evaluation, scope), evaluation)
        except CallFailed:
            value = None
        except FeelError as error:
            error.locate(self.text, 0)
            raise
        except RecursionError:
            raise self._located(too_many_frames("The evaluation is nested too deeply")) from None
        except MemoryError:
            detail = "The evaluation needs too much memory"
            beyond = FeelLimitError("memory", "what the process has", detail, origin="set by the system it runs on")
            raise self._located(beyond) from None
        return Result(value, tuple(evaluation.warnings), evaluation.omitted_warnings)

    def _located(self, error: FeelLimitError) -> FeelLimitError:
        error.locate(self.text, 0)
        return error


def _root(context: Mapping[str, Any] | None, evaluation: Evaluation) -> Scope:
    if type(context) is dict:
        given = InputContext(context, evaluation, 0)
        return Scope(given.get, given.named, None, given.follow)
    variables = Context({}) if context is None else convert(context, evaluation, 0)
    if type(variables) not in CONTEXT_TYPES:
        raise FeelInputError(f"The variables must be a mapping, but are a {type(context).__name__}")
    return Scope(variables.get, variables.named, None)


_CONTAINERS = LIST_TYPES | CONTEXT_TYPES
_FOLLOWED = _CONTAINERS | {Range}


def independent(value: Any, evaluation: Evaluation) -> Any:
    """A result, made independent of the input it was taken from. Shared parts are visited once.

    Raises FeelError for a range inside: it is a value of arguments, not of data.
    """
    if type(value) not in _CONTAINERS:
        return value
    waiting = [value]
    if type(value) is Context:  # the usual result: nothing to do for itself
        waiting = [part for part in value.entries.values() if type(part) in _FOLLOWED]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if type(each) is Range:
            raise FeelError("The result holds a range inside a list or context, where it is no value")
        parts = items_of(each) if type(each) in LIST_TYPES else each.entries.values()
        evaluation.spend(1 + (len(parts) >> 3))
        waiting += [part for part in parts if type(part) in _FOLLOWED]
    return value


_CACHE: TextCache[Expression] = TextCache(entries=1024, characters=200_000)


def parsed(text: str, limits: Limits, *, tests: bool = False) -> Expression:
    """The expression (or unary tests) of a text, from the cache if it is there."""
    key: tuple[object, ...] = (text, tests)
    if limits is not DEFAULT_LIMITS:
        key += (limits.text_length, limits.nodes, limits.text_depth, limits.number_digits)
    expression = _CACHE.get(key)
    if expression is None:
        tree = (parse_unary_tests if tests else parse_expression)(text, limits)
        expression = Expression(text, tree)
        _CACHE.put(key, expression, len(text))
    return expression
