"""Writes a syntax tree back as text: parsing that text gives an equal tree.

Groups appear only where the grammar needs them. Used to show parts of an expression.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import lexer, syntax
from .syntax import Node

_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}
_EXPRESSION, _DISJUNCTION, _CONJUNCTION, _COMPARISON, _SUM, _OPERAND, _VALUE = range(7)

_LEVEL: dict[type[Node], int] = {
    syntax.If: _EXPRESSION,
    syntax.For: _EXPRESSION,
    syntax.Quantified: _EXPRESSION,
    syntax.FunctionDefinition: _EXPRESSION,
    syntax.Disjunction: _DISJUNCTION,
    syntax.Conjunction: _CONJUNCTION,
    syntax.Comparison: _COMPARISON,
    syntax.Between: _COMPARISON,
    syntax.InstanceOf: _COMPARISON,
    syntax.In: _COMPARISON,
    syntax.InputComparison: _COMPARISON,
    syntax.InputInRange: _COMPARISON,
    syntax.Arithmetic: _SUM,
    syntax.Negation: _OPERAND,
}
"""How tightly a form binds; those not listed are values."""


def to_text(node: Node) -> str:
    """The text of a tree as an expression, or as unary tests."""
    return _WRITERS[type(node)](node)


def _at_least(node: Node, level: int) -> str:
    """The text of a part, in parentheses if it binds less tightly than its place asks for."""
    text = to_text(node)
    return text if _LEVEL.get(type(node), _VALUE) >= level else f"({text})"


def _name(name: str) -> str:
    return name if lexer.is_name(name) else f"`{name}`"


def _property(name: str) -> str:
    return name if name == "time offset" else _name(name)


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _literal(node: syntax.Literal) -> str:
    value = node.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _temporal(node: syntax.TemporalLiteral) -> str:
    return f'@"{node.text}"' if node.function == "@" else f'{node.function}("{node.text}")'


def _path(node: syntax.Path) -> str:
    base = node.base
    start = f"({to_text(base)})" if isinstance(base, syntax.Path) else _at_least(base, _VALUE)
    if isinstance(base, syntax.Literal) and isinstance(base.value, (int, Decimal)):
        start += " "  # keeps the point apart from the digits
    return start + "".join(f".{_property(name)}" for name in node.names)


def _filter(node: syntax.Filter) -> str:
    return f"{_at_least(node.source, _VALUE)}[{to_text(node.condition)}]"


def _negation(node: syntax.Negation) -> str:
    return f"-{_at_least(node.operand, _VALUE)}"


def _arithmetic(node: syntax.Arithmetic) -> str:
    level = _LEVELS[node.operations[0].operator]
    pieces = [_operand(node.first, level)]
    for each in node.operations:
        pieces += [each.operator, _operand(each.operand, level)]
    return " ".join(pieces)


def _operand(node: Node, level: int) -> str:
    """An operand of a chain: chains of the same or a looser level go in parentheses."""
    if isinstance(node, syntax.Arithmetic) and _LEVELS[node.operations[0].operator] > level:
        return to_text(node)
    return _at_least(node, _OPERAND)


def _comparison(node: syntax.Comparison) -> str:
    return f"{_at_least(node.left, _SUM)} {node.operator} {_at_least(node.right, _SUM)}"


def _between(node: syntax.Between) -> str:
    value, low, high = (_at_least(each, _SUM) for each in (node.value, node.low, node.high))
    return f"{value} between {low} and {high}"


def _instance_of(node: syntax.InstanceOf) -> str:
    special = lexer.special_type(node.type, 0)
    plain = special is not None and special[0] == node.type
    shown = node.type if plain else ".".join(map(_name, node.type.split(".")))
    return f"{_at_least(node.value, _SUM)} instance of {shown}"


def _in(node: syntax.In) -> str:
    first = node.tests.tests[0]
    if isinstance(first, syntax.InputEquals):  # stands at the end of the text only
        return f"{_at_least(node.value, _SUM)} in {to_text(first)}"
    return f"{_at_least(node.value, _SUM)} in ({to_text(node.tests)})"


def _tests(node: syntax.Tests) -> str:
    text = ", ".join(map(to_text, node.tests))
    return f"not({text})" if node.negated else text


def _conjunction(node: syntax.Conjunction) -> str:
    return " and ".join(_term(each, _COMPARISON) for each in node.operands)


def _disjunction(node: syntax.Disjunction) -> str:
    return " or ".join(_term(each, _CONJUNCTION) for each in node.operands)


def _term(node: Node, level: int) -> str:
    """An operand of `and` or `or`; `date and time(...)` and the like must not become a function's name."""
    if isinstance(node, syntax.Name) and node.name in ("date", "years", "get"):
        return f"({node.name})"
    return _at_least(node, level)


