"""The names of Alfresco's REST connector: `restUrl` and its kin in, `restResult` and its kin out.

The action is the method. Not every action has every input and output; an input that it does not have is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from worker.errors import input_failure
from worker.pipeline.paths import put
from worker.rest.request import Method, RestResponse

FLAT: Final = frozenset({"restUrlParams", "requestHeaders"})

_WITH_PAYLOAD: Final = frozenset({"POST", "PUT", "PATCH"})
_WITHOUT_RESULT: Final = frozenset({"HEAD", "OPTIONS"})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError(value)


def _milliseconds(value: Any) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def _anything(value: Any) -> Any:
    return value


def _without_encoding(value: Any) -> str:
    return "false" if _boolean(value) else "true"


@dataclass(frozen=True, slots=True)
class _Input:
    """An input, what it is for us, and which actions have it (None: all)."""

    target: tuple[str, ...]
    read: Callable[[Any], Any]  # raises ValueError
    wanted: str
    actions: Callable[[str], bool] = bool


_INPUTS: Final = {
    "restUrl": _Input(("url",), _text, "a text"),
    "restUrlParams": _Input(("queryParameters",), _object, "an object"),
    "restUrlEncoded": _Input(("skipEncoding",), _without_encoding, "true or false", lambda action: action != "TRACE"),
    "requestHeaders": _Input(("headers",), _object, "an object"),
    "requestPayload": _Input(("body",), _anything, "JSON", _WITH_PAYLOAD.__contains__),
    "circuitBreaker": _Input(("httpOptions", "circuitBreaker", "enabled"), _boolean, "true or false"),
    "timeout": _Input(("httpOptions", "timeoutMs"), _milliseconds, "a whole number of milliseconds"),
}
INPUTS: Final = frozenset(_INPUTS)


def translate(tree: dict[str, Any], action: str | None) -> tuple[dict[str, Any], list[str]]:
    """The inputs under our names, and those that the action does not have. Raises an input failure."""
    translated = {name: value for name, value in tree.items() if name not in _INPUTS}
    if action is not None:
        translated["method"] = action
    method = str(translated.get("method") or "GET").strip().upper()
    ignored = []
    for name, known in _INPUTS.items():
        value = tree.get(name)
        if value is None or (value == "" and name != "requestPayload"):
            continue
        if not known.actions(method):
            ignored.append(name)
            continue
        try:
            put(translated, known.target, known.read(value))
        except ValueError:
            raise input_failure(f"{name} must be {known.wanted}") from None
    options = translated.get("httpOptions")
    if not translated.get("url") and not (isinstance(options, Mapping) and options.get("profile")):
        raise input_failure("restUrl is missing", native_code="MISSING_INPUT")
    return translated, ignored


def outputs(method: Method, response: RestResponse) -> dict[str, Any]:
    """The variables that an answer gives."""
    variables: dict[str, Any] = {"restStatus": response.status}
    if method not in _WITHOUT_RESULT:
        variables["restResult"] = response.body
    if method != "TRACE":
        variables["restResponseHeaders"] = response.headers
    return variables
