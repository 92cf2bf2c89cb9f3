"""Models from other products may keep the names of their inputs and outputs (header `dialect`, native face).

A dialect changes which names are read, which defaults apply, and which variables and error codes come out; what is
done with a job is the same. Camunda's own names can be used in every dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from worker.errors import input_failure
from worker.pipeline import alfresco
from worker.rest.request import Method, RestResponse


def _same(tree: dict[str, Any], action: str | None) -> tuple[dict[str, Any], list[str]]:
    return tree, []


def _none(method: Method, response: RestResponse) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Dialect:
    """`inputs` are further names of inputs; the members of those in `flat` may have dots in their names.

    `translate` makes inputs under these names those of Camunda (the header `action` beside them) and tells which were
    ignored; `outputs` are variables that every answer gives.
    """

    inputs: frozenset[str] = frozenset()
    flat: frozenset[str] = frozenset()
    throws_errors: bool = False  # failures are BPMN errors unless the model says otherwise
    translate: Callable[[dict[str, Any], str | None], tuple[dict[str, Any], list[str]]] = _same
    outputs: Callable[[Method, RestResponse], dict[str, Any]] = _none


CAMUNDA: Final = Dialect()
_DIALECTS: Final = {
    "camunda": CAMUNDA,
    "alfresco": Dialect(
        alfresco.INPUTS, alfresco.FLAT, throws_errors=True, translate=alfresco.translate, outputs=alfresco.outputs
    ),
}


def dialect_of(headers: Mapping[str, str]) -> Dialect:
    """The chosen dialect. Raises an input failure for one that there is not."""
    chosen = headers.get("dialect", "").strip() or "camunda"
    dialect = _DIALECTS.get(chosen)
    if dialect is None:
        raise input_failure(f"The header dialect is '{chosen}'; it must be one of {', '.join(_DIALECTS)}")
    return dialect
