"""How many jobs per second a worker does, at what cost: ours, the bare loop, and if wanted Camunda's Java connector.

    python bench/load.py --loadgw PATH [--java FOLDER] [--rounds 3] [--delays 0 50 200] [--face native]

`--loadgw` is the load gateway: its program, or the folder with its `build.sh` (which builds into `--build`). `--java`
is the folder of the Java connector with its `run.sh`; it is measured as shipped and tuned. The bare loop is the least
that a worker in Python can be (`bare_loop.py`). Workers take turns within a
round, each on a gateway of its own, and figures are medians over the rounds, because a busy machine distorts them: the
ratios travel, the figures do not.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIRST_PORT = 27_600
JOB_TYPES = {"native": "rest-connector", "compatible": "io.camunda:http-json:1"}
FIGURES = ("jobs_per_second", "cpu_ms_per_job", "peak_rss_mb", "p50_ms", "p99_ms", "lost")


@dataclass(frozen=True, slots=True)
class Load:
    """Jobs of one run, those before the clock starts included, and how long the called service takes (milliseconds)."""

    delay: int
    jobs: int
    warm: int


LOADS = (Load(0, 21_000, 6_000), Load(50, 9_000, 2_000), Load(200, 4_000, 1_000))


@dataclass(frozen=True, slots=True)
class Contestant:
    """A worker to measure, on a gateway port of its own."""

    name: str
    port: int
    job_type: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    start_seconds: float = 3.0


def contestants(options: argparse.Namespace) -> Iterator[Contestant]:
    """Ours, the bare loop, and the Java connector in its forms."""
    job_type = JOB_TYPES[options.face]
    yield Contestant(
        "ours",
        FIRST_PORT,
        job_type,
        (sys.executable, "-m", "worker", "run"),
        {
            "ZEEBE_ADDRESS": f"127.0.0.1:{FIRST_PORT}",
            "REST_CONNECTOR_JOB_TYPES": job_type,
            "REST_CONNECTOR_HEALTH__HOST": "127.0.0.1",
            "REST_CONNECTOR_HEALTH__PORT": "0",
            "REST_CONNECTOR_GRACE": "1",
        },
    )
    bare = FIRST_PORT + 1
    yield Contestant(
        "bare loop",
        bare,
        job_type,
        (sys.executable, "-m", "bench.bare_loop"),
        {"GATEWAY": f"127.0.0.1:{bare}", "JOB_TYPE": job_type},
    )
    if options.java is None:
        return
    forms = (
        ("java as shipped", "100", "1", "true"),
        ("java tuned", "100", "100", "false"),
        ("java tuned, 1000", "1000", "1000", "false"),
    )
    for port, (name, active, threads, stream) in enumerate(forms, start=FIRST_PORT + 2):
        yield Contestant(
            name,
            port,
            JOB_TYPES["compatible"],
            (str(options.java / "run.sh"),),
            {
                "GATEWAY": f"127.0.0.1:{port}",
                "BUILD": str(options.build / "java"),
                "ACTIVE": active,
                "THREADS": threads,
                "STREAM": stream,
                "PORT": str(port + 100),
            },
            start_seconds=20.0,
        )


@contextmanager
def running(contestant: Contestant, logs: Path) -> Iterator[int]:
    """The process id of a worker that runs while the block does."""
    with (logs / f"{contestant.name}.log").open("wb") as log:
        process = subprocess.Popen(
            contestant.command,
            cwd=ROOT,
            env={**os.environ, **contestant.environ},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            time.sleep(contestant.start_seconds)
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def measure(loadgw: Path, contestant: Contestant, pid: int, load: Load) -> dict[str, float]:
    """The report of one run."""
    command = [
        str(loadgw),
        "-json",
        *("-addr", f"127.0.0.1:{contestant.port}"),
        *("-target", f"127.0.0.1:{contestant.port + 50}"),
        *("-type", contestant.job_type),
        *("-n", str(load.jobs)),
        *("-warm", str(load.warm)),
        *("-delay", f"{load.delay}ms"),
        *("-pid", str(pid)),
    ]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return {name: float(report[name]) for name in FIGURES}


def build(path: Path, into: Path) -> Path:
    """The load gateway's program; a folder is built first."""
    if path.is_file():
        return path
    done = subprocess.run([str(path / "build.sh"), str(into)], check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.split()[-1])


def print_table(results: Mapping[tuple[int, str], list[dict[str, float]]]) -> None:
    """Medians, one row per delay and worker."""
    print("| service answers after | worker | jobs/s | CPU per job | memory | p50 | p99 | lost |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (delay, name), runs in sorted(results.items(), key=lambda item: item[0][0]):
        rate, cpu, memory, p50, p99, lost = (statistics.median(run[figure] for run in runs) for figure in FIGURES)
        print(
            f"| {delay} ms | {name} | {rate:,.0f} | {cpu:.2f} ms | {memory:.0f} MB | {p50:.0f} ms | {p99:.0f} ms | "
            f"{lost:.0f} |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loadgw", type=Path, required=True, metavar="PATH")
    parser.add_argument("--java", type=Path, metavar="FOLDER")
    parser.add_argument("--build", type=Path, default=Path(tempfile.gettempdir()) / "rest-connector-bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delays", type=int, nargs="+", choices=[load.delay for load in LOADS])
    parser.add_argument("--workers", nargs="+", metavar="NAME", help="only these, such as ours 'java tuned'")
    parser.add_argument("--face", choices=sorted(JOB_TYPES), default="native")
    options = parser.parse_args()
    loadgw = build(options.loadgw, options.build)
    options.build.mkdir(parents=True, exist_ok=True)
    loads = [load for load in LOADS if options.delays is None or load.delay in options.delays]
    results: defaultdict[tuple[int, str], list[dict[str, float]]] = defaultdict(list)
    with ExitStack() as opened:
        workers = [
            (each, opened.enter_context(running(each, options.build)))
            for each in contestants(options)
            if not options.workers or each.name in options.workers
        ]
        for number in range(1, options.rounds + 1):
            for load in loads:
                for contestant, pid in workers:
                    run = measure(loadgw, contestant, pid, load)
                    results[load.delay, contestant.name].append(run)
                    print(f"round {number}, {load.delay} ms, {contestant.name}: {run}", file=sys.stderr)
    print_table(results)


if __name__ == "__main__":
    main()
