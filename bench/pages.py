"""The tables of README.md and docs/scaling.md, made of what was measured. No input or output here.

A table stands between `<!-- measured: NAME -->` and `<!-- end of NAME -->`; one that has no figures stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from bench.contestants import BARE, OURS, SHIPPED, TUNED, TUNED_MORE
from bench.load import HEAD, row
from bench.machine import ROOT

PAGES = (ROOT / "README.md", ROOT / "docs" / "scaling.md")
WARM = ", warm"
PLANNED_RATES = (100, 1_000, 5_000, 20_000, 100_000)
FEEL_ROWS = ("parse the result expression", "evaluate it, already parsed", "filter over 1,000 items")
FULL, SPARE_SLOTS = 0.7, 1.2

Figures = Mapping[str, Any]


def fill(page: str, found: Mapping[str, Figures]) -> str:
    """The page with every table whose figures are there."""
    for name, (source, make) in PARTS.items():
        begin, end = f"<!-- measured: {name} -->", f"<!-- end of {name} -->"
        before, there, rest = page.partition(begin)
        if there and found.get(source):
            after = rest.partition(end)[2]
            page = f"{before}{begin}\n{make(found[source])}\n{end}{after}"
    return page


def machine_sentence(on: Figures) -> str:
    """Where and when."""
    return (
        f"{on['cores']} cores ({on['processor']}), {on['system']}, Python {on['python']}, {on['day']}, "
        f"commit {on['commit']}; others used at most {on['others']:.0%} of the machine"
    )


def summary(found: Figures) -> str:
    """The README's table."""
    loads, steady, starts = found["throughput"], found["steady"], found["start_seconds"]
    columns = {
        "ours": OURS,
        "bare loop": BARE,
        "Java tuned, freshly started": TUNED,
        "Java tuned, warm": TUNED + WARM,
        "Java as shipped": SHIPPED,
    }
    columns = {title: name for title, name in columns.items() if any(name in each for each in loads.values())}
    lines = [_row("service answers after", *columns), _row(*("---" for _ in range(len(columns) + 1)))]
    for delay, each in loads.items():
        lines.append(_row(f"{delay} ms", *(_throughput(each, name) for name in columns.values())))
    peaks = {name: _peak(loads, name) for name in columns.values()}
    lines.append(_row("peak memory", *(f"{peak:,.0f} MB" if peak else "" for peak in peaks.values())))
    start = [f"{starts[name]:.1f} s" if name in starts else "" for name in columns.values()]
    lines.append(_row("process start to the first job done", *start))
    plan, calm = steady["plan"], steady["workers"]
    for name in columns.values():
        if name == TUNED + WARM and TUNED in calm:
            calm = {**calm, name: calm[TUNED]}  # at a steady rate it is measured warm
    calm.pop(TUNED, None)
    lines.append(
        _row(
            f"{plan['rate']} jobs/s, {plan['delay']} ms: p50 / p99, processor",
            *(_calm(calm[name]) if name in calm else "" for name in columns.values()),
        )
    )
    return "\n".join(lines) + "\n\n" + _notes(found)


def _throughput(each: Figures, name: str) -> str:
    if name not in each:
        return ""
    more = name.replace(TUNED, TUNED_MORE, 1) if name.startswith(TUNED) else ""
    text = f"{each[name]['jobs_per_second']:,.0f} jobs/s, {each[name]['cpu_ms_per_job']:.2f} ms"
    if more in each:
        text += f"; with 1,000 threads {each[more]['jobs_per_second']:,.0f}, {each[more]['cpu_ms_per_job']:.2f} ms"
    return text


def _peak(loads: Mapping[str, Figures], name: str) -> float:
    return max((each[name]["peak_rss_mb"] for each in loads.values() if name in each), default=0.0)


def _calm(each: Figures) -> str:
    return f"{each['p50_ms']:.0f} / {each['p99_ms']:,.0f} ms, {each['core_share']:.0%} of a core"


def _notes(found: Figures) -> str:
    text = (
        f"Medians of {found['rounds']} rounds in turn; ms are processor time of a job. Each figure is of a fresh "
        "process: it starts, does 6,000, 2,000 or 1,000 jobs (at 0, 50, 200 ms) and is measured in the 15,000, 7,000 "
        "or 3,000 that follow; warm: after 30,000 jobs more, then kept running. Tuned: 100 threads, polling; as "
        "shipped: one thread, streams, fewer jobs. Measured on "
        f"{machine_sentence(found['machine'])}."
    )
    for missing in found["left_out"]:
        text += f" Left out: {missing}."
    return text


