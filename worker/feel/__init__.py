"""FEEL, the expression language of Camunda 8, in the dialect of its own engine.

>>> from worker import feel
>>> feel.evaluate("{total: sum(items.price)}", {"items": [{"price": 2}, {"price": 3}]}).value["total"]
5

An evaluation ends in a value with warnings that explain its nulls, or raises `FeelError`. Expressions are
taken as hostile: what they may use is bounded by `Limits`, and no object of the host can be reached.
This package stands alone: it imports nothing else of `worker`.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from .errors import (
    FeelAssertionError,
    FeelError,
    FeelInputError,
    FeelLimitError,
    FeelSyntaxError,
    FeelWarning,
)
from .evaluation import Now
from .expression import ABSENT, ExplainedStep, Expression, Result, parsed
from .json_text import to_json_value
from .limits import DEFAULT_LIMITS, Limits
from .text import to_string
from .values import type_name


def evaluate(
    text: str,
    context: Mapping[str, Any] | None = None,
    *,
    now: Now | None = None,
    limits: Limits | None = None,
    nonce: str | None = None,
    random: Random | None = None,
) -> Result:
    """Evaluate an expression (without a leading `=`) on the variables of `context`.

    Variables may be None, bool, int, float, Decimal, str, mappings, sequences, the types of `datetime` and
    whatever `worker.feel` returned; they are never changed. `now` is the moment of `now()` and `today()`,
    or a function that tells it. `nonce` is a random text that marks what `createDocument` makes; without
    it that function fails. `random` is the source of random values, by default the system's.

    The value: null is None, numbers are `int` or `Decimal`, lists are sequences, contexts are mappings,
    dates, times and durations are those of `worker.feel.temporal`.

    Raises FeelSyntaxError if the text is no expression, FeelLimitError if it takes more than `limits` allow,
    and other FeelErrors for a failed `assert()` and the like.
    """
    chosen = DEFAULT_LIMITS if limits is None else limits
    return parsed(text, chosen).evaluate(context, now=now, limits=chosen, nonce=nonce, random=random)


def unary_tests(
    text: str,
    input: Any = ABSENT,
    context: Mapping[str, Any] | None = None,
    *,
    now: Now | None = None,
    limits: Limits | None = None,
) -> Result:
    """Apply unary tests to an input value (absent is not null): True, False or None. Raises like `evaluate`."""
    chosen = DEFAULT_LIMITS if limits is None else limits
    return parsed(text, chosen, tests=True).evaluate(context, input=input, now=now, limits=chosen)


def parse(text: str, limits: Limits | None = None) -> Expression:
    """The expression of a text, to be evaluated many times. Raises FeelSyntaxError and FeelLimitError."""
    return parsed(text, DEFAULT_LIMITS if limits is None else limits)


def strip_marker(text: str) -> str:
    """The expression in a connector's text, without the `=` that marks it as one; only the first is dropped."""
    return text.strip().removeprefix("=").strip()


__all__ = [
    "ABSENT",
    "DEFAULT_LIMITS",
    "ExplainedStep",
    "Expression",
    "FeelAssertionError",
    "FeelError",
    "FeelInputError",
    "FeelLimitError",
    "FeelSyntaxError",
    "FeelWarning",
    "Limits",
    "Result",
    "evaluate",
    "parse",
    "strip_marker",
    "to_json_value",
    "to_string",
    "type_name",
    "unary_tests",
]
