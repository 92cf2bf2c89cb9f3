"""Which task headers are inputs, and which inputs they are: worked out once for the headers of a task (native face)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from worker.errors import input_failure
from worker.pipeline.dialects import CAMUNDA, Dialect

INPUTS: Final = frozenset(
    {
        "authentication",
        "authenticationConfiguration",
        "body",
        "clientTls",
        "connectionTimeoutInSeconds",
        "documentReturnFormat",
        "followRedirects",
        "groupSetCookieHeaders",
        "headers",
        "httpOptions",
        "ignoreNullValues",
        "method",
        "queryParameters",
        "readTimeoutInSeconds",
        "skipEncoding",
        "storeResponse",
        "url",
        "writeTimeoutInSeconds",
    }
)
CONTEXT: Final = "inputs"
"""One header with several inputs at once."""

NAMESPACE: Final = "httpOptions.inputs"
"""`namespaced`: the inputs are members of the variable `request`."""

_FLAT: Final = frozenset({"headers", "queryParameters"})  # names of members may contain dots


class HeaderInput(NamedTuple):
    """An input of its own: the header's name and text, and the path of the input that it gives."""

    name: str
    text: str
    path: tuple[str, ...]


class HeaderInputs(NamedTuple):
    """The inputs that the headers of a task give, in the order in which they are set.

    `context` is the text of the header `inputs`; `namespaced` says where the variables' inputs are.
    """

    single: tuple[HeaderInput, ...]
    context: str | None
    namespaced: bool


def header_inputs(headers: Mapping[str, str], dialect: Dialect) -> HeaderInputs:
    """Raises an input failure for a word in `httpOptions.inputs` that is none."""
    given = {name: text for name, text in headers.items() if _is_input(name, dialect)}
    namespaced = _is_namespaced(given.pop(NAMESPACE, ""))
    context = given.pop(CONTEXT, None)
    in_order = sorted(given, key=lambda name: (name.count("."), name))  # members after the whole they change
    return HeaderInputs(
        tuple(HeaderInput(name, given[name], path_of(name, dialect)) for name in in_order), context, namespaced
    )


def path_of(name: str, dialect: Dialect = CAMUNDA) -> tuple[str, ...]:
    """The path of the input that a dotted name means; names of headers and parameters may contain dots themselves."""
    first, dot, rest = name.partition(".")
    if not dot:
        return (first,)
    return (first, rest) if first in _FLAT or first in dialect.flat else tuple(name.split("."))


def _is_input(name: str, dialect: Dialect) -> bool:
    first = name.partition(".")[0]
    return name == CONTEXT or first in INPUTS or first in dialect.inputs


def _is_namespaced(chosen: str) -> bool:
    if chosen.strip() not in ("", "namespaced"):
        raise input_failure(f"The header {NAMESPACE} is '{chosen}'; it can only be namespaced")
    return chosen.strip() == "namespaced"
