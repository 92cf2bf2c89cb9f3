"""What the engine is told about a job: one of three commands, as a value that nobody changes.

`variables` is the JSON text of an object, ready for the wire: it is written once, measured, and sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never


@dataclass(slots=True)
class Complete:
    """The job is done; its variables go to the process."""

    variables: str = "{}"


@dataclass(slots=True)
class Fail:
    """The job failed. At `retries` 0 the engine raises an incident; `backoff` is milliseconds, None sends none."""

    message: str
    retries: int
    backoff: int | None = None
    variables: str | None = None


@dataclass(slots=True)
class ThrowError:
    """A BPMN error, for a boundary event or an event sub-process to catch."""

    code: str
    message: str | None = None
    variables: str = "{}"


Outcome = Complete | Fail | ThrowError


def label(outcome: Outcome) -> str:
    """The word for logs and metrics: completed, retry, incident or bpmn-error."""
    match outcome:
        case Complete():
            return "completed"
        case Fail(retries=0):
            return "incident"
        case Fail():
            return "retry"
        case ThrowError():
            return "bpmn-error"
        case _:
            assert_never(outcome)
