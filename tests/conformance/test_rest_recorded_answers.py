"""`rest-connector run` does with the recorded jobs what Camunda's Java REST connector did.

The exceptions stand in `data/rest/known-differences.json`, each with its reason; the list can only shrink, since a
listed case that agrees fails the run as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import pytest

from tests.conformance.rest_comparison import Difference, differences
from tests.conformance.rest_corpus import Case, known_differences, recorded
from tests.conformance.rest_material import Material
from tests.conformance.rest_replay import replay

CASES = 920
GROUPS = sorted({case.group for case in recorded()})
SUBSET = [case for case in recorded() if case.profile == "default" and not case.get("settle")][::23]
RESENDS = "sends again"
"""The kind of known differences that vanish with `REST_CONNECTOR_COMPATIBLE_RESEND`."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Differences = Mapping[str, list[Difference]]
"""By case id; empty lists for cases that agree."""


def replayed(
    cases: Iterable[Case], material: Material, *, expected: Iterable[str] = (), parallel: int = 24, **settings: str
) -> Differences:
    """How the worker differs. A case that differs unexpectedly is run once more, alone: the machine may be busy."""

    async def run() -> Differences:
        chosen = list(cases)
        found = await _differences(chosen, material, settings, parallel)
        surprising = [case for case in chosen if found[case.id] and case.id not in expected]
        return {**found, **await _differences(surprising, material, settings, 1)}

    return asyncio.run(run())


async def _differences(
    cases: list[Case], material: Material, settings: Mapping[str, str], parallel: int
) -> dict[str, list[Difference]]:
    recordings = await replay(cases, material, settings, parallel=parallel)
    return {case.id: differences(case, recordings[case.id]) for case in cases}


def all_known() -> dict[str, str]:
    return {case_id: reason for group in known_differences().values() for case_id, reason in group.items()}


def report(found: Differences, ids: Iterable[str]) -> str:
    return "\n".join(f"{case_id}:\n  " + "\n  ".join(map(str, found[case_id])) for case_id in ids)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return Material.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def found(material: Material) -> Differences:
    """All cases, run by a worker with default settings."""
    return replayed(recorded(), material, expected=all_known())


@pytest.mark.parametrize("group", GROUPS)
def test_recorded_jobs_have_the_recorded_outcome(group: str, found: Differences) -> None:
    ids = [case.id for case in recorded() if case.group == group]

    unexpected = [case_id for case_id in ids if found[case_id] and case_id not in all_known()]
    agreeing = [case_id for case_id in ids if not found[case_id] and case_id in all_known()]

    assert not unexpected, f"{len(unexpected)} of {len(ids)} differ\n{report(found, unexpected)}"
    assert not agreeing, "these agree now; take them off known-differences.json"


def test_the_hidden_sends_of_java_come_back_with_their_setting(material: Material) -> None:
    wanted = known_differences()[RESENDS].keys()
    groups = {case.group for case in recorded() if case.id in wanted}
    expected = all_known().keys() - wanted

    found = replayed(
        [case for case in recorded() if case.group in groups],
        material,
        expected=expected,
        REST_CONNECTOR_COMPATIBLE_RESEND="true",
    )

    unexpected = [case_id for case_id, differing in found.items() if differing and case_id not in expected]
    assert not unexpected, report(found, unexpected)


def test_neither_order_nor_company_changes_an_outcome(material: Material) -> None:
    found = replayed(reversed(SUBSET), material, expected=all_known(), parallel=1)

    unexpected = [case_id for case_id, differing in found.items() if differing and case_id not in all_known()]
    assert len(found) >= 30
    assert not unexpected, report(found, unexpected)


def test_every_known_difference_is_a_recorded_case_and_has_a_reason() -> None:
    ids = [case_id for group in known_differences().values() for case_id in group]

    assert set(ids) <= {case.id for case in recorded()}
    assert len(ids) == len(set(ids))
    assert all(len(reason) > len("on purpose") for reason in all_known().values())


def test_the_corpus_is_complete() -> None:
    assert len({case.id for case in recorded()}) == CASES
