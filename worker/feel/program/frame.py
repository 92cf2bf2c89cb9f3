"""What a compiled expression is, and the scopes it runs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from worker.feel.errors import FeelError
from worker.feel.evaluation import Evaluation
from worker.feel.syntax import Node
from worker.feel.values import MISSING, Function


class Scope:
    """One link of the chain of scopes: how to find variables and functions here, and the outer scope.

    `follow`, where there is one, goes a whole path through input; see `InputContext.follow`.
    """

    __slots__ = ("follow", "get", "named", "outer")

    def __init__(
        self,
        get: Callable[[str, Any], Any],
        named: Callable[[str], list[Function] | None] | None,
        outer: Scope | None,
        follow: Callable[[tuple[str, ...]], Any] | None = None,
    ) -> None:
        self.get = get
        self.named = named
        self.outer = outer
        self.follow = follow


Code = Callable[[Evaluation, Scope], Any]
"""A compiled node."""


class Compiler(Protocol):
    """What the handlers of nodes need of the compiler."""

    definitions: object
    """Another object after each function definition that is compiled."""

    def compile(self, node: Node) -> Code:
        """The program of a node."""


class CallFailed(Exception):
    """A call on a path failed: the value of the expression around it is null, up to the nearest operator."""


class NoInput(FeelError):
    """`?` was evaluated where there is no input value."""


def may_fail(code: Code) -> bool:
    """Whether the code may raise `CallFailed`."""
    return getattr(code, "may_fail", False)


def passes_failures(code: Code, *parts: Code) -> Code:
    """Mark code that lets `CallFailed` of its parts through."""
    if any(map(may_fail, parts)):
        code.may_fail = True  # type: ignore[attr-defined]
    return code


def settled(code: Code) -> Code:
    """Code in which a failed call on a path is null."""
    if not may_fail(code):
        return code

    def run(evaluation: Evaluation, scope: Scope) -> Any:
        try:
            return code(evaluation, scope)
        except CallFailed:
            return None

    return run


def find(scope: Scope | None, name: str) -> Any:
    """The variable's value in the innermost scope that has it, or MISSING."""
    while scope is not None:
        value = scope.get(name, MISSING)
        if value is not MISSING:
            return value
        scope = scope.outer
    return MISSING
