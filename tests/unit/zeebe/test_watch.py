"""Whether the gateway answers, and how often the log says that it does not."""

import asyncio

import pytest

from tests.support.transport import Clock, ScriptedTransport
from worker.errors import GatewayBusy
from worker.zeebe.watch import GatewayWatch


async def watch_for(seconds: float, transport: ScriptedTransport, clock: Clock) -> GatewayWatch:
    """Let a watch ping for so long on the test's clock."""
    enough = asyncio.Event()
    end = clock.now + seconds

    async def sleep(wait: float) -> None:
        await clock.sleep(wait)
        if clock.now >= end:
            enough.set()
            await asyncio.Event().wait()

    watch = GatewayWatch(transport, "gateway:26500", clock=clock, sleep=sleep)
    task = asyncio.create_task(watch.run())
    await asyncio.wait_for(enough.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    return watch


async def test_a_gateway_that_answers_is_reachable() -> None:
    watch = await watch_for(10, ScriptedTransport(), Clock())

    assert watch.reachable


async def test_a_missing_gateway_is_said_every_30_seconds(caplog: pytest.LogCaptureFixture) -> None:
    transport = ScriptedTransport()
    transport.version = GatewayBusy("UNAVAILABLE", "connection refused")

    watch = await watch_for(90.5, transport, Clock())

    assert not watch.reachable
    assert [record.getMessage() for record in caplog.records] == ["gateway out of reach"] * 4


async def test_a_gateway_that_is_back_is_reachable_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    transport = ScriptedTransport()
    transport.version = GatewayBusy("UNAVAILABLE", "connection refused")
    clock = Clock()
    enough = asyncio.Event()

    async def sleep(wait: float) -> None:
        await clock.sleep(wait)
        transport.version = "8.6.0"
        if watch.reachable:
            enough.set()

    watch = GatewayWatch(transport, "gateway:26500", clock=clock, sleep=sleep)
    task = asyncio.create_task(watch.run())
    await asyncio.wait_for(enough.wait(), 5)
    task.cancel()
    await asyncio.wait([task])

    assert [record.getMessage() for record in caplog.records] == ["gateway out of reach", "gateway reached"]
