"""The lower half of the parser: operands, paths, filters, calls, lists, contexts, ranges.

`parser.py` has the operators above and the start rules.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from decimal import Decimal

from . import lexer, numbers, temporal
from .errors import FeelLimitError, FeelSyntaxError
from .lexer import END, ESCAPED, NAME, NUMBER, OPERATOR, STRING
from .syntax import (
    Call,
    ContextLiteral,
    Entry,
    Filter,
    FunctionDefinition,
    InputInRange,
    InputSymbol,
    ListLiteral,
    Literal,
    Name,
    Negation,
    Node,
    Path,
    PathCall,
    Range,
    TemporalLiteral,
)
from .tokens import Cursor

_CONSTANTS = {"null": None, "true": True, "false": False}
_TEMPORAL: dict[str, Callable[[str], object]] = {
    "date": temporal.parse_date,
    "time": temporal.parse_time,
    "date and time": temporal.parse_date_time,
    "duration": temporal.parse_duration,
}
_BRACKETS = frozenset({"(", "[", "]"})
_NO_BOUND = frozenset({",", ")", "]", "}"})
_NO_BEGINNING = frozenset({",", ")", "}", "..", ".", "=", "!=", "+", "*", "/", "**", ":"})
_ENDING_WORDS = lexer.RESERVED - {"null", "true", "false", "function"} | {"between", "instance"}


class ValueParser(Cursor, ABC):
    """Operands and everything below them."""

    @abstractmethod
    def expression(self) -> Node:
        """A whole expression; see `Parser`."""

    @abstractmethod
    def comparison(self, left: Node | None) -> Node:
        """A comparison; see `Parser`."""

    @abstractmethod
    def logic(self, left: Node) -> Node:
        """`and` and `or` after a comparison; see `Parser`."""

    @abstractmethod
    def sum(self, left: Node | None, level: int = 1) -> Node:
        """A chain of arithmetic operators; see `Parser`."""

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
            if word in _BRACKETS:
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
            at_bracket = self.kind == OPERATOR and self.word in _BRACKETS
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

    # brackets

    def bracket(self) -> Node:
        """A group, list or range; the cursor is at `(`, `[` or `]`. A range only if it is a `Range`."""
        start, opening = self.start, self.word
        self.enter()
        self.advance()
        if opening == "]" and (self.kind == END or (self.kind == OPERATOR and self.word in _NO_BOUND)):
            self.reset(start)  # a closing bracket too early, not an open range
            self.fail("a value")
        if opening == "[" and self.accept("]"):
            self.depth -= 1
            return self.made(ListLiteral(start, self.last, ()))
        first = self.first_inside()
        if self.kind == OPERATOR and self.word == ".." and self.unfinished:
            node: Node = self.range_end(start, opening, first)
        elif opening == "]":
            self.fail("'..'")
        elif opening == "(":
            node = self.logic(self.comparison(first)) if self.unfinished else first
            self.expect_closing(")")
        else:
            items = [self.logic(self.comparison(first)) if self.unfinished else first]
            while self.accept(","):
                items.append(self.expression())
            self.expect_closing("]", "','")
            node = self.made(ListLiteral(start, self.last, tuple(items)))
        self.depth -= 1
        return node

    unfinished = False
    """Whether a bracket's first operand is a sum so far, which `..` or more operators may follow."""

    at_high_end = False
    """Whether the upper end of a range is being read, after which `[` may close the range."""

    def first_inside(self) -> Node:
        """The first operand after an opening bracket."""
        self.unfinished = False
        if self.at_control() or (self.kind == OPERATOR and self.word in ("<", "<=", ">", ">=")):
            node = self.expression()
            self.unfinished = False
            return node
        if self.kind == OPERATOR and self.word in _BRACKETS:
            node = self.bracket()
            if isinstance(node, Range):
                node = self.logic(self.made(InputInRange(node.start, node.end, node)))
                self.unfinished = False
                return node
            node = self.sum(self.postfix(node))
        else:
            node = self.sum(None)
        self.unfinished = True
        return node

    def at_control(self) -> bool:
        return self.kind == NAME and self.word in ("if", "for", "some", "every")

    def expect_closing(self, bracket: str, *others: str) -> None:
        if self.kind != OPERATOR or self.word != bracket:
            self.fail(*others, f"'{bracket}'")
        self.advance()

    def range_end(self, start: int, opening: str, low: Node) -> Range:
        """The cursor is at `..`."""
        self.advance()
        before, self.at_high_end = self.at_high_end, True
        high = self.sum(None)
        self.at_high_end = before
        closing = self.word
        if self.kind != OPERATOR or closing not in (")", "[", "]"):
            self.fail("')'", "']'", "'['")
        self.advance()
        return self.made(Range(start, self.last, low, high, opening == "[", closing == "]"))

    def context(self, start: int) -> Node:
        """`{key: value, ...}`; the cursor is at the opening brace."""
        self.enter()
        entries = []
        while True:
            entries.append(self.entry())
            if entries[-1] is None:
                entries.pop()
                break
            if self.kind != OPERATOR or self.word not in (",", "}"):
                self.fail("','", "'}'")
            if self.word == "}":
                break
        self.advance()
        self.depth -= 1
        return self.made(ContextLiteral(start, self.last, tuple(each for each in entries if each)))

    def entry(self) -> Entry | None:
        """One entry after `{` or `,`; None at the end of an empty context."""
        opening = self.word
        found = lexer.key(self.text, self.end)
        if found is not None:
            name, colon = found
            self.last = self.end
            start = self.end
            self.reset(colon)
        else:
            self.advance()
            start = self.start
            if opening == "{" and self.kind == OPERATOR and self.word == "}":
                return None
            if self.kind == STRING:
                name = lexer.unescape(self.word[1:-1])
            elif self.kind == ESCAPED:
                name = self.word[1:-1]
            else:
                self.fail("a key" if opening == "," else "a key or '}'")
            self.advance()
        self.expect(":")
        value = self.expression()
        return self.made(Entry(start, self.last, name, value))
