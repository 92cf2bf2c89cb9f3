"""Boolean functions, and those that deal with missing values."""

from __future__ import annotations

from typing import Any

from worker.feel.errors import FeelAssertionError, FeelError
from worker.feel.evaluation import Evaluation
from worker.feel.text import preview

from .registry import Family

BOOLEANS = Family("boolean")


@BOOLEANS.builtin(
    "not",
    "negand: any",
    summary="The opposite of a boolean; null for anything else.",
    examples=[("not(true)", "false"), ("not(null)", "null")],
)
def _not(_: Evaluation, negand: Any) -> bool | None:
    return not negand if negand is True or negand is False else None


@BOOLEANS.builtin(
    "is defined",
    "value: any",
    summary="Whether a value is not null. Unknown variables and missing entries count as null.",
    examples=[("is defined(1)", "true"), ("is defined({}.x)", "false")],
)
def _is_defined(_: Evaluation, value: Any) -> bool:
    return value is not None


@BOOLEANS.builtin(
    "get or else",
    "value: any",
    "default: any",
    summary="The value, or the default if the value is null.",
    examples=[('get or else("this", "default")', '"this"'), ('get or else(null, "default")', '"default"')],
)
def _get_or_else(_: Evaluation, value: Any, default: Any) -> Any:
    return default if value is None else value


def _failure(evaluation: Evaluation, cause: str) -> FeelError:
    shown = evaluation.text if len(evaluation.text) <= 200 else f"{evaluation.text[:200]}…"
    return FeelAssertionError(f"Assertion failure on evaluate the expression '{shown}': {cause}")


@BOOLEANS.builtin(
    "assert",
    "value: any",
    "condition: any",
    summary="The value if the condition is true; otherwise the whole evaluation fails.",
    examples=[("assert(5, 5 > 3)", "5")],
)
def _assert(evaluation: Evaluation, value: Any, condition: Any) -> Any:
    if condition is True:
        return value
    raise _failure(evaluation, "The condition is not fulfilled")


@BOOLEANS.builtin(
    "assert",
    "value: any",
    "condition: any",
    "cause: any",
    summary="The value if the condition is true; otherwise the whole evaluation fails with the cause as text.",
    examples=[('assert(5, 5 > 3, "too small")', "5")],
)
def _assert_with_cause(evaluation: Evaluation, value: Any, condition: Any, cause: Any) -> Any:
    if condition is True:
        return value
    if isinstance(cause, str):
        raise _failure(evaluation, cause[: evaluation.limits.message_length])
    shown = ", ".join(f"'{preview(each, evaluation)}'" for each in (value, condition, cause))
    raise _failure(evaluation, f"Illegal arguments: {shown}")