def _if(node: syntax.If) -> str:
    parts = (to_text(each) for each in (node.condition, node.consequence, node.alternative))
    return "if {} then {} else {}".format(*parts)


def _source(node: Node) -> str:
    return to_text(node) if isinstance(node, syntax.NumberRange) else _at_least(node, _VALUE)


def _iterators(iterators: tuple[syntax.Iterator, ...]) -> str:
    return ", ".join(f"{_name(each.name)} in {_source(each.source)}" for each in iterators)


def _number_range(node: syntax.NumberRange) -> str:
    return f"{_at_least(node.low, _SUM)} .. {_at_least(node.high, _SUM)}"


def _for(node: syntax.For) -> str:
    return f"for {_iterators(node.iterators)} return {to_text(node.result)}"


def _quantified(node: syntax.Quantified) -> str:
    return f"{node.quantifier} {_iterators(node.iterators)} satisfies {to_text(node.condition)}"


def _parameter(name: str) -> str:
    found = lexer.parameter(name, 0)
    return name if found == (name, len(name)) and not name.startswith("`") else f"`{name}`"


def _function(node: syntax.FunctionDefinition) -> str:
    return f"function({', '.join(map(_parameter, node.parameters))}) {to_text(node.body)}"


def _arguments(node: syntax.Call | syntax.PathCall) -> str:
    values = list(map(to_text, node.arguments))
    if node.names is not None:
        values = [f"{_parameter(name)}: {value}" for name, value in zip(node.names, values, strict=True)]
    return f"({', '.join(values)})"


def _call(node: syntax.Call) -> str:
    blanks = lexer.function_name(f"{node.name}()", 0)
    plain = blanks is not None and blanks[0] == node.name
    return (node.name if plain else _name(node.name)) + _arguments(node)


def _path_call(node: syntax.PathCall) -> str:
    return f"{to_text(node.base)}.{_property(node.name)}{_arguments(node)}"


def _list(node: syntax.ListLiteral) -> str:
    return f"[{', '.join(map(to_text, node.items))}]"


def _context(node: syntax.ContextLiteral) -> str:
    return "{" + ", ".join(f"{_key(each.key)}: {to_text(each.value)}" for each in node.entries) + "}"


def _key(key: str) -> str:
    found = lexer.key(f"{key}:", 0)
    return key if found == (key, len(key)) else _string(key)


def _range(node: syntax.Range) -> str:
    opening, closing = "[" if node.low_closed else "(", "]" if node.high_closed else ")"
    return f"{opening}{_at_least(node.low, _SUM)} .. {_at_least(node.high, _SUM)}{closing}"


def _input_comparison(node: syntax.InputComparison) -> str:
    return f"{node.operator} {_at_least(node.operand, _SUM)}"


_WRITERS: dict[type[Node], Callable[[Any], str]] = {
    syntax.Literal: _literal,
    syntax.TemporalLiteral: _temporal,
    syntax.InputSymbol: lambda _: "?",
    syntax.Name: lambda node: _name(node.name),
    syntax.Path: _path,
    syntax.Filter: _filter,
    syntax.Negation: _negation,
    syntax.Arithmetic: _arithmetic,
    syntax.Comparison: _comparison,
    syntax.Between: _between,
    syntax.InstanceOf: _instance_of,
    syntax.In: _in,
    syntax.Tests: _tests,
    syntax.Conjunction: _conjunction,
    syntax.Disjunction: _disjunction,
    syntax.If: _if,
    syntax.NumberRange: _number_range,
    syntax.For: _for,
    syntax.Quantified: _quantified,
    syntax.FunctionDefinition: _function,
    syntax.Call: _call,
    syntax.PathCall: _path_call,
    syntax.ListLiteral: _list,
    syntax.ContextLiteral: _context,
    syntax.Range: _range,
    syntax.InputInRange: lambda node: to_text(node.range),
    syntax.InputComparison: _input_comparison,
    syntax.InputEquals: lambda node: "true" if node.value else "false",
    syntax.ExpressionTest: lambda node: to_text(node.expression),
    syntax.AnyInput: lambda _: "-",
}
