"""The long run, made short."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from bench.contestants import Contestant
from bench.steady import Plan, measure

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_it_writes_a_plot_and_figures(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "soak", "--minutes", "0.04", "--rate", "50", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)

    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "soak.json").read_text())
    assert found["completed"] >= 2 * 50
    assert found["failed"] == found["unfinished"] == 0
    assert found["ended_early"] == ""
    assert found["p50_ms"] >= found["delay"]
    lines = ElementTree.parse(tmp_path / "soak.svg").findall(".//{http://www.w3.org/2000/svg}polyline")  # noqa: S314
    assert len(lines) == 4  # memory, p50, p99, processor time


def test_a_worker_that_ends_is_told_with_its_log(tmp_path: Path) -> None:
    broken = Contestant("broken", "type", (sys.executable, "-c", "raise OSError('no such port')"), lambda gateway: {})

    with pytest.raises(SystemExit, match="no such port"):
        measure(broken, Plan(warm=0, seconds=1), tmp_path)
