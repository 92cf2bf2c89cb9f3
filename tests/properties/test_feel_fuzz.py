"""No text makes FEEL raise anything but its own error, run too long or keep memory."""

from __future__ import annotations

import pytest

from tests.properties.fuzz_feel import run

TEXTS = 20_000


@pytest.mark.slow
def test_any_text_ends_in_a_value_or_a_feel_error_in_time() -> None:
    outcome = run(TEXTS, seed=1)

    assert not outcome.faults, "\n".join(outcome.faults[:20])
    assert sum(outcome.ends.values()) == TEXTS


@pytest.mark.slow
def test_the_texts_reach_both_values_and_errors() -> None:
    ends = run(TEXTS // 10, seed=2).ends

    assert min(ends["value"], ends["null"], ends["FeelSyntaxError"]) > TEXTS // 200
