"""Evaluates FEEL for the connector without ever holding the event loop for long.

Nearly every expression ends within a few hundred steps, so it is evaluated on the loop, with a small budget. When that
does not suffice, the same expression is evaluated again in a thread with the full limits; evaluation has no side
effects, so nothing is done twice. The language itself is in `worker.feel`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from worker.feel import DEFAULT_LIMITS, Expression, FeelLimitError, Limits, Result, parse, strip_marker

QUICK_STEPS: Final = 4_000
QUICK_SECONDS: Final = 0.02
QUICK_INPUT: Final = 20_000
QUICK_TEXT: Final = 4_000  # characters; reading a longer text alone may take too long for the loop
KEPT_TEXTS: Final = 256
KEPT_TEXT: Final = 1_000  # characters; longer ones are looked up among those that `worker.feel` keeps
THREADS: Final = 2

_BUDGET: Final = frozenset({"steps", "seconds", "input_nodes"})


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
        self._parsed = lru_cache(KEPT_TEXTS)(self._parse)
        self._threads = ThreadPoolExecutor(threads, "feel")

    async def evaluate(self, text: str, context: Mapping[str, Any], *, nonce: str | None = None) -> Any:
        """The value of `text`, with or without its leading `=`, as a JSON tree. Raises `FeelError`."""
        return (await self.explain(text, context, nonce=nonce)).value

    async def explain(self, text: str, context: Mapping[str, Any], *, nonce: str | None = None) -> Result:
        """As `evaluate`, with the warnings. `nonce` marks what `createDocument` makes; without it that call fails."""
        if len(text) <= QUICK_TEXT:
            try:
                expression = self._parsed(text) if len(text) <= KEPT_TEXT else self._parse(text)
                return expression.evaluate_to_json(context, limits=self._quick, nonce=nonce)
            except FeelLimitError as limit:
                if limit.limit not in _BUDGET:
                    raise
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._evaluate, text, context, nonce)

    def _parse(self, text: str) -> Expression:
        return parse(strip_marker(text), self._limits)

    def _evaluate(self, text: str, context: Mapping[str, Any], nonce: str | None) -> Result:
        return self._parse(text).evaluate_to_json(context, limits=self._limits, nonce=nonce)
