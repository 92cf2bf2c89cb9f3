"""Expressions made to hang, to fill memory or to look outside end in time and leave the event loop free.

Time is processor time of this process, all of which an evaluation spends on itself: on a machine of its own that is
the time on the wall, and other processes do not count. The random counterpart is `fuzz_feel.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from worker import feel
from worker.pipeline.expressions import Expressions

WALL_SECONDS = feel.Limits().seconds + 0.05
LONGEST_DELAY_SECONDS = 0.05
BEAT_SECONDS = 0.002
ATTEMPTS = 4
"""A figure counts only if it is bad every time: the interpreter may have been collecting garbage."""


def doublings(first: str, double: Callable[[str], str], name: str = "a", count: int = 40) -> str:
    """Entries of a context in which each is the double of the one before."""
    entries = [f"{name}0: {first}"]
    entries += [f"{name}{i + 1}: {double(f'{name}{i}')}" for i in range(count)]
    return ", ".join(entries)


def pair(name: str) -> str:
    return f"[{name}, {name}]"


NUMBERS = "for x in 1..100000 return "
LETTERS = "a" * 10_000
LINE = "x" * 1_000

ENDS_IN_A_LIMIT = {
    "a million nested brackets": "(" * 10**6 + ")" * 10**6,
    "deep parentheses": "(" * 15_000 + "1" + ")" * 15_000,
    "deep lists": "[" * 15_000 + "]" * 15_000,
    "deep contexts": "{a:" * 8_000 + "1" + "}" * 8_000,
    "deep conditions": "if true then " * 2_000 + "1" + " else 2" * 2_000,
    "recursion without end": "{g: {f: function(c) c.f(c)}, r: g.f(g)}.r",
    "five nested loops": NUMBERS * 5 + "x",
    "one loop of five iterators": "for a in 1..99, b in 1..99, c in 1..99, d in 1..99, e in 1..99 return 1",
    "a loop to the end of numbers": "for x in 1..10 ** 15 return x",
    "doubled strings": "{" + doublings('"xy"', lambda name: f"{name} + {name}") + "}",
    "doubled lists": f"{{{doublings('[1]', lambda name: f'concatenate({name}, {name})')}}}",
    "replacement that grows": f'replace("{LETTERS}", "a", "{LETTERS}")',
    "equality through sharing": (
        f"{{{doublings('[1]', pair, 'a', 30)}, {doublings('[1]', pair, 'b', 30)}, same: a30 = b30}}.same"
    ),
    "a shared value written out": f"{{{doublings('[1]', pair, 'a', 30)}, text: to json(a30)}}.text",
    "a long join": f'string join(for i in 1..10000 return "{LINE}")',
}

ENDS_IN_A_VALUE = {
    "an index beyond every list": "[1,2,3][10 ** 40]",
    "a zone that is a path": 'time("10:00:00@../../etc/passwd")',
    "a power too large to print": "string(10 ** 999999)",
    "a scale too large to hold": "decimal(1, 999999999)",
    "a pattern that backtracks": f'matches("{LETTERS}!", "^(a|a)*$")',
    "a pattern with nested repeats": f'matches("{LETTERS}!", "(a+)+$")',
    "sorting by a rule that contradicts itself": "count(sort(for i in 1..200 return i, function(a, b) true))",
    "the names of the host": "__class__.__bases__",
    "the names of the host in a string": '"a".__class__',
}


def seconds_and_end(text: str) -> tuple[float, str]:
    """How long the evaluation ran and how it ended."""
    start = time.process_time()
    try:
        feel.to_string(feel.evaluate(text).value)
        end = "value"
    except feel.FeelLimitError:
        end = "limit"
    except feel.FeelError as error:
        end = type(error).__name__
    return time.process_time() - start, end


@pytest.mark.parametrize("text", ENDS_IN_A_LIMIT.values(), ids=ENDS_IN_A_LIMIT.keys())
def test_work_without_end_meets_a_limit_in_time(text: str) -> None:
    runs = [seconds_and_end(text) for _ in range(ATTEMPTS)]

    assert {end for _, end in runs} == {"limit"}
    assert min(seconds for seconds, _ in runs) < WALL_SECONDS


@pytest.mark.parametrize("text", ENDS_IN_A_VALUE.values(), ids=ENDS_IN_A_VALUE.keys())
def test_harmless_extremes_end_in_a_value_in_time(text: str) -> None:
    runs = [seconds_and_end(text) for _ in range(ATTEMPTS)]

    assert {end for _, end in runs} == {"value"}
    assert min(seconds for seconds, _ in runs) < WALL_SECONDS


@pytest.mark.parametrize("text", (ENDS_IN_A_LIMIT | ENDS_IN_A_VALUE).values(), ids=ENDS_IN_A_LIMIT | ENDS_IN_A_VALUE)
async def test_the_loop_goes_on_beside_an_evaluation(text: str) -> None:
    delays = [await longest_delay_beside(text) for _ in range(ATTEMPTS)]

    assert min(delays) < LONGEST_DELAY_SECONDS


async def longest_delay_beside(text: str) -> float:
    """The longest that this process was busy before another coroutine had its turn, beside an evaluation."""
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            start = time.process_time()
            await asyncio.sleep(BEAT_SECONDS)
            longest = max(longest, time.process_time() - start)

    beating = asyncio.create_task(beat())
    await asyncio.sleep(0)
    with suppress(feel.FeelError):
        await Expressions().evaluate(text, {})
    await asyncio.sleep(0)
    beating.cancel()
    with suppress(asyncio.CancelledError):
        await beating
    return longest
