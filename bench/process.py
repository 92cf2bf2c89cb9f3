"""Process instances with six REST tasks each on a real broker, end to end: how many a minute, and what limits them?

    python -m bench process [--instances 1000] [--starters 20] [--delay 0.05]

Starts a broker and one worker, starts instances as fast as the broker takes them, and waits until the last call was
made. Prints instances and jobs a minute, and the processor time of the worker and of the broker: whoever uses up a core
is the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import grpc  # noqa: E402  the project's root comes first
from aiohttp import web  # noqa: E402

from bench.worker_process import JOB_TYPE, WorkerProcess, processor_seconds  # noqa: E402
from tests.support.bpmn import ServiceTask, sequence  # noqa: E402
from tests.support.zeebe import Zeebe  # noqa: E402
from worker.dev.artifact import broker_home, cache_folder  # noqa: E402
from worker.dev.broker import Broker, free_ports  # noqa: E402
from worker.dev.java import find_java  # noqa: E402

TASKS = 6
LIMIT_SECONDS = 900.0


class Service:
    """What the tasks call; `all` is set when so many calls were made."""

    def __init__(self, calls: int, delay: float) -> None:
        self.calls: Counter[str] = Counter()
        self.all = asyncio.Event()
        self._wanted = calls
        self._delay = delay

    async def answer(self, request: web.Request) -> web.Response:
        """The order, after a while."""
        await asyncio.sleep(self._delay)
        self.calls[request.path] += 1
        if len(self.calls) == self._wanted:
            self.all.set()
        return web.json_response({"order": {"id": 7, "total": 129.5, "items": [1, 2]}})


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
                "errorExpression": '=if error.code = "404" then bpmnError("NOT_FOUND", "no such order") else null',
            },
        )
        for number in range(TASKS)
    ]
    return sequence(*tasks, process="six-calls")


async def start_instances(zeebe: Zeebe, url: str, numbers: asyncio.Queue[int]) -> None:
    """Start instances until there are no more numbers; the broker's flow control sets the pace."""
    while not numbers.empty():
        number = numbers.get_nowait()
        try:
            await zeebe.start("six-calls", base=url, orderId=number)
        except grpc.aio.AioRpcError:  # overloaded for a minute
            numbers.put_nowait(number)


async def measure(options: argparse.Namespace, folder: Path) -> None:
    """One run."""
    service = Service(options.instances * TASKS, options.delay)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", service.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    file = folder / "six-calls.bpmn"
    file.write_text(model())
    numbers: asyncio.Queue[int] = asyncio.Queue()
    for number in range(options.instances):
        numbers.put_nowait(number)
    ports = free_ports()
    with (
        Broker(java=find_java(), home=broker_home(cache_folder()), ports=ports, folder=folder / "zeebe") as broker,
        WorkerProcess(broker.address, folder / "worker.log") as worker,
    ):
        async with Zeebe(broker.address) as zeebe:
            await zeebe.deploy(file)
            begun, used = time.monotonic(), (worker.processor_seconds(), processor_seconds(broker.pid))
            async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as group:
                for _ in range(options.starters):
                    group.create_task(start_instances(zeebe, url, numbers))
                group.create_task(service.all.wait())
        seconds = time.monotonic() - begun
        shares = [
            (now - before) / seconds
            for now, before in zip((worker.processor_seconds(), processor_seconds(broker.pid)), used, strict=True)
        ]
    await runner.cleanup()
    print(
        f"process: {options.instances} instances of {TASKS} calls in {seconds:.0f} s: "
        f"{options.instances * 60 / seconds:.0f} instances and {options.instances * TASKS * 60 / seconds:.0f} jobs a "
        f"minute; the worker used {shares[0]:.0%} of a core, the broker {shares[1]:.0%}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=int, default=1_000)
    parser.add_argument("--starters", type=int, default=20, help="calls that start instances at the same time")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds that a call takes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as scratch:
        asyncio.run(measure(options, Path(scratch)))


if __name__ == "__main__":
    main()
