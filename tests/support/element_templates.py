"""Element templates in the hands of a test: read, and filled as a user would fill the form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "templates"
FILES = {
    "native": FOLDER / "rest-connector.json",
    "profile": FOLDER / "rest-connector-profile.json",
    "compatible": FOLDER / "rest-connector-camunda.json",
}


def template(face: str) -> dict[str, Any]:
    """The template of a face, or the one for profiles."""
    return json.loads(FILES[face].read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def filled(face: str, values: Mapping[str, Any]) -> str:
    """The text of a template whose fields, named by their ids, have these values."""
    content, left = template(face), dict(values)
    for entry in content["properties"]:
        if entry.get("id") in left:
            entry["value"] = left.pop(entry["id"])
    assert not left, f"the template has no fields {sorted(left)}"
    return json.dumps(content)