def every_worker(found: Figures) -> str:
    """The whole comparison: each worker at each delay, start, and the steady rate."""
    lines = [HEAD]
    for delay, each in found["throughput"].items():
        lines += [row(delay, name, figures) for name, figures in each.items()]
    lines += ["", _row("worker", "process start to the first job done"), _row("---", "---")]
    lines += [_row(name, f"{seconds:.1f} s") for name, seconds in found["start_seconds"].items()]
    plan = found["steady"]["plan"]
    lines += [
        "",
        _row(
            f"{plan['rate']} jobs/s, calls of {plan['delay']} ms", "p50 / p99, processor", "peak memory", "unfinished"
        ),
        _row("---", "---", "---", "---"),
    ]
    for name, each in found["steady"]["workers"].items():
        lines.append(_row(name, _calm(each), f"{each['peak_memory_mb']:.0f} MB", f"{each['unfinished']:.0f}"))
    return "\n".join(lines) + "\n\n" + _notes(found)


def plan(found: Figures) -> str:
    """How many replicas which rate needs, from what one process did at 200 ms."""
    delay, ours = 200, found["throughput"]["200"][OURS]
    cost, most, memory = ours["cpu_ms_per_job"] / 1000, ours["jobs_per_second"], ours["peak_rss_mb"]
    lines = [
        f"For calls of {delay} ms and {1000 * cost:.2f} ms of processor time for each job:",
        "",
        _row("jobs/s", "slots in all", "replicas", "memory in all", "measured or extrapolated"),
        _row("---", "---", "---", "---", "---"),
    ]
    for rate in PLANNED_RATES:
        replicas = math.ceil(rate * cost / FULL)
        basis = "extrapolated"
        if replicas == 1:
            basis = f"measured: one process did {most:,.0f}"
        slots = math.ceil(rate * delay / 1000 * SPARE_SLOTS)
        lines.append(_row(f"{rate:,}", f"{slots:,}", f"{replicas}", f"{replicas * memory / 1000:.1f} GB", basis))
    text = f"Memory is {memory:.0f} MB for each replica, with up to 500 slots in use and small variables and responses."
    return "\n".join([*lines, "", text])


def cases(found: Figures) -> str:
    """Rows of `scale` or `faults`."""
    lines = [_row("what", "figure", "with"), _row("---", "---", "---")]
    for name, each in found.items():
        lines.append(_row(each["what"], each["figure"], f"`--only {name}`, {each['day']}, commit {each['commit']}"))
    return "\n".join(lines)


def soak(found: Figures) -> str:
    """The long run."""
    return (
        f"{found['minutes']:.0f} minutes at {found['rate']} jobs/s with calls of {found['delay']} ms: "
        f"{found['completed']:,} jobs completed, {found['failed']} failed or given back, {found['unfinished']} left; "
        f"p50 {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms; {found['core_share']:.0%} of a core; memory "
        f"{found['memory_early_mb']:.0f} MB in the second tenth of the time, {found['memory_late_mb']:.0f} MB in the "
        f"last. Measured on {machine_sentence(found['machine'])}.\n\n"
        f"![Memory, latency and processor time over {found['minutes']:.0f} minutes](images/soak.svg)"
    )


def process(found: Figures) -> str:
    """Process instances on a real broker."""
    return str(found["text"]) + f" Measured on {machine_sentence(found['machine'])}."


def feel(found: Figures) -> str:
    """The README's table of expressions: microseconds of one call."""
    titles = {"ours": "ours", "feelin": "feelin (parses each time)", "jvm": "warm JVM engine"}
    engines = [name for name in titles if name in found["engines"]]
    lines = [_row("", *(titles[name] for name in engines)), _row(*("---" for _ in range(len(engines) + 1)))]
    for title, each in found["rows"].items():
        if title in FEEL_ROWS:
            lines.append(_row(title, *(_digits(each[name]) for name in engines)))
    return "\n".join(lines) + f"\n\nMeasured on {machine_sentence(found['machine'])}."


def _digits(microseconds: float) -> str:
    return f"{microseconds:,.0f}" if microseconds >= 10 else f"{microseconds:.1f}"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


PARTS: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "summary": ("compare", summary),
    "every worker": ("compare", every_worker),
    "plan": ("compare", plan),
    "scale": ("scale", cases),
    "faults": ("faults", cases),
    "soak": ("soak", soak),
    "process": ("process", process),
    "feel": ("feel", feel),
}
"""The tables: whose figures they show, and what makes them."""
