"""The lowest part of the parser: groups, lists, ranges and contexts.

What follows an opening bracket is decided by what comes after its first operand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from . import lexer
from .lexer import END, ESCAPED, NAME, OPERATOR, STRING
from .syntax import ContextLiteral, Entry, InputInRange, ListLiteral, Node, Range
from .tokens import Cursor

BRACKETS = frozenset({"(", "[", "]"})
_NO_BOUND = frozenset({",", ")", "]", "}"})


class BracketParser(Cursor, ABC):
    """What stands in brackets and braces."""

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

    @abstractmethod
    def postfix(self, node: Node) -> Node:
        """Paths and filters after a value; see `ValueParser`."""

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
        if self.kind == OPERATOR and self.word in BRACKETS:
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
