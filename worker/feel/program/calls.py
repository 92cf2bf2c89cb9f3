"""Calls: user functions in scope, functions in a context, built-ins; overloads and named arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

from worker.feel import builtins
from worker.feel.builtins.registry import ANY, Builtin
from worker.feel.errors import FeelError, IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.syntax import Call, PathCall
from worker.feel.text import preview
from worker.feel.values import CONTEXT_TYPES, TYPE_NAMES, Function

from .frame import CallFailed, Code, Compiler, Scope, settled

Select = Callable[[Iterable[Function]], Function | None]
"""Picks the overload that fits a call."""


def _selector(count: int, names: tuple[str, ...] | None) -> Select:
    if names is None:

        def by_count(candidates: Iterable[Function]) -> Function | None:
            for each in candidates:
                if len(each.parameters) == count:
                    return each
            return None

        return by_count
    given = set(names)

    def by_names(candidates: Iterable[Function]) -> Function | None:
        for each in candidates:
            if given.issubset(each.parameters):
                return each
        return None

    return by_names


def _arranged(function: Function, values: list[Any], names: tuple[str, ...] | None) -> list[Any]:
    if names is None:
        return values
    given = dict(zip(names, values, strict=True))
    return [given.get(each) for each in function.parameters]


def call(compiler: Compiler, node: Call) -> Code:
    name, names, position = node.name, node.names, node.start
    arguments = [compiler.compile(each) for each in node.arguments]
    select = _selector(len(arguments), names)
    builtin = select_builtin(name, len(arguments), names)
    if builtin is None:
        label = f"parameters: {','.join(names)}" if names is not None else f"{len(arguments)} parameters"
        missing = f"No function found with name '{name}' and {label}"
    else:
        if builtin.needs is not None:
            import_module(builtin.needs)
        taken = [settled(each) for each in arguments] if builtin.takes_failures else arguments
        run_builtin = _builtin_call(builtin, taken, names, position)

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.fuel -= 1
        if evaluation.fuel < 0:
            evaluation.refuel()
        frame: Scope | None = scope
        while frame is not None:
            if frame.named is not None:
                functions = frame.named(name)
                if functions:
                    function = select(functions)
                    if function is not None:
                        try:
                            values = [argument(evaluation, scope) for argument in arguments]
                            return function.invoke(evaluation, _arranged(function, values, names))
                        except CallFailed as failure:
                            not_invoked(name, str(failure), evaluation, position)
                            return None
            frame = frame.outer
        if builtin is None:
            evaluation.warn("NO_FUNCTION_FOUND", missing, position)
            return None
        return run_builtin(evaluation, scope)

    return run


def select_builtin(name: str, count: int, names: tuple[str, ...] | None) -> Builtin | None:
    """The first overload that fits the number or the names of the arguments."""
    for each in builtins.TABLE.get(name, ()):
        if names is not None:
            aliases = dict(each.aliases)
            known = {parameter.name for parameter in each.parameters}
            if {aliases.get(given, given) for given in names} <= known:
                return each
        elif len(each.parameters) == count or (each.variadic and len(each.parameters) < count):
            return each
    return None


def _builtin_call(builtin: Builtin, arguments: list[Code], names: tuple[str, ...] | None, position: int) -> Code:
    """The program of a call whose overload is known."""
    implementation, name = builtin.implementation, builtin.name
    checks = [(place, each.types) for place, each in enumerate(builtin.parameters) if ANY not in each.types]
    arrange = _arrangement(builtin, names)
    type_names = TYPE_NAMES

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        values: list[Any] = []
        try:
            for argument in arguments:
                values.append(argument(evaluation, scope))
            if arrange is not None:
                values = arrange(values)
            for place, accepted in checks:
                if type_names.get(type(values[place])) not in accepted:
                    raise IllegalArguments
            return implementation(evaluation, *values)
        except IllegalArguments as error:
            detail = error.detail
            if detail is None:
                detail = "Illegal arguments: " + ", ".join(f"'{preview(each, evaluation)}'" for each in values)
            not_invoked(name, detail, evaluation, position)
            return None
        except CallFailed as failure:
            not_invoked(name, str(failure), evaluation, position)
            return None
        except FeelError as error:
            error.locate(evaluation.text, position)
            raise

    return run


def not_invoked(name: str, detail: str, evaluation: Evaluation, position: int) -> None:
    """Warn that a call is null."""
    message = f"Failed to invoke function '{name}': {detail}"
    evaluation.warn("FUNCTION_INVOCATION_FAILURE", message, position)


def _marked(code: Code) -> Code:
    code.may_fail = True  # type: ignore[attr-defined]
    return code


def _arrangement(builtin: Builtin, names: tuple[str, ...] | None) -> Callable[[list[Any]], list[Any]] | None:
    """How values of arguments become values of parameters; None if they are the same."""
    if names is not None:
        aliases = dict(builtin.aliases)
        given = [aliases.get(each, each) for each in names]
        wanted = [parameter.name for parameter in builtin.parameters]

        def by_name(values: list[Any]) -> list[Any]:
            known = dict(zip(given, values, strict=True))
            ordered = [known.get(each) for each in wanted]
            if builtin.variadic and TYPE_NAMES.get(type(ordered[-1])) != "list":
                raise IllegalArguments
            return ordered

        return by_name
    if not builtin.variadic:
        return None
    fixed = len(builtin.parameters) - 1

    def gathered(values: list[Any]) -> list[Any]:
        rest = values[fixed:]
        if not fixed and len(rest) == 1 and TYPE_NAMES.get(type(rest[0])) == "list":
            return rest
        return [*values[:fixed], rest]

    return gathered


def path_call(compiler: Compiler, node: PathCall) -> Code:
    base, name, names, position = compiler.compile(node.base), node.name, node.names, node.start
    arguments = [compiler.compile(each) for each in node.arguments]
    select = _selector(len(arguments), names)
    label = f"parameters: {','.join(names)}" if names is not None else f"{len(arguments)} parameters"

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        evaluation.spend()
        context = base(evaluation, scope)
        if type(context) not in CONTEXT_TYPES:
            message = f"Expected context but found '{preview(context, evaluation)}'"
            evaluation.warn("INVALID_TYPE", message, position)
            raise CallFailed(message)
        function = select(context.named(name) or ())
        if function is None:
            message = f"No function found with name '{name}' and {label}"
            evaluation.warn("NO_FUNCTION_FOUND", message, position)
            raise CallFailed(message)
        values: Sequence[Any] = [argument(evaluation, scope) for argument in arguments]
        return function.invoke(evaluation, _arranged(function, list(values), names))

    return _marked(run)
