"""Literals, names, paths, lists, contexts, function definitions, ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from worker.feel import temporal
from worker.feel.errors import FeelLimitError, FeelWarning
from worker.feel.evaluation import Evaluation
from worker.feel.relations import comparable
from worker.feel.syntax import (
    ContextLiteral,
    FunctionDefinition,
    InputSymbol,
    ListLiteral,
    Literal,
    Name,
    Path,
    Range,
    TemporalLiteral,
)
from worker.feel.temporal import TEMPORAL_TYPES
from worker.feel.text import preview
from worker.feel.values import CONTEXT_TYPES, LIST_TYPES, MISSING, Context, Function, InputContext, items_of
from worker.feel.values import Range as RangeValue

from .frame import CallFailed, Code, Compiler, NoInput, Scope, passes_failures, settled

MOST_NAMES = 50
"""Keys that a warning names."""


def literal(_: Compiler, node: Literal | TemporalLiteral) -> Code:
    value = node.value
    return lambda evaluation, scope: value


def name(_: Compiler, node: Name) -> Code:
    wanted, unknown = node.name, _unknown(node)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.fuel -= 1
        if evaluation.fuel < 0:
            evaluation.refuel()
        frame: Scope | None = scope
        while frame is not None:
            value = frame.get(wanted, MISSING)
            if value is not MISSING:
                return value
            frame = frame.outer
        evaluation.keep(unknown)
        return None

    return run


def _unknown(node: Name) -> FeelWarning:
    return FeelWarning("NO_VARIABLE_FOUND", f"No variable found with name '{node.name}'", node.start)


def input_symbol(_: Compiler, node: InputSymbol) -> Code:
    position = node.start

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        frame: Scope | None = scope
        while frame is not None:
            value = frame.get("?", MISSING)
            if value is not MISSING:
                return value
            frame = frame.outer
        message = (
            "failed to evaluate expression: No input value available. "
            "'?' can only be used inside an unary-test expression."
        )
        raise NoInput(message, evaluation.text, position)

    return run


def path(compiler: Compiler, node: Path) -> Code:
    if isinstance(node.base, Name):
        return _variable_path(node, node.base)
    base, names, offsets = compiler.compile(node.base), node.names, node.offsets

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        value = base(evaluation, scope)
        evaluation.spend()
        return _followed(value, names, offsets, evaluation)

    return passes_failures(run, base)


def _variable_path(node: Path, base: Name) -> Code:
    """The most frequent form of path, in one piece."""
    wanted, names, offsets, unknown = base.name, node.names, node.offsets, _unknown(base)
    whole = (wanted, *names)
    # Most often only the last name leads nowhere, or into the items of a list.
    parts = [(whole[:end], names[end - 1 :], offsets[end - 1 :]) for end in sorted({len(names), 1}, reverse=True)]

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.fuel -= 2
        if evaluation.fuel < 0:
            evaluation.refuel()
        frame: Scope | None = scope
        while frame is not None:
            follow = frame.follow
            if follow is None:
                value = frame.get(wanted, MISSING)
                if value is not MISSING:
                    return _followed(value, names, offsets, evaluation)
            else:
                value = follow(whole)
                if value is not MISSING:
                    return value
                for part, rest, places in parts:
                    value = follow(part)
                    if value is not MISSING:
                        return _stepped(value, rest, places, evaluation)
            frame = frame.outer
        evaluation.keep(unknown)  # one warning is enough
        return None

    return run


def _followed(value: Any, names: tuple[str, ...], offsets: tuple[int, ...], evaluation: Evaluation) -> Any:
    """What a path from a value leads to."""
    if type(value) is InputContext:
        found = value.follow(names)
        if found is not MISSING:
            return found
    return _stepped(value, names, offsets, evaluation)


def _stepped(value: Any, names: tuple[str, ...], offsets: tuple[int, ...], evaluation: Evaluation) -> Any:
    """The same name by name, with warnings."""
    for index, key in enumerate(names):
        if type(value) in CONTEXT_TYPES:
            found = value.get(key, MISSING)
            if found is not MISSING:
                value = found
                continue
        value = step(value, key, evaluation, offsets[index])
    return value


def step(value: Any, key: str, evaluation: Evaluation, position: int) -> Any:
    """`value.key` for everything but an entry that exists."""
    kind = type(value)
    if kind in LIST_TYPES:
        return _mapped(value, key, evaluation, position, 0)
    if kind in CONTEXT_TYPES:
        keys = value.names(MOST_NAMES)
        shown = "', '".join(keys)
        known = f"Available keys: '{shown}'" if keys else "The context is empty"
        message = f"No context entry found with key '{key}'. {known}"
        evaluation.warn("NO_CONTEXT_ENTRY_FOUND", message, position)
        return None
    if value is None:
        message = f"No context entry found with key '{key}'. The context is null"
        evaluation.warn("NO_CONTEXT_ENTRY_FOUND", message, position)
        return None
    if kind in TEMPORAL_TYPES:
        try:
            return temporal.get_property(value, key)
        except KeyError:
            pass
    names = ", ".join(f"'{each}'" for each in temporal.property_names(value)) if kind in TEMPORAL_TYPES else ""
    shown = preview(value, evaluation)
    message = f"No property found with name '{key}' of value '{shown}'. Available properties: {names}"
    evaluation.warn("NO_PROPERTY_FOUND", message, position)
    return None


def _mapped(value: Any, key: str, evaluation: Evaluation, position: int, depth: int) -> list[Any]:
    if depth > evaluation.limits.value_depth:
        raise FeelLimitError("value_depth", evaluation.limits.value_depth, "Lists are nested too deeply")
    evaluation.spend(len(value) + 1)
    evaluation.reserve_list(len(value))
    result = []
    for item in items_of(value):
        kind = type(item)
        if kind in CONTEXT_TYPES:
            found = item.get(key, MISSING)
            result.append(step(item, key, evaluation, position) if found is MISSING else found)
        elif kind in LIST_TYPES:
            result.append(_mapped(item, key, evaluation, position, depth + 1))
        else:
            result.append(step(item, key, evaluation, position))
    return result


def list_literal(compiler: Compiler, node: ListLiteral) -> Code:
    items = [compiler.compile(item) for item in node.items]

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.spend()
        evaluation.allocate(64 + 16 * len(items))
        return [item(evaluation, scope) for item in items]

    return passes_failures(run, *items)


def context_literal(compiler: Compiler, node: ContextLiteral) -> Code:
    plan: list[tuple[str, Code, bool]] = []
    for entry in node.entries:
        before = compiler.definitions
        code = compiler.compile(entry.value)
        plan.append((entry.key, code, compiler.definitions is not before))

    size = 64 + 32 * len(plan)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.fuel -= 1
        if evaluation.fuel < 0:
            evaluation.refuel()
        evaluation.allocate(size)
        entries: dict[str, Any] = {}
        functions: dict[str, list[Function]] | None = None
        inner = Scope(entries.get, None, scope)
        for key, code, captures in plan:
            if captures:  # a function sees only the entries before its own
                seen = Scope(dict(entries).get, dict(functions or ()).get, scope)
                value = code(evaluation, seen)
            else:
                value = code(evaluation, inner)
            if type(value) is not Function:
                entries[key] = value
            elif functions is None:
                functions = {key: [value]}
                inner.named = functions.get
            else:
                functions[key] = [*functions.get(key, ()), value]
        return Context(entries, functions)

    return passes_failures(run, *(code for _, code, _ in plan))


def function_definition(compiler: Compiler, node: FunctionDefinition) -> Code:
    parameters, body = node.parameters, compiler.compile(node.body)
    compiler.definitions = object()

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.spend()

        def invoke(running: Evaluation, arguments: Sequence[Any]) -> Any:
            running.spend()
            limit = running.limits.call_depth
            if running.depth >= limit:
                raise FeelLimitError("call_depth", limit, "Functions call each other too deeply")
            running.depth += 1
            try:
                return body(running, Scope(dict(zip(parameters, arguments, strict=False)).get, None, scope))
            finally:
                running.depth -= 1

        return Function(parameters, invoke)

    return run


def range_value(compiler: Compiler, node: Range) -> Code:
    """A range as argument; invalid ends make the call it is for null."""
    low, high = settled(compiler.compile(node.low)), settled(compiler.compile(node.high))

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.spend()
        first, last = low(evaluation, scope), high(evaluation, scope)
        value = RangeValue(first, last, node.low_closed, node.high_closed)
        if type(first) is not str and comparable(first, last):
            return value
        message = f"Invalid range definition '{preview(value, evaluation)}'"
        evaluation.warn("INVALID_TYPE", message, node.start)
        raise CallFailed(message)

    run.may_fail = True  # type: ignore[attr-defined]
    return run
