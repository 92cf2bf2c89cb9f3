"""Looks into FEEL: does it parse, are secrets in quotes, which errors does it throw, what is known of its value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from worker.feel import FeelError, evaluate, parse, strip_marker, to_json_value
from worker.feel.errors import mark
from worker.feel.printer import to_text
from worker.feel.syntax import Call, ContextLiteral, Literal, Name, Node, PathCall


class _Unknown:
    """A value that only the running process knows."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()

_SECRETS: Final = re.compile(
    r"""(?P<skipped>"(?:[^"\\]|\\[\s\S])*"?|//[^\n\r]*|/\*[\s\S]*?\*/)|(?P<secret>\{\{\s*secrets\.|\bsecrets\.)"""
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an expression; `excerpt` is its line with a caret."""

    code: str
    message: str
    excerpt: str


def faults(text: str) -> Iterator[Fault]:
    """What is wrong with an expression, with or without its leading `=`."""
    expression = strip_marker(text)
    secret = next((match for match in _SECRETS.finditer(expression) if match["secret"]), None)
    if secret is not None:
        message = "a secret outside of quotes is no text but FEEL"
        yield Fault("unquoted-secret", message, mark(expression, secret.start("secret")))
    try:
        parse(expression)
    except FeelError as problem:
        excerpt = "" if problem.position is None else mark(problem.text, problem.position)
        yield Fault("feel-syntax", problem.message, excerpt)


def tree_of(text: str) -> Node | None:
    """The syntax tree; None for a text that does not parse."""
    try:
        return parse(strip_marker(text)).tree
    except FeelError:
        return None


def thrown_codes(text: str) -> Iterator[str]:
    """The codes of the BPMN errors that an expression makes, where they are written down in it."""
    tree = tree_of(text)
    for node in _nodes(tree) if tree is not None else ():
        given: Mapping[str, Any] = {}
        if isinstance(node, Call) and node.name == "bpmnError":
            names = node.names or ("errorCode", "errorMessage", "variables")
            given = {"errorType": "bpmnError", **{n: known(a) for n, a in zip(names, node.arguments, strict=False)}}
        elif isinstance(node, ContextLiteral):
            given = {entry.key: known(entry.value) for entry in node.entries}
        code = given.get("errorCode")
        if given.get("errorType") == "bpmnError" and isinstance(code, str):
            yield code


def result_names(text: str) -> tuple[str, ...]:
    """The variables that a result expression writes, where it is a context."""
    tree = tree_of(text)
    return tuple(entry.key for entry in tree.entries) if isinstance(tree, ContextLiteral) else ()


def is_variable_name(name: str) -> bool:
    """Whether FEEL can refer to a variable by this name without escapes."""
    return isinstance(tree_of(name), Name)


def value_of(text: str) -> Any:
    """The value of an expression as a JSON tree, with `UNKNOWN` in it where only the process knows."""
    tree = tree_of(text)
    return UNKNOWN if tree is None else known(tree)


def known(node: Node) -> Any:
    """As `value_of`, for a part of the tree."""
    if isinstance(node, Literal):
        return node.value if isinstance(node.value, str | bool | None) else to_json_value(node.value)
    if isinstance(node, ContextLiteral):
        return {entry.key: known(entry.value) for entry in node.entries}
    if any(isinstance(part, Name | Call | PathCall) for part in _nodes(node)):
        return UNKNOWN
    return UNKNOWN if (value := _evaluated(node)) is None else value


def _evaluated(node: Node) -> Any:
    try:
        return to_json_value(evaluate(to_text(node)).value)
    except FeelError:
        return None


def _nodes(tree: Node) -> Iterator[Node]:
    """A tree's nodes from the top; a loop, because texts may be nested as deeply as FEEL allows."""
    waiting: list[Any] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, Node):
            yield part
            waiting.extend(getattr(part, field.name) for field in fields(part))
