"""What jobs cost in memory while they are under way: many calls at once, large variables, large responses.

    python -m bench scale --loadgw PATH [--only calls variables responses bounded replicas]

calls      10,000 calls to a service that takes 30 s, in one process: memory and processor time of each
variables  500 slots, jobs with 200 KB of variables
responses  500 slots, responses of 1 MB of which an expression takes one value
bounded    10,000 slots, 200 KB of variables and a service that takes 5 s: `REST_CONNECTOR_JOB_MEMORY` holds
replicas   1, 2 and 4 workers on one gateway: is every job done once, and what does a job cost then?

Prints one line for each. `calls` and `replicas` run on the load gateway, the others on the gateway in memory: that one
cuts batches of large jobs as the real one does, and says nothing about speed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aiohttp import web  # noqa: E402  the project's root comes first

from bench.load import build  # noqa: E402
from bench.worker_process import JOB_TYPE, WorkerProcess, loadgw  # noqa: E402
from worker.dev.events import Event  # noqa: E402
from worker.dev.gateway import DevGateway  # noqa: E402

PORT = 27_820
RESULT = {"resultExpression": "={size: string length(response.body.pad)}"}


def calls(options: argparse.Namespace, folder: Path) -> None:
    """As many calls under way as there are slots."""
    count = options.calls
    given = {"method": "POST", "url": f"http://127.0.0.1:{PORT + 1}/orders/{{{{JOB}}}}", "body": {"a": 1, "b": "two"}}
    given |= {"connectionTimeoutInSeconds": 60, "readTimeoutInSeconds": 4 * options.seconds}
    load = ["-n", str(count), "-warm", "0", "-delay", f"{options.seconds}s", "-limit", "10m"]
    load += ["-variables", json.dumps(given)]
    with WorkerProcess(f"127.0.0.1:{PORT}", folder / "worker.log", SLOTS=count) as worker:
        idle = worker.memory()
        report = loadgw(options.loadgw, PORT, [*load, "-pid", str(worker.pid)])
        peak, used = worker.peak_memory(), worker.processor_seconds()
    print(
        f"calls: {report['max_in_flight']} jobs in flight, idle {idle:.0f} MB, peak {peak:.0f} MB, "
        f"{(peak - idle) * 1000 / count:.1f} KB and {used * 1000 / count:.2f} ms of processor time for each call; "
        f"lost {report['lost']}, repeated calls {report['repeated_calls']}, took {report['seconds']:.0f} s"
    )


def variables(options: argparse.Namespace, folder: Path) -> None:
    """Jobs that carry much."""
    asyncio.run(_in_memory("variables, 200 KB", folder, jobs=2_000, variable_kb=200))


def responses(options: argparse.Namespace, folder: Path) -> None:
    """Services that answer much."""
    asyncio.run(_in_memory("responses, 1 MB", folder, jobs=2_000, response_kb=1_000))


def bounded(options: argparse.Namespace, folder: Path) -> None:
    """More slots than memory for such jobs."""
    asyncio.run(_in_memory("10,000 slots, 200 KB", folder, jobs=4_000, variable_kb=200, slots=10_000, delay=5.0))


def replicas(options: argparse.Namespace, folder: Path) -> None:
    """More workers; on a machine with few cores this says that they share the jobs, not how fast they are."""
    for count in (1, 2, 4):
        with ExitStack() as opened:
            workers = [
                opened.enter_context(WorkerProcess(f"127.0.0.1:{PORT}", folder / f"worker-{number}.log"))
                for number in range(count)
            ]
            before = [worker.processor_seconds() for worker in workers]
            report = loadgw(options.loadgw, PORT, ["-n", "12000", "-warm", "2000", "-delay", "50ms"])
            used = [worker.processor_seconds() - begun for worker, begun in zip(workers, before, strict=True)]
        shares = ", ".join(f"{each / sum(used):.0%}" for each in used)
        cost = sum(used) * 1000 / report["ended"]
        print(
            f"replicas, {count}: {report['jobs_per_second']:.0f} jobs/s, {cost:.2f} ms of processor time for each job, "
            f"shared {shares}; lost {report['lost']}, repeated calls {report['repeated_calls']}",
            flush=True,
        )


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
    name: str,
    folder: Path,
    *,
    jobs: int,
    variable_kb: int = 0,
    response_kb: int = 0,
    slots: int = 500,
    delay: float = 0.05,
) -> None:
    async with target(response_kb * 1000, delay) as (url, most), DevGateway() as gateway:
        completed = Completed(gateway, jobs)
        given = {"method": "GET", "url": url, "pad": "x" * (variable_kb * 1000)}
        for _ in range(jobs):
            gateway.add_job(JOB_TYPE, variables=given, headers=RESULT)
        with WorkerProcess(gateway.address, folder / "worker.log", SLOTS=slots) as worker:
            idle = worker.memory()
            await asyncio.wait_for(completed.all.wait(), 600)
            peak = worker.peak_memory()
    print(f"{name}: {jobs} jobs, at most {most[0]} calls at once, idle {idle:.0f} MB, peak {peak:.0f} MB")


@asynccontextmanager
async def target(size: int, delay: float) -> AsyncIterator[tuple[str, list[int]]]:
    """A service with answers of so many bytes; the second value holds the most calls that it ever had at once."""
    body = json.dumps({"pad": "y" * size}).encode()
    now, most = 0, [0]

    async def answer(request: web.Request) -> web.Response:
        nonlocal now
        now += 1
        most[0] = max(most[0], now)
        await asyncio.sleep(delay)
        now -= 1
        return web.Response(body=body, content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1_000).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", most
    finally:
        await runner.cleanup()


CASES: dict[str, Callable[[argparse.Namespace, Path], None]] = {
    "calls": calls,
    "variables": variables,
    "responses": responses,
    "bounded": bounded,
    "replicas": replicas,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loadgw", type=Path, metavar="PATH", help="the load gateway: its program, or its folder")
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=30, help="that the service takes, for `calls`")
    options = parser.parse_args()
    if options.loadgw is None and {"calls", "replicas"} & set(options.only):
        parser.error("`calls` and `replicas` need --loadgw")
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as scratch:
        folder = Path(scratch)
        if options.loadgw is not None:
            options.loadgw = build(options.loadgw, folder)
        for name in options.only:
            CASES[name](options, folder)


if __name__ == "__main__":
    main()
