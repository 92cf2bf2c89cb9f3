"""Process instances with six REST tasks each on a real broker, end to end: how many a minute, and what limits them?

    python -m bench process [--rate 3000] [--minutes 3] [--warm 1] [--delay 50] [--write]

Starts a Zeebe 8.6 broker as `make zeebe` does, one worker, and instances at a steady rate (a minute). After `--warm`
minutes the clock runs for `--minutes`. Finished instances are those that the broker has counted. The latency of a task
is the time from one call of an instance to its next: the call, its result, the engine's step and the next activation.
Says what each process used of a core, which of them was full, and what one worker could do beyond that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench import figures, machine
from bench.service import ERROR_EXPRESSION, Service
from bench.steady import quantiles
from bench.worker_process import JOB_TYPE, WorkerProcess, our_worker, processor_seconds, thread_seconds
from tests.support.bpmn import ServiceTask, sequence
from tests.support.zeebe import Zeebe
from worker.dev.artifact import broker_home, cache_folder
from worker.dev.broker import Broker, free_ports
from worker.dev.java import EngineUnavailable, find_java

PROCESS = "six-calls"
TASKS = 6
FULL = 0.9
REACHED = 0.97
CALM_SECONDS = 5.0
COUNT = 'zeebe_executed_instances_total{action="completed"'
ROOT_INSTANCES = 'type="ROOT_PROCESS_INSTANCE"'


def model() -> str:
    """Six calls, one after the other, each with a result and an error expression."""
    tasks = [
        ServiceTask(
            id=f"call-{number}",
            job_type=JOB_TYPE,
            headers={
                "url": f'=base + "/orders/" + string(orderId) + "/{number}"',
                "method": "GET",
                "resultExpression": f"={{total{number}: response.body.order.total}}",
                "errorExpression": ERROR_EXPRESSION,
            },
        )
        for number in range(TASKS)
    ]
    return sequence(*tasks, process=PROCESS)


class Tasks:
    """How long tasks take, from the calls that arrive at the service."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.calls = 0
        self._last: dict[str, float] = {}

    def on_call(self, path: str) -> None:
        """A call to `/orders/<instance>/<task>`."""
        now = time.monotonic()
        _, _, instance, number = path.split("/")
        self.calls += 1
        before = self._last.pop(instance, None)
        if before is not None:
            self.seconds.append(now - before)
        if int(number) < TASKS - 1:
            self._last[instance] = now

    def forget(self) -> None:
        """Begin to count."""
        self.calls = 0
        self.seconds.clear()


@dataclass(frozen=True, slots=True)
class Moment:
    """What had been used and done at a moment; processor times in seconds."""

    at: float
    machine: tuple[float, float]
    used: Mapping[str, float]
    threads: Mapping[str, float]
    finished: int
    starts: Mapping[str, int]


async def look(broker: Broker, worker: WorkerProcess, starter: subprocess.Popen[str], log: Path) -> Moment:
    """Now."""
    lines = log.read_text().splitlines()
    return Moment(
        time.monotonic(),
        machine.used_seconds(),
        {
            "worker": worker.processor_seconds(),
            "broker": processor_seconds(broker.pid),
            "starter": processor_seconds(starter.pid),
            "called service": time.process_time(),
        },
        thread_seconds(broker.pid),
        await asyncio.to_thread(finished_instances, broker),
        json.loads(lines[-1]) if lines else {"started": 0, "refused": 0, "left_out": 0},
    )


