"""PRI-28 to PRI-34: calls that are made again within one job, and the time that one try may take."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rows.support import CAMUNDA, Scene, error_of
from tests.support.job_runs import Lease, completed, failed
from tests.support.scripted_server import answer, hang


async def tried(scene: Scene, answers: tuple[int, ...], retry: dict[str, Any], **inputs: Any) -> tuple[Any, int]:
    """The outcome of a job whose service gives these statuses, and how often it was asked."""
    service = await scene.serve(*(answer(status) for status in answers))
    variables = {"url": service.url(), "httpOptions": {"retry": retry}, **inputs}
    async with asyncio.timeout(30):
        outcome = await scene.run(variables)
    return outcome, len(service.requests)


async def test_pri_28_nothing_is_repeated_by_default(scene: Scene) -> None:
    outcome, asked = await tried(scene, (503, 200), {})
    assert (failed(outcome).retries, asked) == (2, 1)


async def test_pri_28_tries_after_the_first_one(scene: Scene) -> None:
    outcome, asked = await tried(scene, (503, 502, 200), {"maxRetries": "2"})
    completed(outcome)
    assert asked == 3


async def test_pri_28_the_last_failure_is_the_jobs_and_costs_one_of_its_own_retries(scene: Scene) -> None:
    outcome, asked = await tried(scene, (503, 502, 504), {"maxRetries": 2})
    assert (error_of(outcome)["code"], failed(outcome).retries, asked) == ("504", 2, 3)


@pytest.mark.parametrize("count", [-1, 101, "many", 1.5, True])
async def test_pri_28_another_count_is_an_input_error(scene: Scene, count: Any) -> None:
    outcome, asked = await tried(scene, (200,), {"maxRetries": count})
    if count == 1.5:  # fractions are cut off, as everywhere
        completed(outcome)
        return
    assert (failed(outcome).retries, asked) == (0, 0)
    assert "httpOptions.retry.maxRetries must be a whole number from 0 to 100" in failed(outcome).message


async def test_pri_28_the_compatible_face_does_not_read_it(scene: Scene) -> None:
    service = await scene.serve(answer(503), answer(200))
    variables = {"url": service.url(), "method": "GET", "httpOptions": {"retry": {"maxRetries": 3}}}
    failed(await scene.run(variables, type=CAMUNDA))
    assert len(service.requests) == 1


async def test_pri_29_a_wait_that_the_job_has_no_time_for_becomes_its_back_off(scene: Scene) -> None:
    """The wait is asked for before it begins, so that the test need not wait."""
    service = await scene.serve(answer(503), answer(200))
    variables = {"url": service.url(), "httpOptions": {"retry": {"maxRetries": 1, "delayMs": 20_000}}}
    outcome = failed(await scene.run(variables, lease=Lease(seconds=10)))
    assert (outcome.retries, outcome.backoff, len(service.requests)) == (2, 20_000, 1)


async def test_pri_30_with_exponential_back_off_the_delay_is_ignored(scene: Scene) -> None:
    outcome, asked = await tried(scene, (503, 503, 200), {"maxRetries": 2, "exponential": True, "delayMs": 86_400_000})
    completed(outcome)
    assert asked == 3


async def test_pri_30_it_begins_with_200_ms(scene: Scene) -> None:
    service = await scene.serve(answer(503))
    variables = {"url": service.url(), "httpOptions": {"retry": {"maxRetries": 1, "exponential": True}}}
    backoff = failed(await scene.run(variables, lease=Lease(seconds=0.1))).backoff
    assert backoff is not None
    assert 200 <= backoff <= 240


@pytest.mark.parametrize("status", [302, 400, 404, 501])
async def test_pri_31_on_all_errors_every_answer_but_a_success_is_repeated(scene: Scene, status: int) -> None:
    outcome, asked = await tried(scene, (status, 200), {"maxRetries": 1})
    assert asked == 1
    outcome, asked = await tried(scene, (status, 200), {"maxRetries": 1, "allErrors": "true"})
    completed(outcome)
    assert asked == 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_pri_32_what_must_not_arrive_twice_is_repeated_only_when_it_may(scene: Scene, method: str) -> None:
    assert (await tried(scene, (503, 200), {"maxRetries": 1}, method=method))[1] == 1
    assert (await tried(scene, (503, 200), {"maxRetries": 1, "nonIdempotent": True}, method=method))[1] == 2
    key = {"idempotency-key": "4711"}
    assert (await tried(scene, (503, 200), {"maxRetries": 1}, method=method, headers=key))[1] == 2


async def test_pri_33_a_service_says_how_long_to_wait(scene: Scene) -> None:
    service = await scene.serve(answer(429, b"", "Retry-After: 31"), answer(200))
    retry: dict[str, Any] = {"maxRetries": 1}
    variables = {"url": service.url(), "httpOptions": {"retry": retry}}
    outcome = failed(await scene.run(variables))
    assert (outcome.backoff, len(service.requests)) == (31_000, 1)


async def test_pri_33_it_can_be_overruled(scene: Scene) -> None:
    service = await scene.serve(answer(429, b"", "Retry-After: 3600"), answer(200))
    variables = {"url": service.url(), "httpOptions": {"retry": {"maxRetries": 1, "respectRetryAfter": False}}}
    completed(await scene.run(variables))
    assert len(service.requests) == 2


async def test_pri_34_one_limit_for_a_whole_try(scene: Scene) -> None:
    service = await scene.serve(hang)
    variables = {"url": service.url(), "readTimeoutInSeconds": 0, "httpOptions": {"timeoutMs": "50"}}
    async with asyncio.timeout(20):
        error = error_of(await scene.run(variables))
    assert (error["code"], error["variables"]["kind"]) == ("408", "timeout_total")


async def test_meta_counts_all_tries(scene: Scene) -> None:
    service = await scene.serve(answer(503), answer(503), answer(200))
    options = {"retry": {"maxRetries": 2}, "response": {"meta": True}}
    outcome = await scene.run({"url": service.url(), "httpOptions": options}, {"resultVariable": "r"})
    assert completed(outcome)["r"]["meta"]["attempts"] == 3
