"""Nothing is lost and nothing done twice, however the gateway behaves: runs that take minutes.

    python -m bench faults --loadgw PATH [--only commands outage sigterm broker] [--runs 20] [--outage 180]

commands  the load gateway refuses a third of the outcomes, leaves some without an answer and is away for 5 s
outage    the gateway in memory is away for three minutes; how soon does work go on after its return?
sigterm   the worker is told to stop under load, a second one goes on
broker    a real broker is killed with -9 and started again three times while process instances are started

Ends with 1 when something was lost, repeated or late. Short forms of these are in `tests/`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import grpc  # noqa: E402  the project's root comes first
from aiohttp import web  # noqa: E402

from bench.load import build  # noqa: E402
from bench.worker_process import JOB_TYPE, WorkerProcess, loadgw, report_of, start_loadgw  # noqa: E402
from tests.support.zeebe import Zeebe  # noqa: E402
from worker.dev.artifact import broker_home, cache_folder  # noqa: E402
from worker.dev.broker import Broker, free_ports  # noqa: E402
from worker.dev.gateway import DevGateway  # noqa: E402
from worker.dev.java import find_java  # noqa: E402

PORT = 27_800
FAULTS = (
    *("-n", "5000", "-warm", "0", "-unavailable", ".2", "-busy", ".1", "-unauthenticated", ".03", "-hang", ".005"),
    *("-outage-at", "2s", "-outage", "5s"),
)
MODEL = ROOT / "tests" / "live" / "models" / "order.bpmn"
RETURN_SECONDS = 5.0
GRACE_SECONDS = 25.0


def commands(options: argparse.Namespace, folder: Path) -> bool:
    """Runs of the load gateway with faults in a third of the commands and an outage."""
    lost = repeated = 0
    with WorkerProcess(f"127.0.0.1:{PORT}", folder / "worker.log") as worker:
        for number in range(1, options.runs + 1):
            report = loadgw(options.loadgw, PORT, [*FAULTS, "-pid", str(worker.pid)])
            lost += report["lost"]
            repeated += report["repeated_calls"]
            print(f"run {number}: {report['seconds']:.1f} s, {chosen(report)}", flush=True)
    print(f"commands: {options.runs} runs, lost {lost}, repeated calls {repeated}")
    return not lost and not repeated


def outage(options: argparse.Namespace, folder: Path) -> bool:
    """The gateway goes away and comes back; jobs that were waiting meanwhile are done soon after."""
    return asyncio.run(_outage(options.outage, folder))


async def _outage(seconds: float, folder: Path) -> bool:
    async with target() as (url, calls), DevGateway() as gateway:
        with WorkerProcess(gateway.address, folder / "worker.log") as worker:
            first = gateway.add_job(JOB_TYPE, variables={"method": "GET", "url": f"{url}/first"})
            await gateway.ended(first, timeout=30)
            async with gateway.outage():
                keys = [
                    gateway.add_job(JOB_TYPE, variables={"method": "GET", "url": f"{url}/{number}"})
                    for number in range(200)
                ]
                await asyncio.sleep(seconds)
            back = time.monotonic()
            await gateway.ended(keys[0], timeout=60)
            after = time.monotonic() - back
            for key in keys:
                await gateway.ended(key, timeout=60)
            status, _ = await asyncio.to_thread(worker.terminate)
    repeated = sum(calls.values()) - len(calls)
    print(f"outage: away {seconds:.0f} s, back to work after {after:.2f} s, repeated calls {repeated}, exit {status}")
    return after <= RETURN_SECONDS and not repeated and status == 0


def sigterm(options: argparse.Namespace, folder: Path) -> bool:
    """SIGTERM while 500 calls are under way."""
    run = start_loadgw(options.loadgw, PORT, "-n", "6000", "-warm", "0", "-delay", "400ms")
    with WorkerProcess(f"127.0.0.1:{PORT}", folder / "first.log", GRACE=GRACE_SECONDS) as first:
        status, seconds = first.terminate()
    with WorkerProcess(f"127.0.0.1:{PORT}", folder / "second.log"):
        report = report_of(run)
    print(f"sigterm: exit {status} after {seconds:.2f} s, {chosen(report)}")
    return status == 0 and seconds < GRACE_SECONDS and not report["lost"] and not report["repeated_calls"]


def broker(options: argparse.Namespace, folder: Path) -> bool:
    """A real broker dies three times."""
    home = broker_home(cache_folder())
    with Broker(java=find_java(), home=home, ports=free_ports(), folder=folder / "zeebe") as real:
        return asyncio.run(_broker(real, options.instances, folder))


async def _broker(real: Broker, instances: int, folder: Path) -> bool:
    async with target() as (url, calls), Zeebe(real.address) as zeebe:
        await zeebe.deploy(MODEL)
        with WorkerProcess(real.address, folder / "worker.log"):
            starting = asyncio.create_task(_start(zeebe, url, instances))
            for number in range(1, 4):
                await asyncio.sleep(4.0)
                real.kill()
                begun = time.monotonic()
                await asyncio.to_thread(real.start)
                ready = time.monotonic() - begun
                print(f"killed {number}: ready again after {ready:.1f} s, {len(calls)} calls so far", flush=True)
            started = await starting
            ended = await _ended(zeebe, started)
    lost = set(started) - ended
    repeated = sum(calls.values()) - len(calls)
    print(f"broker: {len(started)} instances, lost {len(lost)}, repeated calls {repeated}")
    return not lost


async def _start(zeebe: Zeebe, url: str, count: int) -> list[int]:
    """Keys of the instances; one whose start got no answer may exist twice, and only the known one is asked for."""
    started: list[int] = []
    while len(started) < count:
        given = {"jobType": JOB_TYPE, "attempts": 3, "probe": "observed", "base": url, "orderId": len(started)}
        with suppress(grpc.aio.AioRpcError):  # a busy machine needs more than a minute to start a broker
            started.append(await zeebe.start("order", **given))
    return started


async def _ended(zeebe: Zeebe, started: list[int]) -> set[int]:
    """The instances whose call is done: each of them is seen at the task that follows."""
    seen: set[int] = set()
    while not set(started) <= seen:
        try:
            job = await zeebe.look("observed")
        except TimeoutError:
            break
        seen.add(job.instance)
    return seen


@asynccontextmanager
async def target() -> AsyncIterator[tuple[str, Counter[str]]]:
    """A service that counts calls by path."""
    calls: Counter[str] = Counter()

    async def answer(request: web.Request) -> web.Response:
        calls[request.path] += 1
        return web.json_response({"status": "shipped", "price": 21})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", calls
    finally:
        await runner.cleanup()


def chosen(report: dict[str, Any]) -> str:
    """The figures that matter here."""
    return ", ".join(f"{name.replace('_', ' ')} {report[name]}" for name in ("lost", "repeated_calls", "reactivated"))


SCENARIOS: dict[str, Callable[[argparse.Namespace, Path], bool]] = {
    "commands": commands,
    "outage": outage,
    "sigterm": sigterm,
    "broker": broker,
}


def main() -> int:
    """Run the scenarios one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loadgw", type=Path, metavar="PATH", help="the load gateway: its program, or its folder")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--runs", type=int, default=20, help="of `commands`")
    parser.add_argument("--outage", type=float, default=180.0, help="seconds")
    parser.add_argument("--instances", type=int, default=2_000, help="of `broker`")
    options = parser.parse_args()
    if options.loadgw is None and {"commands", "sigterm"} & set(options.only):
        parser.error("`commands` and `sigterm` need --loadgw")
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as scratch:
        folder = Path(scratch)
        if options.loadgw is not None:
            options.loadgw = build(options.loadgw, folder)
        good = [SCENARIOS[name](options, folder) for name in options.only]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
