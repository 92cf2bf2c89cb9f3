"""Functions on lists of any items. Those on lists of numbers and booleans are in `statistics.py`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from worker.feel import numbers
from worker.feel.errors import FeelLimitError, IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.numbers import Number
from worker.feel.relations import equal
from worker.feel.text import preview
from worker.feel.values import CONTEXT_TYPES, LIST_TYPES, TYPE_NAMES, Function, items_of

from .registry import Family

LISTS = Family("list")

_SMALL = 10**34


@LISTS.builtin(
    "list contains",
    "list: list",
    "element: any",
    summary="Whether one item equals the element.",
    examples=[("list contains([1, 2, 3], 2)", "true")],
)
def _list_contains(evaluation: Evaluation, values: Any, element: Any) -> bool:
    return any(equal(each, element, evaluation) is True for each in _touched(evaluation, values))


def _touched(evaluation: Evaluation, values: Any) -> list[Any]:
    """All items, each counted as a step."""
    evaluation.spend(len(values))
    return items_of(values)


@LISTS.builtin("count", "list: list", summary="The number of items.", examples=[("count([1, 2, 3])", "3")])
def _count(_: Evaluation, values: Any) -> int:
    return len(values)


@LISTS.builtin("is empty", "list: list", summary="Whether a list has no items.", examples=[("is empty([])", "true")])
def _is_empty(_: Evaluation, values: Any) -> bool:
    return not len(values)


def _index(values: Any, position: int) -> int:
    return position - 1 if position > 0 else len(values) + position


def _not_zero(position: Number, name: str) -> int:
    if position == 0:
        raise IllegalArguments(f"{name} must be a non-zero number")
    return int(position)


@LISTS.builtin(
    "sublist",
    "list: list",
    "start: number",
    summary="The items from a position on; negative positions count from the end.",
    examples=[("sublist([1, 2, 3], 2)", "[2, 3]"), ("sublist([1, 2, 3], -1)", "[3]")],
)
def _sublist(evaluation: Evaluation, values: Any, start: Number) -> list[Any]:
    first = max(_index(values, _not_zero(start, "start position")), 0)
    return _kept(evaluation, items_of(values)[first:])


@LISTS.builtin(
    "sublist",
    "list: list",
    "start: number",
    "length: number",
    summary="At most `length` items from a position on.",
    examples=[("sublist([1, 2, 3], 1, 2)", "[1, 2]")],
)
def _sublist_of_length(evaluation: Evaluation, values: Any, start: Number, length: Number) -> list[Any]:
    first = _index(values, _not_zero(start, "start position"))
    end = first + int(length)
    return _kept(evaluation, items_of(values)[max(first, 0) : max(end, 0)])


def _kept(evaluation: Evaluation, result: list[Any]) -> list[Any]:
    """Count a new list."""
    evaluation.spend(1 + (len(result) >> 3))
    evaluation.reserve_list(len(result))
    return result


@LISTS.builtin(
    "append",
    "list: list",
    "*items: any",
    summary="The list with further items at its end.",
    examples=[("append([1], 2, 3)", "[1, 2, 3]"), ("append([1], [2])", "[1, [2]]")],
)
def _append(evaluation: Evaluation, values: Any, items: Any) -> list[Any]:
    return _kept(evaluation, [*items_of(values), *items_of(items)])


@LISTS.builtin(
    "concatenate",
    "*lists: any",
    summary="The items of all lists, one after the other.",
    examples=[("concatenate([1, 2], [3])", "[1, 2, 3]")],
)
def _concatenate(evaluation: Evaluation, lists: Any) -> list[Any]:
    joined: list[Any] = []
    for each in items_of(lists):
        if type(each) in LIST_TYPES:
            _kept(evaluation, joined)
            evaluation.reserve_list(len(joined) + len(each))
            joined.extend(items_of(each))
        else:
            joined.append(each)
    return _kept(evaluation, joined)


@LISTS.builtin(
    "union",
    "*lists: any",
    summary="The items of all lists without duplicates.",
    examples=[("union([1, 2], [2, 3])", "[1, 2, 3]")],
)
def _union(evaluation: Evaluation, lists: Any) -> list[Any]:
    return distinct(evaluation, _concatenate(evaluation, lists))


@LISTS.builtin(
    "insert before",
    "list: list",
    "position: number",
    "newItem: any",
    summary="The list with a new item before a position.",
    examples=[("insert before([1, 3], 1, 2)", "[2, 1, 3]")],
)
def _insert_before(evaluation: Evaluation, values: Any, position: Number, item: Any) -> list[Any]:
    index = max(_index(values, _not_zero(position, "position")), 0)
    items = items_of(values)
    return _kept(evaluation, [*items[:index], item, *items[index:]])


@LISTS.builtin(
    "remove",
    "list: list",
    "position: number",
    summary="The list without the item at a position.",
    examples=[("remove([1, 2, 3], 2)", "[1, 3]")],
)
def _remove(evaluation: Evaluation, values: Any, position: Number) -> list[Any]:
    place = _not_zero(position, "position")
    items = items_of(values)
    before, after = max(_index(values, place), 0), max(_index(values, place + 1), 0)
    return _kept(evaluation, [*items[:before], *items[after:]])


@LISTS.builtin(
    "reverse", "list: list", summary="The items in reverse order.", examples=[("reverse([1, 2, 3])", "[3, 2, 1]")]
)
def _reverse(evaluation: Evaluation, values: Any) -> list[Any]:
    return _kept(evaluation, items_of(values)[::-1])


@LISTS.builtin(
    "index of",
    "list: list",
    "match: any",
    summary="The positions of all items that equal a value.",
    examples=[("index of([1, 2, 3, 2], 2)", "[2, 4]")],
)
def _index_of(evaluation: Evaluation, values: Any, match: Any) -> list[Any]:
    items = _touched(evaluation, values)
    found = [place for place, each in enumerate(items, 1) if equal(each, match, evaluation) is True]
    return _kept(evaluation, found)


@LISTS.builtin(
    "distinct values",
    "list: list",
    summary="The list without duplicates, in the order of first occurrence.",
    examples=[("distinct values([1, 2, 3, 2, 1])", "[1, 2, 3]")],
)
def _distinct_values(evaluation: Evaluation, values: Any) -> list[Any]:
    return distinct(evaluation, values)


def distinct(evaluation: Evaluation, values: Any) -> list[Any]:
    """The items without those that equal an earlier one."""
    seen: set[Any] = set()
    identities = Identities(evaluation)
    result = []
    for each in _touched(evaluation, values):
        key = identities.of(each)
        if key not in seen:
            seen.add(key)
            result.append(each)
    return _kept(evaluation, result)


@LISTS.builtin(
    "duplicate values",
    "list: list",
    summary="The items that occur more than once, each of them once.",
    examples=[("duplicate values([1, 2, 3, 2, 1])", "[1, 2]")],
)
def _duplicates(evaluation: Evaluation, values: Any) -> list[Any]:
    counts: dict[Any, int] = {}
    firsts: dict[Any, Any] = {}
    identities = Identities(evaluation)
    for each in _touched(evaluation, values):
        key = identities.of(each)
        counts[key] = counts.get(key, 0) + 1
        firsts.setdefault(key, each)
    return _kept(evaluation, [firsts[key] for key, count in counts.items() if count > 1])


def whole_or_text(number: Number) -> int | str:
    """Equal for equal numbers, and cheap to hash, which a `Decimal` of many digits is not."""
    whole = numbers.as_int(number) if -_SMALL < number < _SMALL else None
    return str(numbers.WIDE.normalize(Decimal(number))) if whole is None else whole


class Identities:
    """Hashable stand-ins: two values are equal in FEEL if and only if theirs are equal in Python.

    Parts that values share are looked at once, so doubling structures do not grow here.
    """

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._known: dict[int, Any] = {}
        self._numbers: dict[Any, int] = {}

    def of(self, value: Any, depth: int = 0) -> Any:
        """The stand-in of a value, which must stay alive as long as this object."""
        kind = type(value)
        if kind is str or value is None:
            return value
        if kind in LIST_TYPES or kind in CONTEXT_TYPES:
            known = self._known.get(id(value))
            if known is None:
                known = self._known[id(value)] = self._of_parts(value, depth)
            return known
        name = TYPE_NAMES[kind]
        if name in ("range", "function"):
            return object()
        return name, whole_or_text(value) if name == "number" else value

    def _of_parts(self, value: Any, depth: int) -> Any:
        limit = self.evaluation.limits.value_depth
        if depth > limit:
            raise FeelLimitError("value_depth", limit, "Values are nested too deeply to be compared")
        self.evaluation.spend(1 + len(value))
        self.evaluation.allocate(16 * len(value))
        parts: Any
        if type(value) in LIST_TYPES:
            parts = tuple([self.of(each, depth + 1) for each in items_of(value)])
        else:
            parts = frozenset([(key, self.of(each, depth + 1)) for key, each in value.entries.items()])
        return "parts", self._numbers.setdefault(parts, len(self._numbers))


@LISTS.builtin(
    "flatten",
    "list: list",
    summary="All items of nested lists in one list.",
    examples=[("flatten([[1, 2], [[3]], 4])", "[1, 2, 3, 4]")],
)
def _flatten(evaluation: Evaluation, values: Any) -> list[Any]:
    result: list[Any] = []
    open_lists = [iter(items_of(values))]
    limit = evaluation.limits.value_depth
    while open_lists:
        evaluation.spend()
        for each in open_lists[-1]:
            evaluation.spend()
            if type(each) in LIST_TYPES:
                if len(open_lists) > limit:
                    raise FeelLimitError("value_depth", limit, "Lists are nested too deeply")
                open_lists.append(iter(items_of(each)))
                break
            result.append(each)
        else:
            open_lists.pop()
    return _kept(evaluation, result)


class _Item:
    """An item to sort: `<` asks the function of the expression."""

    __slots__ = ("precedes", "value")

    def __init__(self, value: Any, precedes: Callable[[Any, Any], bool]) -> None:
        self.value = value
        self.precedes = precedes

    def __lt__(self, other: _Item) -> bool:
        return self.precedes(self.value, other.value)


@LISTS.builtin(
    "sort",
    "list: list",
    "precedes: function",
    summary="Sorted by a function of two items that says whether the first comes before the second.",
    examples=[("sort([3, 1, 2], function(x, y) x < y)", "[1, 2, 3]")],
)
def _sort(evaluation: Evaluation, values: Any, function: Function) -> list[Any]:
    if len(function.parameters) != 2:
        count = len(function.parameters)
        raise IllegalArguments(f"expect boolean function with 2 arguments, but found '{count}'")

    def precedes(first: Any, second: Any) -> bool:
        evaluation.spend()
        answer = function.invoke(evaluation, (first, second))
        if answer is True or answer is False:
            return answer
        shown = preview(answer, evaluation)
        detail = f"fail to sort list by given precedes function: expected boolean but found '{shown}'"
        raise IllegalArguments(detail)

    items = [_Item(each, precedes) for each in _touched(evaluation, values)]
    return _kept(evaluation, [each.value for each in sorted(items)])


@LISTS.builtin(
    "partition",
    "list: list",
    "size: number",
    summary="The list cut into lists of a size; the last one may be shorter.",
    examples=[("partition([1, 2, 3, 4, 5], 2)", "[[1, 2], [3, 4], [5]]")],
)
def _partition(evaluation: Evaluation, values: Any, size: int | Decimal) -> list[Any]:
    width = int(size)
    if width < 1:
        raise IllegalArguments(f"'size' should be greater than zero but was '{size}'")
    items = _touched(evaluation, values)
    evaluation.reserve_list(len(items))
    return [items[first : first + width] for first in range(0, len(items), width)]
