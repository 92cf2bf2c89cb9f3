"""A gateway over real gRPC that hands out recorded jobs one by one and notes the command that each of them ends with.

It knows no engine: what it answers is scripted by the case. `worker/dev/gateway.py` is the one that behaves.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from pyzeebe.proto import gateway_pb2, gateway_pb2_grpc

LONGEST_POLL_SECONDS = 5.0
SLOW_SECONDS = 0.3
MESSAGE_BYTES = 64 << 20
DEFAULT_LEASE_MILLISECONDS = 300_000


@dataclass
class Handed:
    """A job on its way: the statuses that its commands meet, and what was sent for it."""

    statuses: Mapping[str, Sequence[str]]
    ended: asyncio.Future[dict[str, Any]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    timeout_updates: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    last_rejected: dict[str, Any] | None = None
    _commands: Counter[str] = field(default_factory=Counter)

    def status(self, kind: str) -> tuple[str, bool]:
        """What this command meets, and whether it is the last status of the script."""
        script = self.statuses.get(kind, ("OK",))
        position = min(self._commands[kind], len(script) - 1)
        self._commands[kind] += 1
        return script[position], position == len(script) - 1


class ScriptedGateway(gateway_pb2_grpc.GatewayServicer):
    """Serves one job type."""

    def __init__(self, job_type: str) -> None:
        self.job_type = job_type
        self.address = ""
        self.polled = asyncio.Event()
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._handed: dict[int, Handed] = {}
        self._key = int(time.time()) * 1000

    def hand_out(self, statuses: Mapping[str, Sequence[str]], **fields: Any) -> tuple[int, Handed]:
        """Queue a job; returns its key and what becomes of it."""
        self._key += 1
        self._handed[self._key] = handed = Handed(statuses)
        self._queue.put_nowait(gateway_pb2.ActivatedJob(key=self._key, type=self.job_type, **fields))
        return self._key, handed

    def forget(self, key: int) -> None:
        """Answer NOT_FOUND to commands for this job from now on."""
        del self._handed[key]

    async def ActivateJobs(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        self.polled.set()
        longest = request.requestTimeout / 1000 if request.requestTimeout > 0 else LONGEST_POLL_SECONDS
        try:
            jobs = [await asyncio.wait_for(self._queue.get(), min(longest, LONGEST_POLL_SECONDS))]
        except TimeoutError:
            return
        while len(jobs) < request.maxJobsToActivate and not self._queue.empty():
            jobs.append(self._queue.get_nowait())
        if context.cancelled() or context.done():  # nobody is there to take them
            for job in jobs:
                self._queue.put_nowait(job)
            return
        for job in jobs:
            job.deadline = int(time.time() * 1000) + (request.timeout or DEFAULT_LEASE_MILLISECONDS)
        yield gateway_pb2.ActivateJobsResponse(jobs=jobs)

    async def StreamActivatedJobs(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        await asyncio.Event().wait()  # until the worker or the server ends it; jobs come by polls alone
        yield gateway_pb2.ActivatedJob()

    async def CompleteJob(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._settle(request, context, "complete", "variables")
        return gateway_pb2.CompleteJobResponse()

    async def FailJob(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._settle(request, context, "fail", "retries", "retryBackOff", "errorMessage", "variables")
        return gateway_pb2.FailJobResponse()

    async def ThrowError(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._settle(request, context, "throwError", "errorCode", "errorMessage", "variables")
        return gateway_pb2.ThrowErrorResponse()

    async def UpdateJobTimeout(self, request: Any, context: Any) -> Any:  # noqa: N802
        handed = await self._find(request, context)
        handed.timeout_updates.append({"timeout": request.timeout})
        await self._meet(handed.status("updateTimeout")[0], context)
        return gateway_pb2.UpdateJobTimeoutResponse()

    async def Topology(self, request: Any, context: Any) -> Any:  # noqa: N802
        partition = gateway_pb2.Partition(
            partitionId=1, role=gateway_pb2.Partition.LEADER, health=gateway_pb2.Partition.HEALTHY
        )
        broker = gateway_pb2.BrokerInfo(nodeId=0, host="127.0.0.1", port=26501, partitions=[partition], version="8.8.0")
        return gateway_pb2.TopologyResponse(
            brokers=[broker], clusterSize=1, partitionsCount=1, replicationFactor=1, gatewayVersion="8.8.0"
        )

    async def _settle(self, request: Any, context: Any, kind: str, *names: str) -> None:
        handed = await self._find(request, context)
        handed.attempts.append(kind)
        command = {"kind": kind, **{name: getattr(request, name) for name in names}}
        status, last = handed.status(kind)
        if status not in ("OK", "SLOW") and last and not handed.ended.done():
            handed.last_rejected = command
        await self._meet(status, context)
        if not handed.ended.done():
            handed.ended.set_result(command)

    async def _find(self, request: Any, context: Any) -> Handed:
        if request.jobKey not in self._handed:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such job")
        return self._handed[request.jobKey]

    @staticmethod
    async def _meet(status: str, context: Any) -> None:
        if status == "SLOW":
            await asyncio.sleep(SLOW_SECONDS)
        elif status != "OK":
            await context.abort(getattr(grpc.StatusCode, status), f"scripted {status}")


@asynccontextmanager
async def serving(job_type: str) -> AsyncIterator[ScriptedGateway]:
    """A gateway on a free loopback port."""
    gateway = ScriptedGateway(job_type)  # type: ignore[abstract]  # the rest of the protocol is not asked for
    sizes = ("grpc.max_receive_message_length", "grpc.max_send_message_length")
    server = grpc.aio.server(options=[(size, MESSAGE_BYTES) for size in sizes])
    gateway_pb2_grpc.add_GatewayServicer_to_server(gateway, server)
    gateway.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield gateway
    finally:
        await server.stop(0.2)
