"""The custom headers of a job that steer the worker, decoded in one place.

Headers belong to the model. Here they are text: only the expressions among them are evaluated, later and by others.
Headers that are named like inputs are evaluated in `worker.pipeline.inputs`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final

from worker.durations import LONG_MAX, milliseconds, parse_duration
from worker.errors import JobFailure
from worker.json_codec import JsonError, loads
from worker.json_codec.java_text import java_text
from worker.pipeline.dialects import Dialect, dialect_of
from worker.pipeline.error_modes import Mode, mode_of
from worker.pipeline.header_inputs import HeaderInputs, header_inputs

INVALID_BACKOFF: Final = "io.camunda.connector.runtime.core.error.InvalidBackOffDurationException"
INVALID_TIMEOUT: Final = "io.camunda.connector.runtime.core.error.InvalidJobTimeoutException"

_KEPT_CHARACTERS: Final = 16_384  # longer headers are decoded anew for each job


_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class JobHeaders:
    """The headers as texts, never changed; a blank value counts as missing, except for `retryBackoff`.

    Headers belong to the model, so all jobs of a task have the same: what follows from them is worked out once.
    """

    def __init__(self, values: Mapping[str, str] = _NONE) -> None:
        self.values = values
        self.result_variable = self._filled("resultVariable")
        self.result_expression = self._filled("resultExpression")
        self.error_expression = self._filled("errorExpression")
        self.has_times = "retryBackoff" in values or "jobTimeout" in values

    @classmethod
    def decode(cls, text: str) -> JobHeaders:
        """From the JSON text of the job. Raises a final `JobFailure` that does not quote the text."""
        return _kept(text) if len(text) <= _KEPT_CHARACTERS else _decoded(text)

    @cached_property
    def dialect(self) -> Dialect:
        """Whose names the inputs have (native face). Raises an input failure for one that there is not."""
        return dialect_of(self.values)

    @cached_property
    def mode(self) -> Mode:
        """What becomes of a failure (native face). Raises an input failure for a wrong word."""
        return mode_of(self.values)

    @cached_property
    def inputs(self) -> HeaderInputs:
        """The headers that are inputs (native face). Raises an input failure for wrong words that steer them."""
        return header_inputs(self.values, self.dialect)

    def retry_backoff(self) -> int | None:
        """Milliseconds to wait before the next try, None without the header. Raises a final `JobFailure`."""
        value = self.values.get("retryBackoff")
        if value is None:
            return None
        duration = parse_duration(value)
        if duration is None or abs(milliseconds(duration)) > LONG_MAX:
            expected = "Failed to parse retry backoff header. Expected ISO-8601 duration, e.g. PT5M, got: "
            raise _header_failure(INVALID_BACKOFF, expected + value)
        return milliseconds(duration)

    def job_timeout(self) -> int | None:
        """Milliseconds for which the job shall be ours, None without the header. Raises a final `JobFailure`."""
        value = self._filled("jobTimeout")
        if value is None:
            return None
        duration = parse_duration(value)
        if duration is None:
            expected = "Failed to parse job timeout header. Expected ISO-8601 duration, e.g. PT10M, got: "
            raise _header_failure(INVALID_TIMEOUT, expected + value)
        lease = milliseconds(duration)
        if lease > LONG_MAX:
            raise _header_failure(INVALID_TIMEOUT, f"Job timeout is too large to represent, got: {value}")
        if lease <= 0:
            raise _header_failure(INVALID_TIMEOUT, f"Job timeout must be a positive duration, got: {value}")
        if lease + int(time.time() * 1000) > LONG_MAX:
            raise _header_failure(INVALID_TIMEOUT, f"Job timeout is too large to represent as a deadline, got: {value}")
        return lease

    def _filled(self, name: str) -> str | None:
        value = self.values.get(name)
        return value if value and value.strip() else None


def _decoded(text: str) -> JobHeaders:
    try:
        tree = loads(text) if text.strip() else {}
    except JsonError as problem:
        raise _undecodable(str(problem)) from None
    if not isinstance(tree, dict):
        raise _undecodable("not a JSON object")
    return JobHeaders({name: java_text(value) for name, value in tree.items() if value is not None})


_kept = lru_cache(maxsize=256)(_decoded)


def _undecodable(reason: str) -> JobFailure:
    return JobFailure(
        f"The job's headers cannot be decoded: {reason}", kind="input", native_code="INVALID_INPUT", final=True
    )


def _header_failure(type: str, message: str) -> JobFailure:
    return JobFailure(message, type=type, kind="input", native_code="INVALID_INPUT", final=True)
