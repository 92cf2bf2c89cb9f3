"""Compares our FEEL engine with the original: `python -m tests.differential --count 20000 --seed 7`.

Prints every difference that no listed deviation explains, grouped; ends with 1 if there is one.
"""
# ruff: noqa: T201  this is a command

from __future__ import annotations

import argparse
import sys
from collections import defaultdict

from tests.differential.comparison import Difference, differences
from tests.differential.deviations import unexplained
from tests.differential.jvm import JvmEngine, Unavailable
from tests.differential.questions import questions


def main() -> int:
    """Run one comparison; 0 if nothing differs, 1 if something does, 2 if the original cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000, help="how many questions, about")
    parser.add_argument("--shown", type=int, default=10, help="differences to show of each group")
    parser.add_argument("--warnings", action="store_true", help="compare the kinds of warnings as well")
    options = parser.parse_args()
    asked = list(questions(options.seed, options.count))
    try:
        with JvmEngine() as engine:
            found = unexplained(differences(engine, asked, with_warnings=options.warnings))
    except Unavailable as missing:
        print(missing, file=sys.stderr)
        return 2
    report(found, options.shown)
    print(f"{len(asked)} questions, {len(found)} differences")
    return 1 if found else 0


def report(found: list[Difference], shown: int) -> None:
    """Print the differences by kind, the most frequent kind first."""
    groups = defaultdict(list)
    for each in found:
        groups[each.how].append(each)
    for how, members in sorted(groups.items(), key=lambda item: -len(item[1])):
        print(f"== {how}: {len(members)}")
        for each in members[:shown]:
            print(describe(each))


def describe(each: Difference) -> str:
    """One difference on three lines."""
    question = each.question
    given = f"   input {question.input!r}" if question.kind == "unary-tests" else ""
    return f"{question.expression!r}{given}\n    theirs {each.theirs}\n    ours   {each.ours}"


if __name__ == "__main__":
    sys.exit(main())
