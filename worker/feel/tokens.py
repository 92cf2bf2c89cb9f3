"""A cursor over the tokens of a text: where the parser is, what it wants next, and its limits.

The words themselves come from `lexer.py`. A failure is remembered where it happened; the one farthest
in the text becomes the error message, as that is usually where the mistake is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, TypeVar

from . import lexer
from .errors import FeelLimitError, FeelSyntaxError, too_many_frames
from .lexer import BAD, END, ESCAPED, NAME, OPERATOR, STRING
from .limits import Limits
from .syntax import Node

N = TypeVar("N", bound=Node)
C = TypeVar("C", bound="Cursor")


class Rejected(Exception):
    """The token at the cursor does not fit."""


class Cursor:
    """The current token and the bookkeeping around it."""

    def __init__(self, text: str, limits: Limits) -> None:
        if len(text) > limits.text_length:
            detail = f"The expression has {len(text)} characters"
            raise FeelLimitError("text_length", limits.text_length, detail)
        self.text = text
        self.limits = limits
        self.kind = BAD
        self.word = ""
        self.start = 0
        self.end = 0
        self.last = 0
        """End of the token before the current one."""
        self.depth = 0
        self.nodes = 0
        self.plain_ifs: set[int] = set()
        self.farthest = -1
        self.expected: list[str] = []
        self.reset(0)

    def whole(self: C, rule: Callable[[C], Node]) -> Node:
        """Apply the start rule to the whole text."""
        try:
            node = rule(self)
            if self.kind != END:
                self.fail("end of expression")
        except Rejected:
            raise self.syntax_error() from None
        except FeelLimitError as error:
            error.locate(self.text, self.start)
            raise
        except RecursionError:
            beyond = too_many_frames("The expression is nested too deeply")
            beyond.locate(self.text, self.start)
            raise beyond from None
        return node

    def advance(self) -> None:
        """Go to the next token."""
        self.last = self.end
        self.kind, self.word, self.start, self.end = lexer.token(self.text, self.end)

    def reset(self, position: int, last: int | None = None) -> None:
        """Continue with the token at `position`."""
        if last is not None:
            self.last = last
        self.kind, self.word, self.start, self.end = lexer.token(self.text, position)

    def made(self, node: N) -> N:
        """Count a new node."""
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            raise FeelLimitError("nodes", self.limits.nodes, "The expression has too many parts")
        return node

    def enter(self, levels: int = 1) -> None:
        """Some levels deeper; the caller goes up again by lowering `depth`."""
        self.depth += levels
        if self.depth > self.limits.text_depth:
            raise self.too_deep()

    def too_deep(self) -> FeelLimitError:
        error = FeelLimitError("text_depth", self.limits.text_depth, "The expression is nested too deeply")
        error.locate(self.text, self.start)
        return error

    def accept(self, operator: str) -> bool:
        """Skip this operator if it comes next."""
        if self.kind == OPERATOR and self.word == operator:
            self.advance()
            return True
        return False

    def accept_word(self, word: str) -> bool:
        """Skip this keyword if it comes next."""
        if self.kind == NAME and self.word == word:
            self.advance()
            return True
        return False

    def expect(self, word: str) -> None:
        """Skip this operator or keyword, or fail."""
        if self.word != word or self.kind not in (OPERATOR, NAME):
            self.fail(f"'{word}'")
        self.advance()

    def name(self) -> str:
        """A plain or escaped name."""
        word = self.word
        if self.kind == ESCAPED:
            word = word[1:-1]
        elif self.kind != NAME or word in lexer.RESERVED:
            self.fail("a name")
        self.advance()
        return word

    def fail(self, *expected: str) -> NoReturn:
        """The current token is none of `expected`."""
        if self.start > self.farthest:
            self.farthest = self.start
            self.expected = list(expected)
        elif self.start == self.farthest:
            self.expected.extend(each for each in expected if each not in self.expected)
        raise Rejected

    def syntax_error(self) -> FeelSyntaxError:
        kind, word, start, _ = lexer.token(self.text, self.farthest)
        if kind == END:
            found = "the end of the expression"
        elif word == '"':
            found = "a string without closing quote"
        elif word == "`":
            found = "a name without closing backtick"
        elif word == "/*":
            found = "a comment without end"
        else:
            found = "a string" if kind == STRING else f"'{word[:40]}'"
        expected = tuple(self.expected)
        wanted = " or ".join([", ".join(expected[:-1]), expected[-1]] if len(expected) > 1 else expected)
        if kind == NAME and word in lexer.RESERVED and "a name" in expected:
            found += " (a reserved word)"
        position = min(start, len(self.text))
        message = f"failed to parse expression: expected {wanted}, but found {found}"
        return FeelSyntaxError(message, self.text, position, expected)
