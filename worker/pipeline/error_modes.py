"""What a failure means where the model chose another reaction than failing the job (native face).

Header `httpOptions.errors.mode`: `job` (the default) fails the job, `bpmn` throws a BPMN error with a name of the
table below, `return` passes answers of status 400 and above on as data. What a later try may mend is thrown only when
no tries are left, unless `httpOptions.errors.immediate` is `true`. A model from Alfresco (`dialect` is `alfresco`)
means `bpmn`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

from worker.errors import JobFailure, input_failure
from worker.pipeline.dialects import dialect_of
from worker.rest.request import RestResponse

Mode = Literal["job", "bpmn", "return"]

_NAMES: Final = {
    "400": "BAD_REQUEST",
    "401": "UNAUTHORIZED",
    "403": "FORBIDDEN",
    "404": "NOT_FOUND",
    "405": "METHOD_NOT_ALLOWED",
    "406": "NOT_ACCEPTABLE",
    "407": "PROXY_AUTHENTICATION_REQUIRED",
    "408": "REQUEST_TIMEOUT",
    "409": "CONFLICT",
    "410": "GONE",
    "500": "INTERNAL_SERVER_ERROR",
    "501": "NOT_IMPLEMENTED",
    "502": "BAD_GATEWAY",
    "503": "SERVICE_UNAVAILABLE",
    "504": "GATEWAY_TIMEOUT",
}
_KINDS: Final = {
    "timeout_connect": "REQUEST_TIMEOUT",
    "timeout_read": "REQUEST_TIMEOUT",
    "timeout_total": "REQUEST_TIMEOUT",
    "connect": "SERVICE_UNAVAILABLE",
    "circuit_open": "SERVICE_UNAVAILABLE",
    "auth": "UNAUTHORIZED",
    "input": "INVALID_INPUT",
    "blocked": "INVALID_INPUT",
}
_UNKNOWN: Final = "UNKNOWN_ERROR"
_RETRYABLE: Final = frozenset(
    {"REQUEST_TIMEOUT", "INTERNAL_SERVER_ERROR", "BAD_GATEWAY", "SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"}
)


def mode_of(headers: Mapping[str, str]) -> Mode:
    """The chosen reaction. Raises an input failure for a word, or a dialect, that is none."""
    chosen = headers.get("httpOptions.errors.mode", "").strip()
    if not chosen:
        return "bpmn" if dialect_of(headers).throws_errors else "job"
    for mode in get_args(Mode):
        if mode == chosen:
            return mode  # type: ignore[no-any-return]  # get_args has no better type
    raise input_failure(f"httpOptions.errors.mode is '{chosen}'; it must be one of {', '.join(get_args(Mode))}")


def name_of(failure: JobFailure) -> str:
    """The BPMN error code for a failure."""
    if failure.kind == "http":
        return _NAMES.get(failure.code or "", _UNKNOWN)
    if failure.native_code == "MISSING_INPUT":
        return "MISSING_INPUT"
    return _KINDS.get(failure.kind or "", _UNKNOWN)


def error_name(headers: Mapping[str, str], failure: JobFailure) -> str | None:
    """The code under which the model wants to catch the failure as a BPMN error; None when it does not."""
    try:
        return name_of(failure) if mode_of(headers) == "bpmn" else None
    except JobFailure:  # it was checked before the call; this failure is that one
        return None


def is_thrown(name: str, headers: Mapping[str, str], retries: int, failure: JobFailure) -> bool:
    """Whether the error is thrown now, or the job fails, because a later try may mend it."""
    retryable = name in _RETRYABLE or (failure.kind == "http" and failure.code == "429")
    immediate = headers.get("httpOptions.errors.immediate", "").strip().lower() == "true"
    return immediate or not retryable or retries <= 1


def returned(failure: JobFailure) -> RestResponse | None:
    """The answer of status 400 and above as a response, for the mode `return`; None for every other failure."""
    response = (failure.variables or {}).get("response")
    if failure.kind != "http" or not isinstance(response, Mapping) or not (failure.code or "").isdecimal():
        return None
    return RestResponse(int(failure.code or 0), response.get("headers") or {}, response.get("body"), failure.message)