def finished_instances(broker: Broker) -> int:
    """Ended process instances, as the broker counts them."""
    with urllib.request.urlopen(f"http://127.0.0.1:{broker.ports.management}/actuator/prometheus", timeout=10) as page:
        lines = page.read().decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith(COUNT) and ROOT_INSTANCES in line)


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One run."""
    tasks = Tasks()
    (folder / "model.bpmn").write_text(model())
    seconds = (options.warm + options.minutes) * 60
    broker_folder = folder / "zeebe"
    async with Service(delay=options.delay / 1000, on_call=tasks.on_call) as service:
        with (
            Broker(
                java=find_java(), home=broker_home(cache_folder()), ports=free_ports(), folder=broker_folder
            ) as broker,
            our_worker(broker.address, folder / "worker.log") as worker,
        ):
            async with Zeebe(broker.address) as zeebe:
                await zeebe.deploy(folder / "model.bpmn")
            log = folder / "starter.log"
            command = [sys.executable, "-m", "bench.starter", broker.address, PROCESS, service.url]
            command += [str(options.rate / 60), str(seconds + CALM_SECONDS)]
            with (
                log.open("w") as output,
                subprocess.Popen(command, cwd=machine.ROOT, stdout=output, text=True) as starter,
            ):
                try:
                    await asyncio.sleep(options.warm * 60)
                    tasks.forget()
                    begun = await look(broker, worker, starter, log)
                    await asyncio.sleep(options.minutes * 60)
                    ended = await look(broker, worker, starter, log)
                finally:
                    starter.kill()
    return found(options, tasks, begun, ended)


def found(options: argparse.Namespace, tasks: Tasks, begun: Moment, ended: Moment) -> dict[str, Any]:
    """The run in figures."""
    seconds = ended.at - begun.at
    shares = {name: (used - begun.used[name]) / seconds for name, used in ended.used.items()}
    threads = {name: (used - begun.threads.get(name, 0.0)) / seconds for name, used in ended.threads.items()}
    thread = max(threads, key=threads.__getitem__)
    busy, whole = (now - before for now, before in zip(ended.machine, begun.machine, strict=True))
    middle, tail = quantiles(tasks.seconds)
    cost = shares["worker"] * seconds / max(tasks.calls, 1)
    figures_found = {
        "rate": options.rate,
        "minutes": options.minutes,
        "delay": options.delay,
        "started_per_minute": (ended.starts["started"] - begun.starts["started"]) * 60 / seconds,
        "refused_starts": ended.starts["refused"] - begun.starts["refused"],
        "left_out": ended.starts["left_out"] - begun.starts["left_out"],
        "finished_per_minute": (ended.finished - begun.finished) * 60 / seconds,
        "tasks_per_second": tasks.calls / seconds,
        "p50_ms": middle,
        "p99_ms": tail,
        "core_shares": shares,
        "machine_share": busy / whole,
        "busiest_thread": thread.rpartition(" ")[0],
        "busiest_thread_share": threads[thread],
        "worker_ms_per_job": 1000 * cost,
        "worker_could_per_minute": 60 / TASKS / cost if cost else 0.0,
    }
    return figures_found | {"limit": limit(figures_found)}


def limit(each: Mapping[str, Any]) -> str:
    """What kept the rate from being higher."""
    shares = each["core_shares"]
    if each["finished_per_minute"] >= REACHED * each["rate"]:
        return "nothing was full: the wanted rate was reached"
    if each["machine_share"] >= FULL:
        most = max(shares, key=shares.__getitem__)
        return f"the machine's cores were full, and the {most} used most of them"
    if each["busiest_thread_share"] >= FULL:
        return f"the broker's thread `{each['busiest_thread']}` was full"
    for name in ("worker", "starter"):
        if shares[name] >= FULL:
            return f"the {name} was full"
    if each["refused_starts"]:
        return "the broker's flow control refused starts although no processor was full"
    return "no processor was full, and nothing was refused: time passed in waiting"


def text(each: Mapping[str, Any]) -> str:
    """The figures in words."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in each["core_shares"].items())
    return (
        f"{each['rate']:,} instances a minute of {TASKS} calls of {each['delay']} ms were wanted, for "
        f"{each['minutes']:g} minutes; {each['started_per_minute']:,.0f} a minute were started and "
        f"{each['finished_per_minute']:,.0f} finished ({each['tasks_per_second']:.0f} tasks a second). A task took "
        f"{each['p50_ms']:.0f} ms (p50) and {each['p99_ms']:,.0f} ms (p99), from one call of an instance to its next. "
        f"Of a core were used: {shares}; the broker's busiest thread {each['busiest_thread_share']:.0%}; the machine was "
        f"{each['machine_share']:.0%} busy; {each['refused_starts']:,} requests to start were refused. The limit: "
        f"{each['limit']}. One worker needed {each['worker_ms_per_job']:.2f} ms of processor time for a task, so with "
        f"its core full it does the tasks of {each['worker_could_per_minute']:,.0f} instances a minute."
    )


def main() -> None:
    """Measure, print, and write if wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=3_000, help="instances a minute")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--warm", type=float, default=1.0, help="minutes before the clock runs")
    parser.add_argument("--delay", type=int, default=50, help="milliseconds that a call takes")
    parser.add_argument("--write", action="store_true", help=figures.WRITE_HELP)
    options = parser.parse_args()
    others = machine.look()
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as folder:
        try:
            measured = uvloop.run(measure(options, Path(folder)))
        except EngineUnavailable as missing:
            raise SystemExit(f"this needs a real broker: {missing}") from None
    said = text(measured)
    print(said)
    if options.write:
        on = machine.facts() | {"others": round(others, 2)}
        figures.save("process", {"machine": on, "text": said, **measured})


if __name__ == "__main__":
    main()
