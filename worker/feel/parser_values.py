"""The middle of the parser: operands, paths, filters, names, calls, function definitions.

`parser.py` has the operators above and the start rules, `parser_brackets.py` what stands in brackets.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from . import lexer, numbers, temporal
from .errors import FeelLimitError, FeelSyntaxError
from .lexer import END, ESCAPED, NAME, NUMBER, OPERATOR, STRING
from .parser_brackets import BRACKETS, BracketParser
from .syntax import (
    Call,
    Filter,
    FunctionDefinition,
    InputSymbol,
    Literal,
    Name,
    Negation,
    Node,
    Path,
    PathCall,
    Range,
    TemporalLiteral,
)

_CONSTANTS = {"null": None, "true": True, "false": False}
_TEMPORAL: dict[str, Callable[[str], object]] = {
    "date": temporal.parse_date,
    "time": temporal.parse_time,
    "date and time": temporal.parse_date_time,
    "duration": temporal.parse_duration,
}
_NO_BEGINNING = frozenset({",", ")", "}", "..", ".", "=", "!=", "+", "*", "/", "**", ":"})
_ENDING_WORDS = lexer.RESERVED - {"null", "true", "false", "function"} | {"between", "instance"}


class ValueParser(BracketParser):
    """Operands, names and calls."""

    def operand(self) -> Node:
        """`[-] value`."""
        if self.kind == NAME:
            return self.postfix(self.named(self.word, self.start))
        if self.kind == OPERATOR and self.word == "-":
            start = self.start
            self.advance()
            operand = self.postfix(self.primary())
            return self.made(Negation(start, self.last, operand))
        return self.postfix(self.primary())

    def postfix(self, node: Node) -> Node:
        """Paths and filters after a value."""
        filters = 0
        while self.kind == OPERATOR:
            if self.word == ".":
                node = self.path(node)
            elif self.word == "[" and not (self.at_high_end and self.nothing_follows()):
                self.advance()
                filters += 1
                self.enter(filters)
                condition = self.expression()
                self.depth -= filters
                self.expect("]")
                node = self.made(Filter(node.start, self.last, node, condition))
            else:
                break
        return node

    def nothing_follows(self) -> bool:
        """Whether the token after this one cannot begin an expression."""
        kind, word, _, _ = lexer.token(self.text, self.end)
        if kind == OPERATOR:
            return word in _NO_BEGINNING
        return kind == END or (kind == NAME and word in _ENDING_WORDS)

    def path(self, node: Node) -> Node:
        names, offsets = [], []
        while self.kind == OPERATOR and self.word == ".":
            self.advance()
            offsets.append(self.start)
            names.append(self.property_name())
        return self.made(Path(node.start, self.last, node, tuple(names), tuple(offsets)))

    def property_name(self) -> str:
        """A name after a dot; `time offset` is one."""
        if self.word == "time" and self.text.startswith("time offset", self.start):
            kind, word, _, end = lexer.token(self.text, self.end)
            if kind == NAME and word == "offset":
                self.advance()
                self.advance()
                self.last = end
                return "time offset"
        return self.name()

    def primary(self) -> Node:
        """A value without what may follow it."""
        kind, word, start = self.kind, self.word, self.start
        if kind == NAME:
            return self.named(word, start)
        if kind == STRING:
            self.advance()
            return self.made(Literal(start, self.last, lexer.unescape(word[1:-1])))
        if kind == NUMBER:
            self.advance()
            return self.made(Literal(start, self.last, self.number(word, start)))
        if kind == ESCAPED:
            return self.reference(start)
        if kind == OPERATOR:
            if word in BRACKETS:
                node = self.bracket()
                if isinstance(node, Range):
                    self.reset(node.end, node.end)
                    self.fail("a value instead of the range")
                return node
            if word == "{":
                return self.context(start)
            if word == "?":
                self.advance()
                return self.made(InputSymbol(start, self.last))
            if word == "@":
                return self.at_literal(start)
            if word == "-":
                return self.negative_number(start)
        return self.fail("a value")

    def number(self, word: str, start: int) -> int | Decimal:
        if len(word) > self.limits.number_digits:
            error = FeelLimitError("number_digits", self.limits.number_digits, "A number has too many digits")
            error.locate(self.text, start)
            raise error
        return Decimal(word) if "." in word else int(word)

    def negative_number(self, start: int) -> Node:
        """A number literal with its own sign, directly before the digits."""
        self.advance()
        if self.kind != NUMBER or self.start != start + 1:
            self.fail("a number" if self.start != start + 1 else "a value")
        value = self.number(self.word, start)
        self.advance()
        return self.made(Literal(start, self.last, numbers.negate(value)))

    def at_literal(self, start: int) -> Node:
        self.advance()
        if self.kind != STRING:
            self.fail("a string")
        text = self.word[1:-1]
        self.advance()
        return self.made(TemporalLiteral(start, self.last, "@", text, temporal.parse_at(text)))

    # names and calls

    def named(self, word: str, start: int) -> Node:
        """What begins with a word: constant, call, function definition or variable."""
        if self.text.startswith((" ", "("), self.end) or word in ("and", "or"):
            called = lexer.function_name(self.text, start)
            if called is not None:
                name, end = called
                self.reset(end, end)
                return self.temporal_literal(start, name) or self.call(start, name, None)
        if word in lexer.RESERVED:
            if word in _CONSTANTS:
                self.advance()
                return self.made(Literal(start, self.last, _CONSTANTS[word]))
            if word == "function":
                return self.definition(start)
            self.fail("a value")
        return self.reference(start)

    def reference(self, start: int) -> Node:
        """A variable with its path, or a call."""
        name = self.name()
        if self.kind != OPERATOR:
            return self.made(Name(start, self.last, name))
        if self.word == "(":
            return self.temporal_literal(start, name) or self.call(start, name, None)
        node: Node = self.made(Name(start, self.last, name))
        if self.word != ".":
            return node
        names, offsets = [], []
        while self.kind == OPERATOR and self.word == ".":
            self.advance()
            offsets.append(self.start)
            names.append(self.property_name())
        if self.kind == OPERATOR and self.word == "(":
            called = names.pop()
            if names:
                node = self.made(Path(start, self.last, node, tuple(names), tuple(offsets[:-1])))
            return self.call(start, called, node)
        return self.made(Path(start, self.last, node, tuple(names), tuple(offsets)))

    def temporal_literal(self, start: int, name: str) -> Node | None:
        """`date("...")` and the like with one string; the cursor is at the opening parenthesis."""
        parse = _TEMPORAL.get(name)
        if parse is None:
            return None
        kind, word, _, end = lexer.token(self.text, self.end)
        if kind != STRING or lexer.token(self.text, end)[1] != ")":
            return None
        for _ in range(3):
            self.advance()
        text = word[1:-1]
        return self.made(TemporalLiteral(start, self.last, name, text, parse(text)))

    def call(self, start: int, name: str, base: Node | None) -> Node:
        """`name(a, b)` or `base.name(label: a, label: b)`; the cursor is at the opening parenthesis."""
        self.enter()
        self.advance()
        labels: list[str] | None = [] if self.at_label() else None
        values: list[Node] = []
        while self.kind != OPERATOR or self.word != ")":
            if labels is not None:
                labels.append(self.label())
            at_bracket = self.kind == OPERATOR and self.word in BRACKETS
            values.append(self.bracket_argument() if at_bracket else self.expression())
            if self.kind == OPERATOR and self.word == ")":
                break
            if self.kind != OPERATOR or self.word != ",":
                self.fail("','", "')'")
            self.advance()
            if self.kind == OPERATOR and self.word == ")":
                self.fail("an argument")
        self.advance()
        self.depth -= 1
        names = None if labels is None else tuple(labels)
        if base is None:
            return self.made(Call(start, self.last, name, tuple(values), names))
        return self.made(PathCall(start, self.last, base, name, tuple(values), names))

    def at_label(self) -> bool:
        return self.kind in (NAME, ESCAPED) and lexer.label(self.text, self.last) is not None

    def label(self) -> str:
        found = lexer.label(self.text, self.last)
        if found is None:
            self.fail("a parameter name and ':'")
        name, end = found
        self.reset(end, end)
        self.expect(":")
        return name

    def bracket_argument(self) -> Node:
        """A range, or an expression that begins with a bracket."""
        node = self.bracket()
        if isinstance(node, Range):
            return node
        return self.logic(self.comparison(self.sum(self.postfix(node))))

    def definition(self, start: int) -> Node:
        """`function(parameters) body`."""
        self.advance()
        self.expect("(")
        parameters = []
        if not self.accept(")"):
            while True:
                found = lexer.parameter(self.text, self.start)
                if found is None:
                    self.fail("a parameter name")
                name, end = found
                self.reset(end, end)
                parameters.append(name)
                if not self.accept(","):
                    break
            self.expect(")")
        if self.kind == NAME and self.word == "external":
            kind, word, _, _ = lexer.token(self.text, self.end)
            if kind == OPERATOR and word == "{":
                message = "External functions are disabled: only FEEL expressions can be a function's body"
                raise FeelSyntaxError(message, self.text, self.start, ("an expression",))
        self.enter()
        body = self.expression()
        self.depth -= 1
        return self.made(FunctionDefinition(start, self.last, tuple(parameters), body))
