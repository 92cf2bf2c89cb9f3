"""The element templates: valid for the Modeler, and what the models generate."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.parts import need

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").glob("*.json"))


@pytest.fixture(scope="module")
def validator() -> Path:
    """The Modeler's validator, installed by npm into the project's cache."""
    need("node", "npm", reason="the Modeler's template validator")
    folder = ROOT / ".cache" / "template-validator"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "validate.mjs"):
        shutil.copy(Path(__file__).with_name(name), folder / name)
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"],
        cwd=folder,
        check=True,
        timeout=100,
    )
    return folder / "validate.mjs"


def test_the_modeler_accepts_every_template(validator: Path) -> None:
    shown = subprocess.run(
        ["node", validator, *TEMPLATES], capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()

    verdicts = [json.loads(line) for line in shown]

    assert len(verdicts) == len(TEMPLATES) > 0
    assert [verdict for verdict in verdicts if not verdict["valid"]] == []
