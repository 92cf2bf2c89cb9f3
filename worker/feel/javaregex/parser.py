r"""Reads Java's pattern syntax into the tree of `syntax.py`.

Case folding, comments mode, quoting with `\Q..\E` and all escapes are resolved here, so that the tree holds
sets of characters only. Escapes are in `escapes.py`, classes in `classes.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .charset import ANY, LINE_BREAKS, VERTICAL_SPACE, CharSet
from .classes import read_class
from .escapes import escaped_code_point, escaped_set
from .source import Source
from .syntax import (
    At,
    Atomic,
    BackReference,
    Choice,
    Greed,
    Group,
    Look,
    Node,
    One,
    Pattern,
    Place,
    Repeat,
    Sequence,
    check_counts,
    has_no_limit,
)

MAX_COUNT = 1000
"""Largest number in a counted repetition; nested ones may multiply to no more."""
_MAX_DEPTH = 100
_MAX_FOLDED = 512
_GROUP_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
_PLACES = {
    "A": Place.TEXT_START,
    "z": Place.TEXT_END,
    "Z": Place.BEFORE_LAST_BREAK,
    "b": Place.WORD_EDGE,
    "B": Place.NO_WORD_EDGE,
}
_LOOKS = {"=": (True, False), "!": (True, True), "<=": (False, False), "<!": (False, True)}
_LINE_BREAK: Node = Choice(
    (
        Sequence((One(CharSet.of("\r")), One(CharSet.of("\n")))),
        One(VERTICAL_SPACE),
    )
)


@dataclass(frozen=True, slots=True)
class _Flags:
    """The modes that are on at a place of the pattern."""

    ignore_case: bool = False
    unicode_case: bool = False
    multiline: bool = False
    dot_all: bool = False
    comments: bool = False


_FLAG_NAMES = {"i": "ignore_case", "u": "unicode_case", "m": "multiline", "s": "dot_all", "x": "comments"}


def parse(text: str, flags: str = "") -> Pattern:
    """The tree of a pattern; of `flags` the letters s, m, i and x count. Raises BadPattern."""
    chosen = {_FLAG_NAMES[letter]: True for letter in "smix" if letter in flags}
    return _Parser(text, _Flags(**chosen)).pattern()


class _Parser:
    """A recursive descent parser over the characters of one pattern."""

    def __init__(self, text: str, flags: _Flags) -> None:
        self._source = Source(text)
        self._source.comments = flags.comments
        self._flags = flags
        self._group_count = 0
        self._group_names: dict[str, int] = {}
        self._depth = 0

    def pattern(self) -> Pattern:
        root = self._choice()
        if not self._source.at_end():
            raise self._source.bad("Unmatched closing ')'")
        check_counts(root, MAX_COUNT)
        return Pattern(root, self._group_count, self._group_names)

    # -- structure ---------------------------------------------------------------------------

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._source.bad("Too many nested groups")
        alternatives = [self._sequence()]
        while self._source.take("|"):
            alternatives.append(self._sequence())
        self._depth -= 1
        return alternatives[0] if len(alternatives) == 1 else Choice(tuple(alternatives))

    def _sequence(self) -> Node:
        items: list[Node] = []
        while not self._source.at_end() and self._source.peek() not in ("|", ")"):
            item = self._item()
            if item is not None:
                items.append(self._repeated(item))
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _item(self) -> Node | None:
        """The next item, or None where only flags were switched."""
        source = self._source
        if source.is_quoted():
            return self._literal(ord(source.next()))
        if source.peek() == "{":
            return Sequence(())  # counts without an item repeat nothing
        character = source.next()
        if character == "(":
            return self._group()
        if character == "[":
            return One(read_class(source, self._fold, ignore_case=self._flags.ignore_case))
        if character == "\\":
            return self._escape()
        if character == "^":
            return At(Place.LINE_START if self._flags.multiline else Place.TEXT_START)
        if character == "$":
            return At(Place.LINE_END if self._flags.multiline else Place.BEFORE_LAST_BREAK)
        if character == ".":
            return One(ANY if self._flags.dot_all else ~LINE_BREAKS)
        if character in "*+?":
            raise self._source.bad(f"Dangling meta character '{character}'")
        return self._literal(ord(character))

    def _literal(self, code_point: int) -> Node:
        return One(self._fold(CharSet.of(code_point)))

    def _fold(self, characters: CharSet) -> CharSet:
        """With the other cases added if case does not count."""
        if not self._flags.ignore_case:
            return characters
        if not self._flags.unicode_case:
            return characters.both_cases()
        if characters.size > _MAX_FOLDED:
            raise self._source.bad("Range too large to ignore case in it")
        return characters.all_cases()

    def _repeated(self, item: Node) -> Node:
        source = self._source
        if source.at_end() or source.is_quoted():
            return item
        character = source.peek()
        if character == "?":
            least, most = 0, 1
        elif character == "*":
            least, most = 0, None
        elif character == "+":
            least, most = 1, None
        elif character == "{":
            source.next()
            least, most = self._counts()
            return Repeat(item, least, most, self._greed())
        else:
            return item
        source.next()
        return Repeat(item, least, most, self._greed())

    def _greed(self) -> Greed:
        if not self._source.is_quoted():
            if self._source.take("?"):
                return Greed.LAZY
            if self._source.take("+"):
                return Greed.POSSESSIVE
        return Greed.GREEDY

    def _counts(self) -> tuple[int, int | None]:
        digits = self._source.take_while("0123456789")
        if not digits:
            raise self._source.bad("Illegal repetition")
        least = self._count(digits)
        most: int | None = least
        if self._source.take(","):
            digits = self._source.take_while("0123456789")
            most = self._count(digits) if digits else None
        if not self._source.take("}"):
            raise self._source.bad("Unclosed counted closure")
        if most is not None and most < least:
            raise self._source.bad("Illegal repetition range")
        return least, most

    def _count(self, digits: str) -> int:
        if len(digits) > 9 or int(digits) > MAX_COUNT:
            raise self._source.bad(f"Repetition count above {MAX_COUNT}")
        return int(digits)

    # -- groups ------------------------------------------------------------------------------

    def _group(self) -> Node | None:
        saved = self._flags
        if not self._source.take("?"):
            return self._capture(None, saved)
        if self._source.take(":"):
            return self._closed(saved)
        if self._source.take(">"):
            return Atomic(self._closed(saved))
        for sign, (ahead, negative) in _LOOKS.items():
            if self._source.take_all(sign):
                item = self._closed(saved)
                if not ahead and has_no_limit(item):
                    raise self._source.bad("Look-behind group does not have an obvious maximum length")
                return Look(item, ahead, negative)
        if self._source.take("<"):
            return self._capture(self._group_name(), saved)
        return self._inline_flags(saved)

    def _capture(self, name: str | None, saved: _Flags) -> Node:
        self._group_count += 1
        number = self._group_count
        if name is not None:
            if name in self._group_names:
                raise self._source.bad(f"Named capturing group <{name}> is already defined")
            self._group_names[name] = number
        return Group(self._closed(saved), number)

    def _group_name(self) -> str:
        name = self._source.take_until(">")
        if name is None or not _GROUP_NAME.fullmatch(name):
            raise self._source.bad("Bad name of a group")
        return name

    def _closed(self, saved: _Flags) -> Node:
        """The rest of a group after its opening; the flags before it count again behind it."""
        item = self._choice()
        if not self._source.take(")"):
            raise self._source.bad("Unclosed group")
        self._set_flags(saved)
        return item

    def _inline_flags(self, saved: _Flags) -> Node | None:
        """`(?im-s)` switches for the rest of the group, `(?im-s:...)` for one group of its own."""
        on = True
        changed = self._flags
        while True:
            if self._source.at_end():
                raise self._source.bad("Unknown inline modifier")
            letter = self._source.next_raw()
            if letter in (")", ":"):
                break
            if letter == "-":
                on = False
            elif letter in _FLAG_NAMES:
                changed = replace(changed, **{_FLAG_NAMES[letter]: on})
            else:
                raise self._source.bad(f"Inline modifier '{letter}' is not supported")
        self._set_flags(changed)
        return self._closed(saved) if letter == ":" else None

    def _set_flags(self, flags: _Flags) -> None:
        self._flags = flags
        self._source.comments = flags.comments

    # -- escapes -----------------------------------------------------------------------------

    def _escape(self) -> Node:
        character = self._source.next_raw()
        if character in _PLACES:
            if character == "b" and self._source.take_all("{g}"):
                raise self._source.bad("Grapheme boundaries are not supported")
            return At(_PLACES[character])
        if character == "R":
            return _LINE_BREAK
        if character == "k":
            return self._named_reference()
        if character in "123456789":
            return self._numbered_reference(int(character))
        found = escaped_set(self._source, character, ignore_case=self._flags.ignore_case)
        return One(found) if found is not None else self._literal(escaped_code_point(self._source, character))

    def _named_reference(self) -> Node:
        name = self._source.take_until(">") if self._source.take("<") else None
        if name is None or name not in self._group_names:
            raise self._source.bad("Back-reference to a group that does not exist")
        return BackReference(self._group_names[name], self._flags.ignore_case)

    def _numbered_reference(self, number: int) -> Node:
        """More digits belong to the number as long as that many groups were opened before."""
        while not self._source.at_end() and self._source.peek_raw() in "0123456789":
            longer = number * 10 + int(self._source.peek_raw())
            if longer > self._group_count:
                break
            self._source.next_raw()
            number = longer
        if number > self._group_count:
            return At(Place.NOWHERE)
        return BackReference(number, self._flags.ignore_case)
