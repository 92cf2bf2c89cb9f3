"""How built-in functions are declared: name, parameters with their FEEL types, summary, examples.

A family is one module's set of functions. `worker/feel/builtins/__init__.py` joins the families into
the table in which calls are looked up; the documentation of all functions is made from the same data.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Implementation = Callable[..., Any]

ANY = "any"
"""Accepts every value, null included. All other types reject null unless they end in '?'."""

KNOWN_TYPES = frozenset(
    {
        ANY,
        "null",
        "boolean",
        "number",
        "string",
        "list",
        "context",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
        "range",
        "function",
    }
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its name and the FEEL types it takes ('any' takes all)."""

    name: str
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Example:
    """An expression and the printed form of its result, as the documentation shows them.

    `result` is a FEEL expression of the same value, or a description if `exact` is false (random values).
    """

    expression: str
    result: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Builtin:
    """One overload of a built-in function.

    `implementation` is called with the running `Evaluation` and one argument for each parameter. It returns
    the result or raises `IllegalArguments`. A variadic function has the values of its last parameter
    as one Python list.
    """

    name: str
    parameters: tuple[Parameter, ...]
    implementation: Implementation
    family: str
    summary: str
    examples: tuple[Example, ...]
    variadic: bool = False
    aliases: tuple[tuple[str, str], ...] = ()
    """Further names of parameters: (other name, name)."""
    takes_failures: bool = False
    """Whether a failed argument counts as null; otherwise it makes the call null."""
    needs: str | None = None
    """A module that few expressions need: loaded when a call is compiled, as the time of evaluations is limited."""

    @property
    def signature(self) -> str:
        """`name(parameter: type, ...)` for documentation and messages."""
        shown = [f"{each.name}: {' | '.join(sorted(each.types))}" for each in self.parameters]
        if self.variadic:
            shown[-1] += ", ..."
        return f"{self.name}({', '.join(shown)})"


class Family:
    """Collects the built-ins of one module.

    >>> numbers = Family("number")
    >>> @numbers.builtin("double", "n: number", summary="Twice n.", examples=[("double(2)", "4")])
    ... def double(evaluation, n): ...

    A parameter is written `name: type`, `name: type | type`, `name: type?` (null too) or `name: any`;
    `*name: type` as the last one makes the function variadic. Overloads with fewer parameters are tried first.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.builtins: list[Builtin] = []

    def builtin(
        self,
        name: str,
        *parameters: str,
        summary: str = "",
        examples: list[tuple[str, str]] | None = None,
        inexact: bool = False,
        aliases: dict[str, str] | None = None,
        takes_failures: bool = False,
        needs: str | None = None,
    ) -> Callable[[Implementation], Implementation]:
        """Register the decorated function as an overload of `name`; can be stacked.

        `inexact` marks examples whose results vary (random values, the clock). `aliases` maps further
        parameter names to those of `parameters`. `takes_failures` and `needs` are explained at `Builtin`.
        """

        def register(implementation: Implementation) -> Implementation:
            variadic = bool(parameters) and parameters[-1].startswith("*")
            self.builtins.append(
                Builtin(
                    name,
                    tuple(_parameter(text) for text in parameters),
                    implementation,
                    self.name,
                    summary,
                    tuple(Example(text, result, not inexact) for text, result in examples or ()),
                    variadic,
                    tuple((aliases or {}).items()),
                    takes_failures,
                    needs,
                )
            )
            return implementation

        return register


def _parameter(text: str) -> Parameter:
    name, _, types = text.removeprefix("*").partition(":")
    names = set()
    for part in re.split(r"\|", types):
        plain = part.strip()
        if plain.endswith("?"):
            names.add("null")
            plain = plain[:-1]
        if plain not in KNOWN_TYPES:
            raise ValueError(f"unknown FEEL type '{plain}' in parameter '{text}'")
        names.add(plain)
    return Parameter(name.strip(), frozenset(names))
