"""What was measured, as JSON in `docs/figures`, one file for each measurement; `pages` makes the tables of it.

python -m bench.figures            writes the tables of README.md and docs/scaling.md again
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import pages
from bench.machine import ROOT, say

FOLDER = ROOT / "docs" / "figures"
WRITE_HELP = "put the figures into docs/figures and the tables made of them"


def load(name: str) -> dict[str, Any]:
    """What a measurement has written, or nothing."""
    file = FOLDER / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def load_all() -> dict[str, dict[str, Any]]:
    """What all measurements have written, by their names."""
    return {file.stem: load(file.stem) for file in sorted(FOLDER.glob("*.json"))}


def save(name: str, found: Mapping[str, Any]) -> None:
    """Write what was measured, and the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for page in write_pages():
        say(f"written: {page.relative_to(ROOT)}")
    say(f"written: {file.relative_to(ROOT)}")


def write_pages() -> list[Path]:
    """Bring the tables up to date; the pages that have changed."""
    changed, found = [], load_all()
    for page in pages.PAGES:
        old = page.read_text("utf-8")
        new = pages.fill(old, found)
        if new != old:
            page.write_text(new, "utf-8")
            changed.append(page)
    return changed


if __name__ == "__main__":
    for each in write_pages():
        say(f"written: {each.relative_to(ROOT)}")
