"""Starts process instances at a steady rate on a broker and waits for their ends; `bench process` runs it.

    python -m bench.starter ADDRESS PROCESS BASE_URL RATE SECONDS

`RATE` is in instances a second. One that the broker refuses (its flow control) is asked for again after a while; at
most 500 instances are under way, and those that come due meanwhile are left out, so a broker that is too slow for the
rate shows what it can do. Every second a line of JSON goes to standard output: `finished` and `left_out` instances and
`refused` requests so far.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import Any

import grpc
import uvloop
from pyzeebe.proto import gateway_pb2 as messages
from pyzeebe.proto.gateway_pb2_grpc import GatewayStub

AT_ONCE = 500
INSTANCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5
TICK_SECONDS = 0.01
AGAIN = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)


class Starter:
    """Instances at a rate."""

    def __init__(self, stub: Any, process: str, base: str) -> None:
        self._stub = stub
        self._process = process
        self._base = base
        self._room = asyncio.Semaphore(AT_ONCE)
        self.finished = 0
        self.refused = 0
        self.left_out = 0

    async def run(self, rate: float, seconds: float) -> None:
        """Start them, for so long."""
        loop = asyncio.get_running_loop()
        begun, due = loop.time(), 0
        telling = asyncio.create_task(self._tell())
        async with asyncio.TaskGroup() as group:
            while (now := loop.time() - begun) < seconds:
                while due < now * rate:
                    if self._room.locked():
                        self.left_out += 1
                    else:
                        await self._room.acquire()
                        group.create_task(self._start(due))
                    due += 1
                await asyncio.sleep(TICK_SECONDS)
        telling.cancel()

    async def _start(self, number: int) -> None:
        variables = json.dumps({"base": self._base, "orderId": number})
        create = messages.CreateProcessInstanceRequest(bpmnProcessId=self._process, version=-1, variables=variables)
        request = messages.CreateProcessInstanceWithResultRequest(
            request=create, requestTimeout=int(INSTANCE_SECONDS * 1000), fetchVariables=["orderId"]
        )
        try:
            while True:
                try:
                    await self._stub.CreateProcessInstanceWithResult(request, timeout=INSTANCE_SECONDS + 5)
                except grpc.aio.AioRpcError as error:
                    if error.code() not in AGAIN:
                        raise
                    self.refused += 1
                    await asyncio.sleep(PAUSE_SECONDS * (0.5 + random.random()))
                else:
                    self.finished += 1
                    return
        finally:
            self._room.release()

    async def _tell(self) -> None:
        while True:
            print(
                json.dumps({"finished": self.finished, "left_out": self.left_out, "refused": self.refused}), flush=True
            )
            await asyncio.sleep(1.0)


async def main() -> None:
    """Connect and start."""
    address, process, base, rate, seconds = sys.argv[1:]
    async with grpc.aio.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        await Starter(GatewayStub(channel), process, base).run(float(rate), float(seconds))


if __name__ == "__main__":
    uvloop.run(main())
