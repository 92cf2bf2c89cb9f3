"""The three answers an error expression can give, read from the object it evaluates to.

The functions `bpmnError`, `jobError` and `ignoreError` make such objects; models also write them by hand, so they are
read as leniently as the original reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from worker.durations import milliseconds, parse_duration
from worker.errors import JobFailure
from worker.json_codec import dumps
from worker.pipeline.mapping import shape_failure
from worker.rest.coercion import integer, mapping, text

_CONNECTOR_ERROR: Final = "io.camunda.connector.runtime.core.error.ConnectorError"
_NULL_POINTER: Final = "java.lang.NullPointerException"


@dataclass(frozen=True, slots=True)
class BpmnError:
    """Throw a BPMN error; without a code there is no error."""

    code: str | None
    message: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobError:
    """Fail the job with these retries; `backoff` is milliseconds."""

    message: str | None
    variables: dict[str, Any]
    retries: int
    backoff: int | None


@dataclass(frozen=True, slots=True)
class IgnoreError:
    """Complete the job with these variables."""

    variables: dict[str, Any]


_Text = Annotated[str | None, BeforeValidator(text)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    variables: Annotated[dict[str, Any] | None, BeforeValidator(mapping)] = None


def _backoff(value: Any) -> int | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value * 1000)
    duration = parse_duration(value.strip()) if isinstance(value, str) else None
    if duration is None:
        raise ValueError("no duration")
    return milliseconds(duration)


class _Bpmn(_Model):
    errorType: Literal["bpmnError"]  # noqa: N815  # the model's name
    errorCode: _Text = None  # noqa: N815
    errorMessage: _Text = None  # noqa: N815


class _Job(_Model):
    errorType: Literal["jobError"]  # noqa: N815
    errorMessage: _Text = None  # noqa: N815
    retries: Annotated[int | None, BeforeValidator(integer)] = None
    retryBackoff: Annotated[int | None, BeforeValidator(_backoff)] = None  # noqa: N815


class _Ignore(_Model):
    errorType: Literal["ignoreError"]  # noqa: N815


_ADAPTER: Final[TypeAdapter[_Bpmn | _Job | _Ignore]] = TypeAdapter(
    Annotated[_Bpmn | _Job | _Ignore, Field(discriminator="errorType")]
)


def read_connector_error(expression: str, tree: Mapping[str, Any]) -> BpmnError | JobError | IgnoreError:
    """What an error expression asks for. Raises `JobFailure` for an object that is none of the three."""
    try:
        error = _ADAPTER.validate_python(tree)
    except ValidationError:
        shown = dumps(tree)
        raise shape_failure(expression, shown, f"Cannot parse '{shown}' as '{_CONNECTOR_ERROR}'.") from None
    match error:
        case _Bpmn():
            return BpmnError(error.errorCode, error.errorMessage, error.variables or {})
        case _Job():
            if error.retries is None:
                raise _missing("retries")
            if error.errorMessage is None and error.variables is None:
                raise _missing("errorMessage")
            return JobError(error.errorMessage, error.variables or {}, error.retries, error.retryBackoff)
        case _Ignore():
            return IgnoreError(error.variables or {})


def _missing(name: str) -> JobFailure:
    return JobFailure(
        f"The jobError of the error expression has no {name}: {name} is null",
        type=_NULL_POINTER,
        kind="input",
        final=True,
    )
