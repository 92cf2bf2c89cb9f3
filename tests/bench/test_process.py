"""What a run of process instances says about its limit."""

from __future__ import annotations

from typing import Any

import pytest

from bench.process import Tasks, limit, model

CALM: dict[str, Any] = {
    "rate": 3_000,
    "finished_per_minute": 1_000.0,
    "core_shares": {"worker": 0.2, "broker": 1.2, "starter": 0.1, "called service": 0.1},
    "cores": 2,
    "machine_share": 0.8,
    "busiest_thread": "zb-actors-0",
    "busiest_thread_share": 0.5,
    "refused_starts": 0,
}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"finished_per_minute": 2_990.0}, "nothing was full"),
        ({"machine_share": 0.95}, "the machine's cores were full, and the broker used most of them"),
        ({"machine_share": 1.0}, "other programs took 40% of a core"),
        ({"busiest_thread_share": 0.97}, "thread `zb-actors-0` was full"),
        ({"core_shares": {"worker": 0.95, "broker": 0.5, "starter": 0.1}}, "the worker was full"),
        ({"refused_starts": 7}, "flow control"),
        ({}, "time passed in waiting"),
    ],
)
def test_the_limit_is_what_was_full(facts: dict[str, Any], words: str) -> None:
    assert words in limit(CALM | facts)


def test_a_task_lasts_from_one_call_of_an_instance_to_its_next() -> None:
    tasks = Tasks()

    for path in ("/orders/1/0", "/orders/2/0", "/orders/1/1", "/orders/1/5", "/orders/1/0"):
        tasks.on_call(path)

    assert tasks.calls == 5
    assert len(tasks.seconds) == 2  # after its last task an instance is over


def test_the_model_has_six_calls() -> None:
    assert model().count("<bpmn:serviceTask ") == 6
