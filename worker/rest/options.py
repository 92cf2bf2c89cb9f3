"""`httpOptions`: the inputs that Camunda's connector does not have, in one object of the model (native face).

One reserved name keeps process variables from being taken for inputs by chance. An unknown name in it is an error,
because a mistyped option would otherwise be ignored for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from worker.errors import JobFailure, input_failure
from worker.rest.breaker import WINDOW_LIMIT, BreakerRule
from worker.rest.coercion import boolean, integer
from worker.rest.tracked import Tracking, tracking

ArrayFormat = Literal["repeat", "brackets", "indices", "comma"]
"""How a list among the query parameters is written: `a=1&a=2`, `a[]=1&a[]=2`, `a[0]=1&a[1]=2`, `a=1,2`."""

MOST_REDIRECTS: Final = 50
MOST_RETRIES: Final = 100
LONGEST: Final = 86_400_000  # milliseconds: a day


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How often a call is made again within its job, and when (`worker.rest.repeating`). Waits are seconds."""

    max_retries: int = 0
    delay: float = 0.0
    exponential: bool = False  # instead of `delay`
    all_errors: bool = False  # also after answers that another try hardly mends
    non_idempotent: bool = False  # also POST and PATCH that may have arrived
    respect_retry_after: bool = True
    max_wait: float = 30.0  # a longer one becomes the back-off of the failed job


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """The options of one call, and their defaults."""

    send_body: bool = False  # also for GET and DELETE
    array_format: ArrayFormat = "repeat"
    max_redirects: int = 10
    meta: bool = False  # tell how the call went in `response.meta`
    tracked: Tracking = field(default_factory=Tracking)  # headers that the model wants by name
    timeout: float | None = None  # seconds for one whole try, in place of the read timeout; 0 is without limit
    retry: RetryRule = field(default_factory=RetryRule)
    breaker: BreakerRule = field(default_factory=BreakerRule)


DEFAULTS: Final = HttpOptions()


@dataclass(frozen=True, slots=True)
class _Option:
    field: str  # `group.field` where the value belongs to a group of `HttpOptions`
    read: Callable[[Any], Any]  # raises ValueError
    wanted: str


def _array_format(value: Any) -> str:
    if value not in get_args(ArrayFormat):
        raise ValueError(value)
    return str(value)


def _within(lowest: int, highest: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = integer(value)
        if number is None or not lowest <= number <= highest:
            raise ValueError(value)
        return number

    return read


def _seconds(value: Any) -> float:
    """Milliseconds to seconds."""
    return _within(0, LONGEST)(value) / 1000


def _share(value: Any) -> float:
    """A share of 1, or a percentage."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError(value)
    number = float(str(value))  # by way of text, because there is no float for every int
    if not 0 < number <= 100:
        raise ValueError(value)
    return number if number <= 1 else number / 100


_SWITCH: Final = "true or false"
_MILLISECONDS: Final = f"a whole number of milliseconds from 0 to {LONGEST}"
_RETRIES: Final = f"a whole number from 0 to {MOST_RETRIES}"
_CALLS: Final = f"a whole number from 1 to {WINDOW_LIMIT}"
_OPTIONS: Final = {
    "body.always": _Option("send_body", boolean, _SWITCH),
    "circuitBreaker.enabled": _Option("breaker.enabled", boolean, _SWITCH),
    "circuitBreaker.failureRate": _Option("breaker.failure_rate", _share, "a share such as 0.5, or a percentage"),
    "circuitBreaker.minCalls": _Option("breaker.min_calls", _within(1, WINDOW_LIMIT), _CALLS),
    "circuitBreaker.openMs": _Option("breaker.open_seconds", _seconds, _MILLISECONDS),
    "circuitBreaker.window": _Option("breaker.window", _within(1, WINDOW_LIMIT), _CALLS),
    "query.arrayFormat": _Option("array_format", _array_format, f"one of {', '.join(get_args(ArrayFormat))}"),
    "redirects.max": _Option("max_redirects", _within(0, MOST_REDIRECTS), f"a whole number from 0 to {MOST_REDIRECTS}"),
    "response.meta": _Option("meta", boolean, _SWITCH),
    "retry.allErrors": _Option("retry.all_errors", boolean, _SWITCH),
    "retry.delayMs": _Option("retry.delay", _seconds, _MILLISECONDS),
    "retry.exponential": _Option("retry.exponential", boolean, _SWITCH),
    "retry.maxRetries": _Option("retry.max_retries", _within(0, MOST_RETRIES), _RETRIES),
    "retry.maxWaitMs": _Option("retry.max_wait", _seconds, _MILLISECONDS),
    "retry.nonIdempotent": _Option("retry.non_idempotent", boolean, _SWITCH),
    "retry.respectRetryAfter": _Option("retry.respect_retry_after", boolean, _SWITCH),
    "trackHeaders": _Option("tracked", tracking, "a list of header names, or an object of names to headers"),
    "timeoutMs": _Option("timeout", _seconds, _MILLISECONDS),
}
_ELSEWHERE: Final = ("inputs", "errors.mode", "errors.immediate", "profile", "operation")  # read by the pipeline
NAMES: Final = (*_OPTIONS, *_ELSEWHERE)
"""Every option, by its dotted name."""

_GROUPS: Final = frozenset(name.partition(".")[0] for name in NAMES if "." in name)


def read_options(given: Any) -> HttpOptions:
    """The options that the input `httpOptions` holds; null and blank ones are not set. Raises an input failure."""
    if given is None or given == "":
        return DEFAULTS
    if not isinstance(given, Mapping):
        raise input_failure("httpOptions must be an object")
    values: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in _flat(given, ""):
        if name in _ELSEWHERE:
            continue
        option = _OPTIONS.get(name)
        if option is None:
            raise _unknown(name)
        try:
            group, _, member = option.field.rpartition(".")
            values[group][member] = option.read(value)
        except ValueError:
            raise input_failure(f"httpOptions.{name} must be {option.wanted}") from None
    retry, breaker = RetryRule(**values["retry"]), BreakerRule(**values["breaker"])
    return HttpOptions(**values[""], retry=retry, breaker=breaker)


def _flat(group: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Dotted names and values. Groups are known names, so the walk is no deeper than they are."""
    for key, value in group.items():
        name = prefix + key
        if value is None or value == "":
            continue
        if name not in _GROUPS:
            yield name, value
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            raise input_failure(f"httpOptions.{name} must be an object")


def _unknown(name: str) -> JobFailure:
    close = get_close_matches(name, NAMES, n=1)
    known = f"did you mean httpOptions.{close[0]}?" if close else f"there are {', '.join(sorted(NAMES))}"
    return input_failure(f"httpOptions.{name} is not known; {known}")
