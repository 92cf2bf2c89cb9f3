"""Our FEEL gives the answers that Camunda's engine gave to the recorded expressions.

The exceptions stand in `data/feel/known-misses.json`, each with its reason; the list can only shrink, since a
listed case that agrees fails the run as well.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache

import pytest

from tests.conformance.feel_corpus import DATA, Case, encode, equal, evaluate, recorded
from worker.feel import FeelError, FeelSyntaxError

SOURCES = {  # how many cases of each source can be compared
    "connector-style": 602,
    "dmn-tck": 1505,
    "feel-scala": 984,
    "feelin": 385,
    "fuzz": 3905,
    "spec-probe": 2210,
}
SHOWN = 20


@cache
def cases_by_source() -> dict[str, list[Case]]:
    cases = defaultdict(list)
    for case in recorded():
        cases[case.source].append(case)
    return dict(cases)


@cache
def known_misses() -> dict[str, str]:
    reasons: dict[str, str] = json.loads((DATA / "known-misses.json").read_text("utf-8"))
    return reasons


def difference(case: Case) -> str | None:
    """What is wrong with our answer, or None if it is right."""
    try:
        ours = encode(evaluate(case).value)
    except FeelError as error:
        if "error" not in case.answer:
            return f"{type(error).__name__}: {error.message}"
        if case.error_kind == "parse" and not isinstance(error, FeelSyntaxError):
            return f"{type(error).__name__} where the parser must object"
        return None
    if "error" in case.answer:
        return None if case.accident and ours is None else f"the value {ours!r} instead of a failure"
    return None if equal(case.answer["value"], ours) else f"the value {ours!r}"


@pytest.mark.parametrize("source", SOURCES)
def test_recorded_expressions_have_the_recorded_answers(source: str) -> None:
    cases = cases_by_source()[source]

    wrong = {case.id: text for case in cases if (text := difference(case)) is not None}

    expected = known_misses().keys() & {case.id for case in cases}
    unexpected = [case for case in cases if case.id in wrong and case.id not in expected]
    report = [
        f"{case.id}: {case.expression!r}\n  engine {case.answer!r}\n  ours   {wrong[case.id]}" for case in unexpected
    ]
    assert not unexpected, f"{len(unexpected)} differ\n" + "\n".join(report[:SHOWN])
    assert not expected - wrong.keys(), "these agree now; take them off known-misses.json"


def test_every_known_miss_is_a_recorded_case_and_has_a_reason() -> None:
    recorded_ids = {case.id for cases in cases_by_source().values() for case in cases}

    assert known_misses().keys() <= recorded_ids
    assert all(len(reason) > len("on purpose") for reason in known_misses().values())


def test_the_corpus_is_complete() -> None:
    assert {source: len(cases) for source, cases in cases_by_source().items()} == SOURCES
