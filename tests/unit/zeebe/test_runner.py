"""The runner: slots, leases, one task per job, and every way to the end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.observer import Remembering
from tests.support.transport import ScriptedTransport
from worker.errors import GatewayBusy, GatewayRefused
from worker.job import Job, Lease
from worker.outcome import Complete, Fail, Outcome
from worker.zeebe.commands import Settlement
from worker.zeebe.runner import Ending, Limits, Runner
from worker.zeebe.transport import ActivateRequest

JOB_TYPE = "rest-connector"
BUSY = GatewayBusy("UNAVAILABLE", "gone")


def job(key: int, retries: int = 3) -> Job:
    return Job(key=key, type=JOB_TYPE, retries=retries)


class Handler:
    """Jobs run until the test lets them finish; `stubborn` ones swallow one cancellation."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.running = 0
        self.most_running = 0
        self.outcome: Outcome | Exception = Complete()
        self.stubborn = False
        self.host = ""
        self._finish: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._changed = asyncio.Event()

    async def handle(self, job: Job, lease: Lease) -> Outcome:
        if self.host:
            await lease.turn(self.host)
        self.started.append(job.key)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self._changed.set()
        try:
            await self._wait(job.key)
        finally:
            self.running -= 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def _wait(self, key: int) -> None:
        while True:
            try:
                await self._finish[key].wait()
                return
            except asyncio.CancelledError:
                if not self.stubborn:
                    raise

    def finish(self, *keys: int) -> None:
        for key in keys:
            self._finish[key].set()

    async def has_started(self, *keys: int) -> None:
        async with asyncio.timeout(5):
            while not set(keys) <= set(self.started):
                self._changed.clear()
                await self._changed.wait()


class Bench:
    """A runner on a scripted transport."""

    def __init__(
        self,
        *,
        slots: int = 10,
        lease: float = 60,
        grace: float = 30,
        heartbeat: float = 0.001,
        observer: Remembering | None = None,
    ) -> None:
        self.transport = ScriptedTransport()
        self.handler = Handler()
        self.observer = observer or Remembering()
        self.now = 0.0
        self.runner = Runner(
            self.transport,
            {JOB_TYPE: self.handler.handle},
            [ActivateRequest(JOB_TYPE, max_jobs=0, lease=lease, request_timeout=10, worker="test")],
            Limits(slots=slots, lease=lease, grace=grace, heartbeat=heartbeat),
            self.observer,
            clock=lambda: self.now,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[Ending]]:
        task = asyncio.create_task(self.runner.run())
        try:
            yield task
        finally:
            self.runner.stop_now()
            await asyncio.wait_for(task, 5)

    async def deliver(self, *jobs: Job) -> None:
        (await self.transport.poll()).answer(jobs)

    async def ends(self, task: asyncio.Task[Ending]) -> Ending:
        return await asyncio.wait_for(task, 5)


async def test_a_job_is_handled_and_its_outcome_sent() -> None:
    bench = Bench()
    async with bench.running():
        await bench.deliver(job(1))
        await bench.handler.has_started(1)
        bench.handler.finish(1)

        assert await bench.transport.sent_commands(1) == [(1, Complete())]

    assert bench.observer.endings == [(1, Complete(), Settlement.ACCEPTED)]


async def test_never_more_jobs_run_than_there_are_slots() -> None:
    bench = Bench(slots=3)
    async with bench.running():
        await bench.deliver(job(1), job(2), job(3), job(4), job(5))
        await bench.transport.sent_commands(2)  # what was not asked for goes back
        bench.handler.finish(*range(1, 4))
        await bench.transport.sent_commands(5)

    assert bench.handler.most_running == 3
    assert {key for key, outcome in bench.transport.sent if isinstance(outcome, Fail)} == {4, 5}
    assert all(outcome.retries == 3 for _, outcome in bench.transport.sent if isinstance(outcome, Fail))


async def test_a_slot_is_held_until_the_command_is_settled() -> None:
    bench = Bench(slots=1)
    bench.transport.failures.extend([BUSY])
    async with bench.running():
        await bench.deliver(job(1))
        bench.handler.finish(1)
        await bench.handler.has_started(1)
        assert bench.transport.polls.empty()

        await bench.transport.sent_commands(1)

        assert (await bench.transport.poll()).request.max_jobs == 1


async def test_a_job_that_arrives_again_while_it_runs_only_renews_its_lease() -> None:
    bench = Bench(slots=2)
    async with bench.running():
        await bench.deliver(job(1))
        await bench.handler.has_started(1)
        bench.now = 59
        await bench.deliver(job(1))
        again = await bench.transport.poll()
        bench.now = 70  # past the first lease, inside the second
        bench.handler.finish(1)

        assert await bench.transport.sent_commands(1) == [(1, Complete())]

    assert again.request.max_jobs == 1
    assert bench.handler.started == [1]
    assert bench.observer.counts["repeated"] == 1


