"""A steady load for long: is memory flat, and how long do jobs take?

    python -m bench soak [--minutes 60] [--rate 500] [--delay 0.05] [--out soak.svg]

The gateway in memory gets `rate` jobs a second whose calls take `delay` seconds. Every second the worker's resident
memory is noted; the plot goes to `--out`. A line in the end says how memory grew from the first tenth, which is
warming up, to the last, what share of a core the worker used, and the latency from a job's creation to its completion.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, quantiles

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.scale import target  # noqa: E402  the project's root comes first
from bench.worker_process import JOB_TYPE, WorkerProcess  # noqa: E402
from worker.dev.events import Event  # noqa: E402
from worker.dev.gateway import DevGateway  # noqa: E402

HEADERS = {
    "resultExpression": "={size: string length(response.body.pad)}",
    "errorExpression": '=if error.code = "404" then bpmnError("NOT_FOUND", "no such order") else null',
}
TICK_SECONDS = 0.02
LATENCIES = 200_000  # the newest ones are kept
WIDTH, HEIGHT, MARGIN = 900, 300, 50


class Latencies:
    """How long jobs took from their creation to their completion."""

    def __init__(self) -> None:
        self.created: dict[int, float] = {}
        self.seconds: deque[float] = deque(maxlen=LATENCIES)
        self.completed = 0
        self.failed = 0  # or given back

    def on_event(self, event: Event) -> None:
        """Look at everything the gateway tells."""
        if event.kind == "completed":
            self.completed += 1
            self.seconds.append(time.monotonic() - self.created.pop(event.job_key))
        elif event.kind == "failed":
            self.failed += 1


async def soak(rate: int, minutes: float, delay: float, folder: Path) -> tuple[list[float], Latencies, float]:
    """Megabytes for every second, latencies, and the share of a core that was used."""
    latencies, memory = Latencies(), list[float]()
    async with target(84, delay) as (url, _), DevGateway() as gateway:
        gateway.events.subscribe(latencies.on_event)
        variables = {"method": "POST", "url": url, "body": {"a": 1, "b": "two"}}
        with WorkerProcess(gateway.address, folder / "worker.log", LOG__JOBS="true") as worker:
            begun, used, added = time.monotonic(), worker.processor_seconds(), 0
            while (now := time.monotonic() - begun) < minutes * 60:
                while added < now * rate:
                    key = gateway.add_job(JOB_TYPE, variables=variables, headers=HEADERS)
                    latencies.created[key] = time.monotonic()
                    added += 1
                if len(memory) < now:
                    memory.append(worker.memory())
                await asyncio.sleep(TICK_SECONDS)
            share = (worker.processor_seconds() - used) / (time.monotonic() - begun)
    return memory, latencies, share


def plot(memory: Sequence[float]) -> str:
    """Memory over time, as SVG."""
    top = max(memory) * 1.2
    step = (WIDTH - 2 * MARGIN) / max(len(memory) - 1, 1)
    scale = (HEIGHT - 2 * MARGIN) / top
    points = " ".join(
        f"{MARGIN + number * step:.1f},{HEIGHT - MARGIN - each * scale:.1f}" for number, each in enumerate(memory)
    )
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {view}>
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
<path d="M{MARGIN},{MARGIN} V{HEIGHT - MARGIN} H{WIDTH - MARGIN}" fill="none" stroke="black"/>
<polyline points="{points}" fill="none" stroke="steelblue" stroke-width="1.5"/>
<text x="{MARGIN}" y="{MARGIN - 10}">resident memory, MB (0 to {top:.0f})</text>
<text x="{WIDTH - MARGIN}" y="{HEIGHT - MARGIN + 20}" text-anchor="end">{len(memory) / 60:.1f} minutes</text>
</svg>
"""


def main() -> None:
    """Measure, print, plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=500, help="jobs a second")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds that a call takes")
    parser.add_argument("--out", type=Path, default=Path("soak.svg"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as scratch:
        memory, latencies, share = asyncio.run(soak(options.rate, options.minutes, options.delay, Path(scratch)))
    tenth = max(len(memory) // 10, 1)
    cuts = quantiles(latencies.seconds, n=100)
    options.out.write_text(plot(memory))
    print(
        f"soak: {options.minutes:g} min at {options.rate} jobs/s, {latencies.completed} completed, "
        f"{latencies.failed} failed or given back; memory "
        f"{fmean(memory[tenth : 2 * tenth]):.0f} MB in the second tenth, {fmean(memory[-tenth:]):.0f} MB in the last; "
        f"{share:.0%} of a core; p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms; plot in {options.out}"
    )


if __name__ == "__main__":
    main()
