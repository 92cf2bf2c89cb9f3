"""Equality and order of FEEL values, with FEEL's three answers: True, False, None (not comparable)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from . import temporal
from .errors import FeelLimitError
from .evaluation import Evaluation
from .temporal import TEMPORAL_TYPES
from .values import CONTEXT_TYPES, LIST_TYPES, MISSING, NUMBER_TYPES, TYPE_NAMES, items_of

_TEMPORAL_SCALARS = frozenset({temporal.Date, temporal.DaysDuration, temporal.YearsDuration})


def equal(left: Any, right: Any, evaluation: Evaluation) -> bool | None:
    """`left = right`; None for values of unlike types, and for functions and ranges."""
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is type(right):
        if kind is str or kind is int or kind is bool or kind is Decimal:
            return left == right  # type: ignore[no-any-return]
    elif kind in NUMBER_TYPES and type(right) in NUMBER_TYPES:
        return left == right  # type: ignore[no-any-return]
    return _equal_deep(left, right, evaluation, 0)


def _equal_deep(left: Any, right: Any, evaluation: Evaluation, depth: int) -> bool | None:
    if left is None or right is None:
        return left is right
    evaluation.fuel -= 1
    if evaluation.fuel < 0:
        evaluation.refuel()
    kind, other = type(left), type(right)
    name = TYPE_NAMES.get(kind)
    if name != TYPE_NAMES.get(other):
        return None
    if kind in TEMPORAL_TYPES:
        if kind in _TEMPORAL_SCALARS or left.is_local == right.is_local:
            return left == right  # type: ignore[no-any-return]
        return None
    if kind in LIST_TYPES:
        if len(left) != len(right):
            return False
        deeper = _deeper(depth, evaluation)
        pairs = zip(items_of(left), items_of(right), strict=True)
        return all(_equal_deep(a, b, evaluation, deeper) is True for a, b in pairs)
    if kind in CONTEXT_TYPES:
        mine, others = left.entries, right.entries
        if len(mine) != len(others):
            return False
        deeper = _deeper(depth, evaluation)
        for key, value in mine.items():
            theirs = others.get(key, MISSING)
            if theirs is MISSING or _equal_deep(value, theirs, evaluation, deeper) is not True:
                return False
        return True
    if name in ("range", "function"):
        return None
    return left == right  # type: ignore[no-any-return]


def _deeper(depth: int, evaluation: Evaluation) -> int:
    limit = evaluation.limits.value_depth
    if depth >= limit:
        raise FeelLimitError("value_depth", limit, "Values are nested too deeply to be compared")
    return depth + 1


def comparable(left: Any, right: Any) -> bool:
    """Whether `<` and the like have an answer: both numbers, strings or temporal values of one type."""
    kind = type(left)
    if kind in NUMBER_TYPES:
        return type(right) in NUMBER_TYPES
    if kind is not type(right):
        return False
    if kind is str:
        return True
    return kind in TEMPORAL_TYPES and temporal.comparable(left, right)


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1 for comparable values. Strings compare by UTF-16 units."""
    kind = type(left)
    if kind is str:
        if left == right:
            return 0
        if left.isascii() or right.isascii():
            return -1 if left < right else 1
        return -1 if _units(left) < _units(right) else 1
    if kind in TEMPORAL_TYPES:
        return temporal.compare(left, right)
    return -1 if left < right else 0 if left == right else 1


def _units(text: str) -> bytes:
    """A key that orders strings by UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")


ORDERS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
"""What each order operator asks of the result of `compare`."""


def in_range(value: Any, low: Any, high: Any, low_closed: bool, high_closed: bool) -> bool | None:
    """Whether a value lies between two ends; None unless all three are comparable."""
    if not (comparable(value, low) and comparable(value, high)):
        return None
    above, below = compare(value, low), compare(value, high)
    return (above > 0 or (low_closed and above == 0)) and (below < 0 or (high_closed and below == 0))
