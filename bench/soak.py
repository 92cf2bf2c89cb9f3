"""A steady load for long: are memory, latency and processor time flat?

    python -m bench soak [--minutes 60] [--rate 500] [--delay 50] [--out FOLDER | --write]

As `steady`, with a sample every few seconds. Writes `soak.svg` and `soak.json` into `--out` (default `.cache/bench`),
or with `--write` the plot to docs/images and the figures to docs/figures. What was measured is also written when the
run is broken off (Ctrl-C), when the worker ends, or when it cannot keep up.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

import uvloop

from bench import figures, machine
from bench.contestants import JOB_TYPES, contestants
from bench.peers import BUILD
from bench.plot import Panel, chart
from bench.steady import Plan, Run, quantiles, sentence

IMAGES = machine.ROOT / "docs" / "images"
SAMPLES = 360
WARM_SECONDS = 10.0


def measure(run: Run, job_type: str) -> str:
    """The whole run; what ended it early, if anything did."""
    ours = next(contestants(job_type, None))
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as folder:
        try:
            uvloop.run(run.measure(ours, Path(folder)))
        except KeyboardInterrupt:
            return "broken off"
        except SystemExit as error:
            return str(error)
    return run.trouble


def plot(run: Run) -> str:
    """Memory, latency and processor time over the time of the run."""
    marks = [quantiles(each.latencies) for each in run.samples]
    panels = [
        Panel("resident memory, MB", {"memory": [each.memory for each in run.samples]}),
        Panel(
            "from a job's creation to its completion, ms", {"p50": [m for m, _ in marks], "p99": [t for _, t in marks]}
        ),
        Panel("processor time, % of a core", {"worker": [100 * each.share for each in run.samples]}),
    ]
    return chart(panels, sum(each.seconds for each in run.samples) / 60)


def report(run: Run, trouble: str, others: float) -> dict[str, Any]:
    """The run in figures."""
    memory = [each.memory for each in run.samples]
    tenth = max(len(memory) // 10, 1)
    return {
        "machine": machine.facts() | {"others": round(others, 2)},
        "minutes": round(sum(each.seconds for each in run.samples) / 60, 1),
        "rate": run.plan.rate,
        "delay": run.plan.delay,
        **run.figures(),
        "memory_early_mb": round(fmean(memory[tenth : 2 * tenth] or memory), 1),
        "memory_late_mb": round(fmean(memory[-tenth:]), 1),
        "ended_early": trouble,
    }


def main() -> int:
    """Measure, print, plot; 1 when the run ended early."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=500, help="jobs a second")
    parser.add_argument("--delay", type=int, default=50, help="milliseconds that a call takes")
    parser.add_argument("--face", choices=sorted(JOB_TYPES), default="native")
    parser.add_argument("--out", type=Path, default=BUILD, metavar="FOLDER")
    parser.add_argument("--write", action="store_true", help=figures.WRITE_HELP)
    options = parser.parse_args()
    seconds = options.minutes * 60
    run = Run(Plan(options.rate, options.delay, WARM_SECONDS, seconds, every=max(seconds / SAMPLES, 1.0)))
    others = machine.look()
    trouble = measure(run, JOB_TYPES[options.face])
    if not run.samples:
        print(f"soak: nothing was measured: {trouble}")
        return 1
    found = report(run, trouble, others)
    images = IMAGES if options.write else options.out
    images.mkdir(parents=True, exist_ok=True)
    (images / "soak.svg").write_text(plot(run), "utf-8")
    if options.write:
        figures.save("soak", found)
    else:
        (options.out / "soak.json").write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(
        f"soak: {found['minutes']:g} min; {sentence('ours', run.plan, found)}; memory "
        f"{found['memory_early_mb']:.0f} MB in the second tenth, {found['memory_late_mb']:.0f} MB in the last; "
        f"plot in {images / 'soak.svg'}{f'; ended early: {trouble}' if trouble else ''}"
    )
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
