"""Circuit breakers: a service that keeps failing is left alone for a while (native face, `httpOptions.circuitBreaker`).

One breaker per profile, or per origin without one, in each worker process. Closed, it lets calls pass and remembers
how the last ones ended; once enough of them failed it opens, and no call is made. When its time is over one call is let
through on trial: it closes the breaker or opens it again.
"""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from worker.errors import JobFailure

log = logging.getLogger(__name__)

WINDOW_LIMIT: Final = 1_000

_CAPACITY: Final = 1_000  # origins
_SHORTEST_BACKOFF: Final = 100  # milliseconds; brokers lose jobs whose back-off ends in the millisecond they look
_TRIAL_WAIT: Final = 1.0  # seconds until somebody may ask again whether a trial has gone well
_FAILED_STATUS: Final = frozenset({"500", "502", "503", "504"})
_FAILED_KINDS: Final = frozenset({"timeout_connect", "timeout_read", "timeout_total", "connect", "reset"})
_ANSWERED_KINDS: Final = frozenset({"http", "decode", "too_large"})


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """Opens for `open_seconds` when of the last `window` calls at least `min_calls` were made and `failure_rate` of
    them (a share of 1) failed.
    """

    enabled: bool = False
    window: int = 20
    min_calls: int = 10
    failure_rate: float = 0.5
    open_seconds: float = 30.0


@dataclass(slots=True)
class _Breaker:
    ended: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW_LIMIT))  # whether each call failed
    open_until: float | None = None
    on_trial: bool = False

    def fails(self, rule: BreakerRule) -> bool:
        last = list(self.ended)[-rule.window :]
        return len(last) >= min(rule.min_calls, rule.window) and sum(last) >= rule.failure_rate * len(last)


class Breakers:
    """The breakers of one worker. `now` is seconds on a clock that never jumps."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._breakers: OrderedDict[str, _Breaker] = OrderedDict()

    @property
    def open_count(self) -> int:
        """How many origins are left alone now."""
        return sum(breaker.open_until is not None for breaker in self._breakers.values())

    def enter(self, origin: str, rule: BreakerRule) -> Passage:
        """Permission for one call. Raises `JobFailure` while the breaker is open; its tries are not used up."""
        breaker = self._breakers.setdefault(origin, _Breaker())
        self._breakers.move_to_end(origin)
        if len(self._breakers) > _CAPACITY:
            self._breakers.popitem(last=False)
        if breaker.open_until is None:
            return Passage(self, origin, breaker, rule, trial=False)
        left = breaker.open_until - self._now()
        if left > 0 or breaker.on_trial:
            raise _open(origin, left if left > 0 else _TRIAL_WAIT)
        breaker.on_trial = True
        return Passage(self, origin, breaker, rule, trial=True)

    def left(self, passage: Passage, failed: bool | None) -> None:
        """A call has ended: it failed, it did not, or nobody can say (None)."""
        breaker, rule = passage.breaker, passage.rule
        if passage.trial:
            breaker.on_trial = False
            if failed is not None:
                self._judge(passage, opens=failed)
        elif breaker.open_until is None and failed is not None:
            breaker.ended.append(failed)
            if failed and breaker.fails(rule):
                self._judge(passage, opens=True)

    def _judge(self, passage: Passage, *, opens: bool) -> None:
        breaker = passage.breaker
        breaker.ended.clear()
        breaker.open_until = self._now() + passage.rule.open_seconds if opens else None
        log.warning("circuit breaker open" if opens else "circuit breaker closed", extra={"origin": passage.origin})


@dataclass(frozen=True, slots=True)
class Passage:
    """The permission for one call; a context manager that watches how the call ends."""

    breakers: Breakers
    origin: str
    breaker: _Breaker
    rule: BreakerRule
    trial: bool

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.breakers.left(self, False if error is None else _failed(error))


def _failed(error: BaseException) -> bool | None:
    """Whether the service failed; None where the call did not get as far as the service."""
    if not isinstance(error, JobFailure):
        return None
    if error.kind in _FAILED_KINDS or (error.kind == "http" and error.code in _FAILED_STATUS):
        return True
    return False if error.kind in _ANSWERED_KINDS else None


def _open(origin: str, seconds: float) -> JobFailure:
    return JobFailure(
        f"The circuit breaker for {origin} is open: too many of the last calls failed, so none is made",
        code="503",
        kind="circuit_open",
        backoff=max(math.ceil(seconds * 1000), _SHORTEST_BACKOFF),
        untried=True,
    )
