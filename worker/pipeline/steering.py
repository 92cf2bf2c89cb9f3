"""What steers the pipeline itself, by the names of its headers: how inputs are read, what becomes of failures.

Headers belong to the model. Variables steer only where the operator trusts them (`REST_CONNECTOR_TRUST_VARIABLES`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from worker.errors import input_failure
from worker.json_codec import JsonError, loads_prefix
from worker.json_codec.java_text import java_text
from worker.pipeline.job_headers import JobHeaders
from worker.pipeline.paths import at, is_set
from worker.rest.binding import root_object

_FROM_VARIABLES: Final = ("dialect", "httpOptions.errors.mode", "httpOptions.errors.immediate")
_OPTIONS: Final = {
    name: tuple(name.split("."))
    for name in ("httpOptions.inputs", "httpOptions.errors.mode", "httpOptions.errors.immediate")
}


def with_trusted(headers: JobHeaders, variables: str) -> JobHeaders:
    """The headers, and what trusted variables (the job's JSON text) say where a header says nothing."""
    try:
        tree = root_object(loads_prefix(variables)) or {}
    except JsonError:  # whoever reads the inputs tells so
        return headers
    told = {name: at(tree, tuple(name.split("."))) for name in _FROM_VARIABLES}
    given = {name: java_text(value) for name, value in told.items() if is_set(value)}
    return JobHeaders({**given, **headers.values})


def refuse_misplaced(tree: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Raises an input failure for an option among the inputs that would be ignored: it has no header of its own."""
    if "httpOptions" not in tree:
        return
    for name, path in _OPTIONS.items():
        if not is_set(headers.get(name)) and is_set(at(tree, path)):
            raise input_failure(f"{name} is read from a task header of its own, named {name}, and from nowhere else")
