"""Our FEEL engine and the original give the same answers, apart from the deviations that we chose.

A short form with a fixed seed; `python -m tests.differential` asks as many questions as one likes.
"""

from __future__ import annotations

import pytest

from tests.differential.__main__ import describe
from tests.differential.comparison import differences
from tests.differential.deviations import Deviation, known, unexplained
from tests.differential.jvm import JvmEngine
from tests.differential.questions import questions

QUESTIONS = 6_000
SHOWN = 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 20])
def test_generated_expressions_have_the_answers_of_the_original(original: JvmEngine, seed: int) -> None:
    found = unexplained(differences(original, questions(seed, QUESTIONS)))

    assert not found, f"{len(found)} differences\n" + "\n".join(map(describe, found[:SHOWN]))


@pytest.mark.parametrize("deviation", known(), ids=lambda deviation: deviation.name)
def test_each_listed_deviation_still_deviates(original: JvmEngine, deviation: Deviation) -> None:
    found = list(differences(original, [deviation.example]))

    assert found, f"'{deviation.name}' agrees now: take it off deviations.json"
    assert deviation.explains(found[0])


def test_every_deviation_has_a_name_and_a_reason() -> None:
    names = [deviation.name for deviation in known()]

    assert len(set(names)) == len(names)
    assert all(len(deviation.reason) > len(deviation.name) for deviation in known())
