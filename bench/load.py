"""How many jobs a second a worker does, at what cost: ours, the bare loop, and Camunda's connector.

    python -m bench load [--rounds 3] [--delays 0 50 200] [--workers ours "java tuned"] [--face compatible] [--keep]

Each run is a freshly started worker: it starts, does the first jobs (6,000 at 0 ms, 2,000 at 50 ms, 1,000 at 200 ms),
and is measured in those that follow. With `--keep` one process does all the runs of a round, after 30,000 jobs more
to warm up. One worker runs at a time; they take turns within a round, and the figures are medians over the rounds. The
ratios travel, the figures do not.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import machine, peers
from bench.contestants import JOB_TYPES, Contestant, chosen, contestants
from bench.worker_process import WorkerProcess, free_port, loadgw

WARMING_JOBS = 30_000
FEWER_SECONDS, LEAST_MS = 40.0, 4
"""How long a worker may need for the jobs of one run, and for a job at least; one that does few at once gets fewer."""
LIMIT = "10m"
FIGURES = ("jobs_per_second", "cpu_ms_per_job", "peak_rss_mb", "p50_ms", "p99_ms")
WRONG = ("lost", "failed", "bpmn_errors", "repeated_calls")

Report = dict[str, float]


@dataclass(frozen=True, slots=True)
class Load:
    """Jobs of one run, those before the clock starts included, and how long the called service takes (milliseconds)."""

    delay: int
    jobs: int
    warm: int


LOADS = (Load(0, 21_000, 6_000), Load(50, 9_000, 2_000), Load(200, 4_000, 1_000))


def fitted(load: Load, contestant: Contestant) -> Load:
    """Fewer jobs for a worker that does few at once."""
    jobs = min(load.jobs, int(FEWER_SECONDS * 1000 / max(load.delay, LEAST_MS) * contestant.parallel))
    return replace(load, jobs=jobs, warm=load.warm * jobs // load.jobs)


def fresh(program: Path, contestant: Contestant, load: Load, logs: Path) -> Report:
    """One run of a worker that has just been started."""
    load = fitted(load, contestant)
    port = free_port()
    with contestant.start(f"127.0.0.1:{port}", logs) as worker:
        return _run(program, contestant, worker, port, load)


def kept(program: Path, contestant: Contestant, loads: Sequence[Load], logs: Path) -> Iterator[tuple[Load, Report]]:
    """Runs of one process that has done many jobs before the first of them."""
    extra = WARMING_JOBS
    port = free_port()
    with contestant.start(f"127.0.0.1:{port}", logs) as worker:
        for load in loads:
            longer = replace(load, jobs=load.jobs + extra, warm=load.warm + extra)
            yield load, _run(program, contestant, worker, port, longer)
            extra = 0


def _run(program: Path, contestant: Contestant, worker: WorkerProcess, port: int, load: Load) -> Report:
    options = ["-n", str(load.jobs), "-warm", str(load.warm), "-delay", f"{load.delay}ms"]
    options += ["-limit", LIMIT]
    report = loadgw(program, port, options, worker, job_type=contestant.job_type)
    if wrong := {name: report[name] for name in WRONG if report[name]}:
        raise SystemExit(f"{contestant.name}, {load}: not all jobs were completed: {wrong}\n{worker.log_tail()}")
    return {name: float(report[name]) for name in FIGURES} | {"jobs": float(load.jobs - load.warm)}


def measured_at(contestant: Contestant, loads: Sequence[Load]) -> list[Load]:
    """The loads that a worker is measured at."""
    return [load for load in loads if not contestant.delays or load.delay in contestant.delays]


def medians(runs: Sequence[Mapping[str, float]]) -> Report:
    """Of each figure."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def row(delay: object, name: str, each: Mapping[str, Any]) -> str:
    """One line of the table below `HEAD`."""
    return (
        f"| {delay} ms | {name} | {each['jobs_per_second']:,.0f} | {each['cpu_ms_per_job']:.2f} ms | "
        f"{each['peak_rss_mb']:.0f} MB | {each['p50_ms']:,.0f} / {each['p99_ms']:,.0f} ms |"
    )


HEAD = """| service answers after | worker | jobs/s | processor time of a job | peak memory | p50 / p99 |
| --- | --- | --- | --- | --- | --- |"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peers.add_option(parser)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delays", type=int, nargs="+", choices=[load.delay for load in LOADS])
    parser.add_argument("--workers", nargs="+", metavar="NAME", help="only these, such as ours 'java tuned'")
    parser.add_argument("--face", choices=sorted(JOB_TYPES), default="compatible")
    parser.add_argument("--keep", action="store_true", help="keep each worker running through a round's runs")
    options = parser.parse_args()
    program = peers.load_gateway_or_exit(options.peers)
    every = contestants(JOB_TYPES[options.face], peers.java_or_none(options.peers))
    workers = chosen(every, options.workers)
    loads = [load for load in LOADS if options.delays is None or load.delay in options.delays]
    results: defaultdict[tuple[int, str], list[Report]] = defaultdict(list)
    machine.say(" ".join(f"{name}={value}" for name, value in machine.facts().items()))
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as folder:
        for number in range(1, options.rounds + 1):
            for contestant in workers:
                machine.look()
                at = measured_at(contestant, loads)
                for load, report in (
                    kept(program, contestant, at, Path(folder))
                    if options.keep
                    else ((load, fresh(program, contestant, load, Path(folder))) for load in at)
                ):
                    results[load.delay, contestant.name].append(report)
                    machine.say(f"round {number}: {row(load.delay, contestant.name, report)}")
    print(HEAD)
    for (delay, name), runs in sorted(results.items(), key=lambda item: item[0][0]):
        print(row(delay, name, medians(runs)))


if __name__ == "__main__":
    main()
