"""The whole comparison: ours, the bare loop, and Camunda's connector as shipped and tuned, in turn, in rounds.

    python -m bench [--rounds 3] [--peers FOLDER]              measures and writes the tables (about 11 minutes a round)
    python -m bench compare [--rounds 3] [--peers FOLDER]      measures and prints

Each round measures throughput at 0, 50 and 200 ms with freshly started workers (`load`), that of a warm JVM, the time
from a process's start to its first job done, and latency at a steady rate (`steady`). What is missing on this machine
is named and left out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench import figures, machine, pages, peers
from bench.contestants import BARE, COMPATIBLE, OURS, SHIPPED, TUNED, TUNED_MORE, Contestant, chosen, contestants
from bench.load import LOADS, Report, fresh, kept, measured_at, medians, row
from bench.steady import Plan, measure, sentence
from bench.worker_process import free_port, report_of, start_loadgw

COMPARED = (OURS, BARE, SHIPPED, TUNED, TUNED_MORE)
STEADY = Plan()
WARM_STEADY = Plan(warm=60.0)
"""For a worker that warms up."""


class Comparison:
    """What the rounds have measured so far."""

    def __init__(self, program: Path, logs: Path) -> None:
        self._program = program
        self._logs = logs
        self._loads: defaultdict[tuple[int, str], list[Report]] = defaultdict(list)
        self._starts: defaultdict[str, list[float]] = defaultdict(list)
        self._steady: defaultdict[str, list[Report]] = defaultdict(list)
        self._others = 0.0
        self._failed: dict[str, None] = {}

    def round(self, workers: list[Contestant]) -> None:
        """Everything once."""
        for load in LOADS:
            for worker in workers:
                if load in measured_at(worker, LOADS):
                    with self._attempt(worker.name):
                        self._keep(load.delay, worker.name, fresh(self._program, worker, load, self._logs))
        for worker in workers:
            if worker.warms_up:
                with self._attempt(worker.name):
                    for load, report in kept(self._program, worker, measured_at(worker, LOADS), self._logs):
                        self._keep(load.delay, worker.name + pages.WARM, report)
        for worker in workers:
            if not worker.delays:
                with self._attempt(worker.name):
                    seconds = seconds_to_first_job(self._program, worker, self._logs)
                    self._starts[worker.name].append(seconds)
                    machine.say(f"{worker.name}: first job done after {seconds:.2f} s")
        for worker in workers:
            if not worker.delays and worker.name != SHIPPED:
                with self._attempt(worker.name):
                    run = measure(worker, WARM_STEADY if worker.warms_up else STEADY, self._logs).figures()
                    self._steady[worker.name].append(run)
                    machine.say(sentence(worker.name, STEADY, run))

    def figures(self, rounds: int, left_out: list[str]) -> dict[str, Any]:
        """Medians over the rounds."""
        throughput: defaultdict[str, dict[str, Report]] = defaultdict(dict)
        for (delay, name), runs in sorted(self._loads.items(), key=lambda item: item[0][0]):
            rates = [run["jobs_per_second"] for run in runs]
            spread = {"slowest": min(rates), "fastest": max(rates)}
            throughput[str(delay)][name] = _rounded(medians(runs) | spread)
        return {
            "machine": machine.facts() | {"others": round(self._others, 2)},
            "rounds": rounds,
            "left_out": [*left_out, *self._failed],
            "throughput": throughput,
            "start_seconds": {name: round(median(each), 2) for name, each in self._starts.items()},
            "steady": {
                "plan": {"rate": STEADY.rate, "delay": STEADY.delay, "seconds": STEADY.seconds},
                "workers": {name: _rounded(medians(runs)) for name, runs in self._steady.items()},
            },
        }

    @contextmanager
    def _attempt(self, name: str) -> Iterator[None]:
        """One measurement; one that fails is told and leaves the others as they are."""
        self._others = max(self._others, machine.look())
        try:
            yield
        except SystemExit as error:
            if not isinstance(error.code, str):
                raise  # the comparison itself shall end
            machine.say(error.code)
            self._failed[f"a run of {name}, which failed"] = None

    def _keep(self, delay: int, name: str, report: Report) -> None:
        self._loads[delay, name].append(report)
        machine.say(row(delay, name, report))


def seconds_to_first_job(program: Path, contestant: Contestant, logs: Path) -> float:
    """From the start of a worker's process to the end of its first job, on a gateway that is there already."""
    port = free_port()
    load = start_loadgw(program, port, "-n", "1", "-warm", "0", job_type=contestant.job_type)
    time.sleep(0.5)
    begun = time.monotonic()
    with contestant.start(f"127.0.0.1:{port}", logs) as worker:
        if report_of(load, worker)["lost"]:
            raise SystemExit(f"{contestant.name} does not do its first job")
        return time.monotonic() - begun


def _rounded(report: Mapping[str, float]) -> Report:
    return {name: round(value, 3) for name, value in report.items()}


def main() -> None:
    """Find the peers, measure, print, and write if wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peers.add_option(parser)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", nargs="+", metavar="NAME", help="only these, such as ours 'java tuned'")
    parser.add_argument("--write", action="store_true", help=figures.WRITE_HELP)
    options = parser.parse_args()
    left_out = []
    try:
        java = peers.java_connector(options.peers)
    except peers.Missing as missing:
        java = None
        left_out.append("Camunda's connector")
        print(f"Camunda's connector is left out: {missing}")
    try:
        program = peers.load_gateway(options.peers)
    except peers.Missing as missing:
        print(f"Nothing can be compared without the load gateway: {missing}")
        print("What needs none of it: make bench ARGS=feel, ARGS=steady, ARGS=process, and make soak.")
        return
    on = machine.facts()
    machine.say(f"{on['cores']} cores ({on['processor']}), {on['system']}, Python {on['python']}")
    workers = chosen(contestants(COMPATIBLE, java), options.workers or COMPARED)
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as folder:
        comparison = Comparison(program, Path(folder))
        for number in range(1, options.rounds + 1):
            machine.say(f"round {number} of {options.rounds}")
            comparison.round(workers)
            found = comparison.figures(number, left_out)
            if options.write:
                figures.save("compare", found)
    print(pages.summary(found), pages.every_worker(found), sep="\n\n")


if __name__ == "__main__":
    main()
