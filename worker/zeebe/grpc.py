"""The engine over gRPC: pyzeebe's generated stubs on a channel of our own (`http2`).

The only module that knows the messages: they are built and read here, and every status becomes one of the three
reactions of `worker.errors` through the table of `reactions`. How often to call again is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any, assert_never

from worker.cluster.access import ClusterAccess
from worker.cluster.credentials import Headers
from worker.errors import GatewayError
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.http2.call import Call
from worker.zeebe.http2.channel import Channel
from worker.zeebe.http2.status import RpcError
from worker.zeebe.reactions import gateway_error
from worker.zeebe.stubs import GatewayStub, messages
from worker.zeebe.transport import ActivateRequest

# How much longer than the long poll itself we wait for the gateway to end it: after that the call is lost.
POLL_GRACE_SECONDS = 10.0

# What a poll brings has slots that wait for it, so it may come at once; pushed jobs are held back (`http2.call`).
POLL_AHEAD_BYTES = 1 << 20

Method = Callable[..., Call]
"""One of the stub's."""

Begun = tuple[Call, Headers]
"""A call under way, and what let it in."""


class GrpcTransport:
    """A `Transport` over one channel."""

    def __init__(self, address: str, *, access: ClusterAccess | None = None, max_message_bytes: int = 64 << 20) -> None:
        """Connects to `address` (`host:port`) on first use. Must be called inside a running event loop."""
        self._access = access or ClusterAccess()
        self._channel = Channel(
            address,
            context=self._access.grpc_context,
            proxy=self._access.proxy,
            max_message_bytes=max_message_bytes,
        )
        # It takes whatever has the two methods by which calls are made; its annotations know two classes only.
        self._stub: Any = GatewayStub(self._channel)  # type: ignore[arg-type]

    def activate(self, request: ActivateRequest) -> GrpcActivation:
        """Jobs that are ours from their arrival on."""
        message = messages.ActivateJobsRequest(
            type=request.job_type,
            worker=request.worker,
            timeout=int(request.lease * 1000),
            maxJobsToActivate=request.max_jobs,
            fetchVariable=request.fetch_variables,
            requestTimeout=int(request.request_timeout * 1000),
            tenantIds=request.tenant_ids,
        )
        method = partial(self._stub.ActivateJobs, ahead=POLL_AHEAD_BYTES)
        return GrpcActivation(self, method, message, request.request_timeout + POLL_GRACE_SECONDS)

    def stream(self, request: ActivateRequest) -> GrpcActivation:
        """Jobs as the engine pushes them."""
        message = messages.StreamActivatedJobsRequest(
            type=request.job_type,
            worker=request.worker,
            timeout=int(request.lease * 1000),
            fetchVariable=request.fetch_variables,
            tenantIds=request.tenant_ids,
        )
        return GrpcActivation(self, self._stub.StreamActivatedJobs, message, request.request_timeout, pushed=True)

    async def send(self, job_key: int, outcome: Outcome, *, timeout: float) -> None:
        """Tell the engine how a job ended."""
        match outcome:
            case Complete(variables=variables):
                request = messages.CompleteJobRequest(jobKey=job_key, variables=variables)
                await self._call(self._stub.CompleteJob, request, timeout)
            case Fail():
                await self._call(self._stub.FailJob, _fail_request(job_key, outcome), timeout)
            case ThrowError(code=code, message=message, variables=variables):
                error = messages.ThrowErrorRequest(
                    jobKey=job_key, errorCode=code, errorMessage=message or "", variables=variables
                )
                await self._call(self._stub.ThrowError, error, timeout)
            case _:
                assert_never(outcome)

    async def extend(self, job_key: int, milliseconds: int, *, timeout: float) -> None:
        """Set the job's lease to `milliseconds` from now."""
        request = messages.UpdateJobTimeoutRequest(jobKey=job_key, timeout=milliseconds)
        await self._call(self._stub.UpdateJobTimeout, request, timeout)

    async def ping(self, *, timeout: float) -> str:
        """The gateway's version."""
        topology = await self._call(self._stub.Topology, messages.TopologyRequest(), timeout)
        return str(topology.gatewayVersion)

    async def close(self) -> None:
        """Close the connection. Nothing may be under way any more."""
        await self._channel.close()

    async def begin(self, method: Method, request: Any, timeout: float) -> Begun:
        """Begin a call as soon as there is something that lets it in. Raises `GatewayError`."""
        headers = self._access.credentials.current()
        if headers is None:
            headers = await self._access.headers(timeout)
        return method(request, timeout=timeout, metadata=headers), headers

    def translated(self, error: RpcError, headers: Headers) -> GatewayError:
        """What the failure of a call means that was made with these headers."""
        if error.code == "UNAUTHENTICATED":
            self._access.refused(headers)
        return gateway_error(error.code, error.details or "no details")

    async def _call(self, method: Method, request: Any, timeout: float) -> Any:
        call, headers = await self.begin(method, request, timeout)
        try:
            return await call
        except RpcError as error:
            raise self.translated(error, headers) from error


class GrpcActivation:
    """One call for jobs. Cancelling ends the call, not the reading, so what has arrived is never dropped.

    A stream (`pushed`) has one job in each message and ends by its time limit as a matter of course.
    """

    def __init__(
        self, transport: GrpcTransport, method: Method, request: Any, timeout: float, *, pushed: bool = False
    ) -> None:
        self._transport = transport
        self._method = method
        self._request = request
        self._timeout = timeout
        self._pushed = pushed
        self._call: Call | None = None
        self._cancelled = False

    def cancel(self) -> None:
        """End the call, after the message that is coming."""
        self._cancelled = True
        if self._call is not None:
            self._call.leave()

    async def __aiter__(self) -> AsyncIterator[Sequence[Job]]:
        call, headers = await self._transport.begin(self._method, self._request, self._timeout)
        self._call = call
        if self._cancelled:  # while it waited for a token
            call.cancel()
        try:
            while (response := await call.read()) is not None:
                yield [_job(response)] if self._pushed else [_job(activated) for activated in response.jobs]
        except RpcError as error:
            if not (self._cancelled or (self._pushed and error.code == "DEADLINE_EXCEEDED")):
                raise self._transport.translated(error, headers) from error
        finally:
            call.cancel()


def _job(activated: Any) -> Job:
    return Job(
        key=activated.key,
        type=activated.type,
        variables=activated.variables,
        headers=activated.customHeaders,
        retries=activated.retries,
        deadline=activated.deadline,
        tenant_id=activated.tenantId,
        process_id=activated.bpmnProcessId,
        process_definition_key=activated.processDefinitionKey,
        process_instance_key=activated.processInstanceKey,
        element_id=activated.elementId,
        element_instance_key=activated.elementInstanceKey,
    )


def _fail_request(job_key: int, outcome: Fail) -> messages.FailJobRequest:
    return messages.FailJobRequest(
        jobKey=job_key,
        retries=max(outcome.retries, 0),
        errorMessage=outcome.message,
        retryBackOff=outcome.backoff or 0,
        variables=outcome.variables or "",
    )
