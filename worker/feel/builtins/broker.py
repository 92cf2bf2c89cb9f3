"""Functions that the engine's broker adds to the language; expressions written for it run unchanged."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from worker.feel import temporal
from worker.feel.errors import IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.temporal import DaysDuration, YearsDuration

from .registry import Family

BROKER = Family("broker")

_MAX_REPETITIONS = 10**9
_INTERVAL = "days and time duration | years and months duration"


@BROKER.builtin(
    "cycle",
    "repetitions: number?",
    f"interval: {_INTERVAL}",
    summary="The text of a repeating timer; null repetitions mean without end.",
    examples=[('cycle(3, duration("PT1H"))', '"R3/PT1H"'), ('cycle(null, duration("PT1H"))', '"R/PT1H"')],
)
def _cycle(_: Evaluation, repetitions: int | Decimal | None, interval: DaysDuration | YearsDuration) -> str:
    if repetitions is not None and not -_MAX_REPETITIONS <= repetitions <= _MAX_REPETITIONS:
        raise IllegalArguments
    count = "" if repetitions is None else str(int(repetitions))
    return f"R{count}/{temporal.to_string(interval)}"


@BROKER.builtin(
    "cycle",
    f"interval: {_INTERVAL}",
    aliases={"repetitions": "interval"},
    summary="The text of a timer that repeats without end.",
    examples=[('cycle(duration("P1D"))', '"R/P1D"')],
)
def _endless_cycle(_: Evaluation, interval: DaysDuration | YearsDuration) -> str:
    return f"R/{temporal.to_string(interval)}"


_TAGS = ("description: any", "type: any", "schema: any", "options: any")


def _from_ai(_: Evaluation, value: Any, *tags: Any) -> Any:
    return value


for _count in range(len(_TAGS) + 1):
    BROKER.builtin(
        "fromAi",
        "value: any",
        *_TAGS[:_count],
        summary="The value unchanged. The call only tags a parameter for tools that read the expression.",
        examples=[
            (f"fromAi({', '.join(['5', *['null'] * _count])})", "5"),
        ],
    )(_from_ai)
