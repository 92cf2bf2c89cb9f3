"""A steady rate of jobs, below what the worker could do: how long does a job take, and what does that cost?

    python -m bench steady [--rate 500] [--delay 50] [--warm 20] [--seconds 40] [--workers ours] [--rounds 1]

The gateway in memory gets `rate` jobs a second whose calls take `delay` milliseconds. Latency is from a job's creation
to its completion. Gateway and service are one process in Python beside the worker; what they use of a core is told too.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
from array import array
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import machine, peers
from bench.contestants import JOB_TYPES, Contestant, chosen, contestants
from bench.service import HEADERS, Service, variables
from bench.worker_process import WorkerProcess
from worker.dev.events import Event
from worker.dev.gateway import DevGateway

START_SECONDS = 120.0
TICK_SECONDS = 0.01
DRAIN_SECONDS = 30.0
BEHIND_SECONDS = 60
"""With so many seconds' jobs waiting the worker cannot keep up, and the run ends."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Jobs a second, milliseconds of a call, seconds before the clock starts, seconds, seconds of a sample."""

    rate: int = 500
    delay: int = 50
    warm: float = 20.0
    seconds: float = 40.0
    every: float = 1.0


@dataclass(slots=True)
class Sample:
    """What happened in a few seconds: resident megabytes at their end, the share of a core, latencies in seconds."""

    memory: float = 0.0
    share: float = 0.0
    seconds: float = 0.0
    latencies: array[float] = field(default_factory=lambda: array("f"))


