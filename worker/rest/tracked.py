"""`httpOptions.trackHeaders`: headers of an answer that the model wants by name, whether they came or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from worker.errors import JobFailure

if TYPE_CHECKING:
    from worker.rest.request import RestResponse


@dataclass(frozen=True, slots=True)
class Tracking:
    """`headers` has the header for each name; with `variables` the names are those of process variables too."""

    headers: Mapping[str, str] = field(default_factory=dict)
    variables: bool = False

    def values(self, headers: Mapping[str, Any]) -> dict[str, str]:
        """The text of each header, in any spelling: several values joined, none an empty text."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in headers.items():
            found[name.lower()] += value if isinstance(value, list) else [value]
        return {name: ", ".join(found[header.lower()]) for name, header in self.headers.items()}

    def answered(self, response: RestResponse) -> RestResponse:
        """The response with the member `tracked`."""
        return replace(response, tracked=self.values(response.headers)) if self.headers else response

    def failed(self, failure: JobFailure) -> JobFailure:
        """A failure that is an answer, with the member `tracked` of its variables."""
        response = (failure.variables or {}).get("response")
        if not self.headers or not isinstance(response, Mapping):
            return failure
        told = {**(failure.variables or {}), "tracked": self.values(response.get("headers") or {})}
        return failure.reworded(failure.message, told)

    def given(self, response: RestResponse) -> dict[str, str]:
        """The process variables that an answer gives."""
        return self.values(response.headers) if self.variables else {}


def tracking(value: Any) -> Tracking:
    """From a list of header names, a text with commas between them, or an object of names to headers.

    Raises `ValueError`.
    """
    if isinstance(value, str):
        value = [name.strip() for name in value.split(",")]
    if isinstance(value, list):
        pairs, variables = [(name, name) for name in value], False
    elif isinstance(value, Mapping):
        pairs, variables = list(value.items()), True
    else:
        raise ValueError(value)
    if not all(isinstance(text, str) and text.strip() for pair in pairs for text in pair):
        raise ValueError(value)
    return Tracking(dict(pairs), variables)
