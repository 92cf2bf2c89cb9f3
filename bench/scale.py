"""What jobs cost in memory while they are under way: many calls at once, large variables, large responses.

    python -m bench scale [--only calls variables responses bounded replicas] [--write]

calls      10,000 calls to a service that takes 30 s, in one process: memory and processor time of each
variables  500 slots, jobs with 200 KB of variables
responses  500 slots, responses of 1 MB of which an expression takes one value
bounded    10,000 slots, 200 KB of variables and a service that takes 5 s: `REST_CONNECTOR_JOB_MEMORY` holds
replicas   1, 2 and 4 workers on one gateway: is every job done once, and what does a job cost then?

`calls` and `replicas` run on the load gateway, the others on the gateway in memory: that one cuts batches of large jobs
as the real one does, and says nothing about speed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.cases import Case, Row, run, told
from bench.service import Service
from bench.worker_process import JOB_TYPE, free_port, loadgw, our_worker
from worker.dev.events import Event
from worker.dev.gateway import DevGateway

RESULT = {"resultExpression": "={size: string length(response.body.pad)}"}
JOBS_SECONDS = 600


def calls(options: argparse.Namespace, folder: Path) -> Row:
    """As many calls under way as there are slots."""
    count, port = options.calls, free_port()
    given: dict[str, object] = {
        "method": "POST",
        "url": f"http://127.0.0.1:{port + 1}/orders/{{{{JOB}}}}",
        "body": {"a": 1, "b": "two"},
    }
    given |= {"connectionTimeoutInSeconds": 60, "readTimeoutInSeconds": 4 * options.seconds}
    load = ["-n", str(count), "-warm", "0", "-delay", f"{options.seconds}s", "-limit", "10m"]
    load += ["-variables", json.dumps(given)]
    with our_worker(f"127.0.0.1:{port}", folder / "worker.log", SLOTS=count) as worker:
        idle = worker.memory()
        report = loadgw(options.loadgw, port, load, worker)
        peak, used = worker.peak_memory(), worker.processor_seconds()
    return Row(
        f"**{count:,} calls at once**, each {options.seconds} s, one process",
        f"{report['max_in_flight']:,} jobs in flight; memory {idle:.0f} MB before, {peak:.0f} MB at most, "
        f"{(peak - idle) * 1000 / count:.0f} KB for each call; {used * 1000 / count:.2f} ms of processor time, "
        f"starting and connecting included, for each; {told(report, 'lost', 'repeated_calls')}",
        not report["lost"] and not report["repeated_calls"],
    )


def variables(options: argparse.Namespace, folder: Path) -> Row:
    """Jobs that carry much."""
    return asyncio.run(_in_memory("jobs with 200 KB of variables", folder, jobs=2_000, variable_kb=200))


def responses(options: argparse.Namespace, folder: Path) -> Row:
    """Services that answer much."""
    return asyncio.run(_in_memory("responses of 1 MB", folder, jobs=2_000, response_kb=1_000))


def bounded(options: argparse.Namespace, folder: Path) -> Row:
    """More slots than memory for such jobs."""
    what = "jobs with 200 KB and calls of 5 s"
    return asyncio.run(_in_memory(what, folder, jobs=4_000, variable_kb=200, slots=10_000, delay=5.0))


def replicas(options: argparse.Namespace, folder: Path) -> Row:
    """More workers; on a machine with few cores this says that they share the jobs, not how fast they are."""
    told_of, good = [], True
    for count in (1, 2, 4):
        port = free_port()
        with ExitStack() as opened:
            workers = [
                opened.enter_context(our_worker(f"127.0.0.1:{port}", folder / f"worker-{number}.log"))
                for number in range(count)
            ]
            before = [worker.processor_seconds() for worker in workers]
            report = loadgw(options.loadgw, port, ["-n", "12000", "-warm", "2000", "-delay", "50ms"], workers[0])
            used = [worker.processor_seconds() - begun for worker, begun in zip(workers, before, strict=True)]
        shares = ", ".join(f"{each / sum(used):.0%}" for each in used)
        cost = sum(used) * 1000 / report["ended"]
        good &= not report["lost"] and not report["repeated_calls"]
        told_of.append(
            f"{count}: {cost:.2f} ms of processor time for a job, shared {shares}, "
            f"{told(report, 'lost', 'repeated_calls')}"
        )
    return Row("replicas on one gateway, 12,000 jobs, calls of 50 ms", "; ".join(told_of), good)


class Completed:
    """Tells when so many jobs are completed."""

    def __init__(self, gateway: DevGateway, jobs: int) -> None:
        self.all = asyncio.Event()
        self._left = jobs
        gateway.events.subscribe(self._on_event)

    def _on_event(self, event: Event) -> None:
        self._left -= event.kind == "completed"
        if not self._left:
            self.all.set()


async def _in_memory(
    what: str,
    folder: Path,
    *,
    jobs: int,
    variable_kb: int = 0,
    response_kb: int = 0,
    slots: int = 500,
    delay: float = 0.05,
) -> Row:
    answer = {"pad": "y" * (response_kb * 1000)}
    async with Service(answer, delay=delay) as service, DevGateway() as gateway:
        completed = Completed(gateway, jobs)
        given = {"method": "GET", "url": service.url, "pad": "x" * (variable_kb * 1000)}
        for _ in range(jobs):
            gateway.add_job(JOB_TYPE, variables=given, headers=RESULT)
        with our_worker(gateway.address, folder / "worker.log", SLOTS=slots) as worker:
            idle = worker.memory()
            await asyncio.wait_for(completed.all.wait(), JOBS_SECONDS)
            peak = worker.peak_memory()
    return Row(
        f"{jobs:,} {what}, {slots:,} slots",
        f"at most {service.most:,} calls at once; memory {idle:.0f} MB before, {peak:.0f} MB at most",
    )


CASES: dict[str, Case] = {
    "calls": calls,
    "variables": variables,
    "responses": responses,
    "bounded": bounded,
    "replicas": replicas,
}


def main() -> int:
    """Measure and print; 1 when something was lost or done twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=30, help="that the service takes, for `calls`")
    return 0 if run("scale", CASES, parser, on_loadgw={"calls", "replicas"}) else 1


if __name__ == "__main__":
    sys.exit(main())
