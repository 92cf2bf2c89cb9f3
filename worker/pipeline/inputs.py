"""Where the inputs of a native job come from: task headers named like inputs, then the job's variables.

A header whose whole value begins with `=` is FEEL over the job's variables. Headers belong to the model, so that is
safe; variables may hold foreign data, so expressions in them are evaluated only where the operator says so. A result is
never evaluated again, and secrets are put in afterwards, so no expression sees one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeGuard

from worker.errors import JobFailure, input_failure
from worker.feel import FeelError, strip_marker
from worker.feel.errors import FeelWarning, mark
from worker.pipeline.dialects import Dialect
from worker.pipeline.expressions import Expressions
from worker.pipeline.header_inputs import CONTEXT, INPUTS, NAMESPACE
from worker.pipeline.job_headers import JobHeaders
from worker.pipeline.paths import at, is_set, put
from worker.pipeline.steering import refuse_misplaced

Expressible = Literal["off", "headers", "all"]

_MOST_NOTES: Final = 20
_VARIABLES: Final = ("url", "method", "headers", "queryParameters", "authentication", "body", "httpOptions")
_MODEL_ONLY: Final = (
    ("clientTls",),
    ("httpOptions", "profile"),
    ("httpOptions", "operation"),
    ("httpOptions", "errors", "mode"),
)


@dataclass(slots=True)
class Gathered:
    """The inputs as one JSON tree, and what is worth knowing when they turn out to be wrong.

    `evaluated` are the values in it that expressions gave; all others stand in the job's texts.
    """

    tree: dict[str, Any]
    notes: tuple[str, ...] = ()
    evaluated: Sequence[Any] = ()


class Inputs:
    """Gathers inputs; `expressible` says where expressions are evaluated besides the input mappings of the model."""

    def __init__(self, expressions: Expressions, *, expressible: Expressible, trust_variables: bool) -> None:
        self._expressions = expressions
        self._expressible = expressible
        self._trust_variables = trust_variables

    async def gather(self, headers: JobHeaders, variables: Mapping[str, Any]) -> Gathered:
        """Header over variable. Raises an input failure that names the input, the position and the text."""
        dialect, given = headers.dialect, headers.inputs
        tree = _namespaced(variables) if given.namespaced else dict(variables)
        if not self._trust_variables:
            _refuse_untrusted(tree)
        unevaluated = _left_as_text(tree, dialect)
        if not given.single and given.context is None and not unevaluated:
            refuse_misplaced(tree, headers.values)
            return Gathered(tree)
        gathering = _Gathering(self._expressions, variables)
        if self._expressible == "all":
            await gathering.evaluate_variables(tree, dialect)
        else:
            gathering.notes.extend(unevaluated)
        if given.context is not None:
            tree |= await gathering.context(given.context)
        evaluates = self._expressible != "off"
        for name, text, path in given.single:
            is_text = not _is_expression(text)
            put(tree, path, text if is_text else await gathering.value(f"header {name}", text, evaluates))
        refuse_misplaced(tree, headers.values)
        return Gathered(tree, tuple(gathering.notes), gathering.evaluated)


class _Gathering:
    """The expressions of one job, all over the same variables."""

    def __init__(self, expressions: Expressions, variables: Mapping[str, Any]) -> None:
        self._expressions = expressions
        self._variables = variables
        self.notes: list[str] = []
        self.evaluated: list[Any] = []

    async def value(self, place: str, text: str, evaluates: bool) -> Any:
        """What an expression gives; the text itself where expressions are off."""
        if not evaluates:
            self.notes.append(_off_note(place))
            return text
        try:
            evaluated = await self._expressions.explain(text, self._variables)
        except FeelError as problem:
            raise input_failure(f"The expression of {place} failed: {problem}\n{text}") from None
        if evaluated.warnings:
            expression = strip_marker(text)
            self.notes.extend(_warning_note(place, expression, warning) for warning in evaluated.warnings)
        self.evaluated.append(evaluated.value)
        return evaluated.value

    async def context(self, text: str) -> dict[str, Any]:
        """The header `inputs`: a FEEL context with several inputs."""
        value = await self.value(f"header {CONTEXT}", text if text.startswith("=") else f"={text}", True)
        unknown = sorted(set(value) - INPUTS) if isinstance(value, dict) else None
        if unknown is None or unknown:
            reason = "must be a context" if unknown is None else f"has unknown members: {', '.join(unknown)}"
            raise input_failure(f"The header {CONTEXT} {reason}; its members are {', '.join(sorted(INPUTS))}")
        return dict(value)

    async def evaluate_variables(self, tree: dict[str, Any], dialect: Dialect) -> None:
        """Evaluate whole values and direct members, never deeper: below may be foreign data."""
        for name in (*_VARIABLES, *sorted(dialect.inputs)):
            value = tree.get(name)
            if _is_expression(value):
                tree[name] = await self.value(f"variable {name}", value, True)
            elif isinstance(value, dict):
                tree[name] = {
                    key: await self.value(f"variable {name}.{key}", member, True) if _is_expression(member) else member
                    for key, member in value.items()
                }


def with_notes(failure: JobFailure, notes: tuple[str, ...]) -> JobFailure:
    """An input failure that also says what the inputs' expressions had to say."""
    if not notes:
        return failure
    return failure.reworded("\n".join([failure.message, *(f" - {note}" for note in notes)]), failure.variables)


def _is_expression(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value.startswith("=")


def _refuse_untrusted(variables: Mapping[str, Any]) -> None:
    for path in _MODEL_ONLY:
        if path[0] in variables and is_set(at(variables, path)):
            name = ".".join(path)
            raise input_failure(
                f"{name} is taken from task headers only, because variables may hold foreign data; put it into a task "
                f"header named {name}, or set REST_CONNECTOR_TRUST_VARIABLES=true"
            )


def _namespaced(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs inside the one variable `request`, so that no process variable is taken for an input."""
    request = variables.get("request")
    if request is None or isinstance(request, dict):
        return dict(request or {})
    raise input_failure(f"With the header {NAMESPACE} the inputs are members of the variable request, an object")


def _left_as_text(variables: Mapping[str, Any], dialect: Dialect) -> list[str]:
    """A note for each variable that looks like an expression, for the first few of them."""
    names = variables.keys() & INPUTS
    if dialect.inputs:
        names |= variables.keys() & dialect.inputs
    paths = [(name, path) for name in names for path in _texts_like_expressions(name, variables[name])]
    return sorted(
        _off_note(f"variable {path}") if name in _VARIABLES or name in dialect.inputs else _header_note(path)
        for name, path in paths[:_MOST_NOTES]
    )


def _texts_like_expressions(name: str, value: Any) -> Sequence[str]:
    """The value and its direct members, by name; what is deeper may be foreign data."""
    if isinstance(value, str):
        return (name,) if value.startswith("=") else ()
    if isinstance(value, dict):
        return [f"{name}.{key}" for key, member in value.items() if _is_expression(member)]
    return ()


def _off_note(place: str) -> str:
    wanted = "all" if place.startswith("variable") else "headers"
    return (
        f"{place} begins with '=' but is text here; "
        f"expressions in it are evaluated with REST_CONNECTOR_INPUT_EXPRESSIONS={wanted}"
    )


def _header_note(path: str) -> str:
    return f"variable {path} begins with '=' but is text here; put the expression into a task header named {path}"


def _warning_note(place: str, expression: str, warning: FeelWarning) -> str:
    where = f"\n{mark(expression, warning.position)}" if warning.position is not None else f": {expression}"
    return f"{place}: {warning.message}{where}"
