"""The tables that measurements write into the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import figures, pages
from bench.contestants import BARE, OURS, SHIPPED, TUNED, TUNED_MORE

MACHINE = {
    "day": "2026-01-02",
    "commit": "abc1234",
    "python": "3.14.0",
    "cores": 2,
    "processor": "EPYC",
    "system": "Linux 6.1",
    "others": 0.03,
}


def run_of(rate: float, cost: float) -> dict[str, float]:
    return {"jobs_per_second": rate, "cpu_ms_per_job": cost, "peak_rss_mb": 120, "p50_ms": 60, "p99_ms": 90}


def calm(tail: float) -> dict[str, float]:
    return {"p50_ms": 58, "p99_ms": tail, "core_share": 0.25, "peak_memory_mb": 99, "unfinished": 0}


COMPARE = {
    "machine": MACHINE,
    "rounds": 3,
    "left_out": [],
    "throughput": {
        "0": {OURS: run_of(2_500, 0.4), BARE: run_of(3_276, 0.32), TUNED: run_of(496, 3.11), SHIPPED: run_of(90, 4)},
        "200": {OURS: run_of(1_300, 0.5), TUNED + pages.WARM: run_of(295, 1.01), TUNED_MORE: run_of(600, 3)},
    },
    "start_seconds": {OURS: 1.23, TUNED: 7.5},
    "steady": {
        "plan": {"rate": 500, "delay": 50, "seconds": 40},
        "workers": {OURS: calm(75), TUNED: calm(1_200)},
    },
}


def cells(table: str, first: str) -> list[str]:
    """The cells of the row that begins with this one."""
    line = next(line for line in table.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_the_summary_has_a_column_for_each_worker() -> None:
    table = pages.summary(COMPARE)

    titles = ["ours", "bare loop", "Java tuned, freshly started", "Java tuned, warm", "Java as shipped"]
    assert cells(table, "service answers after") == titles
    assert cells(table, "0 ms")[:3] == ["2,500 jobs/s, 0.40 ms", "3,276 jobs/s, 0.32 ms", "496 jobs/s, 3.11 ms"]
    assert cells(table, "200 ms")[1:3] == ["", ""]  # not measured
    assert cells(table, "process start to the first job done") == ["1.2 s", "", "7.5 s", "", ""]
    assert "others used at most 3% of the machine" in table


def test_at_a_steady_rate_java_is_warm() -> None:
    row = cells(pages.summary(COMPARE), "500 jobs/s, 50 ms: p50 / p99, processor")

    assert row == ["58 / 75 ms, 25% of a core", "", "", "58 / 1,200 ms, 25% of a core", ""]


def test_a_worker_that_was_left_out_has_no_column_and_is_named() -> None:
    throughput = {"0": {OURS: run_of(2_500, 0.4)}}
    table = pages.summary(COMPARE | {"throughput": throughput, "left_out": ["Camunda's connector"]})

    assert cells(table, "service answers after") == ["ours"]
    assert "Left out: Camunda's connector." in table


def test_replicas_follow_from_the_processor_time_of_a_job() -> None:
    table = pages.plan(COMPARE)

    assert cells(table, "1,000") == ["240", "1", "0.1 GB", "measured: one process did 1,300"]
    assert cells(table, "100,000")[:2] == ["24,000", "72"]  # 100,000 / s * 0.5 ms / 0.7


def test_only_tables_with_figures_are_filled() -> None:
    page = (
        "a\n<!-- measured: plan -->\nold\n<!-- end of plan -->\n<!-- measured: soak -->\nold\n<!-- end of soak -->\nb"
    )

    filled = pages.fill(page, {"compare": COMPARE})

    assert "72" in filled
    assert filled.endswith("<!-- measured: soak -->\nold\n<!-- end of soak -->\nb")
    assert pages.fill(filled, {"compare": COMPARE}) == filled


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_was_measured(page: Path) -> None:
    text = page.read_text("utf-8")

    assert pages.fill(text, figures.load_all()) == text
    assert re.findall(r"<!-- measured: (.*) -->", text) == re.findall(r"<!-- end of (.*) -->", text) != []


def test_every_table_stands_in_a_page() -> None:
    shown = {name for page in pages.PAGES for name in re.findall(r"<!-- measured: (.*) -->", page.read_text("utf-8"))}

    assert shown == set(pages.PARTS)
