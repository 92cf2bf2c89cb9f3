"""Text to syntax tree.

A hand-written parser that decides from the next tokens and does not go back, with one exception: `if`
may also be a plain name (`if(x)` can be a call). Where that was tried in vain is remembered, so the work
stays linear. Operators climb by precedence. What follows an opening bracket (range, list, group) is
decided by what comes after its first operand. Values and calls are in `parser_values.py`, what stands in
brackets in `parser_brackets.py`.
"""

from __future__ import annotations

from . import lexer
from .lexer import BAD, END, ESCAPED, NAME, OPERATOR
from .limits import DEFAULT_LIMITS, Limits
from .parser_brackets import BRACKETS
from .parser_values import ValueParser
from .syntax import (
    AnyInput,
    Arithmetic,
    Between,
    Comparison,
    Conjunction,
    Disjunction,
    ExpressionTest,
    For,
    If,
    In,
    InputComparison,
    InputEquals,
    InputInRange,
    InstanceOf,
    Iterator,
    Node,
    NumberRange,
    Operation,
    Quantified,
    Range,
    Tests,
)
from .tokens import Rejected

_ORDER = frozenset({"<", "<=", ">", ">="})
_COMPARISONS = _ORDER | {"=", "!="}
_FIRST_OF_TESTS = _ORDER | BRACKETS
_LAST = frozenset({",", ")", "}"})
_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 3}
_NOT_AFTER_IF = frozenset({"+", "*", "/", "**", "=", "!=", ".", ",", ")", "]", "}", ":", ".."})


def parse_expression(text: str, limits: Limits = DEFAULT_LIMITS) -> Node:
    """The tree of an expression. Raises FeelSyntaxError, or FeelLimitError for a text beyond the limits."""
    return Parser(text, limits).whole(Parser.expression)


def parse_unary_tests(text: str, limits: Limits = DEFAULT_LIMITS) -> Node:
    """The tree of unary tests. Raises like `parse_expression`."""
    return Parser(text, limits).whole(Parser.unary_tests)


