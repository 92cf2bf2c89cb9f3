"""Writes a parsed pattern in the syntax of one of the two engines.

RE2 runs in linear time but knows neither look-around nor back-references. Places that need a look at
the next characters (`$`, `^` with m) have a short form that is right for most texts; `Needs` says what
a pattern asks of a text, `engines.py` chooses accordingly.
"""

from __future__ import annotations

from dataclasses import dataclass

from .charset import MAX_CODE_POINT, CharSet
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
    Place,
    Repeat,
    Sequence,
)

_NOWHERE = r"[^\x00-\x{10FFFF}]"
_LINEAR_PLACES = {
    Place.TEXT_START: r"\A",
    Place.TEXT_END: r"\z",
    Place.BEFORE_LAST_BREAK: r"\z",
    Place.LINE_START: "(?m:^)",
    Place.LINE_END: "(?m:$)",
    Place.WORD_EDGE: r"\b",
    Place.NO_WORD_EDGE: r"\B",
    Place.NOWHERE: _NOWHERE,
}
_NOT_INSIDE_BREAK = r"(?!(?<=\r)\n)"
_BREAK = r"[\n\r\x85\u2028\u2029]"
_BACKTRACKING_PLACES = {
    Place.TEXT_START: r"\A",
    Place.TEXT_END: r"\Z",
    Place.BEFORE_LAST_BREAK: rf"(?:{_NOT_INSIDE_BREAK}(?=(?:\r\n|{_BREAK})?\Z))",
    Place.LINE_START: rf"(?:(?:\A|(?<={_BREAK}){_NOT_INSIDE_BREAK})(?!\Z))",
    Place.LINE_END: rf"(?:{_NOT_INSIDE_BREAK}(?={_BREAK}|\Z))",
    Place.WORD_EDGE: r"\b",
    Place.NO_WORD_EDGE: r"\B",
    Place.NOWHERE: "(?!)",
}


@dataclass(frozen=True, slots=True)
class Needs:
    """What matching a pattern asks for.

    `backtracking`: it has parts that RE2 lacks. `last_break`: it is only right without a line break at the
    end of the text. `lines`: only with `\\n` as line breaks, and none at the end.
    """

    backtracking: bool = False
    last_break: bool = False
    lines: bool = False

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.backtracking or other.backtracking,
            self.last_break or other.last_break,
            self.lines or other.lines,
        )


def needs(node: Node) -> Needs:
    """What the whole tree asks for."""
    if isinstance(node, Look | Atomic | BackReference):
        return Needs(backtracking=True)
    if isinstance(node, At):
        return Needs(
            last_break=node.place is Place.BEFORE_LAST_BREAK,
            lines=node.place in (Place.LINE_START, Place.LINE_END),
        )
    if isinstance(node, Repeat):
        return needs(node.item) | Needs(backtracking=node.greed is Greed.POSSESSIVE)
    if isinstance(node, Group):
        return needs(node.item)
    found = Needs()
    if isinstance(node, Sequence | Choice):
        for item in node.items:
            found |= needs(item)
    return found


def to_linear(node: Node) -> str:
    """The pattern for RE2."""
    return _Emitter(linear=True).write(node)


def to_backtracking(node: Node) -> str:
    """The pattern for the `regex` package."""
    return _Emitter(linear=False).write(node)


class _Emitter:
    def __init__(self, *, linear: bool) -> None:
        self._linear = linear
        self._places = _LINEAR_PLACES if linear else _BACKTRACKING_PLACES
        self._closed_groups: set[int] = set()

    def write(self, node: Node) -> str:
        if isinstance(node, One):
            return self._set(node.characters)
        if isinstance(node, At):
            return self._places[node.place]
        if isinstance(node, Sequence):
            return "".join(map(self.write, node.items))
        if isinstance(node, Choice):
            return f"(?:{'|'.join(map(self.write, node.items))})"
        if isinstance(node, Repeat):
            return self._repeat(node)
        if isinstance(node, Group):
            text = f"({self.write(node.item)})"
            self._closed_groups.add(node.number)
            return text
        if isinstance(node, Atomic):
            return f"(?>{self.write(node.item)})"
        if isinstance(node, Look):
            sign = ("" if node.ahead else "<") + ("!" if node.negative else "=")
            return f"(?{sign}{self.write(node.item)})"
        if node.number not in self._closed_groups:
            return self._places[Place.NOWHERE]
        return f"(?i:\\{node.number})" if node.ignore_case else f"(?:\\{node.number})"

    def _repeat(self, node: Repeat) -> str:
        item = node.item
        if isinstance(item, At | Look):
            # Places take no characters: once is as good as often.
            return f"(?:{self.write(item)}){'' if node.least else '?'}"
        text = self.write(item)
        if not isinstance(item, One | Group | Choice | Atomic):
            text = f"(?:{text})"
        return f"{text}{_counts(node.least, node.most)}{node.greed.value}"

    def _set(self, characters: CharSet) -> str:
        ranges = characters.ranges
        if not ranges:
            return self._places[Place.NOWHERE]
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            return self._escape(ranges[0][0])
        if ranges[0][0] == 0 and ranges[-1][1] == MAX_CODE_POINT and len(ranges) > 1:
            return f"[^{self._ranges(~characters)}]"
        return f"[{self._ranges(characters)}]"

    def _ranges(self, characters: CharSet) -> str:
        return "".join(
            self._escape(first) if first == last else f"{self._escape(first)}-{self._escape(last)}"
            for first, last in characters.ranges
        )

    def _escape(self, code_point: int) -> str:
        character = chr(code_point)
        if character.isalnum() or (code_point > 0xA0 and not 0xD800 <= code_point <= 0xDFFF):
            return character
        return f"\\x{{{code_point:X}}}" if self._linear else f"\\U{code_point:08X}"


def _counts(least: int, most: int | None) -> str:
    simple = {(0, 1): "?", (0, None): "*", (1, None): "+"}
    if (least, most) in simple:
        return simple[least, most]
    if most is None:
        return f"{{{least},}}"
    return f"{{{least}}}" if least == most else f"{{{least},{most}}}"
