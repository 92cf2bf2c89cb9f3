"""The recorded REST jobs: reading them, the profiles they ran in, and the differences that are wanted.

`data/rest/NOTICE` describes the form of a record. `rest_replay.py` runs them again, `rest_comparison.py` compares.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent / "data" / "rest"
LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Case:
    """One job, what its servers answer, and in `record` also what the Java connector did."""

    id: str
    group: str
    profile: str
    record: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        return self.record.get(name, default)


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to start the worker. `serial` because one proxy serves all its cases."""

    name: str
    environment: Mapping[str, str]
    jvm_options: str
    proxy: bool
    serial: bool


@cache
def recorded() -> tuple[Case, ...]:
    """All cases in the order of the file."""
    with gzip.open(DATA / "rest.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return tuple(Case(record["id"], record["group"], record["profile"], record) for record in records)


@cache
def profiles() -> tuple[Profile, ...]:
    """All profiles in the order of the file."""
    described = json.loads((DATA / "profiles.json").read_text("utf-8"))
    return tuple(
        Profile(
            name,
            environment=profile.get("env", {}),
            jvm_options=profile.get("javaOpts", ""),
            proxy=profile.get("proxy", False),
            serial=profile.get("serial", False),
        )
        for name, profile in described.items()
    )


@cache
def known_differences() -> dict[str, dict[str, str]]:
    """By kind of difference: case id and reason."""
    reasons: dict[str, dict[str, str]] = json.loads((DATA / "known-differences.json").read_text("utf-8"))
    return reasons


def decode(text: str) -> Any:
    """JSON with integers and fractions kept apart, and `{"$num": text}` for numbers that no double can hold."""
    return json.loads(text, parse_float=_fraction)


def _fraction(text: str) -> Any:
    number = float(text)
    if number in (float("inf"), float("-inf")) or Decimal(repr(number)) != Decimal(text):
        return {"$num": text}
    return number


def shortened(value: Any) -> Any:
    """The value with a digest in place of each very long text."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return {"$long": {"len": len(value), "sha256": digest}}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    return value
