"""The deviations from the original engine that we chose: which questions they explain.

Each entry of `deviations.json` has a `name`, a `reason`, one `example` that still deviates (an expression over the
generator's variables, perhaps with `kind` and `input`), and patterns that say which other differences it explains:
`expression`, `theirs` and `ours` must all be found, in the text and in the two answers.
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
    ours: re.Pattern[str]

    def explains(self, difference: Difference) -> bool:
        """Whether this rule is why the answers differ."""
        sides = (
            (self.expression, difference.question.expression),
            (self.theirs, difference.theirs),
            (self.ours, difference.ours),
        )
        return all(pattern.search(text) is not None for pattern, text in sides)


@cache
def known() -> tuple[Deviation, ...]:
    """The list, in the order of the file."""
    return tuple(_deviation(entry) for entry in json.loads(FILE.read_text("utf-8")))


def unexplained(differences: Iterable[Difference]) -> list[Difference]:
    """The differences that no listed deviation explains."""
    return [each for each in differences if not any(deviation.explains(each) for deviation in known())]


def _deviation(entry: Mapping[str, Any]) -> Deviation:
    example = entry["example"]
    return Deviation(
        name=entry["name"],
        reason=entry["reason"],
        example=Question(
            example["expression"],
            CONTEXT | example.get("context", {}),
            example.get("kind", "expression"),
            example.get("input", ABSENT),
        ),
        expression=re.compile(entry.get("expression", re.escape(example["expression"])), re.DOTALL),
        theirs=re.compile(entry.get("theirs", ""), re.DOTALL),
        ours=re.compile(entry.get("ours", ""), re.DOTALL),
    )
