"""The test's own hand on a real engine: deploys, starts, and looks at what the engine ended up with.

There is no exporter to ask, so a test looks through the engine's own doors: a task after the one under test becomes a
job of the test's own type and carries the variables; an ended instance cannot be cancelled any more; an incident can
be resolved. Flow control (RESOURCE_EXHAUSTED) and a restarting broker (UNAVAILABLE) are waited out.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pyzeebe.proto import gateway_pb2 as pb
from pyzeebe.proto import gateway_pb2_grpc

PATIENCE_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
POLL_SECONDS = 5.0
KEYS_OF_AN_INSTANCE = 100  # an engine numbers everything in one sequence, so these come soon after the instance's own
TRY_AGAIN = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)
GRPC_OPTIONS = [("grpc.max_receive_message_length", 64 << 20), ("grpc.enable_http_proxy", 0)]


@dataclass(frozen=True, slots=True)
class Seen:
    """A job that the test took over: where the instance stands, and its variables there."""

    key: int
    element: str
    instance: int
    retries: int
    variables: Mapping[str, Any]


class Zeebe:
    """One connection to one engine."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(address, options=GRPC_OPTIONS)
        self._stub: Any = gateway_pb2_grpc.GatewayStub(self._channel)

    async def __aenter__(self) -> Zeebe:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close(grace=None)

    async def deploy(self, *models: Path) -> None:
        resources = [pb.Resource(name=model.name, content=model.read_bytes()) for model in models]
        await self._patiently(self._stub.DeployResource, pb.DeployResourceRequest(resources=resources))

    async def start(self, process: str, **variables: Any) -> int:
        """Start an instance of the newest version; its key."""
        request = pb.CreateProcessInstanceRequest(bpmnProcessId=process, version=-1, variables=json.dumps(variables))
        return int((await self._patiently(self._stub.CreateProcessInstance, request)).processInstanceKey)

    async def run(self, process: str, **variables: Any) -> dict[str, Any]:
        """Start an instance and wait for its end; its variables there. Raises `grpc.aio.AioRpcError` when it hangs."""
        create = pb.CreateProcessInstanceRequest(bpmnProcessId=process, version=-1, variables=json.dumps(variables))
        request = pb.CreateProcessInstanceWithResultRequest(request=create, requestTimeout=int(PATIENCE_SECONDS * 1000))
        ended = await self._patiently(self._stub.CreateProcessInstanceWithResult, request)
        found: dict[str, Any] = json.loads(ended.variables)
        return found

    async def take(self, job_type: str, *, lease: float = 60.0) -> Seen:
        """The next job of a type. Raises `TimeoutError`."""
        request = pb.ActivateJobsRequest(
            type=job_type,
            worker="test",
            timeout=int(lease * 1000),
            maxJobsToActivate=1,
            requestTimeout=int(POLL_SECONDS * 1000),
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for job in await self._patiently(self._activate, request):
                    return Seen(job.key, job.elementId, job.processInstanceKey, job.retries, json.loads(job.variables))
                await asyncio.sleep(FIRST_PAUSE_SECONDS)  # the engine in memory answers at once that there is none

    async def complete(self, seen: Seen, **variables: Any) -> None:
        request = pb.CompleteJobRequest(jobKey=seen.key, variables=json.dumps(variables))
        await self._patiently(self._stub.CompleteJob, request)

    async def look(self, probe: str) -> Seen:
        """Wait for the task that the test itself works on, complete it, and tell what it saw."""
        seen = await self.take(probe)
        await self.complete(seen)
        return seen

    async def ended(self, instance: int) -> bool:
        """Whether an instance is over. One that is not is cancelled by the question."""
        cancel = pb.CancelProcessInstanceRequest(processInstanceKey=instance)
        return await self._status(self._stub.CancelProcessInstance, cancel) is grpc.StatusCode.NOT_FOUND

    async def give_retries(self, instance: int, retries: int) -> None:
        """Set the retries of the jobs of an instance."""
        for key in self._keys_after(instance):
            request = pb.UpdateJobRetriesRequest(jobKey=key, retries=retries)
            await self._status(self._stub.UpdateJobRetries, request)

    async def resolve_incident(self, instance: int) -> None:
        """Wait until an instance has an incident, and resolve it. Raises `TimeoutError`."""
        pause = FIRST_PAUSE_SECONDS
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for key in self._keys_after(instance):
                    request = pb.ResolveIncidentRequest(incidentKey=key)
                    if await self._status(self._stub.ResolveIncident, request) is grpc.StatusCode.OK:
                        return
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 2)

    async def version(self) -> str:
        topology = await self._patiently(self._stub.Topology, pb.TopologyRequest())
        return str(topology.gatewayVersion)

    def _keys_after(self, instance: int) -> range:
        return range(instance + 1, instance + KEYS_OF_AN_INSTANCE)

    async def _activate(self, request: Any, *, timeout: float) -> list[Any]:
        return [job async for response in self._stub.ActivateJobs(request, timeout=timeout) for job in response.jobs]

    async def _status(self, call: Callable[..., Any], request: Any) -> grpc.StatusCode:
        try:
            await self._patiently(call, request)
        except grpc.aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    async def _patiently(self, call: Callable[..., Any], request: Any) -> Any:
        """Call until the engine is neither overloaded nor away."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return await call(request, timeout=PATIENCE_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() not in TRY_AGAIN or asyncio.get_running_loop().time() > end:
                    raise
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
