"""Whatever happens in whatever order: each job is settled once or left once, and the slots are never exceeded."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.observer import Remembering
from tests.support.transport import ScriptedTransport
from worker.errors import GatewayBusy, GatewayRefused, GivenBack
from worker.job import Job, Lease
from worker.outcome import Complete, Outcome
from worker.zeebe.commands import Settlement
from worker.zeebe.runner import Ending, Limits, Runner
from worker.zeebe.transport import ActivateRequest

JOB_TYPE = "rest-connector"
SLOTS = 3

Step = tuple[Literal["arrive", "again", "finish", "fail", "refuse", "give back", "break poll", "tick", "stop"], int]

STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("arrive"), st.integers(1, SLOTS + 1)),
    st.tuples(st.sampled_from(["again", "finish", "give back"]), st.integers(0, 5)),
    st.tuples(st.sampled_from(["fail", "refuse", "break poll", "tick", "stop"]), st.just(0)),
)


class World:
    """A runner, and what happened to its jobs."""

    def __init__(self) -> None:
        self.transport = ScriptedTransport()
        self.observer = Remembering()
        self.now = 0.0
        self.keys = 0
        self.ends: dict[int, asyncio.Future[Outcome]] = {}
        self.starts: Counter[int] = Counter()
        self.most = 0
        self.runner = Runner(
            self.transport,
            {JOB_TYPE: self.handle},
            [ActivateRequest(JOB_TYPE, max_jobs=0, lease=60, request_timeout=10, worker="test")],
            Limits(slots=SLOTS, lease=60, grace=5, heartbeat=0.001),
            self.observer,
            clock=lambda: self.now,
        )

    async def handle(self, job: Job, lease: Lease) -> Outcome:
        self.starts[job.key] += 1
        end = self.ends[job.key] = asyncio.get_running_loop().create_future()
        self.most = max(self.most, len(self.ends))
        try:
            return await end
        finally:
            del self.ends[job.key]

    def take(self, step: Step) -> None:
        what, number = step
        running = list(self.ends)
        key = running[number % len(running)] if running else 0
        match what:
            case "arrive" | "again" | "break poll" if not self.transport.polls.empty():
                poll = self.transport.polls.get_nowait()
                if poll.over:
                    return
                if what == "break poll":
                    poll.answer(GatewayBusy("UNAVAILABLE", "gone"))
                elif what == "again":
                    poll.answer([Job(key=key, type=JOB_TYPE)] if key else [])
                else:
                    poll.answer([self.new_job() for _ in range(number)])
            case "finish" if key:
                self.ends[key].set_result(Complete())
            case "give back" if key:
                self.ends[key].set_exception(GivenBack("later", 1_000))
            case "fail":
                self.transport.failures.append(GatewayBusy("UNAVAILABLE", "gone"))
            case "refuse":
                self.transport.failures.append(GatewayRefused("NOT_FOUND", "no such job"))
            case "tick":
                self.now += 20
            case "stop":
                self.runner.stop()

    def new_job(self) -> Job:
        self.keys += 1
        return Job(key=self.keys, type=JOB_TYPE)


@settings(max_examples=60)
@given(steps=st.lists(STEPS, max_size=40))
def test_each_job_is_settled_once_and_slots_are_never_exceeded(steps: list[Step]) -> None:
    async def live() -> tuple[World, Ending]:
        world = World()
        task = asyncio.create_task(world.runner.run())
        for step in steps:
            for _ in range(8):
                await asyncio.sleep(0)
            world.take(step)
        for _ in range(20):
            await asyncio.sleep(0)
        world.runner.stop()
        async with asyncio.timeout(10):
            while not task.done():
                for end in list(world.ends.values()):
                    if not end.done():
                        end.set_result(Complete())
                await asyncio.sleep(0)
        return world, task.result()

    world, ending = asyncio.run(live())

    settled = Counter(key for key, _, settlement in world.observer.endings)
    given_back = world.observer.counts["given back"]
    accepted = Counter(key for key, _ in world.transport.sent)
    lost = [key for key, _, settlement in world.observer.endings if settlement is Settlement.EXPIRED]
    assert ending is Ending.DRAINED
    assert world.most <= SLOTS
    assert set(world.starts.values()) <= {1}
    assert set(settled.values()) <= {1}
    assert set(accepted.values()) <= {1}
    assert len(settled) + given_back == world.keys
    assert not lost or world.now >= 60
    assert world.runner.slots_used == 0
    assert world.runner.jobs_running == 0
