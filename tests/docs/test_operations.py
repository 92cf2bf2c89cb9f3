"""The operations page knows every metric and every exit status."""

from __future__ import annotations

from pathlib import Path

from worker.cli.run import EXIT_STATUS, WRONG_USE
from worker.metrics import Metrics

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_metric_is_on_the_page() -> None:
    page = (DOCS / "operations.md").read_text("utf-8")
    families = [family.name for family in Metrics(["rest-connector"]).registry.collect()]

    missing = [name for name in families if name not in page and not name.endswith("last_failed")]

    assert missing == []
    assert "…_last_failed" in page


def test_every_exit_status_is_on_the_page() -> None:
    page = (DOCS / "behaviour.md").read_text("utf-8")

    assert [status for status in (*EXIT_STATUS.values(), WRONG_USE) if f"\n| {status} | " not in page] == []
