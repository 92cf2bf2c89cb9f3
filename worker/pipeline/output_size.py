"""The guard of output variables: what is too large for the engine fails here, with words that help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from worker.errors import input_failure
from worker.json_codec import dumps

OUTPUT_LIMIT: Final = 1_572_864  # bytes of JSON; the engine refuses much larger commands

_SAFE: Final = "1.5 MB"
_DOCUMENT: Final = "To handle large payloads, enable the 'Create document' option where available."
_WAYS_OUT: Final = (
    "Store the response as a document (documentReturnFormat.choice = DOCUMENT, or storeResponse), or let the result "
    "expression keep only what the process needs."
)


@dataclass(frozen=True, slots=True)
class OutputGuard:
    """`limit` is bytes of JSON; with `helpful` the message knows more ways out than the recorded one."""

    limit: int = OUTPUT_LIMIT
    helpful: bool = False

    def text_of(self, variables: Mapping[str, Any]) -> str:
        """The JSON text of output variables. Raises an input failure when it is too large."""
        return self.checked(dumps(variables))

    def checked(self, text: str) -> str:
        """The same for a text that is there."""
        size = len(text) if text.isascii() else len(text.encode())
        if size > self.limit:
            allowed = _SAFE if self.limit == OUTPUT_LIMIT else f"{self.limit} bytes"
            raise input_failure(
                f"Output variables payload ({size} bytes) exceeds the {allowed} safe variable size limit for Zeebe job "
                f"completion. {_WAYS_OUT if self.helpful else _DOCUMENT}",
                kind="too_large",
                native_code="RESPONSE_TOO_LARGE",
            )
        return text
