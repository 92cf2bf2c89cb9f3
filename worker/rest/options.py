"""`httpOptions`: the inputs that Camunda's connector does not have, in one object of the model (native face).

One reserved name keeps process variables from being taken for inputs by chance. An unknown name in it is an error,
because a mistyped option would otherwise be ignored for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, get_args

from worker.errors import JobFailure, input_failure
from worker.rest.coercion import boolean, integer

ArrayFormat = Literal["repeat", "brackets", "indices", "comma"]
"""How a list among the query parameters is written: `a=1&a=2`, `a[]=1&a[]=2`, `a[0]=1&a[1]=2`, `a=1,2`."""

MOST_REDIRECTS: Final = 50


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """The options of one call, and their defaults."""

    send_body: bool = False  # also for GET and DELETE
    array_format: ArrayFormat = "repeat"
    max_redirects: int = 10
    meta: bool = False  # tell how the call went in `response.meta`


DEFAULTS: Final = HttpOptions()


@dataclass(frozen=True, slots=True)
class _Option:
    field: str
    read: Callable[[Any], Any]  # raises ValueError
    wanted: str


def _array_format(value: Any) -> str:
    if value not in get_args(ArrayFormat):
        raise ValueError(value)
    return str(value)


def _redirects(value: Any) -> int:
    number = integer(value)
    if number is None or not 0 <= number <= MOST_REDIRECTS:
        raise ValueError(value)
    return number


_SWITCH: Final = "true or false"
_OPTIONS: Final = {
    "body.always": _Option("send_body", boolean, _SWITCH),
    "query.arrayFormat": _Option("array_format", _array_format, f"one of {', '.join(get_args(ArrayFormat))}"),
    "redirects.max": _Option("max_redirects", _redirects, f"a whole number from 0 to {MOST_REDIRECTS}"),
    "response.meta": _Option("meta", boolean, _SWITCH),
}
_ELSEWHERE: Final = ("inputs", "errors.mode", "errors.immediate")  # steer the pipeline, which reads them
_NAMES: Final = (*_OPTIONS, *_ELSEWHERE)
_GROUPS: Final = frozenset(name.partition(".")[0] for name in _NAMES if "." in name)


def read_options(given: Any) -> HttpOptions:
    """The options that the input `httpOptions` holds; null and blank ones are not set. Raises an input failure."""
    if given is None or given == "":
        return DEFAULTS
    if not isinstance(given, Mapping):
        raise input_failure("httpOptions must be an object")
    values = {}
    for name, value in _flat(given, ""):
        if name in _ELSEWHERE:
            continue
        option = _OPTIONS.get(name)
        if option is None:
            raise _unknown(name)
        try:
            values[option.field] = option.read(value)
        except ValueError:
            raise input_failure(f"httpOptions.{name} must be {option.wanted}") from None
    return HttpOptions(**values)


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
    close = get_close_matches(name, _NAMES, n=1)
    known = f"did you mean httpOptions.{close[0]}?" if close else f"there are {', '.join(sorted(_NAMES))}"
    return input_failure(f"httpOptions.{name} is not known; {known}")
