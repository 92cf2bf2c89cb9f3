"""The syntax tree: one immutable class for each form of the language.

`parser.py` builds it, `printer.py` writes it back as text, `compiler.py` turns it into a program.
Chains (`a + b + c`, `a and b and c`, `a.b.c`) are one node, so the tree is no deeper than the text is
nested. Positions are offsets into the text and do not take part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """Base of all nodes: where the form begins and ends in the text."""

    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """null, true, false, a number or a string."""

    value: Any


@dataclass(frozen=True, slots=True)
class TemporalLiteral(Node):
    """`date("...")`, `time("...")`, `date and time("...")`, `duration("...")` or `@"..."`, built when parsing.

    `function` is the name before the parenthesis or '@'; `value` is None if the text is not valid.
    """

    function: str
    text: str
    value: Any = field(compare=False)


@dataclass(frozen=True, slots=True)
class InputSymbol(Node):
    """`?`: the input value of a unary test."""


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`base.name.name`."""

    base: Node
    names: tuple[str, ...]
    offsets: tuple[int, ...] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """`source[condition]`."""

    source: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """`-operand`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Operation(Node):
    """One further operand of a chain and the operator before it; `start` is the operator's place."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """A chain of operators of one level, evaluated from left to right: `+ -`, `* /` or `**`."""

    first: Node
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`left = right` and `!= < <= > >=`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """`value instance of type`."""

    value: Node
    type: str


@dataclass(frozen=True, slots=True)
class In(Node):
    """`value in test` or `value in (test, ...)`."""

    value: Node
    tests: Tests


@dataclass(frozen=True, slots=True)
class Conjunction(Node):
    """`a and b and ...`."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Disjunction(Node):
    """`a or b or ...`."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if condition then consequence else alternative`."""

    condition: Node
    consequence: Node
    alternative: Node


@dataclass(frozen=True, slots=True)
class NumberRange(Node):
    """`low..high` as the source of a loop: the numbers from low to high."""

    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Iterator(Node):
    """`name in source`; the source may be a `NumberRange`."""

    name: str
    source: Node


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for name in source, ... return result`."""

    iterators: tuple[Iterator, ...]
    result: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`some` or `every` (the `quantifier`) `name in source, ... satisfies condition`."""

    quantifier: str
    iterators: tuple[Iterator, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class FunctionDefinition(Node):
    """`function(parameters) body`."""

    parameters: tuple[str, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`name(arguments)`; `names` are the arguments' names if these are given."""

    name: str
    arguments: tuple[Node, ...]
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PathCall(Node):
    """`base.name(arguments)`: a call of a function that a context holds."""

    base: Node
    name: str
    arguments: tuple[Node, ...]
    names: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    """`[items]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """`key: value` of a context."""

    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class ContextLiteral(Node):
    """`{entries}`."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`[low..high]` with open ends `(`, `]` and `)`, `[`."""

    low: Node
    high: Node
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class InputComparison(Node):
    """`< operand` and `<= > >=`: compares the implicit input value."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class InputInRange(Node):
    """A range where no value is expected: whether the implicit input value lies in it."""

    range: Range


@dataclass(frozen=True, slots=True)
class InputEquals(Node):
    """`true` or `false` as the last test of the text: equality with the implicit input value."""

    value: bool


@dataclass(frozen=True, slots=True)
class ExpressionTest(Node):
    """Any other expression as a test."""

    expression: Node


@dataclass(frozen=True, slots=True)
class AnyInput(Node):
    """`-`: true for every input."""


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """One or more tests joined by `or`; `negated` for `not(...)`."""

    tests: tuple[Node, ...]
    negated: bool = False