class Run:
    """One run; `samples` and the counts are right at any time, also when it is broken off."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.samples: list[Sample] = []
        self.completed = 0
        self.failed = 0  # or given back
        self.unfinished = 0
        self.generator_share = 0.0
        self.trouble = ""
        self._created: dict[int, float] = {}
        self._sample = Sample()

    async def measure(self, contestant: Contestant, logs: Path) -> None:
        """Start the worker, wait for its first job, and let the jobs come."""
        async with Service(delay=self.plan.delay / 1000) as service, DevGateway() as gateway:
            gateway.events.subscribe(self._on_event)
            with contestant.start(gateway.address, logs) as worker:
                await self._first_job(gateway, contestant, service.url, worker)
                gc.collect()
                gc.freeze()
                self.trouble = await self._offer(gateway, contestant, service.url, worker)
                await self._drain(gateway)

    def quantiles(self) -> tuple[float, float]:
        """The median and the 99th percentile of all latencies, in milliseconds."""
        return quantiles(each for sample in self.samples for each in sample.latencies)

    def share(self) -> float:
        """The share of a core that the worker used."""
        return sum(each.share * each.seconds for each in self.samples) / sum(each.seconds for each in self.samples)

    def figures(self) -> dict[str, float]:
        """The run in figures."""
        middle, tail = self.quantiles()
        return {
            "p50_ms": round(middle, 1),
            "p99_ms": round(tail, 1),
            "core_share": round(self.share(), 3),
            "peak_memory_mb": round(max(each.memory for each in self.samples), 1),
            "generator_share": round(self.generator_share, 3),
            "completed": self.completed,
            "failed": self.failed,
            "unfinished": self.unfinished,
        }

    async def _first_job(self, gateway: DevGateway, contestant: Contestant, url: str, worker: WorkerProcess) -> None:
        key, end = self._add(gateway, contestant, url), time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with suppress(TimeoutError):
                await gateway.ended(key, timeout=1.0)
                return
            worker.check()
        raise SystemExit(f"{contestant.name} does not do its first job:\n{worker.log_tail()}")

    async def _offer(self, gateway: DevGateway, contestant: Contestant, url: str, worker: WorkerProcess) -> str:
        begun, added = time.monotonic(), 0
        end, warm = self.plan.warm + self.plan.seconds, self.plan.warm
        edge, used, own, own_begun = warm, 0.0, 0.0, begun
        warming = True
        while (now := time.monotonic() - begun) < end:
            while added < now * self.plan.rate:
                self._add(gateway, contestant, f"{url}/{added}")
                added += 1
            if now >= edge:
                spent = worker.processor_seconds()
                if warming:
                    warming, own, own_begun = False, time.process_time(), time.monotonic()
                else:
                    self._close_sample(worker, spent - used, now - edge + self.plan.every)
                used, edge, self._sample = spent, now + self.plan.every, Sample()
                self.generator_share = (time.process_time() - own) / max(time.monotonic() - own_begun, 1e-3)
            if gateway.engine.open_count > BEHIND_SECONDS * self.plan.rate:
                return f"the worker cannot keep up: {gateway.engine.open_count} jobs wait"
            worker.check()
            await asyncio.sleep(TICK_SECONDS)
        return ""

    def _close_sample(self, worker: WorkerProcess, spent: float, seconds: float) -> None:
        self._sample.memory, self._sample.seconds = worker.memory(), seconds
        self._sample.share = spent / seconds
        self.samples.append(self._sample)

    async def _drain(self, gateway: DevGateway) -> None:
        end = time.monotonic() + DRAIN_SECONDS
        while gateway.engine.open_count and time.monotonic() < end:  # noqa: ASYNC110 - the engine tells by events only
            await asyncio.sleep(TICK_SECONDS)
        self.unfinished = gateway.engine.open_count

    def _add(self, gateway: DevGateway, contestant: Contestant, url: str) -> int:
        key = gateway.add_job(contestant.job_type, variables=variables(url), headers=HEADERS)
        self._created[key] = time.monotonic()
        return key

    def _on_event(self, event: Event) -> None:
        if event.kind == "completed":
            self.completed += 1
            self._sample.latencies.append(time.monotonic() - self._created.pop(event.job_key))
        elif event.kind == "failed":
            self.failed += 1


def quantiles(seconds: Iterable[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds; zeros when there is nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return 0.0, 0.0
    return tuple(1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))  # type: ignore[return-value]


def measure(contestant: Contestant, plan: Plan, logs: Path) -> Run:
    """One whole run; says what was wrong with it."""
    run = Run(plan)
    uvloop.run(run.measure(contestant, logs))
    if run.trouble:
        machine.say(f"{contestant.name}: {run.trouble}")
    return run


def sentence(name: str, plan: Plan, each: dict[str, float]) -> str:
    """The figures in words."""
    return (
        f"{name} at {plan.rate} jobs/s, calls of {plan.delay} ms: p50 {each['p50_ms']:.0f} ms, "
        f"p99 {each['p99_ms']:.0f} ms, {each['core_share']:.0%} of a core, {each['peak_memory_mb']:.0f} MB; "
        f"failed or given back {each['failed']:.0f}, unfinished {each['unfinished']:.0f} "
        f"(gateway and service: {each['generator_share']:.0%} of a core)"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peers.add_option(parser)
    parser.add_argument("--rate", type=int, default=500, help="jobs a second")
    parser.add_argument("--delay", type=int, default=50, help="milliseconds of a call")
    parser.add_argument("--warm", type=float, default=20.0, help="seconds before the clock starts")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--workers", nargs="+", metavar="NAME", help="only these, such as ours 'java tuned'")
    parser.add_argument("--face", choices=sorted(JOB_TYPES), default="compatible")
    options = parser.parse_args()
    plan = Plan(options.rate, options.delay, options.warm, options.seconds)
    every = contestants(JOB_TYPES[options.face], peers.java_or_none(options.peers))
    workers = chosen(every, options.workers)
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as folder:
        for _ in range(options.rounds):
            for contestant in workers:
                machine.look()
                run = measure(contestant, plan, Path(folder))
                print(sentence(contestant.name, plan, run.figures()), flush=True)


if __name__ == "__main__":
    main()
