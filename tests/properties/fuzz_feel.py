"""Throws texts at FEEL that nobody would write: `python -m tests.properties.fuzz_feel 200000 --seed 3`.

Whatever the text, only `FeelError` may come out, a syntax error points into the text, no evaluation runs longer than
its wall limit and a grace, and memory stays flat. `test_feel_fuzz.py` runs a short form.
"""
# ruff: noqa: T201  this is a command as well

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.conformance.feel_corpus import decode, recorded
from tests.differential.generator import CONTEXT, Generator
from tests.differential.mutation import INSERTIONS, mutate, tokens
from worker import feel

GRACE_SECONDS = 0.05
ATTEMPTS = 4
"""An evaluation is late only if it is late every time: the interpreter may have been collecting garbage."""
BLOCKS_GROWTH = 400_000
"""Allocated blocks that bounded caches may still take after the first quarter of a run."""
LETTERS = "abcxyz_$éß日😀 \t\n\u00a0\u200b\ufeff\x00\x1b\ud800" + "()[]{}.,:;?!@#'\"`\\/*+-=<>|&^%~0123456789"
BRACKETS = (
    "(",
    "[",
    "{a:",
    "-",
    "- -",
    "not(",
    "[1][",
    "if true then ",
    "for i in ",
    "function(x) ",
    "a.",
    "1 in (",
    "(1..",
)


Form = Callable[[str, dict[str, Any]], feel.Result]
_FORMS: tuple[Form, ...] = (
    feel.evaluate,
    feel.evaluate,
    lambda text, variables: feel.parse(text).evaluate_to_json(variables),
    lambda text, variables: feel.unary_tests(text, 7, variables),
)


@dataclass(slots=True)
class Outcome:
    """What a run came to: how often each end was reached, and what must not happen."""

    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    """Processor time: on a machine of its own that is the time on the wall."""


def texts(seed: int) -> Iterator[str]:
    """Endless hostile and broken texts; the same seed gives the same ones."""
    source = random.Random(seed)
    corpus = _corpus()
    words = [token for text in corpus for token in tokens(text)]
    expressions = Generator(seed).expressions()
    while True:
        match source.randrange(10):
            case 0:
                yield "".join(source.choice(LETTERS) for _ in range(source.randrange(60)))
            case 1:
                yield source.choice(BRACKETS) * source.choice((3, 50, 149, 2_000, 30_000)) + "1"
            case 2:
                size = source.randrange(25)
                parts = [source.choice(words if source.random() < 0.7 else INSERTIONS) for _ in range(size)]
                yield source.choice(("", " ")).join(parts)
            case 3 | 4 | 5:
                yield next(expressions)
            case 6:
                yield mutate(source, next(expressions), corpus)
            case _:
                yield mutate(source, source.choice(corpus), corpus)


@cache
def _corpus() -> list[str]:
    return [case.expression for case in recorded()]


def run(count: int, seed: int) -> Outcome:
    """Evaluate `count` texts: half of them to values, a quarter to JSON, a quarter as unary tests."""
    outcome = Outcome()
    variables = decode(CONTEXT)
    blocks = 0
    for number, text in zip(range(count), texts(seed), strict=False):
        _check(outcome, text, variables, _FORMS[number % 4])
        if number == count // 4:
            gc.collect()
            blocks = sys.getallocatedblocks()
    gc.collect()
    growth = sys.getallocatedblocks() - blocks
    if growth > BLOCKS_GROWTH:
        outcome.faults.append(f"memory grows: {growth} more blocks")
    return outcome


def _check(outcome: Outcome, text: str, variables: dict[str, Any], form: Form) -> None:
    allowed = feel.Limits().seconds + GRACE_SECONDS
    for _ in range(ATTEMPTS):
        start = time.process_time()
        end, fault = _evaluate(text, variables, form)
        seconds = time.process_time() - start
        if seconds <= allowed:
            break
    outcome.ends[end] += 1
    outcome.slowest_seconds = max(outcome.slowest_seconds, seconds)
    if fault is None and seconds > allowed:
        fault = f"took {seconds:.3f} s"
    if fault is not None:
        outcome.faults.append(f"{text[:300]!r} ({len(text)} characters): {fault}")


def _evaluate(text: str, variables: dict[str, Any], form: Form) -> tuple[str, str | None]:
    try:
        result = form(text, variables)
        feel.to_string(result.value)
    except feel.FeelSyntaxError as error:
        inside = error.position is not None and 0 <= error.position <= len(text)
        return "FeelSyntaxError", None if inside else f"the error points to {error.position}"
    except feel.FeelError as error:
        return type(error).__name__, None
    except Exception as error:  # anything else is what this run looks for
        return "crash", f"{type(error).__name__}: {error}"
    return "null" if result.value is None else "value", None


def main() -> int:
    """Run once and print what came out; 1 if something must not have happened."""
    parser = argparse.ArgumentParser(prog="python -m tests.properties.fuzz_feel", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = run(options.count, options.seed)
    for end, times in outcome.ends.most_common():
        print(f"{end:22}{times:8}")
    print(f"slowest: {outcome.slowest_seconds * 1000:.0f} ms")
    for fault in outcome.faults[:50]:
        print(fault)
    print(f"{options.count} texts, {len(outcome.faults)} faults")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
