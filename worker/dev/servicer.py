"""The calls of the Zeebe protocol on the engine in memory: one method for each, behind faults and authorization.

Bounds: a stream queues at most `STREAM_QUEUE` jobs, what does not fit stays for polling; a response of an activation
is split before it passes `RESPONSE_BYTES`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, NoReturn

import grpc
from pyzeebe.proto import gateway_pb2, gateway_pb2_grpc

from worker.dev.clock import Clock
from worker.dev.engine import DEFAULT_TENANT, ActivationFilter, Engine, EngineJob, Refusal
from worker.dev.events import Event, EventKind
from worker.dev.faults import Fault, Faults, Rpc

DEFAULT_LONG_POLL_SECONDS = 10.0
GATEWAY_VERSION = "8.6.0"
RESPONSE_BYTES = 3_500_000  # a client without settings of its own receives 4 MB
STREAM_QUEUE = 64

Context = grpc.aio.ServicerContext[Any, Any]


class _Stream:
    """An open stream: the jobs pushed to it that are not sent yet."""

    def __init__(self, wanted: ActivationFilter) -> None:
        self.wanted = wanted
        self.jobs: deque[EngineJob] = deque()
        self.changed = asyncio.Event()

    def push(self, jobs: list[EngineJob]) -> None:
        if jobs:
            self.jobs.extend(jobs)
            self.changed.set()


class Servicer(gateway_pb2_grpc.GatewayServicer):
    """What a job worker needs of the protocol; the other calls answer UNIMPLEMENTED."""

    def __init__(
        self,
        engine: Engine,
        faults: Faults,
        clock: Clock,
        authorize: Callable[[Mapping[str, str]], bool] | None,
        *,
        push_streams: bool,
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._clock = clock
        self._authorize = authorize
        self._push_streams = push_streams
        self._streams: list[_Stream] = []
        self._polls: set[asyncio.Future[None]] = set()
        self._released = asyncio.Event()
        engine.events.subscribe(self._on_event)

    def release(self) -> None:
        """End every call that is being held: the server is about to stop."""
        self._released.set()
        self._released = asyncio.Event()
        self._wake_polls()
        for stream in self._streams:
            stream.changed.set()

    async def ActivateJobs(self, request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: N802
        fault = await self._admit("ActivateJobs", context)
        wanted = await self._filter("ActivateJobs", request, context)
        self._tell("poll", context, job_type=wanted.job_type, worker=wanted.worker)
        jobs = await self._long_poll(wanted, request)
        if fault is not None:
            await self._break(fault, context)
        if not jobs:
            self._tell("empty-poll", context, job_type=wanted.job_type, worker=wanted.worker)
        for part in _parts([_message(job, wanted) for job in jobs]):
            yield gateway_pb2.ActivateJobsResponse(jobs=part)

    async def StreamActivatedJobs(self, request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: N802
        fault = await self._admit("StreamActivatedJobs", context)
        if fault is not None:
            await self._break(fault, context)
        stream = _Stream(await self._filter("StreamActivatedJobs", request, context))
        released = self._released
        self._streams.append(stream)
        self._tell("stream-opened", context, job_type=stream.wanted.job_type, worker=stream.wanted.worker)
        try:
            while not released.is_set():
                while stream.jobs:
                    yield _message(stream.jobs[0], stream.wanted)
                    stream.jobs.popleft()
                self._push(stream.wanted.job_type)
                await stream.changed.wait()
                stream.changed.clear()
        finally:
            self._streams.remove(stream)
            for job in stream.jobs:
                self._engine.give_back(job.key)
            self._tell("stream-closed", context, job_type=stream.wanted.job_type, worker=stream.wanted.worker)

    async def CompleteJob(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            self._engine.complete(request.jobKey, request.variables)
            return gateway_pb2.CompleteJobResponse()

        return await self._command("CompleteJob", context, apply)

    async def FailJob(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            backoff, message = request.retryBackOff, request.errorMessage
            self._engine.fail(request.jobKey, request.retries, message, backoff, request.variables)
            return gateway_pb2.FailJobResponse()

        return await self._command("FailJob", context, apply)

    async def ThrowError(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            self._engine.throw(request.jobKey, request.errorCode, request.errorMessage, request.variables)
            return gateway_pb2.ThrowErrorResponse()

        return await self._command("ThrowError", context, apply)

    async def UpdateJobTimeout(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            self._engine.extend(request.jobKey, request.timeout)
            return gateway_pb2.UpdateJobTimeoutResponse()

        return await self._command("UpdateJobTimeout", context, apply)

    async def UpdateJobRetries(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            self._engine.set_retries(request.jobKey, request.retries)
            return gateway_pb2.UpdateJobRetriesResponse()

        return await self._command("UpdateJobRetries", context, apply)

    async def ResolveIncident(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            self._engine.resolve_incident(request.incidentKey)
            return gateway_pb2.ResolveIncidentResponse()

        return await self._command("ResolveIncident", context, apply)

    async def SetVariables(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            self._engine.set_variables(request.elementInstanceKey, request.variables)
            return gateway_pb2.SetVariablesResponse(key=request.elementInstanceKey)

        return await self._command("SetVariables", context, apply)

    async def Topology(self, request: Any, context: Context) -> Any:  # noqa: N802
        def apply() -> Any:
            partition = gateway_pb2.Partition(partitionId=1, role=gateway_pb2.Partition.LEADER)
            broker = gateway_pb2.BrokerInfo(host="127.0.0.1", version=GATEWAY_VERSION, partitions=[partition])
            return gateway_pb2.TopologyResponse(
                brokers=[broker],
                clusterSize=1,
                partitionsCount=1,
                replicationFactor=1,
                gatewayVersion=GATEWAY_VERSION,
            )

        return await self._command("Topology", context, apply)

    async def _command(self, rpc: Rpc, context: Context, apply: Callable[[], Any]) -> Any:
        fault = await self._admit(rpc, context)
        try:
            answer = apply()
        except Refusal as refusal:
            await self._refuse(rpc, context, refusal)
        if fault is not None:
            await self._break(fault, context)
        return answer

    async def _admit(self, rpc: Rpc, context: Context) -> Fault | None:
        """Break the call at once, or answer the fault that is due after it has taken effect."""
        if self._authorize is not None and not self._authorize(_metadata(context)):
            self._tell("refused", context, rpc=rpc, code="UNAUTHENTICATED")
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the credentials were not accepted")
        fault = self._faults.take(rpc)
        if fault is None:
            return None
        self._tell("fault", context, rpc=rpc, code=fault.name, message=fault.message)
        if not fault.applied:
            await self._break(fault, context)
        return fault

    async def _break(self, fault: Fault, context: Context) -> NoReturn:
        if fault.code is None:
            await self._released.wait()
        await context.abort(fault.code or grpc.StatusCode.UNAVAILABLE, fault.message)

    async def _refuse(self, rpc: Rpc, context: Context, refusal: Refusal) -> NoReturn:
        self._tell("refused", context, rpc=rpc, code=refusal.code, message=str(refusal))
        await context.abort(grpc.StatusCode[refusal.code], str(refusal))

    async def _filter(self, rpc: Rpc, request: Any, context: Context) -> ActivationFilter:
        if not request.type or request.timeout < 1:
            await self._refuse(rpc, context, Refusal("INVALID_ARGUMENT", "a type and a positive timeout are needed"))
        return ActivationFilter(
            job_type=request.type,
            worker=request.worker,
            lease=request.timeout / 1000,
            fetch=tuple(request.fetchVariable),
            tenant_ids=tuple(request.tenantIds) or (DEFAULT_TENANT,),
        )

    async def _long_poll(self, wanted: ActivationFilter, request: Any) -> list[EngineJob]:
        seconds = request.requestTimeout / 1000 if request.requestTimeout else DEFAULT_LONG_POLL_SECONDS
        end, released = self._clock.now() + seconds, self._released
        while not (jobs := self._engine.activate(wanted, request.maxJobsToActivate)):
            left = end - self._clock.now()
            if left <= 0 or released.is_set():
                break
            await self._news(left)
        return jobs

    async def _news(self, seconds: float) -> None:
        """Wait until jobs have become available, or until the time has passed."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self._clock.call_later(seconds, lambda: _wake(waiter))
        self._polls.add(waiter)
        try:
            await waiter
        finally:
            timer.cancel()
            self._polls.discard(waiter)

    def _on_event(self, event: Event) -> None:
        if event.kind in ("available", "available-again"):
            asyncio.get_running_loop().call_soon(self._offer, event.job_type)

    def _offer(self, job_type: str) -> None:
        """Streams first, then whoever is polling."""
        self._push(job_type)
        self._wake_polls()

    def _push(self, job_type: str) -> None:
        """Fill the streams of a type, the emptiest first."""
        if not self._push_streams:
            return
        streams = [stream for stream in self._streams if stream.wanted.job_type == job_type]
        for stream in sorted(streams, key=lambda stream: len(stream.jobs)):
            stream.push(self._engine.activate(stream.wanted, STREAM_QUEUE - len(stream.jobs)))

    def _wake_polls(self) -> None:
        for waiter in self._polls:
            _wake(waiter)

    def _tell(self, kind: EventKind, context: Context, **facts: Any) -> None:
        self._engine.events.append(Event(kind, metadata=_metadata(context), **facts), self._clock.now())


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _metadata(context: Context) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def _message(job: EngineJob, wanted: ActivationFilter) -> Any:
    return gateway_pb2.ActivatedJob(
        key=job.key,
        type=job.type,
        processInstanceKey=job.process_instance_key,
        bpmnProcessId=job.process_id,
        processDefinitionVersion=1,
        processDefinitionKey=job.process_definition_key,
        elementId=job.element_id,
        elementInstanceKey=job.element_instance_key,
        customHeaders=job.headers,
        worker=job.worker,
        retries=job.retries,
        deadline=round(job.due * 1000),
        variables=job.variables_text(wanted.fetch),
        tenantId=job.tenant_id,
    )


def _parts(messages: list[Any]) -> Iterator[list[Any]]:
    """Split the jobs of one activation so that each response stays below the size that clients receive."""
    part: list[Any] = []
    size = 0
    for message in messages:
        if part and size + message.ByteSize() > RESPONSE_BYTES:
            yield part
            part, size = [], 0
        part.append(message)
        size += message.ByteSize()
    if part:
        yield part