async def test_a_job_that_comes_for_its_next_try_before_the_failure_is_answered_is_done_again() -> None:
    bench = Bench(slots=2)
    bench.transport.answering.clear()
    bench.handler.outcome = RuntimeError("fails")
    async with bench.running():
        await bench.deliver(job(1, retries=3))
        bench.handler.finish(1)
        await bench.transport.sent_commands(1)
        await bench.deliver(job(1, retries=2))
        assert bench.runner.slots_used == 2
        bench.transport.answering.set()

        sent = await bench.transport.sent_commands(2)

    assert bench.handler.started == [1, 1]
    assert [outcome.retries for _, outcome in sent if isinstance(outcome, Fail)] == [2, 1]
    assert bench.observer.counts["repeated"] == 0
    assert bench.runner.slots_used == 0


async def test_a_next_try_that_comes_while_the_worker_stops_goes_back_untouched() -> None:
    bench = Bench(slots=3)
    bench.transport.answering.clear()
    bench.handler.outcome = RuntimeError("fails")
    async with bench.running() as run:
        await bench.deliver(job(1, retries=3))
        bench.handler.finish(1)
        await bench.transport.sent_commands(1)
        await bench.deliver(job(1, retries=2))
        await bench.transport.poll()
        bench.runner.stop()
        bench.transport.answering.set()

        assert await bench.ends(run) is Ending.DRAINED

    assert bench.handler.started == [1]
    assert [outcome.retries for _, outcome in bench.transport.sent if isinstance(outcome, Fail)] == [2, 2]


async def test_a_handler_that_raises_fails_its_job_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.handler.outcome = RuntimeError("password=hunter2")
    async with bench.running():
        await bench.deliver(job(1), job(2, retries=0))
        bench.handler.finish(1, 2)
        sent = dict(await bench.transport.sent_commands(2))
        await bench.transport.poll()

    failures = [sent[1], sent[2]]
    assert [outcome.retries for outcome in failures if isinstance(outcome, Fail)] == [2, 0]
    assert all("hunter2" not in outcome.message for outcome in failures if isinstance(outcome, Fail))
    assert "a handler failed" in caplog.text


class Faulty(Remembering):
    def poll_failed(self, job_type: str, code: str) -> None:
        raise RuntimeError("a defect")


async def test_a_worker_whose_polling_has_failed_for_good_stops_in_order(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(observer=Faulty())
    async with bench.running() as run:
        (await bench.transport.poll()).answer([job(1)])
        await bench.handler.has_started(1)
        (await bench.transport.poll()).answer(BUSY)
        bench.handler.finish(1)

        assert await bench.ends(run) is Ending.DRAINED

    assert bench.transport.sent == [(1, Complete())]
    assert "a loop of the worker has failed" in caplog.text


async def test_leases_of_running_jobs_are_renewed_once_half_of_them_has_passed() -> None:
    bench = Bench(lease=60)
    async with bench.running():
        await bench.deliver(job(1))
        await bench.handler.has_started(1)
        bench.now = 29
        await asyncio.sleep(0.01)  # heartbeats that must change nothing
        assert bench.transport.extended == []

        bench.now = 37

        assert await bench.transport.extensions(1) == [(1, 60_000)]


async def test_a_renewal_without_an_answer_holds_up_no_other() -> None:
    bench = Bench(lease=60)
    bench.transport.hang_on_extend.add(1)
    async with bench.running():
        await bench.deliver(job(1), job(2))
        await bench.handler.has_started(1, 2)
        bench.now = 37
        await bench.transport.extensions(2)
        bench.now = 80  # past the first lease; the second job's has been renewed till 97
        await bench.transport.extensions(3)

    assert bench.transport.extended[-1] == (2, 60_000)


async def test_a_job_that_is_lost_finishes_but_sends_nothing() -> None:
    bench = Bench(lease=60)
    bench.transport.extend_failures.append(GatewayRefused("NOT_FOUND", "no such job"))
    async with bench.running():
        await bench.deliver(job(1))
        await bench.handler.has_started(1)
        bench.now = 37
        await bench.transport.extensions(1)
        bench.handler.finish(1)
        endings = await bench.observer.ended(1)

    assert bench.transport.timeouts == []
    assert endings == [(1, Complete(), Settlement.GONE)]


# -- the end


async def test_stopping_before_the_start_ends_at_once() -> None:
    bench = Bench()
    bench.runner.stop()

    assert await asyncio.wait_for(bench.runner.run(), 5) is Ending.DRAINED


async def test_stopping_while_idle_in_a_long_poll_ends_at_once() -> None:
    bench = Bench()
    async with bench.running() as task:
        await bench.transport.poll()

        bench.runner.stop()

        assert await bench.ends(task) is Ending.DRAINED


async def test_stopping_while_busy_lets_the_job_finish_and_reports_it() -> None:
    bench = Bench()
    async with bench.running() as task:
        await bench.deliver(job(1))
        await bench.handler.has_started(1)

        bench.runner.stop()
        bench.handler.finish(1)

        assert await bench.ends(task) is Ending.DRAINED
        assert bench.transport.sent == [(1, Complete())]


async def test_jobs_that_arrive_while_stopping_go_back_with_their_retries_unchanged() -> None:
    bench = Bench()
    bench.transport.on_cancel = ([job(1, retries=3), job(2, retries=1)],)
    bench.transport.failures.append(BUSY)
    async with bench.running() as task:
        await bench.transport.poll()

        bench.runner.stop()

        assert await bench.ends(task) is Ending.DRAINED

    given_back = {key: outcome.retries for key, outcome in bench.transport.sent if isinstance(outcome, Fail)}
    assert given_back == {1: 3, 2: 1}
    assert bench.handler.started == []
    assert bench.observer.counts["given back"] == 2


async def test_a_call_for_jobs_that_cannot_be_ended_is_waited_for_and_what_it_brings_goes_back() -> None:
    bench = Bench()
    bench.transport.on_cancel = None
    async with bench.running() as task:
        poll = await bench.transport.poll()
        bench.runner.stop()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(task), 0.1)
        poll.answer([job(1, retries=3)])

        assert await bench.ends(task) is Ending.DRAINED

    assert [(key, outcome.retries) for key, outcome in bench.transport.sent if isinstance(outcome, Fail)] == [(1, 3)]


