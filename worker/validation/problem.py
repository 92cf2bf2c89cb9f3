"""What a check finds: one problem, where it is, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """`element` is the id of the BPMN element or of the template's property, "" where the whole file is meant.

    `line` counts from 1, 0 means unknown. `excerpt` shows the place in an expression: its line and one with a caret.
    An error fails when it is deployed or run; a warning works, but hardly as it is meant.
    """

    severity: Severity
    code: str
    element: str
    message: str
    hint: str
    line: int = 0
    excerpt: str = ""
    file: str = ""
