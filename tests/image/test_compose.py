"""The compose file starts the worker with settings that it accepts, and with the restrictions the image is made for."""

from __future__ import annotations

from pathlib import Path

import yaml

from worker.settings import load

FILE = Path(__file__).parents[2] / "deploy" / "compose.yaml"
WORKER = yaml.safe_load(FILE.read_text("utf-8"))["services"]["worker"]


def test_the_worker_accepts_its_settings() -> None:
    settings, warnings = load(WORKER["environment"])

    assert (settings.zeebe.address, warnings) == ("zeebe:26500", [])


def test_the_worker_drains_before_it_is_killed() -> None:
    settings, _ = load(WORKER["environment"])

    assert settings.grace < float(WORKER["stop_grace_period"].removesuffix("s"))


def test_the_worker_has_no_rights() -> None:
    assert (WORKER["read_only"], WORKER["cap_drop"]) == (True, ["ALL"])
