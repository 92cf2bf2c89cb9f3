"""`rest-connector run` from start to end: signals, outages, wrong settings."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.support.target import Target, serving
from tests.support.worker_process import worker
from worker.dev.gateway import DevGateway

JOB_TYPE = "rest-connector"


@pytest.fixture
async def gateway() -> AsyncIterator[DevGateway]:
    async with DevGateway() as gateway:
        yield gateway


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serving() as target:
        yield target


def add_job(gateway: DevGateway, target: Target, path: str) -> int:
    return gateway.add_job(
        JOB_TYPE,
        variables={"method": "GET", "url": target.url + path},
        headers={"resultExpression": "={path: response.body.path}"},
    )


async def page(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def until_ready(url: str) -> None:
    """Ask as a probe does, again and again; nothing but asking tells a probe that a worker is ready."""
    async with asyncio.timeout(20):
        while (await page(f"{url}/readyz"))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_job_is_done_and_the_worker_ends_when_asked_to(gateway: DevGateway, target: Target) -> None:
    async with worker(gateway.address) as running:
        key = add_job(gateway, target, "/orders/1")

        ended = await gateway.ended(key, timeout=20)
        running.signal()

        assert await running.ended() == 0

    assert (ended.kind, ended.variables) == ("completed", {"path": "/orders/1"})
    line = await running.logged("job done")
    assert (line["job"], line["outcome"], line["settlement"]) == (key, "completed", "accepted")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_an_idle_worker_ends_at_once(gateway: DevGateway, number: signal.Signals) -> None:
    async with worker(gateway.address) as running:
        await gateway.wait_for("poll", timeout=20)
        running.signal(number)

        assert await running.ended() == 0


async def test_a_job_under_way_is_finished_and_reported_before_the_end(gateway: DevGateway, target: Target) -> None:
    key = add_job(gateway, target, "/held/1")
    async with worker(gateway.address) as running:
        await target.called("/held/1")
        url = await running.pages()
        running.signal()
        await running.logged("stopping")
        assert await page(f"{url}/readyz") == (503, "the worker is stopping\n")
        assert (await page(f"{url}/livez"))[0] == 200

        target.release()

        assert await running.ended() == 0

    assert (await gateway.ended(key)).kind == "completed"
    assert target.calls["/held/1"] == 1


async def test_stopping_under_load_loses_nothing_and_repeats_no_call(gateway: DevGateway, target: Target) -> None:
    keys = [add_job(gateway, target, f"/orders/{number}") for number in range(400)]
    async with worker(gateway.address, REST_CONNECTOR_SLOTS="10") as first:
        await gateway.wait_for("completed", timeout=20)
        first.signal()

        assert await first.ended() == 0

    async with worker(gateway.address, REST_CONNECTOR_SLOTS="10"):
        for key in keys:
            assert (await gateway.ended(key, timeout=30)).kind == "completed"

    assert len(target.calls) == 400
    assert set(target.calls.values()) == {1}


async def test_a_host_that_hangs_leaves_slots_to_another(gateway: DevGateway, target: Target) -> None:
    async with serving() as other, worker(gateway.address, REST_CONNECTOR_SLOTS="10"):
        held = [add_job(gateway, target, f"/held/{number}") for number in range(20)]
        quick = [add_job(gateway, other, f"/orders/{number}") for number in range(5)]
        for key in quick:
            assert (await gateway.ended(key, timeout=30)).kind == "completed"
        assert not [event for event in gateway.events if event.kind == "completed" and event.job_key in held]
        target.release()
        for key in held:
            assert (await gateway.ended(key, timeout=30)).kind == "completed"

    assert set(target.calls.values()) == {1}


async def test_a_job_that_outlasts_the_grace_time_is_left_and_said(gateway: DevGateway, target: Target) -> None:
    add_job(gateway, target, "/held/1")
    async with worker(gateway.address, REST_CONNECTOR_GRACE="0.2") as running:
        await target.called("/held/1")
        running.signal()

        assert await running.ended() == 3

    line = await running.logged("jobs left to the end of their leases")
    assert (line["count"], line["ending"]) == (1, "grace exceeded")


async def test_a_second_signal_ends_the_worker_now(gateway: DevGateway, target: Target) -> None:
    add_job(gateway, target, "/held/1")
    async with worker(gateway.address, REST_CONNECTOR_GRACE="3600") as running:
        await target.called("/held/1")
        running.signal()
        await running.logged("stopping")
        running.signal()

        assert await running.ended() == 4


async def test_a_worker_waits_for_a_gateway_that_is_missing_at_the_start(gateway: DevGateway, target: Target) -> None:
    await gateway.stop_serving()
    key = add_job(gateway, target, "/orders/1")
    async with worker(gateway.address) as running:
        await running.logged("gateway out of reach")
        url = await running.pages()
        status, problems = await page(f"{url}/readyz")
        assert status == 503
        assert "the gateway does not answer (UNAVAILABLE)" in problems
        assert (await page(f"{url}/livez"))[0] == 200

        await gateway.serve()

        assert (await gateway.ended(key, timeout=20)).kind == "completed"
        await until_ready(url)


async def test_nothing_is_lost_when_the_gateway_goes_away_and_comes_back(gateway: DevGateway, target: Target) -> None:
    async with worker(gateway.address) as running:
        url = await running.pages()
        await until_ready(url)
        under_way = add_job(gateway, target, "/held/1")
        await target.called("/held/1")

        async with gateway.outage():
            target.release()
            await running.logged("gateway out of reach")
            waiting = add_job(gateway, target, "/orders/2")

        assert (await gateway.ended(under_way, timeout=20)).kind == "completed"
        assert (await gateway.ended(waiting, timeout=20)).kind == "completed"
        assert target.calls == {"/held/1": 1, "/orders/2": 1}


async def test_after_a_crash_another_worker_does_the_job(gateway: DevGateway, target: Target) -> None:
    key = add_job(gateway, target, "/held/1")
    async with worker(gateway.address, REST_CONNECTOR_LEASE="1") as crashing:
        await target.called("/held/1")
        crashing.signal(signal.SIGKILL)
        await crashing.ended()

    target.release()
    async with worker(gateway.address, REST_CONNECTOR_LEASE="1"):
        assert (await gateway.ended(key, timeout=20)).kind == "completed"


async def test_a_setting_that_cannot_be_used_ends_the_start_with_2() -> None:
    async with worker("127.0.0.1:1", REST_CONNECTOR_SLOT="3", REST_CONNECTOR_ZEEBE__TOKEN_FILE="/missing") as running:
        assert await running.ended() == 2

    said = [line["message"] for line in running.lines]
    assert said == [
        "rest-connector run: these settings cannot be used:",
        "REST_CONNECTOR_SLOT: there is no such setting; did you mean REST_CONNECTOR_SLOTS?",
        "REST_CONNECTOR_ZEEBE__TOKEN_FILE: cannot read '/missing': No such file or directory",
    ]


async def test_a_wrong_value_of_another_product_is_only_a_warning(gateway: DevGateway) -> None:
    async with worker(gateway.address, CONNECTOR_HTTP_REST_TIMEOUT="soon") as running:
        await gateway.wait_for("poll", timeout=20)

    await running.logged("CONNECTOR_HTTP_REST_TIMEOUT has a value that makes no sense and is left out")
