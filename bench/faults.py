"""Nothing is lost and nothing done twice, however the gateway behaves: runs that take minutes.

    python -m bench faults [--only commands outage sigterm broker] [--runs 20] [--outage 180] [--write]

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
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import grpc

from bench import machine
from bench.cases import Case, Row, run, told
from bench.service import Service
from bench.worker_process import JOB_TYPE, ROOT, free_port, loadgw, our_worker, report_of, start_loadgw
from tests.support.zeebe import Zeebe
from worker.dev.artifact import broker_home, cache_folder
from worker.dev.broker import Broker, free_ports
from worker.dev.gateway import DevGateway
from worker.dev.java import find_java

FAULTS = (
    *("-n", "5000", "-warm", "0", "-unavailable", ".2", "-busy", ".1", "-unauthenticated", ".03", "-hang", ".005"),
    *("-outage-at", "2s", "-outage", "5s"),
)
MODEL = ROOT / "tests" / "live" / "models" / "order.bpmn"
RETURN_SECONDS = 5.0
GRACE_SECONDS = 25.0


def commands(options: argparse.Namespace, folder: Path) -> Row:
    """Runs of the load gateway with faults in a third of the commands and an outage."""
    counts: Counter[str] = Counter(lost=0, repeated_calls=0, reactivated=0)
    port = free_port()
    with our_worker(f"127.0.0.1:{port}", folder / "worker.log") as worker:
        for number in range(1, options.runs + 1):
            report = loadgw(options.loadgw, port, FAULTS, worker)
            counts.update({name: report[name] for name in counts})
            machine.say(f"run {number}: {report['seconds']:.1f} s, {told(report, *counts)}")
    return Row(
        f"commands refused or unanswered (a third), gateway away for 5 s; {options.runs} runs of 5,000 jobs",
        told(counts, *counts),
        not counts["lost"] and not counts["repeated_calls"],
    )


def outage(options: argparse.Namespace, folder: Path) -> Row:
    """The gateway goes away and comes back; jobs that were waiting meanwhile are done soon after."""
    return asyncio.run(_outage(options.outage, folder))


async def _outage(seconds: float, folder: Path) -> Row:
    async with Service(count=True) as service, DevGateway() as gateway:
        with our_worker(gateway.address, folder / "worker.log") as worker:
            given = {"method": "GET", "url": f"{service.url}/first"}
            await gateway.ended(gateway.add_job(JOB_TYPE, variables=given), timeout=30)
            async with gateway.outage():
                keys = [
                    gateway.add_job(JOB_TYPE, variables={"method": "GET", "url": f"{service.url}/{number}"})
                    for number in range(200)
                ]
                await asyncio.sleep(seconds)
            back = time.monotonic()
            await gateway.ended(keys[0], timeout=60)
            after = time.monotonic() - back
            for key in keys:
                await gateway.ended(key, timeout=60)
            status, _ = await asyncio.to_thread(worker.terminate)
    return Row(
        f"gateway away for {seconds:.0f} s",
        f"work went on {after:.1f} s after its return, repeated calls {service.repeated}, exit {status} in the end",
        after <= RETURN_SECONDS and not service.repeated and status == 0,
    )


def sigterm(options: argparse.Namespace, folder: Path) -> Row:
    """SIGTERM while 500 calls are under way."""
    port = free_port()
    load = start_loadgw(options.loadgw, port, "-n", "6000", "-warm", "0", "-delay", "400ms")
    with our_worker(f"127.0.0.1:{port}", folder / "first.log", GRACE=GRACE_SECONDS) as first:
        status, seconds = first.terminate()
    with our_worker(f"127.0.0.1:{port}", folder / "second.log"):
        report = report_of(load)
    return Row(
        "SIGTERM under load, a second worker goes on",
        f"exit {status} after {seconds:.1f} s, {told(report, 'lost', 'repeated_calls')}",
        status == 0 and seconds < GRACE_SECONDS and not report["lost"] and not report["repeated_calls"],
    )


def broker(options: argparse.Namespace, folder: Path) -> Row:
    """A real broker dies three times."""
    home = broker_home(cache_folder())
    with Broker(java=find_java(), home=home, ports=free_ports(), folder=folder / "zeebe") as real:
        return asyncio.run(_broker(real, options.instances, folder))


async def _broker(real: Broker, instances: int, folder: Path) -> Row:
    async with Service({"status": "shipped", "price": 21}, count=True) as service, Zeebe(real.address) as zeebe:
        await zeebe.deploy(MODEL)
        with our_worker(real.address, folder / "worker.log"):
            starting = asyncio.create_task(_start(zeebe, service.url, instances))
            for number in range(1, 4):
                await asyncio.sleep(4.0)
                real.kill()
                begun = time.monotonic()
                await asyncio.to_thread(real.start)
                ready = time.monotonic() - begun
                machine.say(f"killed {number}: ready again after {ready:.1f} s, {len(service.calls)} calls so far")
            started = await starting
            ended = await _ended(zeebe, started)
    lost = set(started) - ended
    return Row(
        f"real broker killed with -9 three times while {len(started):,} instances were started",
        f"lost {len(lost)}, repeated calls {service.repeated}",
        not lost,
    )


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


CASES: dict[str, Case] = {
    "commands": commands,
    "outage": outage,
    "sigterm": sigterm,
    "broker": broker,
}


def main() -> int:
    """Run the scenarios; 1 when something was lost, repeated or late."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="of `commands`")
    parser.add_argument("--outage", type=float, default=180.0, help="seconds")
    parser.add_argument("--instances", type=int, default=2_000, help="of `broker`")
    return 0 if run("faults", CASES, parser, on_loadgw={"commands", "sigterm"}) else 1


if __name__ == "__main__":
    sys.exit(main())
