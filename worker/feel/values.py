"""The carriers of FEEL values and how values from outside become such.

| FEEL | Python |
| --- | --- |
| null, boolean, string | `None`, `bool`, `str` |
| number | `int` or `Decimal`, exact |
| list | `list`, or a lazy `FeelList` |
| context | `Context` |
| range, function | `Range`, `Function` |
| dates, times, durations | the classes of `temporal` |

Input is not converted as a whole: `InputContext` and `InputList` convert what is looked at. Nothing but
these carriers is ever reachable from an expression.
"""

from __future__ import annotations

import datetime
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, overload

from . import numbers, temporal
from .errors import FeelInputError, FeelLimitError

if TYPE_CHECKING:
    from .evaluation import Evaluation

MISSING: Any = object()
"""Stands for "no such entry", as None is a value."""


class Function:
    """A function value: parameter names and what to do with as many arguments."""

    __slots__ = ("invoke", "parameters")

    def __init__(self, parameters: tuple[str, ...], invoke: Callable[[Evaluation, Sequence[Any]], Any]) -> None:
        self.parameters = parameters
        self.invoke = invoke


@dataclass(frozen=True, slots=True)
class Range:
    """A range value; both ends are of one type."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool


class Context(Mapping[str, Any]):
    """A context: entries in order, and apart from them the functions that were put in."""

    __slots__ = ("_entries", "functions")

    def __init__(self, entries: dict[str, Any], functions: dict[str, list[Function]] | None = None) -> None:
        self._entries = entries
        self.functions = functions

    @property
    def entries(self) -> dict[str, Any]:
        """All entries; not to be changed. Independent of the input from now on."""
        return self._entries

    def get(self, key: str, default: Any = None) -> Any:
        """The entry, or the default."""
        return self._entries.get(key, default)

    def names(self, most: int) -> list[str]:
        """The keys of the first entries."""
        return list(islice(self._entries, most))

    def named(self, name: str) -> list[Function] | None:
        """The functions of that name."""
        return None if self.functions is None else self.functions.get(name)

    def __getitem__(self, key: str) -> Any:
        return self.entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def __repr__(self) -> str:
        return f"Context({self.entries!r})"


class FeelList(Sequence[Any]):
    """A list whose items are made when they are looked at. `items()` has them all."""

    __slots__ = ()

    @abstractmethod
    def items(self) -> list[Any]:
        """All items; not to be changed. Independent of the input, and of lists that still grow, from now on."""

    def __repr__(self) -> str:
        return repr(self.items())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FeelList):
            return self.items() == other.items()
        return self.items() == other

    __hash__ = None  # type: ignore[assignment]


class InputContext(Context):
    """A mapping from outside; entries become FEEL values when they are looked up.

    `raw` is that mapping until it has been taken over as a whole, `level` how deep in the input it stands.
    """

    __slots__ = ("_evaluation", "level", "raw")

    def __init__(self, raw: dict[str, Any], evaluation: Evaluation, level: int) -> None:
        if level > evaluation.limits.input_depth:
            raise too_deep(evaluation)
        self._entries = {}
        self.functions = None
        self.raw: dict[str, Any] | None = raw
        self._evaluation: Evaluation | None = evaluation
        self.level = level

    def get(self, key: str, default: Any = None) -> Any:
        raw = self.raw
        if raw is None:
            return self._entries.get(key, default)
        value = raw.get(key, MISSING)
        kind = type(value)
        if kind is str or kind is bool or value is None or (kind is int and -_SMALL < value < _SMALL):
            return value
        if value is MISSING or kind is Function:
            return default
        known = self._entries.get(key, MISSING)
        if known is MISSING:
            known = self._entries[key] = convert(value, self._evaluation, self.level)
        return known

    def follow(self, names: tuple[str, ...]) -> Any:
        """What a path leads to, if it goes through mappings only; MISSING says to go step by step."""
        raw: Any = self.raw
        for key in names:
            if type(raw) is not dict:
                return MISSING
            raw = raw.get(key, MISSING)
        kind = type(raw)
        if kind is str or kind is bool or raw is None or (kind is int and -_SMALL < raw < _SMALL):
            return raw
        if kind is float:
            return numbers.from_float(raw)
        if raw is MISSING or kind is Function:
            return MISSING
        if kind is not dict and kind is not list:
            return convert(raw, self._evaluation, self.level)
        known: Any = self._entries.get(names)  # type: ignore[call-overload]
        if known is None:
            known = convert(raw, self._evaluation, self.level + len(names) - 1)
            self._entries[names] = known  # type: ignore[index]  # as long as this is no plain dict of entries
        return known

    def names(self, most: int) -> list[str]:
        if self.raw is None:
            return super().names(most)
        keys = (key for key, value in self.raw.items() if type(value) is not Function)
        return [context_key(key) for key in islice(keys, most)]

    def named(self, name: str) -> list[Function] | None:
        raw = self.raw
        if raw is not None:
            value = raw.get(name)
            return [value] if type(value) is Function else None
        return None if self.functions is None else self.functions.get(name)

    @property
    def entries(self) -> dict[str, Any]:
        raw, evaluation = self.raw, self._evaluation
        if raw is None or evaluation is None:
            return self._entries
        evaluation.take_input(len(raw))
        known, level = self._entries, self.level
        entries: dict[str, Any] = {}
        for key, value in raw.items():
            key = key if type(key) is str else context_key(key)
            kind = type(value)
            if kind is str or kind is bool or value is None:
                entries[key] = value
            elif kind is Function:
                self.functions = {**(self.functions or {}), key: [value]}
            else:
                converted = known.get(key, MISSING)
                entries[key] = convert(value, evaluation, level) if converted is MISSING else converted
        self._entries, self.raw, self._evaluation = entries, None, None
        return entries


class InputList(FeelList):
    """A sequence from outside; items become FEEL values when they are looked at."""

    __slots__ = ("_evaluation", "_items", "level", "raw")

    def __init__(self, raw: Sequence[Any], evaluation: Evaluation, level: int) -> None:
        if level > evaluation.limits.input_depth:
            raise too_deep(evaluation)
        self._items: list[Any] = []
        self.raw: Sequence[Any] | None = raw
        self._evaluation = evaluation
        self.level = level

    def items(self) -> list[Any]:
        raw = self.raw
        if raw is not None:
            evaluation, level = self._evaluation, self.level
            evaluation.take_input(len(raw))
            self._items = [each if type(each) is str else convert(each, evaluation, level) for each in raw]
            self.raw = None
        return self._items

    def __len__(self) -> int:
        return len(self._items if self.raw is None else self.raw)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if self.raw is None or isinstance(index, slice):
            return self.items()[index]
        return convert(self.raw[index], self._evaluation, self.level)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items())


class PartialList(FeelList):
    """The first `length` items of a list that grows: `partial` in a loop, without a copy for each round."""

    __slots__ = ("_growing", "_length")

    def __init__(self, growing: list[Any], length: int) -> None:
        self._growing = growing
        self._length = length

    def items(self) -> list[Any]:
        if len(self._growing) != self._length:
            self._growing = self._growing[: self._length]
        return self._growing

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self.items()[index]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._growing[index if index >= 0 else self._length + index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items())


LIST_TYPES = frozenset({list, InputList, PartialList})
NUMBER_TYPES = frozenset({int, Decimal})
CONTEXT_TYPES = frozenset({Context, InputContext})

TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "string",
    list: "list",
    InputList: "list",
    PartialList: "list",
    Context: "context",
    InputContext: "context",
    Range: "range",
    Function: "function",
    temporal.Date: "date",
    temporal.Time: "time",
    temporal.DateTime: "date and time",
    temporal.DaysDuration: "days and time duration",
    temporal.YearsDuration: "years and months duration",
}
"""FEEL's name for the type of each carrier."""

