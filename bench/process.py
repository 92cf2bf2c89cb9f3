"""Process instances with six REST tasks each on a real broker, end to end: how many a minute, and what limits them?

    python -m bench process [--rate 3000] [--minutes 3] [--warm 1] [--delay 50] [--write]

Starts a Zeebe 8.6 broker as `make zeebe` does, one worker, and instances at a steady rate (a minute). After `--warm`
minutes the clock runs for `--minutes`. The latency of a task is the time from one call of an instance to its next: the
call, its result, the engine's step and the next activation.
Says what each process used of a core, which of them was full, and what one worker could do beyond that.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from bench import figures, machine
from bench.service import ERROR_EXPRESSION, Service
from bench.starter import AT_ONCE
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
FOREIGN = 0.2
CALM_SECONDS = 5.0


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
    instances: Mapping[str, int]


def look(broker: Broker, worker: WorkerProcess, starter: int, log: Path) -> Moment:
    """Now."""
    lines = log.read_text().splitlines()
    return Moment(
        time.monotonic(),
        machine.used_seconds(),
        {
            "worker": worker.processor_seconds(),
            "broker": processor_seconds(broker.pid),
            "starter": processor_seconds(starter),
            "called service": time.process_time(),
        },
        thread_seconds(broker.pid),
        json.loads(lines[-1]) if lines else {"finished": 0, "left_out": 0, "refused": 0},
    )


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
            with log.open("w") as output:
                starter = await asyncio.create_subprocess_exec(*command, cwd=machine.ROOT, stdout=output)
            try:
                await asyncio.sleep(options.warm * 60)
                tasks.forget()
                begun = await asyncio.to_thread(look, broker, worker, starter.pid, log)
                await asyncio.sleep(options.minutes * 60)
                ended = await asyncio.to_thread(look, broker, worker, starter.pid, log)
            finally:
                starter.kill()
                await starter.wait()
    return found(options, tasks, begun, ended)


def found(options: argparse.Namespace, tasks: Tasks, begun: Moment, ended: Moment) -> dict[str, Any]:
    """The run in figures."""
    seconds = ended.at - begun.at
    shares = {name: (used - begun.used[name]) / seconds for name, used in ended.used.items()}
    threads = {name: (used - begun.threads.get(name, 0.0)) / seconds for name, used in ended.threads.items()}
    thread = max(threads, key=threads.__getitem__)
    busy, whole = (now - before for now, before in zip(ended.machine, begun.machine, strict=True))
    instances = {name: now - begun.instances[name] for name, now in ended.instances.items()}
    middle, tail = quantiles(tasks.seconds)
    cost = shares["worker"] * seconds / max(tasks.calls, 1)
    measured = {
        "rate": options.rate,
        "minutes": options.minutes,
        "delay": options.delay,
        "finished_per_minute": instances["finished"] * 60 / seconds,
        "refused_starts": instances["refused"],
        "left_out": instances["left_out"],
        "tasks_per_second": tasks.calls / seconds,
        "p50_ms": middle,
        "p99_ms": tail,
        "core_shares": shares,
        "cores": machine.facts()["cores"],
        "machine_share": busy / whole,
        "busiest_thread": thread.rpartition(" ")[0],
        "busiest_thread_share": threads[thread],
        "worker_ms_per_job": 1000 * cost,
        "worker_could_per_minute": 60 / TASKS / cost if cost else 0.0,
    }
    return measured | {"limit": limit(measured)}


def limit(each: Mapping[str, Any]) -> str:
    """What kept the rate from being higher."""
    shares = each["core_shares"]
    if each["finished_per_minute"] >= REACHED * each["rate"]:
        return "nothing was full: the wanted rate was reached"
    if each["machine_share"] >= FULL:
        most = max(shares, key=shares.__getitem__)
        others = each["machine_share"] * each["cores"] - sum(shares.values())
        foreign = f" (other programs took {others:.0%} of a core)" if others > FOREIGN else ""
        return f"the machine's cores were full, and the {most} used most of them{foreign}"
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
        f"{each['minutes']:g} minutes, with at most {AT_ONCE} under way; {each['finished_per_minute']:,.0f} a minute "
        f"finished ({each['tasks_per_second']:.0f} tasks a second). A task took {each['p50_ms']:,.0f} ms (p50) and "
        f"{each['p99_ms']:,.0f} ms (p99), from one call of an instance to its next. Of a core were used: {shares}; "
        f"the broker's busiest thread {each['busiest_thread_share']:.0%}; the machine {each['machine_share']:.0%}; "
        f"{each['refused_starts']:,} requests to start were refused. The limit: {each['limit']}. One worker needed "
        f"{each['worker_ms_per_job']:.2f} ms of processor time for a task, so with its core full it does the tasks of "
        f"{each['worker_could_per_minute']:,.0f} instances a minute."
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
