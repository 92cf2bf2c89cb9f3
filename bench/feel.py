"""How fast FEEL is: ours beside feelin (JavaScript) and Camunda's own engine in a warm JVM.

    python -m bench feel [--rounds 7] [--only ours] [--write]

Parsing without a cache, evaluating what is already compiled, a filter over 1,000 items and how time grows with the
number of items. Each figure is the median of rounds in which the engines take turns, in processor time of the calling
thread (of the process for feelin; the JVM's collector and compiler run beside and are not counted).
feelin comes from npm (`npm install` in `bench/feel`), the original from the Maven project of
`tests/differential`; an engine whose parts are missing is named and left out.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from bench import figures, machine
from tests.differential.jvm import JvmEngine, Unavailable
from tests.differential.lines import LineProcess
from worker import feel
from worker.feel.expression import Expression
from worker.feel.parser import parse_expression

RESULT = "{orderId: response.body.order.id, total: response.body.order.total, items: count(response.body.order.items)}"
FILTER = "count(items[price > 50 and qty >= 2])"
SIZES = (10, 100, 1_000, 10_000)
PATIENT = feel.Limits(seconds=2.0)
"""For many items on a busy machine, where the usual time may pass without us."""
ROUND_SECONDS = 0.05
WARM_UP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Workload:
    """One thing to measure; `kind` is `time-parse` or `time-evaluate`."""

    name: str
    kind: str
    expression: str
    context: Mapping[str, Any]


Measure = Callable[[Workload, int], float]
"""Runs a workload so many times; seconds of one call."""


def order_items(count: int) -> list[dict[str, Any]]:
    """Items of an order, a third of which pass the filter."""
    return [{"sku": f"k{i}", "price": 10 + i % 90, "qty": 1 + i % 3} for i in range(count)]


def workloads() -> list[Workload]:
    """What is measured, in the order of the table."""
    body = {"order": {"id": "A-1001", "total": 149.9, "items": order_items(3)}}
    response = {"status": 200, "headers": {}, "body": body, "reason": "OK", "document": None}
    context = {**response, "response": response}
    growth = [
        Workload(f"filter over {size:,} items", "time-evaluate", FILTER, {"items": order_items(size)}) for size in SIZES
    ]
    return [
        Workload("parse the result expression", "time-parse", RESULT, context),
        Workload("evaluate it, already parsed", "time-evaluate", RESULT, context),
        *growth,
    ]


def measure_ours(workload: Workload, repeat: int) -> float:
    """Our engine in this process."""
    text, context = workload.expression, workload.context
    if workload.kind == "time-parse":
        return _seconds(lambda: Expression(text, parse_expression(text, feel.DEFAULT_LIMITS)), repeat)  # uncached
    if text == FILTER:
        return _seconds(lambda: feel.evaluate(text, context, limits=PATIENT), repeat)
    return _seconds(lambda: feel.evaluate(text, context), repeat)


def measure_ours_as_json(workload: Workload, repeat: int) -> float:
    """The same and the plain JSON tree of the value, as the worker needs it."""
    text, context = workload.expression, workload.context
    return _seconds(lambda: feel.to_json_value(feel.evaluate(text, context).value), repeat)


def _seconds(call: Callable[[], object], repeat: int) -> float:
    start = time.thread_time()
    for _ in range(repeat):
        call()
    return (time.thread_time() - start) / repeat


def open_feelin() -> LineProcess:
    """feelin in a Node process."""
    node, folder = shutil.which("node"), machine.ROOT / "bench" / "feel"
    if node is None or not (folder / "node_modules").is_dir():
        raise Unavailable("Node, or `npm install --no-package-lock` in bench/feel, is missing")
    return LineProcess([node, "measure.mjs"], folder)


def measure_in(process: LineProcess) -> Measure:
    """An engine that times itself in a process of its own."""

    def measure(workload: Workload, repeat: int) -> float:
        (answer,) = process.ask([_request(workload, repeat)])
        return float(answer["seconds"])

    return measure


def _request(workload: Workload, repeat: int) -> dict[str, Any]:
    return {
        "kind": workload.kind,
        "expression": workload.expression,
        "context": workload.context,
        "repeat": repeat,
    }


def medians(workload: Workload, engines: Mapping[str, Measure], rounds: int) -> dict[str, float]:
    """Median seconds of one call for each engine; they take turns."""
    repeats = {name: _warm_up(measure, workload) for name, measure in engines.items()}
    samples: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, measure in engines.items():
            samples[name].append(measure(workload, repeats[name]))
    return {name: statistics.median(each) for name, each in samples.items()}


def _warm_up(measure: Measure, workload: Workload) -> int:
    """Run until compilers have settled; how many calls one round takes."""
    end, repeat = time.monotonic() + WARM_UP_SECONDS, 1
    while time.monotonic() < end:
        repeat = max(1, int(ROUND_SECONDS / max(measure(workload, repeat), 1e-7)))
    return repeat


def print_table(names: Sequence[str], rows: Sequence[tuple[str, Mapping[str, float]]]) -> None:
    """Microseconds of one call, and how many times faster ours is."""
    others = [name for name in names if name != "ours"]
    heading = "µs of processor time, one call"
    print(f"{heading:32}" + "".join(f"{name:>12}" for name in (*names, *(f"/{n}" for n in others))))
    for title, each in rows:
        ratios = "".join(f"{each[name] / each['ours']:>11.2f}x" for name in others)
        print(f"{title:32}" + "".join(f"{each[name] * 1e6:>12.1f}" for name in names) + ratios)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=("ours",), help="leave the other engines out")
    parser.add_argument("--write", action="store_true", help=figures.WRITE_HELP)
    options = parser.parse_args()
    others = machine.look()
    engines: dict[str, Measure] = {"ours": measure_ours}
    with ExitStack() as opened:
        for name, start in () if options.only else (("feelin", open_feelin), ("jvm", JvmEngine)):
            try:
                engines[name] = measure_in(opened.enter_context(start()))
            except Unavailable as missing:
                print(f"{name} is left out: {missing}", file=sys.stderr)
        rows = [(each.name, medians(each, engines, options.rounds)) for each in workloads()]
        as_json = medians(workloads()[1], {"ours": measure_ours_as_json}, options.rounds)["ours"]
    print_table(list(engines), rows)
    if options.write:
        shown = {title: {name: round(seconds * 1e6, 1) for name, seconds in each.items()} for title, each in rows}
        on = machine.facts() | {"others": round(others, 2)}
        figures.save("feel", {"machine": on, "engines": list(engines), "rows": shown})
    print(f"ours, evaluate it with its JSON tree: {as_json * 1e6:.1f}")
    growth = [figures["ours"] / size for size, (_, figures) in zip(SIZES, rows[-len(SIZES) :], strict=True)]
    print(f"ours, time of one item at {SIZES[-1]:,} items against {SIZES[-2]:,}: {growth[-1] / growth[-2]:.2f}")


if __name__ == "__main__":
    main()
