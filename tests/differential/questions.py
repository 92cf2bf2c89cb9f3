"""Which questions a comparison asks: a fixed mix of calls, expressions, unary tests and changed corpus texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from tests.conformance.feel_corpus import Case, recorded
from tests.differential.comparison import Question
from tests.differential.generator import CONTEXT, Generator
from tests.differential.mutation import mutations
from tests.differential.variation import Variations

VARYING_TEXT = ("now", "today", "random", "uuid", "backoff", "createDocument", "function", "10 ** ", "cellInput")
"""Corpus texts with one of these are not changed: their results vary, recurse or grow without bound."""


_SCALE = re.compile(r"\b(?:decimal|floor|ceiling|round \w+|round half \w+)\(")
_HUGE = re.compile(r"\d{7}|\*\*|\bbig\b")
"""Together they make the original write down millions of digits."""


def questions(seed: int, count: int) -> Iterator[Question]:
    """The mix, without what the original would work on for ever."""
    for question in _mix(seed, count):
        if not (_SCALE.search(question.expression) and _HUGE.search(question.expression)):
            yield question


def _mix(seed: int, count: int) -> Iterator[Question]:
    """About `count` questions: a fifth each of calls, expressions, unary tests, mutations and variations."""
    generator = Generator(seed)
    share = count // 5
    each = max(1, share // generator.overloads)
    yield from (Question(text, CONTEXT) for text in generator.calls(each))
    yield from (Question(text, CONTEXT) for text in islice(generator.expressions(), share))
    unary = islice(generator.unary_tests(), share)
    yield from (Question(text, CONTEXT, "unary-tests", value) for text, value in unary)
    yield from islice(_mutations(seed), share)
    yield from islice(Variations(seed, _cases()).questions(), share)


def _cases() -> list[Case]:
    return [
        case
        for case in recorded()
        if not any(word in case.expression for word in VARYING_TEXT) and "inputVariableName" not in case.context
    ]


def _mutations(seed: int) -> Iterator[Question]:
    cases = _cases()
    for index, text in mutations(seed, [case.expression for case in cases]):
        case = cases[index]
        yield Question(text, case.context, case.kind, case.input)
