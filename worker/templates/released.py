"""Which templates have been released: a released version never changes, because models in use were made with it.

`released.json` beside the templates holds the digest of each `id@version`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from worker.templates.build import written

RECORD: Final = "released.json"


class ChangedRelease(ValueError):
    """A template differs from what was released under the same version."""


def check(contents: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Raises `ChangedRelease` for the first template whose released version reads otherwise."""
    record = _read(folder)
    for content in contents.values():
        name = _name(content)
        if record.get(name, _digest(content)) != _digest(content):
            raise ChangedRelease(
                f"{name} is released and must not change; raise its version in worker/templates/catalogue.py"
            )


def record(contents: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Remember the templates as released."""
    released = _read(folder) | {_name(content): _digest(content) for content in contents.values()}
    (folder / RECORD).write_text(json.dumps(released, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _read(folder: Path) -> dict[str, str]:
    file = folder / RECORD
    if not file.exists():
        return {}
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _name(content: Mapping[str, Any]) -> str:
    return f"{content['id']}@{content['version']}"


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(written(content).encode()).hexdigest()
