"""`/livez`, `/readyz` and `/metrics` for probes and Prometheus.

*Live* means that the event loop turns; it never asks the gateway, or an outage of the engine would restart the whole
fleet. *Ready* means that jobs can come and go: the gateway answers, polls work, and the worker is not stopping.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from worker.metrics import Metrics

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
LIVE_SECONDS = 30.0  # a loop that has not turned for so long is stuck

ReadinessProblems = Callable[[], Sequence[str]]
"""What keeps the worker from being ready, one sentence each; empty when nothing does."""


class Heartbeat:
    """Turns with the event loop and measures how late each turn is."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._last: float | None = None

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before = self._last = loop.time()
            await asyncio.sleep(BEAT_SECONDS)
            self._metrics.loop_lag.set(max(loop.time() - before - BEAT_SECONDS, 0))

    def alive(self) -> bool:
        """Whether the last beat is recent."""
        return self._last is not None and asyncio.get_running_loop().time() - self._last < LIVE_SECONDS


def application(metrics: Metrics, heartbeat: Heartbeat, problems: ReadinessProblems) -> web.Application:
    """The three pages."""

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="ok\n") if heartbeat.alive() else web.Response(status=503, text="the loop is stuck\n")

    async def readyz(_: web.Request) -> web.Response:
        found = problems()
        return web.Response(status=503 if found else 200, text="\n".join(found or ["ok"]) + "\n")

    async def metrics_page(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics_page)
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int | None]:
    """Serve while the block runs; gives the port. A port that is taken costs the pages, not the worker's jobs."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        yield await _listen(runner, host, port)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> int | None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        log.error(
            "no health and metrics pages; set REST_CONNECTOR_HEALTH__PORT to a free port",
            extra={"host": host, "port": port, "error": str(error)},
        )
        return None
    chosen = int(runner.addresses[0][1])
    log.info("health and metrics", extra={"host": host, "port": chosen})
    return chosen
