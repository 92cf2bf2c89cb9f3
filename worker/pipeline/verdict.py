"""A response or a failure to the outcome of the job: the error expression has the last word.

It is asked after every call, successful or not. Without an opinion of its own the outcome is the normal one: complete
after success, fail after a failure, with one try less, or none where trying again cannot help.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from worker.errors import JobFailure
from worker.face import Face
from worker.json_codec import dumps
from worker.json_codec.java_text import java_text
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.pipeline.case import Case
from worker.pipeline.connector_errors import BpmnError, IgnoreError, JobError, read_connector_error
from worker.pipeline.error_modes import error_name, is_thrown
from worker.pipeline.job_headers import INVALID_BACKOFF, INVALID_TIMEOUT
from worker.pipeline.mapping import Mapper
from worker.pipeline.output_size import OutputGuard
from worker.pipeline.results import Output
from worker.rest.request import RestResponse
from worker.rest.retry_after import retry_after
from worker.secrets import SecretsUnavailable

MESSAGE_LIMIT: Final = 6_000  # UTF-16 units, as Java counts
FAILURE_LIMIT: Final = 3_145_728  # bytes of failure variables; beyond about 4 MB the engine refuses the command

_WITHOUT_BACKOFF: Final = frozenset({INVALID_BACKOFF, INVALID_TIMEOUT})


class Verdict:
    """Decides outcomes by the rules of one face."""

    def __init__(self, face: Face, mapper: Mapper, guard: OutputGuard) -> None:
        self._face = face
        self._mapper = mapper
        self._guard = guard

    async def after_success(self, case: Case, response: RestResponse | None, output: Output) -> Outcome:
        """The outcome of a job whose call succeeded."""
        seen: Any = output.variables or (None if response is None else response.as_json())
        return await self._asked(case, seen) or Complete(output.text)

    async def after_failure(self, case: Case, failure: JobFailure) -> Outcome:
        """The outcome of a job that failed, before, in or after its call."""
        failure = await self._masked(case, failure)
        error = error_object(failure, self._face)
        name = error_name(case.headers.values, failure) if self._face.extended_inputs else None
        if name is not None:
            error["variables"] = {**error.get("variables", {}), "name": name}
        outcome = await self._asked(case, {"error": error})
        if outcome is None and name is not None:
            outcome = self._named(case, name, failure, error)
        return outcome or self._normal(case, failure, error)

    def _named(self, case: Case, name: str, failure: JobFailure, error: dict[str, Any]) -> ThrowError | None:
        if not is_thrown(name, case.headers.values, case.job.retries, failure):
            return None
        return ThrowError(name, error["message"], _text_of_failure({"error": error}))

    def _normal(self, case: Case, failure: JobFailure, error: dict[str, Any]) -> Fail:
        used = 0 if failure.untried else 1
        retries = 0 if failure.final else max(case.job.retries - used, 0)
        return _fail(failure.message, retries, self._backoff(case, failure), {"error": error})

    def _backoff(self, case: Case, failure: JobFailure) -> int | None:
        if failure.type in _WITHOUT_BACKOFF or isinstance(failure, SecretsUnavailable):
            return None
        try:
            backoff = case.headers.retry_backoff()
        except JobFailure:  # an earlier failure hides that the header is wrong as well
            return None
        asked = retry_after(failure) if self._face.error_details else None
        waits = [wait for wait in (backoff, asked, failure.backoff) if wait is not None]
        return max(waits) if waits else None

    async def _asked(self, case: Case, seen: Any) -> Outcome | None:
        """What the error expression makes of the response or error; None when it has no opinion."""
        expression = case.headers.error_expression
        if expression is None:
            return None
        try:
            job = {"job": {"retries": case.job.retries}}
            answer = await self._mapper.evaluate("Error", expression, [seen, {"response": seen}, job])
            return None if answer is None else await self._told(case, expression, answer[0])
        except JobFailure as problem:  # a wrong error expression is never ignored, and trying again cannot help
            problem = await self._masked(case, problem)
            return _fail(problem.message, 0, None, {"error": error_object(problem, self._face)})

    async def _told(self, case: Case, expression: str, tree: Mapping[str, Any]) -> Outcome | None:
        match read_connector_error(expression, tree):
            case BpmnError(code=None):
                return None
            case BpmnError(code=code, message=message, variables=variables):
                shown = None if message is None else shortened(await self._own(case, message))
                return ThrowError(sendable(str(code)), shown, self._guard.text_of(variables))
            case JobError(message=message, variables=variables, retries=retries, backoff=backoff):
                text = None if message is None else await self._own(case, message)
                told = {**variables, "error": text}
                self._guard.text_of(told)
                return _fail(java_text(text), max(retries, 0), backoff, told)
            case IgnoreError(variables=variables):
                return Complete(self._guard.text_of(variables))

    async def _own(self, case: Case, message: str) -> str:
        return await case.secrets.mask_text(message) if self._face.mask_own_messages else message

    async def _masked(self, case: Case, failure: JobFailure) -> JobFailure:
        """The failure without secret values; code and type are compared by models and never masked."""
        try:
            message = await case.secrets.mask_text(failure.message)
            variables = None if failure.variables is None else await case.secrets.mask_value(failure.variables)
        except SecretsUnavailable as unavailable:
            return unavailable
        return failure.reworded(message, variables)


def error_object(failure: JobFailure, face: Face) -> dict[str, Any]:
    """The `error` that expressions see and the failed job keeps as a variable."""
    error: dict[str, Any] = {"type": failure.type, "message": shortened(failure.message)}
    code = failure.native_code or failure.code if face.error_details else failure.code
    variables = dict(failure.variables) if failure.variables is not None else None
    if face.error_details:
        variables = variables or {}
        if failure.kind is not None:
            variables["kind"] = failure.kind
        response = variables.get("response")
        if failure.kind == "http" and isinstance(response, dict) and (failure.code or "").isdecimal():
            variables["response"] = {"status": int(failure.code or 0), **response}
    if code is not None:
        error["code"] = code
    if variables is not None:
        error["variables"] = variables
    return error


def sendable(text: str) -> str:
    """A text that UTF-8 can hold: a lone surrogate, which services may send in JSON, becomes `?` as in Java."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def shortened(text: str) -> str:
    """The first 6000 UTF-16 units of a text, fit for the wire."""
    text = sendable(text)
    if len(text) <= MESSAGE_LIMIT // 2:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: MESSAGE_LIMIT * 2].decode("utf-16-le", "ignore")


def _fail(message: str, retries: int, backoff: int | None, variables: dict[str, Any]) -> Fail:
    dump = java_text(variables, MESSAGE_LIMIT)
    return Fail(shortened(f"{message} | Error variables: {dump}"), retries, backoff, _text_of_failure(variables))


def _text_of_failure(variables: dict[str, Any]) -> str:
    text = dumps(variables)
    if len(text) > FAILURE_LIMIT // 4 and len(text.encode()) > FAILURE_LIMIT:
        return dumps(_without_body(variables))
    return text


def _without_body(variables: dict[str, Any]) -> dict[str, Any]:
    """The `error` without what made it too large: a failed job must be reported, or it is repeated for ever."""
    error = variables.get("error")
    if not isinstance(error, dict):
        return {"error": shortened(java_text(error))}
    note = "The error variables are left out: they are too large for the engine"
    return {"error": {**error, "variables": {"note": note}}}
