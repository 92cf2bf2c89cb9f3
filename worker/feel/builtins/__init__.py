"""The built-in functions, joined into one table by name."""

from __future__ import annotations

from .boolean import BOOLEANS
from .broker import BROKER
from .connector import CONNECTOR
from .contexts import CONTEXTS
from .conversion import CONVERSION
from .lists import LISTS
from .numbers import NUMBERS
from .ranges import RANGES
from .registry import Builtin, Family
from .statistics import STATISTICS
from .strings import STRINGS
from .temporal import TEMPORAL

FAMILIES: tuple[Family, ...] = (
    CONVERSION,
    BOOLEANS,
    STRINGS,
    LISTS,
    STATISTICS,
    NUMBERS,
    CONTEXTS,
    TEMPORAL,
    RANGES,
    BROKER,
    CONNECTOR,
)


def _table() -> dict[str, tuple[Builtin, ...]]:
    table: dict[str, list[Builtin]] = {}
    for family in FAMILIES:
        for each in family.builtins:
            table.setdefault(each.name, []).append(each)
    return {name: tuple(sorted(each, key=_parameter_count)) for name, each in table.items()}


def _parameter_count(builtin: Builtin) -> int:
    return len(builtin.parameters)


TABLE = _table()
"""Overloads by name, in the order in which they are tried: fewest parameters first."""
