"""The element templates: valid for the Modeler, and fitting the worker."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.parts import need
from worker.dev.templates import findings

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").glob("*.json"))


def load(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


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


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_a_template_fits_the_worker(file: Path) -> None:
    assert list(findings(load(file))) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"binding": {"type": "zeebe:taskHeader", "key": "adress"}}, "the worker reads no header 'adress'"),
        ({"value": "={a: "}, "the default does not parse"),
        ({"group": "nowhere"}, "the group 'nowhere' is not declared"),
        ({"condition": {"property": "gone", "equals": "x"}}, "refers to 'gone', which is no property"),
    ],
    ids=["header", "expression", "group", "condition"],
)
def test_a_template_that_does_not_fit_is_found(change: dict[str, Any], sentence: str) -> None:
    template = load(TEMPLATES[0])
    body = next(entry for entry in template["properties"] if entry.get("id") == "body")
    body |= change

    assert [finding for finding in findings(template) if sentence in finding]
