"""Functions for result and error expressions of connectors. Wrong arguments fail the whole evaluation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from worker.feel import numbers
from worker.feel.errors import FeelError
from worker.feel.evaluation import Evaluation
from worker.feel.temporal import DaysDuration
from worker.feel.values import TYPE_NAMES, Context

from .registry import Family

CONNECTOR = Family("connector")

MARKER_KEY = "connectorResultFunction"
"""The entry by which a document to be created is known in a result; see `create_document`."""

_MILLISECOND = 1_000_000
_TYPES = {
    "string": "a String",
    "context": "a Context",
    "number": "a Number",
    "days and time duration": "a days and time duration",
}


def _checked(function: str, parameter: str, value: Any, type_name: str) -> Any:
    if TYPE_NAMES.get(type(value)) != type_name:
        raise FeelError(f"Parameter '{parameter}' of function '{function}' must be {_TYPES[type_name]}")
    return value


@CONNECTOR.builtin(
    "bpmnError",
    "errorCode: any",
    "errorMessage: any",
    "variables: any",
    summary="Throws a BPMN error with a message and variables.",
    examples=[
        (
            'bpmnError("E404", "no such order", {id: 1})',
            '{errorType: "bpmnError", errorCode: "E404", errorMessage: "no such order", variables: {id: 1}}',
        )
    ],
)
@CONNECTOR.builtin(
    "bpmnError",
    "errorCode: any",
    "errorMessage: any",
    summary="Throws a BPMN error with a message.",
    examples=[
        (
            'bpmnError("E404", "no such order")',
            '{errorType: "bpmnError", errorCode: "E404", errorMessage: "no such order"}',
        )
    ],
)
@CONNECTOR.builtin(
    "bpmnError",
    "errorCode: any",
    summary="Throws a BPMN error.",
    examples=[('bpmnError("E404")', '{errorType: "bpmnError", errorCode: "E404"}')],
)
def _bpmn_error(_: Evaluation, *values: Any) -> Context:
    parameters = (("errorCode", "string"), ("errorMessage", "string"), ("variables", "context"))
    entries: dict[str, Any] = {"errorType": "bpmnError"}
    for (name, type_name), value in zip(parameters, values, strict=False):
        entries[name] = _checked("bpmnError", name, value, type_name)
    return Context(entries)


_JOB_ERROR = (
    ("errorMessage", "string"),
    ("variables", "context"),
    ("retries", "number"),
    ("retryBackoff", "days and time duration"),
)
_JOB_EXAMPLES = ('"busy"', "{id: 1}", "2", '@"PT5S"')


def _job_error(_: Evaluation, *values: Any) -> Context:
    entries: dict[str, Any] = {
        "errorType": "jobError",
        "errorMessage": None,
        "variables": Context({}),
        "retries": 0,
        "retryBackoff": DaysDuration(0),
    }
    for (name, type_name), value in zip(_JOB_ERROR, values, strict=False):
        entries[name] = _checked("jobError", name, value, type_name)
    return Context(entries)


for _count in range(1, 5):
    _shown = ["{}", "0", '@"PT0S"']
    _shown[: _count - 1] = _JOB_EXAMPLES[1:_count]
    CONNECTOR.builtin(
        "jobError",
        *(f"{name}: any" for name, _ in _JOB_ERROR[:_count]),
        summary="Fails the job: message, variables to set, retries left and the wait before the next one.",
        examples=[
            (
                f"jobError({', '.join(_JOB_EXAMPLES[:_count])})",
                '{errorType: "jobError", errorMessage: "busy", '
                f"variables: {_shown[0]}, retries: {_shown[1]}, retryBackoff: {_shown[2]}}}",
            )
        ],
    )(_job_error)


@CONNECTOR.builtin(
    "ignoreError",
    summary="Completes the job in spite of an error.",
    examples=[("ignoreError()", '{errorType: "ignoreError"}')],
)
def _ignore_error(_: Evaluation) -> Context:
    return Context({"errorType": "ignoreError"})


@CONNECTOR.builtin(
    "ignoreError",
    "variables: any",
    summary="Completes the job with variables in spite of an error.",
    examples=[("ignoreError({found: false})", '{errorType: "ignoreError", variables: {found: false}}')],
)
def _ignore_error_with(_: Evaluation, variables: Any) -> Context:
    return Context(
        {
            "errorType": "ignoreError",
            "variables": _checked("ignoreError", "variables", variables, "context"),
        }
    )


_BACKOFF = (
    ("attempt", "number"),
    ("minDelay", "days and time duration"),
    ("factor", "number"),
    ("maxDelay", "days and time duration"),
    ("jitterFactor", "number"),
)
_BACKOFF_DEFAULTS: tuple[Any, ...] = (
    1,
    DaysDuration(50 * _MILLISECOND),
    Decimal("1.6"),
    DaysDuration(5000 * _MILLISECOND),
    Decimal("0.1"),
)
_BACKOFF_EXAMPLES = ("3", '@"PT1S"', "2", '@"PT1M"', "0")


def _backoff(evaluation: Evaluation, *values: Any) -> DaysDuration:
    given = [_checked("backoff", name, value, kind) for (name, kind), value in zip(_BACKOFF, values, strict=False)]
    attempt, minimum, factor, maximum, jitter = (*given, *_BACKOFF_DEFAULTS[len(given) :])
    for name, wrong, rule in (
        ("attempt", attempt < 1, "must be at least 1"),
        ("factor", factor <= 0, "must be above 0"),
        ("minDelay", minimum.nanoseconds > maximum.nanoseconds, "must not be above 'maxDelay'"),
        ("jitterFactor", jitter < 0, "must not be negative"),
    ):
        if wrong:
            raise FeelError(f"Parameter '{name}' of function 'backoff' {rule}")
    low, high = (each.nanoseconds // _MILLISECOND for each in (minimum, maximum))
    delay = min(max(_grown(low, numbers.to_float(factor), int(attempt) - 1), low), high)
    spread = numbers.to_float(jitter) * delay
    if spread:
        delay += evaluation.random.uniform(-min(spread, 1e18), min(spread, 1e18))
    return DaysDuration(max(0, int(delay)) * _MILLISECOND)


def _grown(delay: int, factor: float, times: int) -> float:
    try:
        return float(delay * factor ** min(times, 1_000_000))
    except OverflowError:
        return float("inf") if delay > 0 else float(delay)


for _count in range(1, 6):
    CONNECTOR.builtin(
        "backoff",
        *(f"{name}: any" for name, _ in _BACKOFF[:_count]),
        summary="The wait before the next attempt: grows by a factor, bounded, with a random part.",
        examples=[(f"backoff({', '.join(_BACKOFF_EXAMPLES[:_count])})", '@"PT4S"')],
        inexact=_count < 5,
    )(_backoff)


@CONNECTOR.builtin(
    "createDocument",
    "value: any",
    summary="Stores a document and stands for its reference; in result and error expressions only. "
    "The value is base64 text, or a context with content (or data), name (or fileName) and contentType.",
    examples=[('{file: createDocument({content: "SGk=", name: "hi.txt"})}', "{file: <document reference>}")],
    inexact=True,
)
def _create_document(evaluation: Evaluation, value: Any) -> Context:
    """A marker around the value as it is. The caller brings the nonce, so that data cannot forge one, and checks."""
    if evaluation.nonce is None:
        raise FeelError("Function 'createDocument' can only be used in result and error expressions")
    return Context({MARKER_KEY: f"createDocument:{evaluation.nonce}", "value": value})
