"""The engine over gRPC, on pyzeebe's channel constructors and generated stubs.

The only module that knows gRPC: messages are built and read here, and every status becomes one of the three reactions
of `worker.errors` through the table of `reactions`. How often to call again is decided elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, assert_never

import grpc
from pyzeebe import create_insecure_channel, create_secure_channel
from pyzeebe.proto import gateway_pb2 as messages
from pyzeebe.proto.gateway_pb2_grpc import GatewayStub

from worker.cluster.access import ClusterAccess
from worker.cluster.credentials import Headers
from worker.cluster.tls import Material
from worker.errors import GatewayBusy, GatewayError
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.reactions import gateway_error
from worker.zeebe.transport import ActivateRequest

# How much longer than the long poll itself we wait for the gateway to end it: after that the call is lost.
POLL_GRACE_SECONDS = 10.0


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


Answering = tuple[Any, Callable[[grpc.aio.AioRpcError], GatewayError]]
"""A call under way, and what its failure means."""


class GrpcTransport:
    """A `Transport` over one gRPC channel."""

    def __init__(self, address: str, *, access: ClusterAccess | None = None, max_message_bytes: int = 64 << 20) -> None:
        """Connects to `address` (`host:port`) on first use. Must be called inside a running event loop.

        What lets a call in goes with it as plain metadata, which costs far less than gRPC's call credentials and also
        works without TLS.
        """
        self._address = address
        self._access = access or ClusterAccess()
        self._options = channel_options(max_message_bytes=max_message_bytes, proxy=self._access.proxy)
        self._material: Material | None = None
        self._channel: grpc.aio.Channel | None = None
        self._retired: grpc.aio.Channel | None = None
        self._open_stub: Any = None

    async def _stub(self) -> Any:
        """The calls, over a new connection when the TLS files have changed.

        What is under way on the connection before goes on there; the one before that is closed, with what it carries.
        """
        material = self._access.material()
        if self._channel is None or material is not self._material:
            outdated, self._retired, self._channel = self._retired, self._channel, self._connected(material)
            self._material = material
            self._open_stub = GatewayStub(self._channel)
            if outdated is not None:
                await outdated.close(None)
        return self._open_stub

    def _connected(self, material: Material | None) -> grpc.aio.Channel:
        if material is None:
            return create_insecure_channel(grpc_address=self._address, channel_options=self._options)
        credentials = grpc.ssl_channel_credentials(material.authorities, material.key, material.certificate)
        return create_secure_channel(
            grpc_address=self._address, channel_options=self._options, channel_credentials=credentials
        )

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
        return GrpcActivation(
            partial(self._begin, "ActivateJobs", message, request.request_timeout + POLL_GRACE_SECONDS)
        )

    def stream(self, request: ActivateRequest) -> GrpcActivation:
        """Jobs as the engine pushes them."""
        message = messages.StreamActivatedJobsRequest(
            type=request.job_type,
            worker=request.worker,
            timeout=int(request.lease * 1000),
            fetchVariable=request.fetch_variables,
            tenantIds=request.tenant_ids,
        )
        begin = partial(self._begin, "StreamActivatedJobs", message, request.request_timeout)
        return GrpcActivation(begin, pushed=True)

    async def send(self, job_key: int, outcome: Outcome, *, timeout: float) -> None:
        """Tell the engine how a job ended."""
        match outcome:
            case Complete(variables=variables):
                request = messages.CompleteJobRequest(jobKey=job_key, variables=variables)
                await self._call("CompleteJob", request, timeout)
            case Fail():
                await self._call("FailJob", _fail_request(job_key, outcome), timeout)
            case ThrowError(code=code, message=message, variables=variables):
                error = messages.ThrowErrorRequest(
                    jobKey=job_key, errorCode=code, errorMessage=message or "", variables=variables
                )
                await self._call("ThrowError", error, timeout)
            case _:
                assert_never(outcome)

    async def extend(self, job_key: int, milliseconds: int, *, timeout: float) -> None:
        """Set the job's lease to `milliseconds` from now."""
        request = messages.UpdateJobTimeoutRequest(jobKey=job_key, timeout=milliseconds)
        await self._call("UpdateJobTimeout", request, timeout)

    async def ping(self, *, timeout: float) -> str:
        """The gateway's version."""
        topology = await self._call("Topology", messages.TopologyRequest(), timeout)
        return str(topology.gatewayVersion)

    async def close(self) -> None:
        """Close the connection. Nothing may be under way any more."""
        for channel in (self._retired, self._channel):
            if channel is not None:
                await channel.close(None)

    async def _begin(self, rpc: str, request: Any, timeout: float) -> Answering:
        headers = await self._access.headers(timeout)
        stub = await self._stub()
        call = getattr(stub, rpc)(request, timeout=timeout, metadata=tuple(headers.items()))
        return call, partial(self._translated, headers)

    async def _call(self, rpc: str, request: Any, timeout: float) -> Any:
        call, translated = await self._begin(rpc, request, timeout)
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            raise translated(error) from error
        except asyncio.CancelledError:
            _raise_if_cut()
            raise

    def _translated(self, headers: Headers, error: grpc.aio.AioRpcError) -> GatewayError:
        if error.code() is grpc.StatusCode.UNAUTHENTICATED:
            self._access.refused(headers)
        return gateway_error(error.code().name, error.details() or "no details")


class GrpcActivation:
    """One call for jobs. Cancelling ends the call, not the reading, so what has arrived is never dropped.

    A stream (`pushed`) has one job in each message and ends by its time limit as a matter of course.
    """

    def __init__(self, begin: Callable[[], Awaitable[Answering]], *, pushed: bool = False) -> None:
        self._begin = begin
        self._pushed = pushed
        self._call: Any = None
        self._cancelled = False

    def cancel(self) -> None:
        """End the call now."""
        self._cancelled = True
        if self._call is not None:
            self._call.cancel()

    async def __aiter__(self) -> AsyncIterator[Sequence[Job]]:
        self._call, translated = await self._begin()
        if self._cancelled:  # while it waited for a token
            self._call.cancel()
        try:
            while response := await self._call.read():  # the end of the call is false
                yield [_job(response)] if self._pushed else [_job(activated) for activated in response.jobs]
        except grpc.aio.AioRpcError as error:
            if not (self._pushed and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED):
                raise translated(error) from error
        except asyncio.CancelledError:
            if not self._cancelled:
                _raise_if_cut()
                raise
        finally:
            self._call.cancel()


def _raise_if_cut() -> None:
    """Where a call was cancelled and its caller was not, the connection was closed under it: as good as an outage."""
    caller = asyncio.current_task()
    if caller is None or not caller.cancelling():
        raise GatewayBusy("CANCELLED", "the connection was replaced") from None


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
