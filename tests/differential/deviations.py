"""The deviations from the original engine that we chose: which questions they explain.

Each entry of `deviations.json` has a `name`, a `reason`, one `example` that still deviates (an expression over the
generator's variables, perhaps with `input`), and patterns that say which other differences it explains:
`expression` and `theirs` must both be found, in the text and in the original's answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.feel_corpus import ABSENT
from tests.differential.comparison import Difference, Question
from tests.differential.generator import CONTEXT

FILE = Path(__file__).resolve().parent / "deviations.json"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One rule of ours that differs from the original's on purpose."""

    name: str
    reason: str
    example: Question
    expression: re.Pattern[str]
    theirs: re.Pattern[str]

    def explains(self, difference: Difference) -> bool:
        """Whether this rule is why the answers differ."""
        found = self.expression.search(difference.question.expression)
        return found is not None and self.theirs.search(difference.theirs) is not None


@cache
def known() -> tuple[Deviation, ...]:
    """The list, in the order of the file."""
    return tuple(_deviation(entry) for entry in json.loads(FILE.read_text("utf-8")))


def unexplained(differences: Iterable[Difference]) -> list[Difference]:
    """The differences that no listed deviation explains."""
    return [each for each in differences if not any(deviation.explains(each) for deviation in known())]


def _deviation(entry: Mapping[str, Any]) -> Deviation:
    example = entry["example"]
    unary = "input" in example
    return Deviation(
        name=entry["name"],
        reason=entry["reason"],
        example=Question(
            example["expression"],
            CONTEXT | example.get("context", {}),
            "unary-tests" if unary else "expression",
            example.get("input", ABSENT),
        ),
        expression=re.compile(entry.get("expression", re.escape(example["expression"])), re.DOTALL),
        theirs=re.compile(entry.get("theirs", ""), re.DOTALL),
    )
