"""Sets of characters as sorted ranges of code points, with the operations that Java's classes need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_CODE_POINT = 0x10FFFF
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CharSet:
    """Disjoint ranges (first, last) in ascending order, neither overlapping nor adjacent."""

    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, *parts: str | int | Range) -> CharSet:
        """From characters (each of a string counts), code points and ranges."""
        ranges: list[Range] = []
        for part in parts:
            if isinstance(part, str):
                ranges.extend((ord(each), ord(each)) for each in part)
            else:
                ranges.append((part, part) if isinstance(part, int) else part)
        return cls(_normal(ranges))

    def __or__(self, other: CharSet) -> CharSet:
        return CharSet(_normal((*self.ranges, *other.ranges)))

    def __and__(self, other: CharSet) -> CharSet:
        return ~(~self | ~other)

    def __sub__(self, other: CharSet) -> CharSet:
        return self & ~other

    def __invert__(self) -> CharSet:
        gaps: list[Range] = []
        start = 0
        for first, last in self.ranges:
            if start < first:
                gaps.append((start, first - 1))
            start = last + 1
        if start <= MAX_CODE_POINT:
            gaps.append((start, MAX_CODE_POINT))
        return CharSet(tuple(gaps))

    def __contains__(self, code_point: int) -> bool:
        return any(first <= code_point <= last for first, last in self.ranges)

    @property
    def size(self) -> int:
        """Number of code points."""
        return sum(last - first + 1 for first, last in self.ranges)

    def both_cases(self) -> CharSet:
        """With the other case of every ASCII letter added."""
        added: list[Range] = []
        for first, last in self.ranges:
            for start, end, shift in ((0x41, 0x5A, 32), (0x61, 0x7A, -32)):
                low, high = max(first, start), min(last, end)
                if low <= high:
                    added.append((low + shift, high + shift))
        return CharSet(_normal((*self.ranges, *added))) if added else self

    def all_cases(self) -> CharSet:
        """With the simple upper and lower case of every character added."""
        found: set[int] = set()
        for first, last in self.ranges:
            for code_point in range(first, last + 1):
                character = chr(code_point)
                upper = character.upper()
                for variant in (upper, character.lower(), upper.lower()):
                    if len(variant) == 1:
                        found.add(ord(variant))
        return self | CharSet(_normal([(each, each) for each in found]))


def _normal(ranges: Iterable[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


ANY = CharSet(((0, MAX_CODE_POINT),))
LINE_BREAKS = CharSet.of("\n\r\u0085\u2028\u2029")
DIGITS = CharSet.of((0x30, 0x39))
WORD = CharSet.of((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), "_")
SPACE = CharSet.of((0x09, 0x0D), " ")
HORIZONTAL_SPACE = CharSet.of(" \t\u00a0\u1680\u180e\u202f\u205f\u3000", (0x2000, 0x200A))
VERTICAL_SPACE = CharSet.of((0x0A, 0x0D), "\u0085\u2028\u2029")
