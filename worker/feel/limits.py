"""The limits of one evaluation: how much work, memory and time an expression may take.

Expressions are hostile until proven otherwise. Every limit can be lowered at will and raised up to a
hard cap; exceeding one ends in a `FeelLimitError` that names it. Counting happens in `evaluation.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def _limit(default: float, cap: float, meaning: str) -> Any:
    return field(default=default, metadata={"cap": cap, "meaning": meaning})


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of parsing and evaluating one expression. Sizes count items or characters.

    Raises ValueError for a value that is not positive or beyond its hard cap.
    """

    text_length: int = _limit(32_768, 262_144, "characters of an expression")
    nodes: int = _limit(20_000, 100_000, "tokens or syntax nodes of an expression")
    text_depth: int = _limit(150, 300, "nesting depth of an expression")
    call_depth: int = _limit(100, 200, "nested calls of user functions")
    steps: int = _limit(200_000, 5_000_000, "evaluation steps")
    seconds: float = _limit(0.25, 2.0, "time on the clock for one evaluation (seconds)")
    list_length: int = _limit(100_000, 1_000_000, "items of a list that an expression builds")
    string_length: int = _limit(1_000_000, 10_000_000, "characters of a string that an expression builds")
    allocation: int = _limit(64_000_000, 256_000_000, "estimated bytes that an expression builds in all")
    context_entries: int = _limit(10_000, 100_000, "entries of a context that an expression builds")
    number_digits: int = _limit(1_000, 1_000, "digits of a number literal or of number() text")
    input_depth: int = _limit(100, 100, "nesting depth of input values")
    value_depth: int = _limit(200, 300, "nesting depth of values that are compared, printed or given out")
    input_nodes: int = _limit(1_000_000, 1_000_000, "values taken over from the input")
    result_length: int = _limit(2_000_000, 4_000_000, "characters of the result as JSON")
    json_length: int = _limit(1_000_000, 1_000_000, "characters of text for 'from json'")
    json_depth: int = _limit(100, 100, "nesting depth of JSON text")
    warnings: int = _limit(100, 1_000, "warnings kept")
    message_length: int = _limit(500, 2_000, "characters of one warning's message")
    pattern_length: int = _limit(1_000, 1_000, "characters of a regular expression")
    pattern_input: int = _limit(100_000, 100_000, "characters a regular expression is applied to")
    pattern_matches: int = _limit(100_000, 100_000, "matches of one call")

    def __post_init__(self) -> None:
        for setting in fields(self):
            value, cap = getattr(self, setting.name), setting.metadata["cap"]
            if not 0 < value <= cap:
                raise ValueError(f"FEEL limit '{setting.name}' is {value}; it must be above 0 and at most {cap}")


DEFAULT_LIMITS = Limits()
