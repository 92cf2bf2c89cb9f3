"""A limit for the whole of a call, among other reasons for which its task is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from tests.component.rest.conftest import Calls
from tests.support.scripted_server import hang, scripted


async def test_a_call_that_is_over_in_time_is_left_alone(calls: Calls) -> None:
    async with scripted() as server:
        assert (await calls.response(server.url(), total_timeout=60)).status == 200
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_limit_that_was_reached_leaves_no_cancellation_behind(calls: Calls) -> None:
    async with scripted(hang) as server:
        failure = await calls.failure(server.url(), total_timeout=0.2)
    task = asyncio.current_task()
    assert task is not None
    assert (failure.kind, task.cancelling()) == ("timeout_total", 0)


async def test_who_cancels_the_task_is_not_taken_for_the_limit(calls: Calls) -> None:
    async with scripted(hang) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await calls.call(server.url(), total_timeout=60)
