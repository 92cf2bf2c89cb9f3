"""Leases on the local clock."""

import pytest

from tests.support.transport import Clock, FreeTurns, ScriptedTransport
from worker.errors import GatewayBusy, GatewayError, GatewayRefused
from worker.zeebe.lease import JobLease


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transport() -> ScriptedTransport:
    return ScriptedTransport()


@pytest.fixture
def lease(clock: Clock, transport: ScriptedTransport) -> JobLease:
    return JobLease(7, 60, transport=transport, clock=clock, turns=FreeTurns())


def test_a_lease_counts_down_from_the_jobs_arrival(lease: JobLease, clock: Clock) -> None:
    clock.now += 45

    assert lease.remaining() == 15


def test_a_lease_is_due_soon_after_half_of_it_has_passed_and_not_before(lease: JobLease, clock: Clock) -> None:
    assert not lease.due(clock.now + 29.9)
    assert lease.due(clock.now + 36)
    assert not lease.due(clock.now + 60), "it has ended: the engine may have given the job away"


async def test_renewing_asks_for_the_same_length_again(
    lease: JobLease, clock: Clock, transport: ScriptedTransport
) -> None:
    clock.now += 30

    await lease.renew()

    assert transport.extended == [(7, 60_000)]
    assert lease.remaining() == 60


async def test_an_extension_sets_the_length_of_later_renewals(
    lease: JobLease, clock: Clock, transport: ScriptedTransport
) -> None:
    await lease.extend(600_000)

    assert lease.remaining() == 600
    assert not lease.due(clock.now + 299)
    await lease.renew()
    assert transport.extended[-1] == (7, 600_000)


@pytest.mark.parametrize(("asked", "left"), [(10_000, 10), (600_000, 60)], ids=["shorter", "longer"])
async def test_after_an_extension_that_may_have_failed_the_earlier_end_holds(
    lease: JobLease, transport: ScriptedTransport, asked: int, left: int
) -> None:
    transport.extend_failures.append(GatewayBusy("UNAVAILABLE", "gone"))

    with pytest.raises(GatewayBusy):
        await lease.extend(asked)

    assert lease.remaining() == left


async def test_a_renewal_that_failed_is_tried_again_an_eighth_later(
    lease: JobLease, clock: Clock, transport: ScriptedTransport
) -> None:
    transport.extend_failures.append(GatewayBusy("UNAVAILABLE", "gone"))
    clock.now += 30

    with pytest.raises(GatewayError):
        await lease.renew()

    assert not lease.due(clock.now + 7)
    assert lease.due(clock.now + 7.5)


async def test_a_refused_renewal_means_that_the_job_is_lost(lease: JobLease, transport: ScriptedTransport) -> None:
    transport.extend_failures.append(GatewayRefused("NOT_FOUND", "no such job"))

    with pytest.raises(GatewayRefused):
        await lease.renew()

    assert lease.lost
    assert lease.remaining() < 0


async def test_a_refused_extension_leaves_the_job_to_be_failed(lease: JobLease, transport: ScriptedTransport) -> None:
    transport.extend_failures.append(GatewayRefused("FAILED_PRECONDITION", "not activated"))

    with pytest.raises(GatewayRefused):
        await lease.extend(600_000)

    assert lease.remaining() == 60
