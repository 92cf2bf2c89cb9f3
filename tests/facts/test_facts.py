"""Every fact of the contract's chapter 13 has an answer, and every answer its proof.

`facts.json` has them by section: `held` lists proofs, `differs` and `not applicable` give the reason. A proof is a
test (`path::name`, with the first id of the row in brackets where it is one of a table) or a recorded job of
`tests/conformance`. Tests are looked up in the syntax trees of their files, so nothing is run twice.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.rest_corpus import known_differences, recorded

ROOT = Path(__file__).parents[2]
IDS = (
    "JH 1-22 JH 30-47 JT 1-12 EE 1-31 RE 1-13 FE 1-20 CD 1-10 SE 20-45 BV 1-21 HV 1-9 RQ 1-32 UR 1-34 OA 1-17 PX 1-11 "
    "PX 29-29 TL 1-7 BL 1-6 RS 1-18 RF 1-6 ER 1-8 DO 1-9 IN 1-5 RT 1-13 E2 1-6"
)
TOGETHER = ("SE-001..SE-012", "SE-013..SE-019", "PX-012..PX-028")
"""Facts that the contract has on one line."""
DIFFERS: frozenset[str] = frozenset({"JH-030", "SE-038", "SE-040", "OA-011", "RT-010", "RT-011", "RT-012"})
"""What does not hold. Take an id off when its fact holds; none may join them."""
NOT_APPLICABLE: frozenset[str] = frozenset(
    {"JH-014", "JH-039", "JH-040", "JH-047", "RE-013", "SE-033", "SE-035", "RS-018", "ER-001", "ER-008"}
    | {"RT-001", "RT-002", "RT-003", "RT-004", "RT-005", "RT-006", "RT-008", "RT-009", "RT-013"}
)
"""What speaks of Java or of another product's set-up. None may join them either."""


def sections() -> dict[str, list[dict[str, Any]]]:
    read: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "tests/facts/facts.json").read_text())
    return read


def facts() -> Iterator[dict[str, Any]]:
    for section in sections().values():
        yield from section


def test_every_fact_is_there_once() -> None:
    ranges = re.findall(r"(\w\w) (\d+)-(\d+)", IDS)
    ids = [f"{group}-{number:03d}" for group, first, last in ranges for number in range(int(first), int(last) + 1)]

    assert Counter(fact["id"] for fact in facts()) == Counter([*ids, *TOGETHER])
    assert sum(1 for _ in facts()) == 358


def test_every_fact_has_one_answer() -> None:
    answers = {fact["id"]: [key for key in ("held", "differs", "not applicable") if fact.get(key)] for fact in facts()}

    assert {fact: given for fact, given in answers.items() if len(given) != 1} == {}
    assert {fact for fact, given in answers.items() if given == ["differs"]} == DIFFERS
    assert {fact for fact, given in answers.items() if given == ["not applicable"]} == NOT_APPLICABLE


@pytest.mark.parametrize("section", sections())
def test_every_proof_exists(section: str) -> None:
    missing = [
        f"{fact['id']}: {proof}" for fact in sections()[section] for proof in fact.get("held", []) if not exists(proof)
    ]

    assert missing == []


def test_a_proof_that_does_not_exist_is_noticed() -> None:
    assert not exists("tests/facts/test_facts.py::test_nothing")
    assert not exists("tests/facts/test_facts.py::test_every_proof_exists[JH-999]")
    assert not exists("status/000-none")
    assert not exists("masking/006-empty"), "a recorded job that we do otherwise proves nothing"


def exists(proof: str) -> bool:
    if "::" not in proof:
        return proof in agreeing_jobs()
    path, *names = proof.split("::")
    name, _, row = names[-1].rstrip("]").partition("[")
    found = functions(path).get("::".join([*names[:-1], name]))
    return found is not None and (not row or row in found)


@cache
def agreeing_jobs() -> frozenset[str]:
    """The recorded jobs that the worker does as they were recorded."""
    different = {case for group in known_differences().values() for case in group}
    return frozenset(case.id for case in recorded()) - different


@cache
def functions(path: str) -> dict[str, frozenset[str]]:
    """The tests of a file, each with the ids that its decorators contain."""
    file = ROOT / path
    tree = ast.parse(file.read_text()) if file.is_file() else ast.Module([], [])
    scopes: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    found: dict[str, frozenset[str]] = {}
    for scope in scopes:
        prefix = f"{scope.name}::" if isinstance(scope, ast.ClassDef) else ""
        for node in scope.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[prefix + node.name] = frozenset(_ids(node))
    return found


def _ids(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        for part in ast.walk(decorator):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield from re.findall(r"[A-Z0-9]{2}-\d{3}(?:\.\.[A-Z0-9]{2}-\d{3})?", part.value)
