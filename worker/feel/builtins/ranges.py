"""Functions that relate points and ranges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from worker.feel.errors import IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.relations import comparable, compare
from worker.feel.values import Range

from .registry import Family

RANGES = Family("range")


@dataclass(frozen=True, slots=True)
class _Span:
    """A range, or a point seen as a closed range of one value."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool
    is_point: bool


def _span(value: Any) -> _Span:
    if type(value) is Range:
        return _Span(value.low, value.high, value.low_closed, value.high_closed, False)
    return _Span(value, value, True, True, True)


def _order(left: Any, right: Any) -> int:
    """-1, 0 or 1. Values at the same moment that are not the same value (other zones) are 2: unordered."""
    if left == right:
        return 0
    return compare(left, right) or 2


def _pair(first: Any, second: Any) -> tuple[_Span, _Span]:
    left, right = _span(first), _span(second)
    if type(left.low) is str or not comparable(left.low, right.low):
        raise IllegalArguments
    return left, right


Relation = Callable[[_Span, _Span], bool]


def _before(a: _Span, b: _Span) -> bool:
    order = _order(a.high, b.low)
    return order == -1 or (order == 0 and not (a.high_closed and b.low_closed))


def _meets(a: _Span, b: _Span) -> bool:
    return a.high_closed and b.low_closed and _order(a.high, b.low) == 0


def _overlaps(a: _Span, b: _Span) -> bool:
    end, start = _order(a.high, b.low), _order(a.low, b.high)
    return (end == 1 or (end == 0 and a.high_closed and b.low_closed)) and (
        start == -1 or (start == 0 and a.low_closed and b.high_closed)
    )


def _overlaps_before(a: _Span, b: _Span) -> bool:
    start, cross, end = _order(a.low, b.low), _order(a.high, b.low), _order(a.high, b.high)
    return (
        (start == -1 or (start == 0 and a.low_closed and not b.low_closed))
        and (cross == 1 or (cross == 0 and a.high_closed and b.low_closed))
        and (end == -1 or (end == 0 and (not a.high_closed or b.high_closed)))
    )


def _finishes(a: _Span, b: _Span) -> bool:
    if a.is_point:
        return b.high_closed and _order(b.high, a.high) == 0
    start = _order(a.low, b.low)
    return (
        a.high_closed == b.high_closed
        and _order(a.high, b.high) == 0
        and (start == 1 or (start == 0 and (not a.low_closed or b.low_closed)))
    )


def _starts(a: _Span, b: _Span) -> bool:
    if a.is_point:
        return b.low_closed and _order(b.low, a.low) == 0
    end = _order(a.high, b.high)
    return (
        a.low_closed == b.low_closed
        and _order(a.low, b.low) == 0
        and (end == -1 or (end == 0 and (not a.high_closed or b.high_closed)))
    )


def _includes(a: _Span, b: _Span) -> bool:
    start, end = _order(a.low, b.low), _order(a.high, b.high)
    if b.is_point:
        inside = start == -1 and end == 1
        return inside or (start == 0 and a.low_closed) or (end == 0 and a.high_closed)
    return (start == -1 or (start == 0 and (a.low_closed or not b.low_closed))) and (
        end == 1 or (end == 0 and (a.high_closed or not b.high_closed))
    )


def _coincides(a: _Span, b: _Span) -> bool:
    return (
        (a.is_point, a.low_closed, a.high_closed) == (b.is_point, b.low_closed, b.high_closed)
        and _order(a.low, b.low) == 0
        and _order(a.high, b.high) == 0
    )


_POINTS = ("point1", "point2")
_POINT_RANGE = ("point", "range")
_RANGE_POINT = ("range", "point")
_RANGES = ("range1", "range2")


def _register(
    name: str,
    relation: Relation,
    overloads: tuple[tuple[str, str], ...],
    summary: str,
    examples: list[tuple[str, str]],
    *,
    exchanged: bool = False,
    mixed: bool = False,
) -> None:
    """Register a relation for the combinations of points and ranges named.

    `exchanged` swaps the arguments; `mixed` accepts all other combinations too.
    """
    roles = {(not first.startswith("point"), not second.startswith("point")) for first, second in overloads}

    def related(_: Evaluation, first: Any, second: Any) -> bool:
        left, right = _pair(first, second)
        if not mixed and (not left.is_point, not right.is_point) not in roles:
            raise IllegalArguments
        return relation(right, left) if exchanged else relation(left, right)

    for first, second in overloads:
        RANGES.builtin(name, f"{first}: any", f"{second}: any", summary=summary, examples=examples)(related)


_ALL = (_POINTS, _POINT_RANGE, _RANGE_POINT, _RANGES)

_register(
    "before",
    _before,
    _ALL,
    "Whether the first lies wholly before the second.",
    [("before(1, 10)", "true"), ("before([1..5], 5)", "false"), ("before([1..5), [5..10])", "true")],
)
_register(
    "after",
    _before,
    _ALL,
    "Whether the first lies wholly after the second.",
    [("after(12, [1..5])", "true")],
    exchanged=True,
)
_register(
    "meets",
    _meets,
    (_RANGES,),
    "Whether the first range ends where the second starts, both ends closed.",
    [("meets([1..5], [5..10])", "true")],
)
_register(
    "met by",
    _meets,
    (_RANGES,),
    "Whether the first range starts where the second ends, both ends closed.",
    [("met by([5..10], [1..5])", "true")],
    exchanged=True,
)
_register(
    "overlaps",
    _overlaps,
    (_RANGES,),
    "Whether two ranges have a value in common.",
    [("overlaps([5..10], [1..6])", "true")],
)
_register(
    "overlaps before",
    _overlaps_before,
    (_RANGES,),
    "Whether the first range starts before the second and ends within it.",
    [("overlaps before([1..5], [4..10])", "true")],
)
_register(
    "overlaps after",
    _overlaps_before,
    (_RANGES,),
    "Whether the first range starts within the second and ends after it.",
    [("overlaps after([4..10], [1..5])", "true")],
    exchanged=True,
)
_register(
    "finishes",
    _finishes,
    (_POINT_RANGE, _RANGES),
    "Whether the first ends where the second ends.",
    [("finishes(5, [1..5])", "true"), ("finishes([3..5], [1..5])", "true")],
)
_register(
    "finished by",
    _finishes,
    (_RANGE_POINT, _RANGES),
    "Whether the second ends where the first ends.",
    [("finished by([1..5], 5)", "true")],
    exchanged=True,
)
_register(
    "includes",
    _includes,
    (_RANGE_POINT, _RANGES),
    "Whether the second lies within the first.",
    [("includes([5..10], 6)", "true"), ("includes([3..10], [4..6])", "true")],
)
_register(
    "during",
    _includes,
    (_POINT_RANGE, _RANGES),
    "Whether the first lies within the second.",
    [("during(5, [1..10])", "true")],
    exchanged=True,
)
_register(
    "starts",
    _starts,
    (_POINT_RANGE, _RANGES),
    "Whether the first starts where the second starts.",
    [("starts(1, [1..5])", "true"), ("starts([1..3], [1..5])", "true")],
)
_register(
    "started by",
    _starts,
    (_RANGE_POINT, _RANGES),
    "Whether the second starts where the first starts.",
    [("started by([1..10], 1)", "true")],
    exchanged=True,
)
_register(
    "coincides",
    _coincides,
    (_POINTS, _RANGES),
    "Whether two points or two ranges are equal.",
    [("coincides(5, 5)", "true"), ("coincides([1..5], [1..5])", "true")],
    mixed=True,
)
