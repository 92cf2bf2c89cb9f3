"""The engine half of the composition root: connection, runner, health pages and metrics around given handlers.

The other half, what happens to a job, is put together in `app.py`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from worker import health
from worker.cluster.access import ClusterAccess
from worker.cluster.opening import open_access
from worker.job import JobHandler
from worker.metrics import Metrics
from worker.reports import Reports
from worker.settings import COMPATIBLE_VARIABLES, JobType, Settings, ZeebeSettings
from worker.zeebe.runner import Ending, Limits, Runner, cancel
from worker.zeebe.transport import ActivateRequest, Transport
from worker.zeebe.watch import GatewayWatch

log = logging.getLogger(__name__)


class Stop:
    """A request to stop: the first one asks for an orderly end, the second for one at once."""

    def __init__(self) -> None:
        self._count = 0
        self._runner: Runner | None = None

    def on_signals(self) -> None:
        """Let SIGTERM and SIGINT ask from now on, also before there is a runner: as process 1 nobody else would."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        """Ask for the end, and when asked again, at once."""
        self._count += 1
        log.info("stopping" if self._count == 1 else "stopping now")
        self._hand_on()

    def bind(self, runner: Runner) -> None:
        """Hand requests on to `runner`, also those that came before."""
        self._runner = runner
        self._hand_on()

    def _hand_on(self) -> None:
        if self._runner is None or not self._count:
            return
        if self._count == 1:
            self._runner.stop()
        else:
            self._runner.stop_now()


async def run_worker(
    settings: Settings,
    handlers: Mapping[str, JobHandler],
    stop: Stop,
    access: ClusterAccess | None = None,
    *,
    open_breakers: Callable[[], int] = lambda: 0,
) -> Ending:
    """Work on jobs until asked to stop; `handlers` has one for each of the settings' job types.

    `access` is the way to the cluster; without it one is opened. It is closed at the end. `open_breakers` is how many
    circuit breakers are open, for the metrics.
    """
    access = access or open_access(settings.zeebe)
    job_types = settings.job_type_faces
    metrics = Metrics([job_type.name for job_type in job_types])
    metrics.slots.set(settings.slots)
    transport = open_transport(settings.zeebe, access)
    runner = Runner(
        transport,
        handlers,
        [activate_request(settings, job_type) for job_type in job_types],
        Limits(
            slots=settings.slots,
            lease=settings.lease,
            grace=settings.grace,
            host=settings.host_limit,
            weight=settings.job_memory,
            stream=settings.zeebe.stream,
        ),
        Reports(metrics, log_jobs=settings.log.jobs),
        clock=time.monotonic,
    )
    watch = GatewayWatch(transport, settings.zeebe.chosen_address, clock=time.monotonic, sleep=asyncio.sleep)
    heartbeat = health.Heartbeat(metrics)
    metrics.watch(
        running=lambda: runner.jobs_running,
        slots_used=lambda: runner.slots_used,
        reachable=lambda: watch.reachable,
        open_breakers=open_breakers,
    )
    pages = health.application(metrics, heartbeat, lambda: readiness_problems(runner, watch))
    stop.bind(runner)
    log.info("worker started", extra={"types": [job_type.name for job_type in job_types], "slots": settings.slots})
    beside = [runner.loop(watch.run(), "gateway watch"), runner.loop(heartbeat.run(), "event loop watch")]
    try:
        async with health.serve(pages, settings.health.host, settings.health.port):
            ending = await runner.run()
    finally:
        await cancel(beside)
        await transport.close()
        await access.close()
    log.info("worker ended", extra={"ending": str(ending)})
    return ending


def readiness_problems(runner: Runner, watch: GatewayWatch) -> list[str]:
    """What keeps the worker from being ready, one sentence each."""
    problems = ["the worker is stopping"] if runner.draining else []
    if watch.error is not None:
        problems.append(f"the gateway does not answer ({watch.error.code})")
    elif not watch.reached:
        problems.append("the gateway has not answered yet")
    problems += [
        f"polling for {source.job_type} fails ({failure.code})"
        for source in runner.sources
        if (failure := source.failure) is not None
    ]
    return problems


def activate_request(settings: Settings, job_type: JobType) -> ActivateRequest:
    """How to ask for the jobs of one type."""
    compatible = not job_type.face.extended_inputs
    return ActivateRequest(
        job_type=job_type.name,
        max_jobs=settings.slots,
        lease=settings.lease,
        request_timeout=settings.zeebe.poll_timeout,
        worker=settings.zeebe.worker_name,
        fetch_variables=COMPATIBLE_VARIABLES if compatible else settings.fetch_variables,
        tenant_ids=settings.zeebe.tenant_ids,
    )


def open_transport(zeebe: ZeebeSettings, access: ClusterAccess) -> Transport:
    """The connection to the engine; must be called inside a running event loop."""
    if zeebe.transport == "rest":
        from worker.zeebe.rest_v2 import RestTransport

        return RestTransport(zeebe.rest_address, access=access, max_message_bytes=zeebe.max_message_size)
    from worker.zeebe.grpc import GrpcTransport

    return GrpcTransport(
        zeebe.address,
        access=access if zeebe.tls else replace(access, tls=None),
        max_message_bytes=zeebe.max_message_size,
    )
