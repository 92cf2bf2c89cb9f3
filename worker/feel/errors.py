"""What can come out of an evaluation besides a value: failures and warnings.

Failures are exceptions below `FeelError`. Warnings accompany a value; they explain why a part of it
is null. Both know where in the text they belong. The limits themselves are in `limits.py`.
"""

from __future__ import annotations

import sys
from typing import NamedTuple


class FeelError(Exception):
    """An evaluation failed.

    `message` says what went wrong, `text` is the whole expression, `position` the offset in it
    (0-based, in characters) where the failure belongs, or None while that is unknown.
    `str()` adds the line of the text with a caret below the position.
    """

    def __init__(self, message: str, text: str = "", position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position

    def locate(self, text: str, position: int) -> None:
        """Fill in the place once it is known; the innermost place wins."""
        if self.position is None:
            self.text = text
            self.position = min(max(position, 0), len(text))

    @property
    def line(self) -> int | None:
        """Line of the position, counted from 1."""
        return None if self.position is None else self.text.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int | None:
        """Column of the position, counted from 1."""
        if self.position is None:
            return None
        return self.position - (self.text.rfind("\n", 0, self.position) + 1) + 1

    def __str__(self) -> str:
        if self.position is None:
            return self.message
        return f"{self.message}\n{mark(self.text, self.position)}"


class FeelSyntaxError(FeelError):
    """The text is not an expression. `expected` names what could have stood at the position."""

    def __init__(
        self, message: str, text: str = "", position: int | None = None, expected: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, text, position)
        self.expected = expected


class FeelAssertionError(FeelError):
    """An `assert()` whose condition is not true was evaluated."""


class FeelInputError(FeelError):
    """The context or input holds something that is no FEEL value: a cycle, a foreign object, ..."""


class FeelLimitError(FeelError):
    """A limit of the sandbox is exceeded. `limit` is the field of `Limits` that sets it.

    A limit that has no field there says by its `origin` where it comes from.
    """

    def __init__(self, limit: str, allowed: object, detail: str, *, origin: str | None = None) -> None:
        remedy = origin or f"set by '{limit}' of the FEEL limits (REST_CONNECTOR_FEEL__{limit.upper()})"
        super().__init__(f"{detail}. The limit is {allowed}, {remedy}")
        self.limit = limit


def too_many_frames(detail: str) -> FeelLimitError:
    """The limit that a `RecursionError` stands for; `text_depth` ends nearly all expressions before it does."""
    origin = "nested calls of the Python interpreter in all, those around the evaluation included"
    return FeelLimitError("recursion", sys.getrecursionlimit(), detail, origin=origin)


class FeelWarning(NamedTuple):
    """Why a part of the value is null.

    `type` is one of NO_VARIABLE_FOUND, NO_CONTEXT_ENTRY_FOUND, NO_PROPERTY_FOUND, NOT_COMPARABLE,
    INVALID_TYPE, NO_FUNCTION_FOUND, FUNCTION_INVOCATION_FAILURE; `position` is the offset in the text.
    """

    type: str
    message: str
    position: int | None = None


class IllegalArguments(Exception):
    """Raised by a built-in that rejects its arguments: the call is null with a warning.

    `detail` replaces the standard text "Illegal arguments: ...".
    """

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail


def mark(text: str, position: int, width: int = 100) -> str:
    """The line of `text` around `position` and a caret below it, cut to about `width` characters."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : len(text) if end < 0 else end]
    column = position - start
    number = text.count("\n", 0, start) + 1
    if len(line) > width:
        first = max(0, min(column - width // 2, len(line) - width))
        line, column = line[first : first + width], column - first
    caret = "".join("\t" if char == "\t" else " " for char in line[:column])
    return f"line {number}, column {position - start + 1}:\n    {line}\n    {caret}^"
