"""Runs compiled patterns: RE2 where it can, the `regex` package with a time limit for the rest.

RE2 works on UTF-8 bytes, in time proportional to the size of text and program; both are bounded. The
backtracking engine may need any time, so every search has a limit. Neither holds the interpreter while
it searches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import re2
import regex

from worker.feel import utf16

from .emit import Needs, needs, to_backtracking, to_linear
from .parser import parse
from .syntax import BadPattern, Node, weight

MAX_PATTERN = 1_000
"""Characters of a pattern."""
MAX_INPUT = 100_000
"""Characters of a text."""
MAX_MATCHES = 100_000
"""Matches in one call."""
SEARCH_SECONDS = 0.05
"""Longest time of one search by backtracking."""
_FIRST_SECONDS = 0.005
"""Time of the first attempt. Beyond it the work is announced as large, before the full time is used."""
_MAX_LINEAR_WORK = 200_000_000
"""Bytes of text times instructions of the program, a fifth of a second in the worst case."""
_MAX_LINEAR_WEIGHT = 30_000
_MAX_BACKTRACKING_WEIGHT = 10_000
"""Sizes of patterns up to which compiling them takes some hundredths of a second."""
_EASY_WEIGHT = 10_000
"""RE2 writes counts out to the most; above this size the other engine may be quicker to build."""
_WORK_PER_STEP = 5_000
_BACKTRACKING_STEPS = 100
_SLOW_SEARCH_STEPS = 5_000
_PARSING_STEPS = 100
_PROPERTY_STEPS = 4_000
_WEIGHT_PER_STEP = 4

_PROPERTY = re.compile(r"\\[pP]\{?[^}]*")

Spans = tuple[tuple[int, int], ...]
"""Start and end of the match and of each group; (-1, -1) for a group that did not take part."""
Spend = Callable[[int], None]
"""Told how much work comes next, in steps; may raise to end it."""


class PatternLimit(Exception):
    """A limit on patterns is exceeded; `limit` names it, `allowed` is its size."""

    def __init__(self, limit: str, allowed: float, message: str) -> None:
        super().__init__(message)
        self.limit = limit
        self.allowed = allowed


class Compiled:
    """A parsed pattern with its programs, which are built when a text first asks for one."""

    def __init__(self, text: str, flags: str) -> None:
        pattern = parse(text, flags)
        self.group_count = pattern.group_count
        self.group_names = pattern.group_names
        self._root: Node = pattern.root
        self._needs: Needs = needs(pattern.root)
        self._linear_weight = weight(pattern.root, most=True)
        self._backtracking_weight = weight(pattern.root, most=False)
        if self._linear_weight > _EASY_WEIGHT and self._backtracking_weight <= _MAX_BACKTRACKING_WEIGHT:
            self._needs |= Needs(backtracking=True)
        self._linear: Any = None
        self._backtracking: Any = None

    def matches(self, text: str, spend: Spend) -> Iterator[Spans]:
        """All matches from left to right, in code units of the text, an empty one also between two others."""
        if len(text) > MAX_INPUT:
            raise PatternLimit("pattern_input", MAX_INPUT, f"A text of {len(text)} characters to find a pattern in")
        found = self._in_code_points(text, spend)
        if not utf16.is_plain(text):
            found = self._in_units(text, found, spend)
        for count, spans in enumerate(found):
            if count >= MAX_MATCHES:
                raise PatternLimit("pattern_matches", MAX_MATCHES, "The pattern matches too often")
            yield spans

    def _in_code_points(self, text: str, spend: Spend) -> Iterator[Spans]:
        data = self._linear_text(text)
        if data is None:
            return self._search_backtracking(text, spend)
        found = self._search_linear(data, spend)
        return found if len(data) == len(text) else _in_characters(data, found)

    def _linear_text(self, text: str) -> bytes | None:
        """The text for RE2, or None if the other engine has to search it."""
        if self._needs.backtracking:
            return None
        if self._needs.last_break and text.endswith(("\n", "\r", "\u0085", "\u2028", "\u2029")):
            return None
        if self._needs.lines and (
            not text or text.endswith("\n") or any(map(text.__contains__, "\r\u0085\u2028\u2029"))
        ):
            return None
        try:
            return text.encode()
        except UnicodeEncodeError:
            return None  # a lone surrogate has no UTF-8 form

    def _search_linear(self, data: bytes, spend: Spend) -> Iterator[Spans]:
        program = self._linear_program(spend)
        work = program.programsize * len(data)
        if work > _MAX_LINEAR_WORK:
            raise PatternLimit("pattern_input", len(data), "The pattern is too large for a text of this size")
        spend(work // _WORK_PER_STEP)
        position = 0
        while position <= len(data):
            spend(1)
            match = program.search(data, position)
            if match is None:
                return
            spans = self._spans(match, program.groups)
            yield spans
            start, end = spans[0]
            position = end if end > start else _next_character(data, end)

    def _search_backtracking(self, text: str, spend: Spend) -> Iterator[Spans]:
        program = self._backtracking_program(spend)
        position = 0
        while position <= len(text):
            spend(_BACKTRACKING_STEPS if position == 0 else 1)
            match = _search(program, text, position, spend)
            if match is None:
                return
            yield self._spans(match, program.groups)
            position = match.end() if match.end() > match.start() else match.end() + 1

    def _spans(self, match: Any, groups: int) -> Spans:
        """Of all groups; an engine may have dropped those that can never take part."""
        known = tuple(match.span(group) for group in range(groups + 1))
        return known + ((-1, -1),) * (self.group_count - groups)

    def _in_units(self, text: str, found: Iterator[Spans], spend: Spend) -> Iterator[Spans]:
        """Code points to code units. Behind an empty match, the next place is between two surrogates."""
        units = [0]
        for character in text:
            units.append(units[-1] + (2 if character > "\uffff" else 1))
        for spans in found:
            yield tuple((units[start], units[end]) if start >= 0 else (-1, -1) for start, end in spans)
            start, end = spans[0]
            if start == end < len(text) and text[start] > "\uffff" and self._matches_within(text, start, spend):
                middle = units[start] + 1
                yield ((middle, middle), *[(-1, -1)] * self.group_count)

    def _matches_within(self, text: str, index: int, spend: Spend) -> bool:
        """Whether the pattern matches the empty text between the surrogates of a character."""
        before = text[max(index - 1, 0) : index]
        window = before + utf16.to_units(text[index]) + text[index + 1 : index + 2]
        middle = len(before) + 1
        try:
            match = self._backtracking_program(spend).match(window, middle, timeout=_FIRST_SECONDS)
        except TimeoutError:
            return False
        return match is not None and match.end() == middle

    def _linear_program(self, spend: Spend) -> Any:
        if self._linear is None:
            _announce_build(self._linear_weight, _MAX_LINEAR_WEIGHT, spend)
            options = re2.Options()
            options.log_errors = False
            try:
                self._linear = re2.compile(to_linear(self._root), options)
            except re2.error as error:
                raise BadPattern(f"The pattern is not supported: {_detail(error)}") from None
        return self._linear

    def _backtracking_program(self, spend: Spend) -> Any:
        if self._backtracking is None:
            _announce_build(self._backtracking_weight, _MAX_BACKTRACKING_WEIGHT, spend)
            text = to_backtracking(self._root)
            try:
                self._backtracking = regex.compile(text, regex.VERSION0 | regex.ASCII, cache_pattern=False)
            except (regex.error, RecursionError, OverflowError) as error:
                raise BadPattern(f"The pattern is not supported: {error}") from None
        return self._backtracking


def _announce_build(size: int, allowed: int, spend: Spend) -> None:
    if size > allowed:
        raise BadPattern("The pattern is too large")
    spend(size // _WEIGHT_PER_STEP)


def _search(program: Any, text: str, position: int, spend: Spend) -> Any:
    """The next match by backtracking. Raises PatternLimit if it takes too long."""
    try:
        return program.search(text, position, timeout=_FIRST_SECONDS)
    except TimeoutError:
        spend(_SLOW_SEARCH_STEPS)
    try:
        return program.search(text, position, timeout=SEARCH_SECONDS)
    except TimeoutError:
        raise PatternLimit("seconds", SEARCH_SECONDS, "Finding the pattern takes too long") from None


def compiled(text: str, flags: str, spend: Spend) -> Compiled:
    """The compiled pattern, from a bounded cache. Raises BadPattern or PatternLimit."""
    if len(text) > MAX_PATTERN:
        raise PatternLimit("pattern_length", MAX_PATTERN, f"A pattern of {len(text)} characters")
    return _slot(text, "".join(letter for letter in "smix" if letter in flags)).get(spend)


class _Slot:
    """A place of the cache. It keeps failures too, so that a bad pattern is not parsed again and again."""

    def __init__(self, text: str, flags: str) -> None:
        self._text = text
        self._flags = flags
        self._outcome: Compiled | BadPattern | None = None

    def get(self, spend: Spend) -> Compiled:
        if self._outcome is None:
            properties = set(_PROPERTY.findall(self._text))
            spend(_PARSING_STEPS + _PROPERTY_STEPS * len(properties))
            try:
                self._outcome = Compiled(self._text, self._flags)
            except BadPattern as error:
                self._outcome = error
        if isinstance(self._outcome, BadPattern):
            raise BadPattern(*self._outcome.args)
        return self._outcome


_slot = lru_cache(maxsize=256)(_Slot)


def _next_character(data: bytes, position: int) -> int:
    """The start of the character behind the one at this byte."""
    position += 1
    while position < len(data) and data[position] & 0xC0 == 0x80:
        position += 1
    return position


def _in_characters(data: bytes, found: Iterator[Spans]) -> Iterator[Spans]:
    """Byte positions to character positions, in one pass for all matches together."""
    characters = [0] * (len(data) + 1)
    count = 0
    for index, byte in enumerate(data):
        characters[index] = count if byte & 0xC0 != 0x80 else count - 1
        count += byte & 0xC0 != 0x80
    characters[len(data)] = count
    for spans in found:
        yield tuple((characters[start], characters[end]) if start >= 0 else (-1, -1) for start, end in spans)


def _detail(error: Exception) -> str:
    message = error.args[0] if error.args else ""
    return message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
