"""How long a service asks to be left alone: the `Retry-After` of an answer that turned the call away."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from worker.errors import JobFailure

LONGEST: Final = 86_400_000  # milliseconds; a service must not park a job for longer than a day

_CODES: Final = frozenset({"429", "503"})


def retry_after(failure: JobFailure) -> int | None:
    """Milliseconds to wait before the job is tried again; None when the service did not say."""
    if failure.kind != "http" or failure.code not in _CODES or failure.variables is None:
        return None
    response = failure.variables.get("response")
    headers = response.get("headers") if isinstance(response, Mapping) else None
    value = _header(headers, "retry-after") if isinstance(headers, Mapping) else None
    if value is None:
        return None
    delay = seconds_of(value.strip())
    return None if delay is None else min(max(int(delay * 1000), 0), LONGEST)


def seconds_of(value: str) -> float | None:
    """Seconds from now, given as a number or as an HTTP date; None for anything else."""
    if value.isascii() and value.isdecimal() and len(value) <= 9:
        return float(value)
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return None


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    for key, value in headers.items():
        if key.lower() == name:
            return value if isinstance(value, str) else str(value[0])
    return None
