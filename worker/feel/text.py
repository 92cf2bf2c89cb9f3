"""The printed form of values: FEEL's `string()`, and the short form inside warnings.

How JSON is written is in `json_text.py`, how syntax is printed in `printer.py`.
"""

from __future__ import annotations

from typing import Any

from . import temporal
from .errors import FeelLimitError
from .evaluation import Evaluation
from .values import CONTEXT_TYPES, LIST_TYPES, Function, Range, convert, items_of


class _Full(Exception):
    pass


class _Writer:
    """Collects the pieces of a printed value; refuses to grow beyond `room` characters."""

    __slots__ = ("depth", "evaluation", "pieces", "preview", "room")

    def __init__(self, evaluation: Evaluation, room: int, preview: bool) -> None:
        self.evaluation = evaluation
        self.room = room
        self.preview = preview
        self.pieces: list[str] = []
        self.depth = 0

    def add(self, piece: str) -> None:
        self.room -= len(piece)
        self.pieces.append(piece)
        if self.room < 0:
            if self.preview:
                raise _Full
            limit = self.evaluation.limits.string_length
            raise FeelLimitError("string_length", limit, "A printed value is too long")

    def write(self, value: Any) -> None:
        kind = type(value)
        if kind is str:
            self.add(f'"{value}"')
        elif kind in LIST_TYPES:
            self.enter()
            self.add("[")
            for index, item in enumerate(items_of(value)):
                if index:
                    self.add(", ")
                self.write(item)
            self.add("]")
            self.depth -= 1
        elif kind in CONTEXT_TYPES:
            self.enter()
            self.add("{")
            for index, (key, item) in enumerate(value.entries.items()):
                self.add(f", {key}:" if index else f"{key}:")
                self.write(item)
            self.add("}")
            self.depth -= 1
        elif kind is Range:
            self.add("[" if value.low_closed else "(")
            self.write(value.low)
            self.add("..")
            self.write(value.high)
            self.add("]" if value.high_closed else ")")
        else:
            if not self.preview:
                self.evaluation.spend()
            self.add(scalar(value))

    def enter(self) -> None:
        self.depth += 1
        limits = self.evaluation.limits
        if self.depth > limits.value_depth:
            if self.preview:
                raise _Full
            raise FeelLimitError("value_depth", limits.value_depth, "A value is nested too deeply to be printed")
        if not self.preview:
            self.evaluation.spend()


def scalar(value: Any) -> str:
    """The printed form of a value that holds no others."""
    if value is None:
        return "null"
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is Function:
        return f"function({', '.join(value.parameters)})"
    if kind in temporal.TEMPORAL_TYPES:
        return temporal.to_string(value)
    return str(value)


def printed(value: Any, evaluation: Evaluation) -> str:
    """`string(value)`; counts its work and raises FeelLimitError where it grows too long or too deep."""
    if type(value) is str:
        return value
    writer = _Writer(evaluation, evaluation.limits.string_length, preview=False)
    writer.write(value)
    text = "".join(writer.pieces)
    evaluation.reserve_text(len(text))
    return text


def preview(value: Any, evaluation: Evaluation, room: int = 200) -> str:
    """The printed form for messages, strings in quotes, cut after about `room` characters."""
    if type(value) is str and len(value) > room:
        return f'"{value[:room]}…"'
    writer = _Writer(evaluation, room, preview=True)
    try:
        writer.write(value)
    except _Full:
        return "".join(writer.pieces)[:room] + "…"
    return "".join(writer.pieces)


def to_string(value: Any) -> str:
    """The printed form of any FEEL value or plain Python data; a string at the top is itself.

    As FEEL's `string()`, but a duration at the top keeps its fraction of a second.
    """
    evaluation = Evaluation()
    converted = convert(value, evaluation, 0)
    if isinstance(converted, temporal.DaysDuration):
        return exact_duration(converted)
    return printed(converted, evaluation)


def exact_duration(duration: temporal.DaysDuration) -> str:
    """`P1DT2H3M4.5S`: the printed form of a duration with its fraction, which `string()` cuts off."""
    seconds, nanoseconds = divmod(abs(duration.nanoseconds), 1_000_000_000)
    if not nanoseconds:
        return temporal.to_string(duration)
    whole = temporal.to_string(temporal.DaysDuration((seconds - seconds % 60) * 1_000_000_000))
    whole = "P" if whole == "P0D" else whole
    fraction = f"{seconds % 60}.{nanoseconds:09}".rstrip("0")
    sign = "-" if duration.nanoseconds < 0 else ""
    return f"{sign}{whole}{'' if 'T' in whole else 'T'}{fraction}S"
