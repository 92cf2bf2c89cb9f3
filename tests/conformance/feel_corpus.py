"""The recorded FEEL cases: reading them, and the JSON encoding of values they are written in.

What JSON lacks is an object `{"@feel": <type>, "value": <text>}`. The differential tests use the same encoding
for the live engine. `test_feel_recorded_answers.py` compares.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from worker import feel

DATA = Path(__file__).resolve().parent / "data" / "feel"
FILES = ("suites.jsonl.gz", "engine.jsonl.gz")
CONNECTOR_TEXTS = frozenset({"connector-style", "fuzz", "spec-probe"})
ABSENT = object()
"""Stands for no input value at all, which is not the same as null."""

_SECONDS = {"D": 86400, "H": 3600, "M": 60, "S": 1}
_MONTHS = {"Y": 12, "M": 1}
_TOLERANCE = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Case:
    """One expression with the answer of the original engine."""

    id: str
    source: str
    kind: str
    expression: str
    context: Mapping[str, Any]
    input: Any
    answer: Mapping[str, Any]
    error_kind: str | None
    accident: bool


def recorded() -> Iterator[Case]:
    """Every case that can be compared: not those without a JSON form, of unbounded work or of hash order."""
    for name in FILES:
        with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line, parse_float=Decimal)
                left_out = record.get("heavy") or record.get("key_order") or "unrepresentable" in record["engine"]
                if not left_out:
                    yield _case(record)


def _case(record: Mapping[str, Any]) -> Case:
    text = record["expression"]
    if record["source"] in CONNECTOR_TEXTS:
        text = text.strip().removeprefix("=").strip()
    return Case(
        id=record["id"],
        source=record["source"],
        kind=record["kind"],
        expression=text,
        context=record.get("context", {}),
        input=record.get("input", ABSENT),
        answer=record["engine"],
        error_kind=record.get("error_kind"),
        accident=bool(record.get("accident")),
    )


def evaluate(case: Case) -> feel.Result:
    """Our result for a case; raises FeelError as the engine does."""
    context = decode(case.context)
    if case.kind != "unary-tests":
        return feel.evaluate(case.expression, context)
    if case.input is ABSENT:
        return feel.unary_tests(case.expression, context=context)
    return feel.unary_tests(case.expression, decode(case.input), context=context)


def decode(value: Any) -> Any:
    """A value of the corpus as a connector has it: doubles, and typed values made by FEEL itself."""
    if is_typed(value):
        kind, text = value["@feel"], value["value"]
        if kind == "function":
            return feel.evaluate(text, {}).value
        return feel.evaluate(f'{"duration" if kind.endswith("duration") else kind}("{text}")', {}).value
    if isinstance(value, Mapping):
        return {key: decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def encode(value: Any) -> Any:
    """A FEEL value in the encoding of the corpus; functions and ranges keep only their printed form."""
    match feel.type_name(value):
        case "null" | "boolean" | "string":
            return value
        case "number":
            return Decimal(str(value))
        case "list":
            return [encode(item) for item in value]
        case "context":
            return {key: encode(item) for key, item in value.items()}
        case "days and time duration":
            seconds = Decimal(value.nanoseconds).scaleb(-9)  # FEEL prints whole seconds only
            return {"@feel": "days and time duration", "value": f"PT{seconds:f}S"}
        case kind:
            return {"@feel": kind, "value": feel.to_string(value)}


def is_typed(value: Any) -> bool:
    """Whether this is an object that stands for a value without a JSON form."""
    return isinstance(value, Mapping) and value.keys() == {"@feel", "value"}


def equal(left: Any, right: Any) -> bool:
    """Equality of two encoded values; numbers within 1e-8 of their size, whatever their scale."""
    if is_typed(left) and is_typed(right):
        return left["@feel"] == right["@feel"] and _equal_texts(left["@feel"], left["value"], right["value"])
    if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
        return left is right
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        first, second = Decimal(left), Decimal(right)
        return first == second or abs(first - second) <= _TOLERANCE * max(abs(first), abs(second))
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, Sequence) and isinstance(right, Sequence) and type(left) is type(right):
        return len(left) == len(right) and all(map(equal, left, right))
    return False


def _equal_texts(kind: str, left: str, right: str) -> bool:
    if kind == "years and months duration":
        return _total(left, _MONTHS) == _total(right, _MONTHS)
    if kind == "days and time duration":
        return _total(left, _SECONDS) == _total(right, _SECONDS)
    return left.removeprefix("+") == right.removeprefix("+")


def _total(text: str, sizes: Mapping[str, int]) -> Decimal:
    sign = -1 if text.startswith("-") else 1
    parts = re.findall(r"(-?[\d.]+)([A-Z])", text.removeprefix("-"))
    return sign * sum((Decimal(count) * sizes[unit] for count, unit in parts), Decimal(0))