class Parser(ValueParser):
    """The grammar from unary tests down to sums; see `ValueParser` for the rest."""

    # expressions

    def expression(self) -> Node:
        """The loosest level: `if`, `for`, `some`, `every`, `or`."""
        if self.kind == NAME and self.word in ("if", "for", "some", "every"):
            special = self.control()
            if special is not None:
                return special
        if self.kind == OPERATOR and self.word in _FIRST_OF_TESTS:
            return self.logic(self.comparison(None))
        left = self.operand()
        if self.kind == OPERATOR and self.word in _LAST:  # the usual end: spares the levels between
            return left
        return self.logic(self.comparison(self.sum(left)))

    def control(self) -> Node | None:
        """A control structure, or None if the word is a name here."""
        start = self.start
        if self.word == "if":
            return self.conditional(start)
        kind, word, _, end = lexer.token(self.text, self.end)
        if (kind == NAME and word in lexer.RESERVED) or kind not in (NAME, ESCAPED):
            return None
        if lexer.token(self.text, end)[1] != "in":
            return None
        quantifier = self.word
        self.enter()
        self.advance()
        iterators = [self.iterator()]
        while self.accept(","):
            iterators.append(self.iterator())
        self.expect("return" if quantifier == "for" else "satisfies")
        body = self.expression()
        self.depth -= 1
        if quantifier == "for":
            return self.made(For(start, self.last, tuple(iterators), body))
        return self.made(Quantified(start, self.last, quantifier, tuple(iterators), body))

    def conditional(self, start: int) -> Node | None:
        if start in self.plain_ifs:
            return None
        kind, word, _, _ = lexer.token(self.text, self.end)
        if kind in (END, BAD) or (kind == OPERATOR and word in _NOT_AFTER_IF):
            return None
        depth = self.depth
        self.enter()
        self.advance()
        try:
            condition = self.expression()
            self.expect("then")
            consequence = self.expression()
            self.expect("else")
        except Rejected:
            if kind != OPERATOR:  # `if x ...` is no other form
                raise
            self.plain_ifs.add(start)
            self.depth = depth
            self.reset(start)
            return None
        alternative = self.expression()
        self.depth -= 1
        return self.made(If(start, self.last, condition, consequence, alternative))

    def iterator(self) -> Iterator:
        start = self.start
        name = self.name()
        self.expect("in")
        source = self.operand()
        if self.kind == OPERATOR and (self.word in _LEVELS or self.word == ".."):
            low = self.sum(source)
            if self.word != ".." or self.kind != OPERATOR:
                self.fail("'..'")
            self.advance()
            high = self.sum(None)
            source = self.made(NumberRange(low.start, self.last, low, high))
        return self.made(Iterator(start, self.last, name, source))

    def logic(self, left: Node) -> Node:
        """Continue with `and` and `or` after a comparison."""
        if self.kind != NAME:
            return left
        start = left.start
        left = self.conjunction(left)
        if self.word != "or" or self.kind != NAME:
            return left
        operands = [left]
        while self.accept_word("or"):
            operands.append(self.conjunction(self.comparison(None)))
        return self.made(Disjunction(start, self.last, tuple(operands)))

    def conjunction(self, left: Node) -> Node:
        if self.word != "and" or self.kind != NAME:
            return left
        operands = [left]
        while self.accept_word("and"):
            operands.append(self.comparison(None))
        return self.made(Conjunction(left.start, self.last, tuple(operands)))

    def comparison(self, left: Node | None) -> Node:
        """One comparison; `left` is its first operand if that has been read already."""
        if left is None:
            if self.kind == OPERATOR:
                word = self.word
                if word in _ORDER:
                    return self.input_comparison()
                if word in BRACKETS:
                    node = self.bracket()
                    if isinstance(node, Range):
                        return self.made(InputInRange(node.start, node.end, node))
                    left = self.sum(self.postfix(node))
                else:
                    left = self.sum(None)
            else:
                left = self.sum(None)
        kind, word = self.kind, self.word
        if kind == OPERATOR and word in _COMPARISONS:
            self.advance()
            right = self.sum(None)
            return self.made(Comparison(left.start, self.last, word, left, right))
        if kind == NAME:
            if word == "in":
                return self.membership(left)
            if word == "between":
                self.advance()
                low = self.sum(None)
                self.expect("and")
                return self.made(Between(left.start, self.last, left, low, self.sum(None)))
            if word == "instance":
                self.advance()
                self.expect("of")
                return self.made(InstanceOf(left.start, self.last, left, self.type_name()))
        return left

    def input_comparison(self) -> Node:
        start, operator = self.start, self.word
        self.advance()
        operand = self.sum(None)
        return self.made(InputComparison(start, self.last, operator, operand))

    def membership(self, value: Node) -> Node:
        """After a value: `in test` or `in (test, ...)`."""
        self.enter()
        self.advance()
        start = self.start
        if self.kind == OPERATOR and self.word == "(":
            self.advance()
            first = self.test(in_parentheses=True)
            tests: list[Node]
            if self.unfinished and self.kind == OPERATOR and self.word == ".." and isinstance(first, ExpressionTest):
                bounds = self.range_end(start, "(", first.expression)
                tests = [self.made(InputInRange(start, self.last, bounds))]
            else:
                tests = self.more_tests(first)
                self.expect(")")
        else:
            tests = [self.test()]
        self.depth -= 1
        wanted = self.made(Tests(start, self.last, tuple(tests)))
        return self.made(In(value.start, self.last, value, wanted))

    def type_name(self) -> str:
        special = lexer.special_type(self.text, self.last)
        if special is not None:
            name, end = special
            self.reset(end, end)
            return name
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return ".".join(parts)

    # sums

    def sum(self, left: Node | None, level: int = 1) -> Node:
        """Operators `+ - * / **` of at least `level`; `left` is the first operand if already read."""
        if left is None:
            left = self.operand()
        while self.kind == OPERATOR and (found := _LEVELS.get(self.word, 0)) >= level:
            operations = []
            start = left.start
            while self.kind == OPERATOR and _LEVELS.get(self.word, 0) == found:
                operator, place = self.word, self.start
                self.advance()
                right = self.operand()
                if self.kind == OPERATOR and _LEVELS.get(self.word, 0) > found:
                    right = self.sum(right, found + 1)
                operations.append(self.made(Operation(place, self.last, operator, right)))
            left = self.made(Arithmetic(start, self.last, left, tuple(operations)))
        return left

    # unary tests

    def unary_tests(self) -> Node:
        """The start rule of unary tests: `-`, `not(tests)` or tests."""
        start = self.start
        if self.kind == OPERATOR and self.word == "-" and lexer.token(self.text, self.end)[0] == END:
            self.advance()
            return self.made(AnyInput(start, self.last))
        if self.kind == NAME and self.word == "not" and lexer.is_called(self.text, self.end):
            depth = self.depth
            self.advance()
            self.advance()
            try:
                tests = self.more_tests(self.test())
                self.expect(")")
            except Rejected:
                self.depth = depth
                self.reset(start)
            else:
                return self.made(Tests(start, self.last, tuple(tests), negated=True))
        tests = self.more_tests(self.test())
        return self.made(Tests(start, self.last, tuple(tests)))

    def more_tests(self, first: Node) -> list[Node]:
        tests = [first]
        while self.accept(","):
            tests.append(self.test())
        return tests

    def test(self, in_parentheses: bool = False) -> Node:
        """One test. In parentheses a sum before `..` is handed back as an `ExpressionTest`."""
        start = self.start
        if self.kind == NAME and self.word in ("true", "false"):
            if lexer.token(self.text, self.end)[0] == END:
                value = self.word == "true"
                self.advance()
                return self.made(InputEquals(start, self.last, value))
        elif self.kind == OPERATOR:
            if self.word in _ORDER:
                return self.input_comparison()
            if self.word in BRACKETS:
                node = self.bracket()
                if isinstance(node, Range):
                    return self.made(InputInRange(node.start, node.end, node))
                return self.test_after(self.sum(self.postfix(node)), in_parentheses)
        if in_parentheses and not self.at_control():
            return self.test_after(self.sum(None), in_parentheses)
        node = self.expression()
        self.unfinished = False
        return self.made(ExpressionTest(start, self.last, node))

    def test_after(self, left: Node, in_parentheses: bool) -> Node:
        """A test that begins with a sum."""
        at_range = in_parentheses and self.kind == OPERATOR and self.word == ".."
        if not at_range:
            left = self.logic(self.comparison(left))
        self.unfinished = at_range
        return self.made(ExpressionTest(left.start, self.last, left))
