"""Plays the examples and tells what becomes of other jobs; the parts are put together in `worker.cli.dev`."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web

from worker.dev.events import ENDINGS
from worker.dev.examples import JOB_TYPE, Example
from worker.dev.gateway import DevGateway
from worker.dev.story import Story

EXAMPLE_SECONDS = 30.0
SHUTDOWN_SECONDS = 1.0


@contextlib.asynccontextmanager
async def serving(application: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback while the block runs; gives the address. Raises `OSError` when the port is taken."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def play(examples: list[Example], gateway: DevGateway, story: Story) -> bool:
    """Run the examples one after the other; True when each ended as it should."""
    results = [await _play_one(number, each, gateway, story) for number, each in enumerate(examples, 1)]
    return all(results)


async def _play_one(number: int, example: Example, gateway: DevGateway, story: Story) -> bool:
    key = gateway.add_job(
        JOB_TYPE,
        variables=example.variables,
        headers=example.headers,
        retries=example.retries,
        catches=example.catches,
        process_id="example",
        element_id=f"example-{number}",
    )
    try:
        good = example.expected(await gateway.ended(key, timeout=EXAMPLE_SECONDS))
    except TimeoutError:
        good = False
    except LookupError:  # the end has not the variables that were promised
        good = False
    story.example(number, example, gateway.events.of(key), good=good)
    return good


async def tell_ends(gateway: DevGateway, story: Story) -> None:
    """Tell how each job ends that is submitted from now on; runs until it is cancelled."""
    async for event in gateway.events.follow(gateway.events.last):
        if event.kind in ENDINGS:
            story.job(event.job_key, event.job_type, gateway.events.of(event.job_key))
