"""Evaluates FEEL for the connector without ever holding the event loop for long.

Nearly every expression ends within a few hundred steps, so it is evaluated on the loop, with a small budget. When that
does not suffice, the same expression is evaluated again in a thread with the full limits; evaluation has no side
effects, so nothing is done twice. The language itself is in `worker.feel`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from worker.feel import DEFAULT_LIMITS, FeelLimitError, FeelWarning, Limits, evaluate, strip_marker, to_json_value

QUICK_STEPS: Final = 4_000
QUICK_SECONDS: Final = 0.02
QUICK_INPUT: Final = 20_000
QUICK_TEXT: Final = 4_000  # characters; reading a longer text alone may take too long for the loop
THREADS: Final = 2

_BUDGET: Final = frozenset({"steps", "seconds", "input_nodes"})


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The value of an expression as a JSON tree, and why parts of it are null."""

    value: Any
    warnings: tuple[FeelWarning, ...] = ()


class Expressions:
    """FEEL with the limits of one worker; at most `threads` long evaluations run at a time."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, *, threads: int = THREADS) -> None:
        self._limits = limits
        self._quick = replace(
            limits,
            steps=min(limits.steps, QUICK_STEPS),
            seconds=min(limits.seconds, QUICK_SECONDS),
            input_nodes=min(limits.input_nodes, QUICK_INPUT),
        )
        self._threads = asyncio.Semaphore(threads)

    async def evaluate(self, text: str, context: Mapping[str, Any], *, nonce: str | None = None) -> Any:
        """The value of `text`, with or without its leading `=`, as a JSON tree. Raises `FeelError`."""
        return (await self.explain(text, context, nonce=nonce)).value

    async def explain(self, text: str, context: Mapping[str, Any], *, nonce: str | None = None) -> Evaluated:
        """As `evaluate`, with the warnings. `nonce` marks what `createDocument` makes; without it that call fails."""
        expression = strip_marker(text)
        if len(expression) <= QUICK_TEXT:
            try:
                return _evaluate(expression, context, self._quick, nonce)
            except FeelLimitError as limit:
                if limit.limit not in _BUDGET:
                    raise
        async with self._threads:
            return await asyncio.to_thread(_evaluate, expression, context, self._limits, nonce)


def _evaluate(expression: str, context: Mapping[str, Any], limits: Limits, nonce: str | None) -> Evaluated:
    result = evaluate(expression, context, limits=limits, nonce=nonce)
    return Evaluated(to_json_value(result.value, limits=limits), tuple(result.warnings))
