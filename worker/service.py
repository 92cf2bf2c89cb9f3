"""The engine half of the composition root: connection, runner, health pages and metrics around given handlers.

The other half, what happens to a job, is put together in `app.py`.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from worker import health
from worker.job import JobHandler
from worker.metrics import Metrics
from worker.reports import Reports
from worker.settings import COMPATIBLE_VARIABLES, JobType, Settings, SettingsError, ZeebeSettings
from worker.zeebe.grpc import GrpcTransport, Tls
from worker.zeebe.runner import Ending, Limits, Runner, cancel
from worker.zeebe.transport import ActivateRequest
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


async def run_worker(settings: Settings, handlers: Mapping[str, JobHandler], stop: Stop) -> Ending:
    """Work on jobs until asked to stop; `handlers` has one for each of the settings' job types."""
    job_types = settings.job_type_faces
    metrics = Metrics([job_type.name for job_type in job_types])
    metrics.slots.set(settings.slots)
    transport = open_transport(settings.zeebe)
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
    watch = GatewayWatch(transport, settings.zeebe.address, clock=time.monotonic, sleep=asyncio.sleep)
    heartbeat = health.Heartbeat(metrics)
    metrics.watch(
        running=lambda: runner.jobs_running,
        slots_used=lambda: runner.slots_used,
        reachable=lambda: watch.reachable,
    )
    pages = health.application(metrics, heartbeat, lambda: readiness_problems(runner, watch))
    stop.bind(runner)
    log.info("worker started", extra={"types": [job_type.name for job_type in job_types], "slots": settings.slots})
    beside = [asyncio.create_task(watch.run()), asyncio.create_task(heartbeat.run())]
    try:
        async with health.serve(pages, settings.health.host, settings.health.port):
            ending = await runner.run()
    finally:
        await cancel(beside)
        await transport.close()
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


def open_transport(zeebe: ZeebeSettings) -> GrpcTransport:
    """The connection to the engine; must be called inside a running event loop."""
    tls = None
    if zeebe.tls:
        tls = Tls(
            authorities=_content("CA_FILE", zeebe.ca_file),
            certificate=_content("CERTIFICATE_FILE", zeebe.certificate_file),
            key=_content("KEY_FILE", zeebe.key_file),
        )
    return GrpcTransport(
        zeebe.address,
        tls=tls,
        authorization=authorization(zeebe),
        max_message_bytes=zeebe.max_message_size,
        proxy=zeebe.proxy,
    )


def _content(name: str, path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"REST_CONNECTOR_ZEEBE__{name}: cannot read {str(path)!r}: {error.strerror}") from error


def authorization(zeebe: ZeebeSettings) -> str | None:
    """The `Authorization` of every call to the engine, if it wants one."""
    if zeebe.token is not None:
        return f"Bearer {zeebe.token.get_secret_value()}"
    if zeebe.username is not None and zeebe.password is not None:
        pair = f"{zeebe.username}:{zeebe.password.get_secret_value()}"
        return "Basic " + base64.b64encode(pair.encode()).decode()
    return None
