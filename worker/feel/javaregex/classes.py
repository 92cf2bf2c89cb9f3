"""Character classes: unions, ranges, nested classes and intersections with `&&`."""

from __future__ import annotations

from collections.abc import Callable

from .charset import CharSet
from .escapes import escaped_code_point, escaped_set
from .source import Source

_MAX_DEPTH = 50


def read_class(source: Source, fold: Callable[[CharSet], CharSet], *, ignore_case: bool) -> CharSet:
    """The set of a class whose `[` is already taken. `fold` adds the other cases where case does not count."""
    return _ClassReader(source, fold, ignore_case).read(0)


class _ClassReader:
    def __init__(self, source: Source, fold: Callable[[CharSet], CharSet], ignore_case: bool) -> None:
        self._source = source
        self._fold = fold
        self._ignore_case = ignore_case

    def read(self, depth: int) -> CharSet:
        if depth > _MAX_DEPTH:
            raise self._source.bad("Too many nested character classes")
        negated = self._source.take_raw("^")
        found = self._members(depth)
        self._source.take("]")
        return ~found if negated else found

    def _members(self, depth: int) -> CharSet:
        """Everything up to the closing bracket, which is left; a bracket at the very start is a member."""
        source = self._source
        found: CharSet | None = None
        while True:
            if source.at_end():
                raise source.bad("Unclosed character class")
            quoted = source.is_quoted()
            character = source.peek()
            if character == "]" and not quoted and found is not None:
                return found
            if character == "[" and not quoted:
                source.next()
                part = self.read(depth + 1)
            elif character == "&" and not quoted and source.peek_raw(1) == "&":
                found = self._intersection(found, depth)
                continue
            else:
                part = self._range()
            found = part if found is None else found | part

    def _intersection(self, left: CharSet | None, depth: int) -> CharSet:
        source = self._source
        source.take("&")
        source.take("&")
        right: CharSet | None = None
        while not source.at_end() and source.peek() not in ("]", "&"):
            part = self.read(depth + 1) if source.take("[") else self._members(depth + 1)
            right = part if right is None else right | part
        if left is None and right is None:
            raise source.bad("Bad class syntax")
        if left is None or right is None:
            found = left if right is None else right
            assert found is not None  # noqa: S101  narrows the type
            return found
        return left & right

    def _range(self) -> CharSet:
        """One character, an escape or a range."""
        first = self._member()
        if isinstance(first, CharSet):
            return first
        source = self._source
        if source.peek() == "-" and not source.is_quoted() and source.peek_raw(1) not in ("[", "]", ""):
            source.next()
            last = self._member()
            if isinstance(last, CharSet) or last < first:
                raise source.bad("Illegal character range")
            return self._fold(CharSet.of((first, last)))
        return self._fold(CharSet.of(first))

    def _member(self) -> int | CharSet:
        source = self._source
        if source.is_quoted() or source.peek() != "\\":
            return ord(source.next())
        source.next()
        character = source.next_raw()
        found = escaped_set(source, character, ignore_case=self._ignore_case)
        return found if found is not None else escaped_code_point(source, character)
