"""Checks element templates: `python -m worker.dev.templates [FOLDER]`, part of `make check`.

The Modeler's own schema says whether a file is a template at all (a test runs it). This says whether the template fits
the worker: each header is one that the worker reads, each expression parses, nothing refers to what is not there.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from worker.feel import FeelSyntaxError, parse
from worker.pipeline.inputs import INPUTS

JOB_HEADERS = frozenset(
    {
        "elementTemplateId",
        "elementTemplateVersion",
        "errorExpression",
        "jobTimeout",
        "resultExpression",
        "resultVariable",
        "retryBackoff",
    }
)


def findings(template: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a template, one sentence each, naming the property."""
    groups = {group["id"] for group in template.get("groups", [])}
    properties = template["properties"]
    counted = Counter(entry["id"] for entry in properties if "id" in entry)
    yield from (f"{name}: the id occurs {times} times" for name, times in counted.items() if times > 1)
    for entry in properties:
        name = entry.get("id") or entry["binding"].get("key") or entry["binding"].get("property", "?")
        if entry.get("group", next(iter(groups), None)) not in groups:
            yield f"{name}: the group {entry['group']!r} is not declared"
        condition = entry.get("condition", {}).get("property")
        if condition is not None and condition not in counted:
            yield f"{name}: its condition refers to {condition!r}, which is no property"
        if entry["type"] == "Dropdown" and entry.get("value") not in {choice["value"] for choice in entry["choices"]}:
            yield f"{name}: the default {entry.get('value')!r} is none of its choices"
        yield from _binding_findings(name, entry)


def _binding_findings(name: str, entry: dict[str, Any]) -> Iterator[str]:
    binding = entry["binding"]
    if binding["type"] == "zeebe:taskHeader":
        key = binding["key"]
        if key not in JOB_HEADERS and key.partition(".")[0] not in INPUTS:
            yield f"{name}: the worker reads no header {key!r}"
    value = str(entry.get("value", ""))
    if value.startswith("="):
        try:
            parse(value[1:].strip())
        except FeelSyntaxError as error:
            yield f"{name}: the default does not parse: {error}"


def main(arguments: list[str]) -> int:
    """Check each `*.json` of a folder; 0 when nothing is wrong, 1 otherwise, 2 when there is nothing to check."""
    folder = Path(arguments[0] if arguments else "templates")
    files = sorted(folder.glob("*.json"))
    if not files:
        sys.stderr.write(f"{folder}: no templates (*.json) here\n")
        return 2
    wrong = 0
    for file in files:
        for finding in findings(json.loads(file.read_text(encoding="utf-8"))):
            wrong += 1
            sys.stderr.write(f"{file}: {finding}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
