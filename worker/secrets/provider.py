"""Where secret values come from, as a protocol, and the order in which several sources are asked.

The sources themselves are `environment` and `files`. They answer at once: an environment variable is a dictionary
entry, and a mounted secret is a small local file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SecretScope:
    """For whom a secret is looked up: what providers and filters may make their answer depend on."""

    tenant_id: str = ""
    process_id: str = ""
    process_definition_key: int = 0
    element_id: str = ""
    physical_tenant_id: str = ""  # the cluster that the job came from, where one worker serves several
    task_headers: bool = False  # whether task headers hold inputs, as in the native face


class SecretProvider(Protocol):
    """One source of secrets."""

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        """The value of a secret, or None when this source does not have it."""
        ...


class ChainedSecrets:
    """Asks several sources in order; the first value wins."""

    def __init__(self, providers: Sequence[SecretProvider]) -> None:
        self._providers = tuple(providers)

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        for provider in self._providers:
            value = provider.lookup(name, scope)
            if value is not None:
                return value
        return None
