"""The failures this worker raises on purpose.

    WorkerError
      JobFailure          the job ends in a failure that the error expression may still turn
      GatewayError        the engine's gateway did not accept a call
        GatewayBusy       ask again: unavailable, overloaded, no answer in time
        GatewayRefused    the job is no longer ours: forget it
        GatewayBroken     the request itself is wrong: repeating it cannot help
      GivenBack           the job cannot start in time: the engine gets it back, with its retries unchanged

A FEEL failure is `worker.feel.FeelError`; it stands apart because the engine under `worker.feel` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONNECTOR_EXCEPTION = "io.camunda.connector.api.error.ConnectorException"
CONNECTOR_INPUT_EXCEPTION = "io.camunda.connector.api.error.ConnectorInputException"
FEEL_EXCEPTION = "io.camunda.connector.feel.FeelEngineWrapperException"
ILLEGAL_ARGUMENT = "java.lang.IllegalArgumentException"
ILLEGAL_STATE = "java.lang.IllegalStateException"


class WorkerError(Exception):
    """Anything this worker raises on purpose."""


class JobFailure(WorkerError):
    """A job failed; the facts that the `error` variable, the retry rule and the metrics need.

    `type` is the class name that process models compare (`error.type`), `code` the text of `error.code` or None,
    `variables` the JSON object of `error.variables` or None, `kind` our own word for the cause (`seed-features` 0.5),
    which only the native face shows. `final` means that repeating the job cannot help: it fails with retries 0.
    `untried` means that nothing was done, so the job keeps its retries; `backoff` is milliseconds to wait at least.
    """

    def __init__(
        self,
        message: str,
        *,
        type: str = CONNECTOR_EXCEPTION,
        code: str | None = None,
        variables: Mapping[str, Any] | None = None,
        kind: str | None = None,
        native_code: str | None = None,
        final: bool = False,
        untried: bool = False,
        backoff: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.type = type
        self.code = code
        self.variables = variables
        self.kind = kind
        self.native_code = native_code  # the code of the native face where it differs from `code`
        self.final = final
        self.untried = untried
        self.backoff = backoff

    def reworded(self, message: str, variables: Mapping[str, Any] | None) -> JobFailure:
        """The same failure with other words."""
        return JobFailure(
            message,
            type=self.type,
            code=self.code,
            variables=variables,
            kind=self.kind,
            native_code=self.native_code,
            final=self.final,
            untried=self.untried,
            backoff=self.backoff,
        )


def input_failure(message: str, *, kind: str = "input", native_code: str = "INVALID_INPUT") -> JobFailure:
    """The job's own data is wrong: retries 0, an incident at once."""
    return JobFailure(message, type=CONNECTOR_INPUT_EXCEPTION, kind=kind, native_code=native_code, final=True)


class GatewayError(WorkerError):
    """A call to the gateway failed; `code` is the gRPC status name, such as `UNAVAILABLE`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class GatewayBusy(GatewayError):
    """Ask again: the gateway is out of reach, overloaded, or did not answer in time."""


class GatewayRefused(GatewayError):
    """The job is gone or in another state: the command is settled, forget the job."""


class GatewayBroken(GatewayError):
    """The request itself is wrong (or not allowed): sending it again cannot help."""


class GivenBack(WorkerError):
    """A job cannot start in time; the engine may hand it out again after `backoff` milliseconds."""

    def __init__(self, message: str, backoff: int) -> None:
        super().__init__(message)
        self.message = message
        self.backoff = backoff


def without_frames(error: Exception) -> Exception:
    """The error, and all behind it, without tracebacks.

    Those of the HTTP library's errors are cycles through frames that hold a request with its body, and cycles stay
    until the next garbage collection.
    """
    behind: list[BaseException | None] = [error]
    while behind:
        each = behind.pop()
        if each is not None and each.__traceback__ is not None:
            each.__traceback__ = None
            behind += each.__cause__, each.__context__
    return error
