"""The parts of a parsed Java pattern. The parser is in `parser.py`, the way to the engines in `emit.py`."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .charset import CharSet


class Greed(enum.Enum):
    """How a repetition chooses among the possible counts."""

    GREEDY = ""
    LAZY = "?"
    POSSESSIVE = "+"


class Place(enum.Enum):
    """Conditions on the position, which take no characters."""

    TEXT_START = "\\A"
    TEXT_END = "\\z"
    BEFORE_LAST_BREAK = "$ without m"
    LINE_START = "^ with m"
    LINE_END = "$ with m"
    WORD_EDGE = "\\b"
    NO_WORD_EDGE = "\\B"
    NOWHERE = "never"


@dataclass(frozen=True, slots=True)
class One:
    """One character out of a set."""

    characters: CharSet


@dataclass(frozen=True, slots=True)
class At:
    """A place."""

    place: Place


@dataclass(frozen=True, slots=True)
class Sequence:
    """All items, one after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first alternative that leads to a match."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The item `least` to `most` times; `most` is None for any number."""

    item: Node
    least: int
    most: int | None
    greed: Greed


@dataclass(frozen=True, slots=True)
class Group:
    """A capturing group; numbers count from 1."""

    item: Node
    number: int


@dataclass(frozen=True, slots=True)
class Atomic:
    """A group that is not tried again once it matched."""

    item: Node


@dataclass(frozen=True, slots=True)
class Look:
    """Looks ahead or behind without taking characters."""

    item: Node
    ahead: bool
    negative: bool


@dataclass(frozen=True, slots=True)
class BackReference:
    """The text that a group has matched; fails if the group has not matched."""

    number: int
    ignore_case: bool


Node = One | At | Sequence | Choice | Repeat | Group | Atomic | Look | BackReference


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern with the number of its groups and the numbers of the named ones."""

    root: Node
    group_count: int
    group_names: dict[str, int]


class BadPattern(ValueError):
    """The text is no pattern, or one that cannot be matched safely. The message says where and why."""


def has_no_limit(node: Node) -> bool:
    """Whether the text that the node matches may be of any length."""
    if isinstance(node, Repeat):
        return node.most is None or has_no_limit(node.item)
    if isinstance(node, Sequence | Choice):
        return any(map(has_no_limit, node.items))
    if isinstance(node, Group | Atomic):
        return has_no_limit(node.item)
    return isinstance(node, BackReference) or node == At(Place.NOWHERE)


def check_counts(node: Node, allowed: int) -> None:
    """Bound the product of nested counts, which multiply the size of the compiled pattern."""
    if isinstance(node, Repeat):
        count = max(node.least if node.most is None else node.most, 1)
        if count > allowed:
            raise BadPattern("Nested repetition counts are too large")
        check_counts(node.item, allowed // count)
    elif isinstance(node, Sequence | Choice):
        for item in node.items:
            check_counts(item, allowed)
    elif isinstance(node, Group | Atomic | Look):
        check_counts(node.item, allowed)


def weight(node: Node, *, most: bool) -> int:
    """About how large the compiled pattern becomes, in ranges of its sets.

    An engine that writes counts out has an item as often as it may occur (`most`), others as often as it must.
    """
    if isinstance(node, One):
        return len(node.characters.ranges)
    if isinstance(node, Repeat):
        count = node.most if most and node.most is not None else node.least
        return weight(node.item, most=most) * max(count, 1)
    if isinstance(node, Sequence | Choice):
        return 1 + sum(weight(item, most=most) for item in node.items)
    if isinstance(node, Group | Atomic | Look):
        return 1 + weight(node.item, most=most)
    return 1
