"""The engine over gRPC, on pyzeebe's channel constructors and generated stubs.

The only module that knows gRPC: messages are built and read here, and every status becomes one of the three reactions
of `worker.errors` through one table. How often to call again is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import grpc
from pyzeebe import create_insecure_channel, create_secure_channel
from pyzeebe.proto import gateway_pb2 as messages
from pyzeebe.proto.gateway_pb2_grpc import GatewayStub

from worker.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayRefused
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.transport import ActivateRequest

# How much longer than the long poll itself we wait for the gateway to end it: after that the call is lost.
POLL_GRACE_SECONDS = 10.0

# What to do about a status. One that is not listed is as good as an outage: ask again.
REACTIONS: dict[str, type[GatewayError]] = {
    "NOT_FOUND": GatewayRefused,
    "FAILED_PRECONDITION": GatewayRefused,
    "INVALID_ARGUMENT": GatewayBroken,
    "OUT_OF_RANGE": GatewayBroken,
    "UNIMPLEMENTED": GatewayBroken,
    "ALREADY_EXISTS": GatewayBroken,
}

# A message over a size limit arrives with the status of an overload, but sending it again cannot help.
_TOO_LARGE = re.compile(r"larger than max|exceeds? (the )?max|max\w*\s*message\s*size", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM bytes: what to trust (None: the system's authorities) and, for mutual TLS, who we are."""

    authorities: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None


def gateway_error(code: str, details: str) -> GatewayError:
    """The error for a status name and the gateway's words."""
    if code == "RESOURCE_EXHAUSTED" and _TOO_LARGE.search(details):
        return GatewayBroken(code, details)
    return REACTIONS.get(code, GatewayBusy)(code, details)


