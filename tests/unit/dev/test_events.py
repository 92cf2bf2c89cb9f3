"""The history of the gateway in memory."""

from __future__ import annotations

import asyncio

import pytest

from worker.dev.events import Event, EventLog, EventsLost


async def test_a_past_event_is_found_at_once_and_a_later_one_when_it_comes() -> None:
    log = EventLog()
    log.append(Event("created", job_key=1), 0.0)
    later = asyncio.create_task(log.wait_for(lambda event: event.job_key == 2))

    assert (await log.wait_for(lambda event: event.job_key == 1)).number == 1
    log.append(Event("created", job_key=2), 5.0)
    assert (await later).at == 5.0


async def test_an_event_that_does_not_come_is_an_error_that_tells_the_last_ones() -> None:
    log = EventLog()
    log.append(Event("created", job_key=17), 0.0)

    with pytest.raises(TimeoutError, match=r"created\(17\)"):
        await log.wait_for(lambda event: event.kind == "completed", timeout=0.01)


async def test_the_history_is_bounded_and_a_reader_that_missed_some_is_told() -> None:
    log = EventLog(limit=3)
    for key in range(1, 6):
        log.append(Event("created", job_key=key), 0.0)

    assert [event.job_key for event in log] == [3, 4, 5]
    with pytest.raises(EventsLost, match="events 2 to 2 are no longer kept"):
        await anext(log.follow(after=1))