async def test_a_call_for_jobs_that_goes_on_holds_up_nobody_beyond_the_grace_time() -> None:
    bench = Bench(grace=0)
    bench.transport.on_cancel = None
    async with bench.running() as task:
        await bench.transport.poll()
        bench.runner.stop()

        assert await bench.ends(task) is Ending.DRAINED


async def test_jobs_that_have_not_begun_to_call_when_stopping_go_back_with_their_retries_unchanged() -> None:
    bench = Bench(slots=100)
    bench.handler.host = "slow.example"
    async with bench.running() as task:
        await bench.deliver(*(job(key) for key in range(1, 101)))
        await bench.handler.has_started(*range(1, 81))

        bench.runner.stop()
        bench.handler.finish(*range(1, 81))

        assert await bench.ends(task) is Ending.DRAINED

    given_back = {key: outcome.retries for key, outcome in bench.transport.sent if isinstance(outcome, Fail)}
    assert given_back == dict.fromkeys(range(81, 101), 3)
    assert len(bench.handler.started) == 80


async def test_a_job_that_takes_longer_than_the_grace_time_is_left(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(grace=0.01)
    async with bench.running() as task:
        await bench.deliver(job(1), job(2))
        await bench.handler.has_started(1, 2)

        bench.runner.stop()

        assert await bench.ends(task) is Ending.GRACE_EXCEEDED

    assert bench.transport.sent == []
    left = [record for record in caplog.records if record.getMessage().startswith("jobs left")]
    assert [vars(record)["count"] for record in left] == [2]


async def test_asking_twice_does_not_wait_for_jobs() -> None:
    bench = Bench(grace=3600)
    async with bench.running() as task:
        await bench.deliver(job(1))
        await bench.handler.has_started(1)

        bench.runner.stop()
        await asyncio.sleep(0)
        bench.runner.stop_now()

        assert await bench.ends(task) is Ending.STOPPED_NOW


async def test_a_job_that_swallows_its_cancellation_does_not_hold_up_the_end() -> None:
    bench = Bench(grace=0.01)
    bench.handler.stubborn = True
    async with bench.running() as task:
        await bench.deliver(job(1))
        await bench.handler.has_started(1)

        bench.runner.stop()

        assert await bench.ends(task) is Ending.GRACE_EXCEEDED
        bench.handler.finish(1)
        await bench.transport.sent_commands(1)


async def test_leases_are_renewed_while_draining() -> None:
    bench = Bench(lease=60)
    async with bench.running() as task:
        await bench.deliver(job(1))
        await bench.handler.has_started(1)
        bench.runner.stop()
        bench.now = 37
        await bench.transport.extensions(1)

        bench.handler.finish(1)

        assert await bench.ends(task) is Ending.DRAINED


async def test_an_outcome_is_sent_during_the_drain_until_the_gateway_is_back() -> None:
    bench = Bench()
    bench.transport.failures.extend([BUSY] * 3)
    async with bench.running() as task:
        await bench.deliver(job(1))
        await bench.handler.has_started(1)
        bench.runner.stop()
        bench.handler.finish(1)

        assert await bench.ends(task) is Ending.DRAINED
        assert bench.transport.sent == [(1, Complete())]
