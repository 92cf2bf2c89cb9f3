"""`rest-connector dev`: an engine in memory, an example service and the worker in one program, with example jobs.

It plays the examples, tells how each ended, and stays up with a door for jobs of one's own. Exit status: 0 stopped,
or with `--once` every example ended as it should; 1 an example did not, or a port is taken; 2 settings that cannot be
used.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, Final

from worker import jvm_properties, logs
from worker.app import open_pipelines
from worker.dev import shop
from worker.dev.door import Door
from worker.dev.engine import to_json
from worker.dev.examples import JOB_TYPE, examples
from worker.dev.gateway import DevGateway
from worker.dev.stage import play, serving, tell_ends
from worker.dev.story import Story, wants_colour
from worker.secrets import Masker
from worker.service import Stop, run_worker
from worker.settings import HealthSettings, Settings, SettingsError, ZeebeSettings, environment, load

FAILED: Final = 1
WRONG_USE: Final = 2
LONGEST_GRACE: Final = 5.0  # seconds; a person is waiting for the prompt

Subparsers = argparse._SubParsersAction  # argparse has no public name for it


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "dev",
        help="an engine in memory, with an example service and example jobs",
        description="Starts an engine in memory, an example service and the worker, plays example jobs and then "
        "takes jobs of your own through a small HTTP door. Everything listens on loopback.",
    )
    parser.add_argument("--once", action="store_true", help="end after the examples; 0 if each ended as it should")
    parser.add_argument("--port", type=port, default=0, help="the port of the HTTP door (default: any free one)")
    parser.add_argument(
        "--gateway-port", type=port, default=0, help="the port of the engine's gateway (default: any free one)"
    )


def port(text: str) -> int:
    """A TCP port, 0 for any free one."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port between 0 and 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Run until stopped, or once; returns the exit status."""
    environ = environment()
    masker = Masker()
    try:
        settings, warnings = load(environ)
        level = settings.log.level if "REST_CONNECTOR_LOG__LEVEL" in environ else "error"
        logs.configure(level=level, style="console", mask=masker.mask)
        for warning in warnings:
            _explain(warning)
        return asyncio.run(_dev(args, settings, environ, masker))
    except SettingsError as problem:
        _explain(f"these settings cannot be used:\n{problem}")
        return WRONG_USE
    except OSError as problem:
        _explain(str(problem))
        return FAILED


async def _dev(args: argparse.Namespace, settings: Settings, environ: Mapping[str, str], masker: Masker) -> int:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    story = Story(sys.stdout, colour=wants_colour(sys.stdout, os.environ))
    properties = jvm_properties.from_environment(environ)
    async with (
        DevGateway(port=args.gateway_port) as gateway,
        serving(shop.application()) as shop_url,
        open_pipelines(settings := _for(settings, gateway), environ, properties, masker) as pipelines,
        _working(settings, {name: pipeline.handle for name, pipeline in pipelines.items()}, asked),
    ):
        story.say(f"Engine in memory on {gateway.address}, example service on {shop_url}\n", "label")
        good = await _unless(asked, play(examples(shop_url), gateway, story))
        if args.once:
            return 0 if good else FAILED
        if not asked.is_set():
            async with serving(Door(gateway, frozenset(pipelines)).application(), args.port) as door_url:
                story.say(_invitation(door_url, shop_url))
                await _unless(asked, tell_ends(gateway, story))
    return 0


def _for(settings: Settings, gateway: DevGateway) -> Settings:
    """The user's settings, but with the engine in memory, and nothing that other machines could reach."""
    names = {entry.partition("=")[0].strip() for entry in settings.job_types}
    return settings.model_copy(
        update={
            "job_types": settings.job_types if JOB_TYPE in names else (*settings.job_types, JOB_TYPE),
            "zeebe": ZeebeSettings(address=gateway.address),
            "health": HealthSettings(host="127.0.0.1", port=0),
            "grace": min(settings.grace, LONGEST_GRACE),
        }
    )


@contextlib.asynccontextmanager
async def _working(settings: Settings, handlers: Mapping[str, Any], asked: asyncio.Event) -> AsyncIterator[None]:
    """The worker at work while the block runs; its end, whatever the reason, asks for the end of the program."""
    stop = Stop()
    worker = asyncio.create_task(run_worker(settings, handlers, stop), name="worker")
    worker.add_done_callback(lambda _: asked.set())
    try:
        yield
    finally:
        stop.ask()
        await worker


async def _unless(asked: asyncio.Event, work: Coroutine[Any, Any, bool | None]) -> bool:
    """Do the work until it is done, or until the end is asked for; whether it was done and answered yes."""
    working = asyncio.ensure_future(work)
    waiting = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return working.done() and bool(working.result())
    finally:
        for task in (working, waiting):
            task.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)


def _invitation(door: str, shop_url: str) -> str:
    headers = {"url": f'="{shop_url}/orders/" + string(orderId)', "resultVariable": "order"}
    job = to_json({"variables": {"orderId": 42}, "headers": headers})
    return (
        f"Submit a job of your own (the same JSON that `rest-connector invoke` reads):\n\n"
        f"  curl -s {door}/jobs -H 'content-type: application/json' \\\n    -d '{job}'\n\n"
        f"A job that calls {shop_url}/echo gets its own request back. Ctrl-C ends.\n"
    )


def _explain(text: str) -> None:
    print(f"rest-connector dev: {text}", file=sys.stderr)
