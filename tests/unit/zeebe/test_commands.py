"""Outcomes are sent until they are settled or the lease has ended."""

import pytest

from tests.support.transport import Clock, FreeTurns, ScriptedTransport
from worker.errors import GatewayBroken, GatewayBusy, GatewayRefused
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.commands import Commands, Settlement
from worker.zeebe.lease import JobLease

JOB = Job(key=7, type="rest-connector")
BUSY = GatewayBusy("UNAVAILABLE", "gone")


class Bench:
    """Commands on a scripted transport, with a clock of its own."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.transport = ScriptedTransport()
        self.attempts: list[tuple[str, str]] = []
        self.commands = Commands(
            self.transport, sleep=self.clock.sleep, count=lambda command, code: self.attempts.append((command, code))
        )
        self.lease = JobLease(JOB.key, 60, transport=self.transport, clock=self.clock, turns=FreeTurns())

    async def settle(self, outcome: Outcome) -> tuple[Settlement, Outcome]:
        return await self.commands.settle(JOB, outcome, self.lease)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("outcome", "command"),
    [(Complete('{"a":1}'), "complete"), (Fail("no", 2), "fail"), (ThrowError("E"), "throw-error")],
    ids=["complete", "fail", "throw-error"],
)
async def test_an_accepted_outcome_is_sent_once(bench: Bench, outcome: Outcome, command: str) -> None:
    assert await bench.settle(outcome) == (Settlement.ACCEPTED, outcome)

    assert bench.transport.sent == [(7, outcome)]
    assert bench.attempts == [(command, "OK")]


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "UNAUTHENTICATED"])
async def test_a_busy_gateway_is_asked_again_until_it_accepts(bench: Bench, code: str) -> None:
    bench.transport.failures.extend([GatewayBusy(code, "later")] * 3)

    settlement, _ = await bench.settle(Complete())

    assert settlement is Settlement.ACCEPTED
    assert bench.attempts == [("complete", code)] * 3 + [("complete", "OK")]
    assert len(bench.clock.slept) == 3


async def test_attempts_end_with_the_lease(bench: Bench) -> None:
    bench.transport.always = BUSY

    settlement, _ = await bench.settle(Complete())

    assert settlement is Settlement.EXPIRED
    assert bench.transport.sent == []
    assert bench.clock.now == pytest.approx(1_060)


async def test_an_attempt_may_take_five_seconds_but_not_longer_than_the_lease(bench: Bench) -> None:
    bench.transport.failures.append(BUSY)
    bench.clock.now += 57

    await bench.settle(Complete())
    fresh = Bench()
    await fresh.settle(Complete())

    assert bench.transport.timeouts[0] == pytest.approx(3)
    assert fresh.transport.timeouts == [5]


class RestlessClock(Clock):
    """Some time passes between any two looks at it."""

    def __call__(self) -> float:
        self.now += 0.7
        return self.now


@pytest.mark.parametrize("seconds", range(5, 25))
async def test_an_attempt_always_has_some_time(bench: Bench, seconds: int) -> None:
    """Without any, a transport might wait for ever."""
    bench.transport.always = BUSY
    bench.lease = JobLease(JOB.key, seconds, transport=bench.transport, clock=RestlessClock(), turns=FreeTurns())

    await bench.settle(Complete())

    assert min(bench.transport.timeouts) > 0


async def test_an_expired_job_is_given_up_without_a_command(bench: Bench) -> None:
    bench.clock.now += 60

    settlement, _ = await bench.settle(Complete())

    assert settlement is Settlement.EXPIRED
    assert bench.transport.timeouts == []


async def test_a_job_that_the_engine_does_not_know_any_more_is_settled(bench: Bench) -> None:
    bench.transport.failures.extend([BUSY, GatewayRefused("NOT_FOUND", "no such job")])

    settlement, _ = await bench.settle(Complete())

    assert settlement is Settlement.GONE
    assert len(bench.attempts) == 2


async def test_nothing_is_sent_for_a_lost_job(bench: Bench) -> None:
    bench.lease.lost = True

    settlement, _ = await bench.settle(Complete())

    assert settlement is Settlement.GONE
    assert bench.transport.timeouts == []


async def test_a_result_that_is_too_large_becomes_an_incident_that_says_so(bench: Bench) -> None:
    bench.transport.failures.append(GatewayBroken("RESOURCE_EXHAUSTED", "larger than max (5 vs. 4)"))

    settlement, sent = await bench.settle(Complete('{"a":1}'))

    assert settlement is Settlement.ACCEPTED
    assert isinstance(sent, Fail)
    assert sent.retries == 0
    assert "too large" in sent.message
    assert "larger than max (5 vs. 4)" in sent.message


async def test_a_result_that_the_gateway_cannot_read_becomes_an_incident(bench: Bench) -> None:
    bench.transport.failures.append(GatewayBroken("INVALID_ARGUMENT", "not a document"))

    _, sent = await bench.settle(ThrowError("E", variables="{}"))

    assert isinstance(sent, Fail)
    assert sent.retries == 0
    assert "not a document" in sent.message


async def test_a_failure_that_is_rejected_is_sent_again_without_its_variables(bench: Bench) -> None:
    bench.transport.failures.append(GatewayBroken("RESOURCE_EXHAUSTED", "larger than max"))

    settlement, sent = await bench.settle(Fail("x" * 6_000, retries=2, variables='{"error":{}}'))

    assert settlement is Settlement.ACCEPTED
    assert sent == Fail("x" * 1_000, retries=0)


async def test_an_outcome_that_is_rejected_in_every_form_is_given_up(bench: Bench) -> None:
    bench.transport.always = GatewayBroken("UNIMPLEMENTED", "no such command")

    settlement, _ = await bench.settle(Complete())

    assert settlement is Settlement.REJECTED
    assert [code for _, code in bench.attempts] == ["UNIMPLEMENTED"] * 2