def channel_options(*, max_message_bytes: int, proxy: str | None = None) -> tuple[tuple[str, Any], ...]:
    """Settings of the connection that gRPC's defaults get wrong for a worker that holds calls open for long."""
    options: list[tuple[str, Any]] = [
        # Batches of large jobs pass gRPC's 4 MB; a job that does not fit would be lost until its lease ends.
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        # A connection that a firewall has dropped is noticed within 55 s. The gateway refuses pings under 30 s.
        ("grpc.keepalive_time_ms", 45_000),
        ("grpc.http2.ping_timeout_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
        # Read ahead as little as possible: a job in a buffer is a job whose lease runs.
        ("grpc.http2.lookahead_bytes", 16_384),
        ("grpc.http2.bdp_probe", 0),
        # After an outage connect again within a second or so; gRPC would wait up to two minutes.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 2_000),
        ("grpc.max_reconnect_backoff_ms", 1_000),
        # Proxy variables are meant for the called services; engine traffic has a setting of its own.
        ("grpc.enable_http_proxy", 0),
    ]
    if proxy is not None:
        options[-1] = ("grpc.enable_http_proxy", 1)
        options.append(("grpc.http_proxy", proxy))
    return tuple(options)


class GrpcTransport:
    """A `Transport` over one gRPC channel."""

    def __init__(
        self,
        address: str,
        *,
        tls: Tls | None = None,
        authorization: str | None = None,
        max_message_bytes: int = 64 << 20,
        proxy: str | None = None,
    ) -> None:
        """Connects to `address` (`host:port`) on first use. Must be called inside a running event loop.

        `authorization` goes with every call: as plain metadata, which costs far less than gRPC's call credentials and
        also works without TLS.
        """
        self._metadata = (("authorization", authorization),) if authorization else None
        options = channel_options(max_message_bytes=max_message_bytes, proxy=proxy)
        if tls is None:
            self._channel = create_insecure_channel(grpc_address=address, channel_options=options)
        else:
            credentials = grpc.ssl_channel_credentials(tls.authorities, tls.key, tls.certificate)
            self._channel = create_secure_channel(
                grpc_address=address, channel_options=options, channel_credentials=credentials
            )
        self._stub: Any = GatewayStub(self._channel)

    def activate(self, request: ActivateRequest) -> GrpcActivation:
        """Jobs that are ours from their arrival on."""
        call = self._stub.ActivateJobs(
            messages.ActivateJobsRequest(
                type=request.job_type,
                worker=request.worker,
                timeout=int(request.lease * 1000),
                maxJobsToActivate=request.max_jobs,
                fetchVariable=request.fetch_variables,
                requestTimeout=int(request.request_timeout * 1000),
                tenantIds=request.tenant_ids,
            ),
            timeout=request.request_timeout + POLL_GRACE_SECONDS,
            metadata=self._metadata,
        )
        return GrpcActivation(call)

    def stream(self, request: ActivateRequest) -> GrpcActivation:
        """Jobs as the engine pushes them."""
        call = self._stub.StreamActivatedJobs(
            messages.StreamActivatedJobsRequest(
                type=request.job_type,
                worker=request.worker,
                timeout=int(request.lease * 1000),
                fetchVariable=request.fetch_variables,
                tenantIds=request.tenant_ids,
            ),
            timeout=request.request_timeout,
            metadata=self._metadata,
        )
        return GrpcActivation(call, pushed=True)

    async def send(self, job_key: int, outcome: Outcome, *, timeout: float) -> None:
        """Tell the engine how a job ended."""
        match outcome:
            case Complete(variables=variables):
                call = self._stub.CompleteJob(
                    messages.CompleteJobRequest(jobKey=job_key, variables=variables),
                    timeout=timeout,
                    metadata=self._metadata,
                )
            case Fail():
                call = self._stub.FailJob(_fail_request(job_key, outcome), timeout=timeout, metadata=self._metadata)
            case ThrowError(code=code, message=message, variables=variables):
                call = self._stub.ThrowError(
                    messages.ThrowErrorRequest(
                        jobKey=job_key, errorCode=code, errorMessage=message or "", variables=variables
                    ),
                    timeout=timeout,
                    metadata=self._metadata,
                )
            case _:
                assert_never(outcome)
        await _answer(call)

    async def extend(self, job_key: int, milliseconds: int, *, timeout: float) -> None:
        """Set the job's lease to `milliseconds` from now."""
        request = messages.UpdateJobTimeoutRequest(jobKey=job_key, timeout=milliseconds)
        await _answer(self._stub.UpdateJobTimeout(request, timeout=timeout, metadata=self._metadata))

    async def ping(self, *, timeout: float) -> str:
        """The gateway's version."""
        topology = await _answer(
            self._stub.Topology(messages.TopologyRequest(), timeout=timeout, metadata=self._metadata)
        )
        return str(topology.gatewayVersion)

    async def close(self) -> None:
        """Close the channel. Nothing may be under way any more."""
        await self._channel.close(None)


class GrpcActivation:
    """One call for jobs. Cancelling ends the call, not the reading, so what has arrived is never dropped.

    A stream (`pushed`) has one job in each message and ends by its time limit as a matter of course.
    """

    def __init__(self, call: Any, *, pushed: bool = False) -> None:
        self._call = call
        self._pushed = pushed
        self._cancelled = False

    def cancel(self) -> None:
        """End the call now."""
        self._cancelled = True
        self._call.cancel()

    async def __aiter__(self) -> AsyncIterator[Sequence[Job]]:
        try:
            while response := await self._call.read():  # the end of the call is false
                yield [_job(response)] if self._pushed else [_job(activated) for activated in response.jobs]
        except grpc.aio.AioRpcError as error:
            if not (self._pushed and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED):
                raise _translated(error) from error
        except asyncio.CancelledError:
            if not self._cancelled:  # then it is not the call that was cancelled but its reader
                raise
        finally:
            self._call.cancel()


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


async def _answer(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise _translated(error) from error


def _translated(error: grpc.aio.AioRpcError) -> GatewayError:
    return gateway_error(error.code().name, error.details() or "no details")
