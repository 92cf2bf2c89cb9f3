"""The engine over its REST API (`/v2/jobs/...`, from Camunda 8.6 on), for clusters that are reached by HTTP only.

The same promises as over gRPC, except streams, which the API does not have. Variables and headers of a job are handed
on as they are written, never decoded and encoded again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, assert_never

from worker.cluster.access import ClusterAccess
from worker.engine_api import AnswerTooLargeError, EngineApi, EngineApiError, json_object
from worker.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayRefused
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.json_slices import items, members
from worker.zeebe.reactions import gateway_error
from worker.zeebe.transport import ActivateRequest

# How much longer than the long poll itself we wait for its end: after that the call is lost.
POLL_GRACE_SECONDS: Final = 10.0

# A larger answer is taken apart beside the event loop: half a megabyte takes a seventh of a second.
AT_ONCE_BYTES: Final = 64 << 10

# The engine's names for what went wrong (the `title` of its problem details), where they are not gRPC's own.
_TITLES: Final = {"INVALID_STATE": "FAILED_PRECONDITION", "MALFORMED_REQUEST": "INTERNAL"}

_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "FAILED_PRECONDITION",
    413: "RESOURCE_EXHAUSTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class RestTransport:
    """A `Transport` over the REST API at an address such as `http://localhost:8080`."""

    def __init__(self, address: str, *, access: ClusterAccess | None = None, max_message_bytes: int = 64 << 20) -> None:
        self._api = EngineApi(address, access=access)
        self._max_message_bytes = max_message_bytes

    def activate(self, request: ActivateRequest) -> RestActivation:
        """Jobs that are ours from their arrival on."""
        return RestActivation(lambda: self._activate(request))

    def stream(self, request: ActivateRequest) -> RestActivation:
        """There are none."""

        async def refuse() -> list[Job]:
            raise GatewayBroken("UNIMPLEMENTED", "the REST API has no job streams")

        return RestActivation(refuse)

    async def send(self, job_key: int, outcome: Outcome, *, timeout: float) -> None:
        """Tell the engine how a job ended."""
        path = f"/v2/jobs/{job_key}"
        match outcome:
            case Complete(variables=variables):
                await self._call("POST", f"{path}/completion", f'{{"variables":{variables}}}', timeout)
            case Fail(message=message, retries=retries, backoff=backoff, variables=told):
                body = _with_variables(told, retries=max(retries, 0), errorMessage=message, retryBackOff=backoff or 0)
                await self._call("POST", f"{path}/failure", body, timeout)
            case ThrowError(code=code, message=words, variables=variables):
                body = _with_variables(variables, errorCode=code, errorMessage=words or "")
                await self._call("POST", f"{path}/error", body, timeout)
            case _:
                assert_never(outcome)

    async def extend(self, job_key: int, milliseconds: int, *, timeout: float) -> None:
        """Set the job's lease to `milliseconds` from now.

        That a job is not active (any more) is a wrong argument here, where gRPC has it as a state.
        """
        body = json.dumps({"changeset": {"timeout": milliseconds}})
        try:
            await self._call("PATCH", f"/v2/jobs/{job_key}", body, timeout)
        except GatewayBroken as problem:
            if problem.code == "INVALID_ARGUMENT" and milliseconds > 0:
                raise GatewayRefused("FAILED_PRECONDITION", problem.message) from problem
            raise

    async def ping(self, *, timeout: float) -> str:
        """The gateway's version."""
        content = await self._call("GET", "/v2/topology", None, timeout)
        try:
            return str(json_object(content)["gatewayVersion"])
        except (EngineApiError, KeyError):
            raise _strange() from None

    async def close(self) -> None:
        """Close the connections. Nothing may be under way any more."""
        await self._api.close()

    async def _activate(self, request: ActivateRequest) -> list[Job]:
        body = json.dumps(
            {
                "type": request.job_type,
                "worker": request.worker,
                "timeout": int(request.lease * 1000),
                "maxJobsToActivate": request.max_jobs,
                "fetchVariable": list(request.fetch_variables),
                "requestTimeout": int(request.request_timeout * 1000),
                "tenantIds": list(request.tenant_ids),
            }
        )
        seconds = request.request_timeout + POLL_GRACE_SECONDS
        content = await self._call("POST", "/v2/jobs/activation", body, seconds)
        try:
            return await asyncio.to_thread(_jobs, content) if len(content) > AT_ONCE_BYTES else _jobs(content)
        except (ValueError, KeyError):
            raise _strange() from None

    async def _call(self, method: str, path: str, body: str | None, seconds: float) -> bytes:
        try:
            return await self._api.call(method, path, body=body, limit=self._max_message_bytes, seconds=seconds)
        except EngineApiError as problem:
            raise translated(problem) from problem


