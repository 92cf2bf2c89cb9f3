"""The least that a worker in Python can be, to measure ours against: pyzeebe's stubs, aiohttp and uvloop, no more.

    GATEWAY=127.0.0.1:26600 JOB_TYPE=rest-connector SLOTS=500 python -m bench.bare_loop

It polls for as many jobs as there are free slots, sends what `url`, `method` and `body` say, decodes the answer and
completes the job with three values of it. It validates nothing, evaluates nothing, survives nothing: no lease is
renewed, nothing is sent again, no failure is told, and the garbage collector is left as it is. What our worker costs
beyond this is what it does beyond this.

With `CHANNEL=ours` the same loop runs on our own HTTP/2 channel in place of gRPC's.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import aiohttp
import grpc
import uvloop
from pyzeebe import create_insecure_channel
from pyzeebe.proto import gateway_pb2 as messages
from pyzeebe.proto.gateway_pb2_grpc import GatewayStub

from worker.zeebe.http2.channel import Channel
from worker.zeebe.http2.status import RpcError

GATEWAY = os.environ.get("GATEWAY", "127.0.0.1:26600")
JOB_TYPE = os.environ.get("JOB_TYPE", "rest-connector")
SLOTS = int(os.environ.get("SLOTS", "500"))
LEASE_MS = 60_000
POLL_MS = 10_000
ENDS = (None, grpc.aio.EOF)  # type: ignore[attr-defined]
"""What reading answers after the last message: our channel, and gRPC's."""
OPTIONS = [
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.http2.lookahead_bytes", 16_384),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
]


class Loop:
    """Polls and calls until it is killed."""

    def __init__(self, stub: Any, session: aiohttp.ClientSession) -> None:
        self._stub = stub
        self._session = session
        self._free = SLOTS
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Ask for as many jobs as there is room for, again and again."""
        while True:
            while not self._free:
                self._changed.clear()
                await self._changed.wait()
            try:
                call = self._stub.ActivateJobs(self._request(), timeout=2 * POLL_MS / 1000)
                while (response := await call.read()) not in ENDS:
                    for job in response.jobs:
                        self._start(job)
            except (grpc.aio.AioRpcError, RpcError):  # the gateway is away between two runs
                await asyncio.sleep(0.2)

    def _request(self) -> Any:
        return messages.ActivateJobsRequest(
            type=JOB_TYPE, worker="bare", timeout=LEASE_MS, maxJobsToActivate=self._free, requestTimeout=POLL_MS
        )

    def _start(self, job: Any) -> None:
        self._free -= 1
        task = asyncio.create_task(self._work(job))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._free += 1
        self._changed.set()

    async def _work(self, job: Any) -> None:
        given = json.loads(job.variables)
        async with self._session.request(given["method"], given["url"], json=given["body"]) as response:
            order = json.loads(await response.read())["order"]
        result = {"orderId": order["id"], "total": order["total"], "items": len(order["items"])}
        request = messages.CompleteJobRequest(jobKey=job.key, variables=json.dumps(result))
        await self._stub.CompleteJob(request, timeout=5)


async def main() -> None:
    """Connect and work."""
    if os.environ.get("CHANNEL") == "ours":
        channel: Any = Channel(GATEWAY)
    else:
        channel = create_insecure_channel(grpc_address=GATEWAY, channel_options=OPTIONS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        await Loop(GatewayStub(channel), session).run()


if __name__ == "__main__":
    uvloop.run(main())
