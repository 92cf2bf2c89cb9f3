"""The engine side as a whole against the gateway in memory: nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

import pytest

from worker.cluster.access import ClusterAccess
from worker.cluster.credentials import Fixed, Headers
from worker.dev import faults
from worker.dev.gateway import DevGateway
from worker.job import Job, Lease
from worker.outcome import Complete, Outcome
from worker.service import Stop, run_worker
from worker.settings import HealthSettings, Settings, ZeebeSettings
from worker.zeebe.runner import Ending

JOB_TYPE = "rest-connector"

Transport = Literal["grpc", "rest"]
both = pytest.mark.parametrize("transport", ["grpc", "rest"])


class Counting:
    """A handler that remembers how often it had each job, and how many it had at once."""

    def __init__(self) -> None:
        self.turns: Counter[int] = Counter()
        self.most = 0
        self._now = 0

    async def handle(self, job: Job, lease: Lease) -> Outcome:
        self.turns[job.key] += 1
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0.001)
        self._now -= 1
        return Complete()


@asynccontextmanager
async def working(
    gateway: DevGateway,
    handle: Callable[[Job, Lease], Awaitable[Outcome]],
    *,
    job_types: tuple[str, ...] = (JOB_TYPE,),
    stream: bool = False,
    tenant_ids: tuple[str, ...] = (),
    transport: Transport = "grpc",
    **changes: float,
) -> AsyncIterator[Stop]:
    """A worker in this process; leaving the block drains it."""
    settings = Settings(
        job_types=job_types,
        zeebe=ZeebeSettings(
            address=gateway.address,
            rest_address=gateway.rest_address,
            transport=transport,
            stream=stream,
            tenant_ids=tenant_ids,
            poll_timeout=1 if transport == "rest" else 10,  # for so long an idle worker takes to stop
        ),
        health=HealthSettings(host="127.0.0.1", port=0),
        **changes,  # type: ignore[arg-type]
    )
    stop = Stop()
    task = asyncio.create_task(run_worker(settings, dict.fromkeys(job_types, handle), stop))
    try:
        yield stop
    finally:
        stop.ask()
        assert await asyncio.wait_for(task, 30) is Ending.DRAINED


@pytest.fixture
async def gateway() -> AsyncIterator[DevGateway]:
    async with DevGateway(rest=True) as gateway:
        yield gateway


@both
async def test_every_job_is_done_once_however_the_gateway_behaves(gateway: DevGateway, transport: Transport) -> None:
    handler = Counting()
    for fault, share in ((faults.UNAVAILABLE, 0.2), (faults.BUSY, 0.1), (faults.UNAUTHENTICATED, 0.03)):
        gateway.faults.sometimes("CompleteJob", fault, share)
        gateway.faults.sometimes("ActivateJobs", fault, share)
    gateway.faults.sometimes("CompleteJob", faults.REPLY_LOST, 0.05)
    keys = [gateway.add_job(JOB_TYPE) for _ in range(500)]

    async with working(gateway, handler.handle, transport=transport, slots=50):
        for key in keys:
            assert (await gateway.ended(key, timeout=30)).kind == "completed"

    assert set(handler.turns) == set(keys)
    assert set(handler.turns.values()) == {1}
    assert handler.most <= 50


@both
async def test_jobs_are_done_once_across_an_outage(gateway: DevGateway, transport: Transport) -> None:
    handler = Counting()
    keys = [gateway.add_job(JOB_TYPE) for _ in range(100)]

    async with working(gateway, handler.handle, transport=transport, slots=20):
        await gateway.wait_for("completed")
        async with gateway.outage():
            keys += [gateway.add_job(JOB_TYPE) for _ in range(100)]
        for key in keys:
            assert (await gateway.ended(key, timeout=30)).kind == "completed"


@both
async def test_a_call_that_outlasts_its_lease_keeps_it(gateway: DevGateway, transport: Transport) -> None:
    async def slow(job: Job, lease: Lease) -> Outcome:
        await asyncio.sleep(2.5)
        return Complete()

    key = gateway.add_job(JOB_TYPE)
    async with working(gateway, slow, transport=transport, lease=1.0):
        await gateway.wait_for("lease-extended", key)
        assert (await gateway.ended(key)).kind == "completed"

    kinds = [event.kind for event in gateway.events.of(key)]
    assert kinds.count("activated") == 1
    assert "lease-expired" not in kinds


async def test_a_job_that_is_cancelled_in_the_engine_is_let_go(gateway: DevGateway) -> None:
    ended = asyncio.Event()

    async def until_lost(job: Job, lease: Lease) -> Outcome:
        while lease.remaining() > 0:  # noqa: ASYNC110 -- a lease tells only those who ask
            await asyncio.sleep(0.01)
        ended.set()
        return Complete()

    key = gateway.add_job(JOB_TYPE)
    async with working(gateway, until_lost, lease=1.0):
        await gateway.wait_for("activated", key)
        gateway.engine.cancel(key)
        await asyncio.wait_for(ended.wait(), 10)

    assert [event.rpc for event in gateway.events if event.kind == "refused"] == ["UpdateJobTimeout"]


class BrokenCredentials(Fixed):
    """A defect beside the loops that fetch jobs: those survive it, as they survive everything."""

    def current(self) -> Headers:
        raise RuntimeError("a defect")


async def test_a_worker_that_no_longer_watches_the_gateway_stops_in_order(
    gateway: DevGateway, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(zeebe=ZeebeSettings(address=gateway.address), health=HealthSettings(host="127.0.0.1", port=0))
    access = ClusterAccess(credentials=BrokenCredentials())

    ending = await asyncio.wait_for(run_worker(settings, {JOB_TYPE: Counting().handle}, Stop(), access), 30)

    assert ending is Ending.DRAINED
    assert "a loop of the worker has failed, so it stops" in caplog.text


async def test_a_drained_worker_leaves_no_job_activated(gateway: DevGateway) -> None:
    handler = Counting()
    for _ in range(300):
        gateway.add_job(JOB_TYPE)

    async with working(gateway, handler.handle, slots=10):
        await gateway.wait_for("completed")

    activated = [event.job_key for event in gateway.events if event.kind == "activated"]
    settled = {event.job_key for event in gateway.events if event.kind in ("completed", "failed")}
    assert set(activated) <= settled


# -- streams


async def test_streams_bring_no_more_jobs_at_once_than_there_are_slots(gateway: DevGateway) -> None:
    handler = Counting()
    async with working(gateway, handler.handle, slots=10, stream=True):
        await gateway.wait_for("stream-opened")
        keys = [gateway.add_job(JOB_TYPE) for _ in range(300)]
        for key in keys:
            assert (await gateway.ended(key, timeout=30)).kind == "completed"

    assert handler.most <= 10
    assert set(handler.turns.values()) == {1}


async def test_a_stream_that_is_cut_is_opened_again(gateway: DevGateway) -> None:
    handler = Counting()
    async with working(gateway, handler.handle, slots=10, stream=True):
        await gateway.wait_for("stream-opened")
        seen = gateway.events.last
        async with gateway.outage():
            pass
        await gateway.events.wait_for(lambda event: event.kind == "stream-opened", after=seen)
        key = gateway.add_job(JOB_TYPE)

        assert (await gateway.ended(key)).kind == "completed"


async def test_with_streams_a_poll_is_outstanding_too(gateway: DevGateway) -> None:
    handler = Counting()
    async with working(gateway, handler.handle, stream=True):
        await gateway.wait_for("stream-opened")
        await gateway.wait_for("poll")


# -- several hosts, job types, tenants


async def test_a_host_that_hangs_leaves_slots_to_another(gateway: DevGateway) -> None:
    """Its jobs come first and are more than there are slots; none of them is lost, and none loses a retry."""
    answers = asyncio.Event()
    calls: Counter[int] = Counter()

    async def handle(job: Job, lease: Lease) -> Outcome:
        host = json.loads(job.variables)["host"]
        await lease.turn(host)
        calls[job.key] += 1
        if host == "slow":
            await answers.wait()
        return Complete()

    slow = [gateway.add_job(JOB_TYPE, variables={"host": "slow"}) for _ in range(30)]
    fast = [gateway.add_job(JOB_TYPE, variables={"host": "fast"}) for _ in range(5)]
    async with working(gateway, handle, slots=10):
        for key in fast:
            assert (await gateway.ended(key, timeout=20)).kind == "completed"
        answers.set()
        for key in slow:
            assert (await gateway.ended(key, timeout=20)).kind == "completed"

    assert {event.retries for event in gateway.events if event.kind == "failed"} == {3}
    assert set(calls.values()) == {1}


async def test_a_lone_host_may_use_every_slot(gateway: DevGateway) -> None:
    started = asyncio.Semaphore(0)
    answers = asyncio.Event()

    async def handle(job: Job, lease: Lease) -> Outcome:
        await lease.turn("lone")
        started.release()
        await answers.wait()
        return Complete()

    for _ in range(10):
        gateway.add_job(JOB_TYPE)
    async with working(gateway, handle, slots=10):
        async with asyncio.timeout(20):
            for _ in range(10):
                await started.acquire()
        answers.set()


async def test_a_job_type_whose_jobs_hang_leaves_slots_to_another(gateway: DevGateway) -> None:
    answers = asyncio.Event()

    async def handle(job: Job, lease: Lease) -> Outcome:
        if job.type == "slow":
            await answers.wait()
        return Complete()

    async with working(gateway, handle, job_types=("slow", "fast"), slots=16):
        for _ in range(40):
            gateway.add_job("slow")
        key = gateway.add_job("fast")
        assert (await gateway.ended(key, timeout=20)).kind == "completed"
        answers.set()


async def test_jobs_of_several_tenants_are_taken_and_no_others(gateway: DevGateway) -> None:
    handler = Counting()
    wanted = [gateway.add_job(JOB_TYPE, tenant_id=tenant) for tenant in ("acme", "globex")]
    unwanted = gateway.add_job(JOB_TYPE, tenant_id="initech")

    async with working(gateway, handler.handle, tenant_ids=("acme", "globex")):
        for key in wanted:
            assert (await gateway.ended(key)).kind == "completed"

    assert unwanted not in handler.turns


async def test_while_the_jobs_held_are_heavy_no_more_are_asked_for(gateway: DevGateway) -> None:
    finish = asyncio.Event()
    started: list[int] = []

    async def handle(job: Job, lease: Lease) -> Outcome:
        started.append(job.key)
        await finish.wait()
        return Complete()

    heavy = [gateway.add_job(JOB_TYPE, variables={"text": "x" * 600_000}) for _ in range(4)]
    async with working(gateway, handle, slots=2, job_memory=1 << 20):
        await gateway.wait_for("activated", heavy[1])
        finish.set()
        for key in heavy:
            assert (await gateway.ended(key)).kind == "completed"
