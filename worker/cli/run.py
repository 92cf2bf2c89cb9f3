"""`rest-connector run`: the worker itself, until it is told to stop.

Exit status: 0 stopped with every job reported, 2 settings that cannot be used, 3 jobs left because the grace time was
over, 4 jobs left because the end was asked for twice.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import resource
import sys
from collections.abc import Callable, Mapping

from worker import jvm_properties, logs
from worker.app import open_pipelines
from worker.cluster.opening import open_access
from worker.secrets import Masker
from worker.service import Stop, run_worker
from worker.settings import Settings, SettingsError, environment, load
from worker.zeebe.runner import Ending

log = logging.getLogger(__name__)

WRONG_USE = 2
EXIT_STATUS = {Ending.DRAINED: 0, Ending.GRACE_EXCEEDED: 3, Ending.STOPPED_NOW: 4}

Subparsers = argparse._SubParsersAction  # argparse has no public name for it


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "run",
        help="run the worker",
        description="Connects to the engine and works on jobs until it gets SIGTERM or SIGINT. Everything is set in "
        "the environment (docs/configuration.md).",
    )
    parser.add_argument(
        "-D",
        action="append",
        default=[],
        dest="properties",
        metavar="name=value",
        help="a JVM system property, such as -Dhttps.proxyHost=proxy.example.com",
    )


def run(args: argparse.Namespace) -> int:
    """Run the worker; returns the exit status."""
    environ = environment()
    properties = jvm_properties.from_environment(environ) | jvm_properties.from_arguments(
        f"-D{pair}" for pair in args.properties
    )
    masker = Masker()
    try:
        settings, warnings = load(environ)
        logs.configure(level=settings.log.level, style=settings.log.format, mask=masker.mask)
        for value in settings.secret_values():
            masker.remember(value)
        for warning in warnings:
            log.warning(warning)
        if not settings.secrets.allow and settings.secrets.filter == "DISABLED":
            log.warning(
                "models, and data in them, can name every secret: set REST_CONNECTOR_SECRETS__ALLOW or __FILTER"
            )
        raise_descriptor_limit()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            ending = runner.run(_work(settings, environ, properties, masker))
            if ending is not Ending.DRAINED:
                # A job may swallow its cancellation; the process does not wait for it.
                logging.shutdown()
                os._exit(EXIT_STATUS[ending])
    except SettingsError as error:
        print(f"rest-connector run: these settings cannot be used:\n{error}", file=sys.stderr)
        return WRONG_USE
    return EXIT_STATUS[ending]


async def _work(
    settings: Settings, environ: Mapping[str, str], properties: Mapping[str, str], masker: Masker
) -> Ending:
    stop = Stop()
    stop.on_signals()
    access = open_access(settings.zeebe, on_secret=masker.remember)
    async with open_pipelines(settings, environ, properties, masker, access) as pipelines:
        tune_garbage_collection()
        return await run_worker(
            settings,
            {name: pipeline.handle for name, pipeline in pipelines.items()},
            stop,
            access,
            open_breakers=lambda: max(pipeline.open_breakers for pipeline in pipelines.values()),
        )


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists: the same behaviour for a fifth less CPU per job."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def tune_garbage_collection() -> None:
    """Leave what lives as long as the process out of collections, and collect less often: a fourth more jobs.

    The jobs under way are what a collection looks at, so a longer way to the next one costs no more time. The garbage
    that only a collection finds is at most 200,000 small objects, some 20 MB.
    """
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


def raise_descriptor_limit() -> None:
    """Allow as many connections as the system does."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning("the limit of open files stays as it is", extra={"error": str(error)})