_PLAIN = frozenset(
    {type(None), bool, str, Context, InputContext, InputList, PartialList, Range, Function, *temporal.TEMPORAL_TYPES}
)
_SMALL = 10**18


def items_of(value: Any) -> list[Any]:
    """All items of a FEEL list."""
    return value if type(value) is list else value.items()


def type_name(value: Any) -> str:
    """FEEL's name of the value's type; plain Python data counts as what it would become.

    Raises FeelInputError for what is no FEEL value.
    """
    name = TYPE_NAMES.get(type(value))
    if name is not None:
        return name
    if isinstance(value, Mapping):
        return "context"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return "list"
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return temporal.type_name(temporal.from_python(value))
    raise FeelInputError(f"A {type(value).__name__} is no FEEL value")


def convert(value: Any, evaluation: Any, level: int) -> Any:
    """The FEEL value of a value from outside; containers are wrapped, not walked.

    Raises FeelInputError for what is no FEEL value and FeelLimitError for too deep nesting.
    """
    kind = type(value)
    if kind is dict:
        return InputContext(value, evaluation, level + 1)
    if kind is int:
        return value if -_SMALL < value < _SMALL else _number(value)
    if kind is float:
        return numbers.from_float(value)
    if kind is list or kind is tuple:
        return InputList(value, evaluation, level + 1)
    if kind in _PLAIN:
        return value
    return _convert_other(value, evaluation, level)


def _convert_other(value: Any, evaluation: Any, level: int) -> Any:
    if isinstance(value, (int, Decimal)):
        return _number(value)
    if isinstance(value, float):
        return numbers.from_float(float(value))
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return _foreign(temporal.from_python, value)
    if isinstance(value, Mapping):
        return InputContext(_foreign(dict, value), evaluation, level + 1)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return InputList(_foreign(list, value), evaluation, level + 1)
    raise FeelInputError(f"A {type(value).__name__} is no FEEL value")


def context_key(key: Any) -> str:
    """A key from outside as plain text. Raises FeelInputError for what is no string."""
    if not isinstance(key, str):
        raise FeelInputError(f"A context's keys must be strings, but one is a {type(key).__name__}")
    return str(key)


def _foreign(make: Callable[[Any], Any], value: Any) -> Any:
    try:
        return make(value)
    except Exception as error:
        raise FeelInputError(f"A {type(value).__name__} cannot be read: {error}") from error


def _number(value: int | Decimal) -> int | Decimal | None:
    number = numbers.from_outside(value)
    if number is None and (not isinstance(value, Decimal) or value.is_finite()):
        detail = "A number of the input has too many digits"
        origin = "the digits that Python converts between numbers and text"
        raise FeelLimitError("input_digits", numbers.MAX_DIGITS, detail, origin=origin)
    return number


def too_deep(evaluation: Evaluation) -> FeelLimitError:
    """What is raised where input would be taken over at a level beyond the limit."""
    return FeelLimitError(
        "input_depth", evaluation.limits.input_depth, "The input is nested too deeply (or contains itself)"
    )
