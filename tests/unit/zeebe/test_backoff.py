"""Waits between attempts."""

import asyncio
import itertools

from worker.zeebe.backoff import Backoff, pause


def test_waits_grow_from_50_milliseconds_to_2_seconds_and_stay_there() -> None:
    backoff = Backoff()

    waits = [backoff.seconds() for _ in range(20)]

    assert 0.045 <= waits[0] <= 0.055
    assert all(later > earlier for earlier, later in itertools.pairwise(waits[:8]))
    assert all(1.8 <= wait <= 2.2 for wait in waits[-5:])


def test_a_success_starts_the_waits_afresh() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.seconds()

    backoff.reset()

    assert backoff.seconds() <= 0.055


async def test_a_pause_ends_when_asked_to_stop() -> None:
    stop = asyncio.Event()
    paused = asyncio.create_task(pause(3600, stop))

    stop.set()

    await asyncio.wait_for(paused, 5)