class RestActivation:
    """One call for jobs. When it is cancelled it goes on to its end, as the engine does not notice that nobody listens.

    A broker of 8.6 gives the jobs that come to a connection that was closed, and they are lost until their leases end.
    """

    def __init__(self, call: Callable[[], Awaitable[list[Job]]]) -> None:
        self._call = call
        self._cancelled = False

    def cancel(self) -> None:
        """Do not begin the call if that has not happened yet."""
        self._cancelled = True

    async def __aiter__(self) -> AsyncIterator[Sequence[Job]]:
        if not self._cancelled and (jobs := await self._call()):
            yield jobs


def translated(problem: EngineApiError) -> GatewayError:
    """What a failed call means, in the words of gRPC.

    A 404 is about the job only when the engine says so: one without problem details comes from something in between,
    such as a proxy whose gateway is away, and then the command is worth sending again.
    """
    if isinstance(problem, AnswerTooLargeError):
        return GatewayBroken("RESOURCE_EXHAUSTED", str(problem))
    if problem.status is None:
        return GatewayBusy("DEADLINE_EXCEEDED" if problem.timed_out else "UNAVAILABLE", str(problem))
    if problem.status == 413:
        return GatewayBroken("RESOURCE_EXHAUSTED", str(problem))
    if problem.status == 404 and problem.title is None:
        return GatewayBusy("UNAVAILABLE", f"{problem}, but not as an engine does: is the REST address right?")
    title = problem.title or ""
    known = {"RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", *_STATUSES.values()}
    code = title if title in known else _TITLES.get(title) or _STATUSES.get(problem.status, "UNKNOWN")
    return gateway_error(code, str(problem))


def _strange() -> GatewayError:
    return GatewayBusy("INTERNAL", "the answer is not what the REST API promises: is the REST address right?")


def _with_variables(variables: str | None, **values: str | int) -> str:
    """An object of `values`, with the text of the variables as it is."""
    text = json.dumps(values, ensure_ascii=False)
    return text if variables is None else f'{text[:-1]},"variables":{variables}}}'


def _jobs(content: bytes) -> list[Job]:
    """The jobs of an answer. Raises `ValueError` or `KeyError` when it is none."""
    return [_job(text) for text in items(members(content.decode())["jobs"])]


def _job(text: str) -> Job:
    """Keys are numbers in 8.6 and texts, with other names, in newer versions."""
    known = members(text)
    return Job(
        key=_number(known.get("jobKey") or known["key"]),
        type=json.loads(known["type"]),
        variables=known.get("variables", "{}"),
        headers=known.get("customHeaders", "{}"),
        retries=_number(known["retries"]),
        deadline=_number(known["deadline"]),
        tenant_id=json.loads(known.get("tenantId", '""')),
        process_id=json.loads(known.get("processDefinitionId") or known.get("bpmnProcessId", '""')),
        process_definition_key=_number(known.get("processDefinitionKey", "0")),
        process_instance_key=_number(known.get("processInstanceKey", "0")),
        element_id=json.loads(known.get("elementId", '""')),
        element_instance_key=_number(known.get("elementInstanceKey", "0")),
    )


def _number(text: str) -> int:
    return int(text.strip('"'))
