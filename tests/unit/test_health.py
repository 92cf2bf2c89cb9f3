"""The pages for probes and metrics."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from worker import health
from worker.metrics import Metrics


@asynccontextmanager
async def pages(problems: list[str], *, beating: bool = True) -> AsyncIterator[str]:
    """The address of pages that answer with these problems."""
    metrics = Metrics(["rest-connector"])
    heartbeat = health.Heartbeat(metrics)
    beat = asyncio.create_task(heartbeat.run() if beating else asyncio.Event().wait())
    await asyncio.sleep(0)
    async with health.serve(health.application(metrics, heartbeat, lambda: problems), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"
    beat.cancel()
    await asyncio.wait([beat])


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_a_worker_without_problems_is_live_and_ready() -> None:
    async with pages([]) as url:
        assert await get(f"{url}/livez") == (200, "ok\n")
        assert await get(f"{url}/readyz") == (200, "ok\n")


async def test_problems_are_named_and_leave_the_worker_live() -> None:
    async with pages(["the gateway does not answer (UNAVAILABLE)", "the worker is stopping"]) as url:
        assert (await get(f"{url}/livez"))[0] == 200
        assert await get(f"{url}/readyz") == (
            503,
            "the gateway does not answer (UNAVAILABLE)\nthe worker is stopping\n",
        )


async def test_a_loop_that_does_not_beat_is_not_live() -> None:
    async with pages([], beating=False) as url:
        assert (await get(f"{url}/livez"))[0] == 503


async def test_metrics_have_prometheus_text_format() -> None:
    async with pages([]) as url:
        status, text = await get(f"{url}/metrics")

    assert status == 200
    assert 'rest_connector_jobs_activated_total{type="rest-connector"} 0.0' in text.splitlines()


async def test_a_port_that_is_taken_costs_only_the_pages() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        app = health.application(Metrics([]), health.Heartbeat(Metrics([])), list)
        async with health.serve(app, "127.0.0.1", taken.getsockname()[1]) as port:
            assert port is None
