"""Secrets from environment variables, found by the rules of Camunda's connector runtime.

A secret `N` is the variable `<prefix>[<physical tenant>_][<tenant>_][<process>_]N`. The exact name is tried first,
then `.` and `-` as `_`, then both in upper case, as Spring looks up the operating system's variables. A value may
refer to other variables as `${NAME}` or `${NAME:default}`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from worker.secrets.provider import SecretScope

log = logging.getLogger(__name__)

DEFAULT_PREFIX: Final = "SECRET_"
_DEFAULT_PHYSICAL_TENANT: Final = "default"
_PLACEHOLDER: Final = re.compile(r"\$\{([^${}:]+)(?::([^${}]*))?\}")
_PLACEHOLDER_DEPTH: Final = 10
_LONGEST_VALUE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class EnvironmentRules:
    """How a secret's name becomes a variable's name."""

    prefix: str = DEFAULT_PREFIX  # empty: every variable of the process can be had as a secret
    physical_tenant_aware: bool = False
    tenant_aware: bool = False
    process_aware: bool = False


class EnvironmentSecrets:
    """Looks secrets up in `variables`, normally `os.environ`."""

    def __init__(self, variables: Mapping[str, str], rules: EnvironmentRules = EnvironmentRules()) -> None:
        self._variables = variables
        self._rules = rules
        self._hinted: set[str] = set()
        if not rules.prefix:
            log.warning(
                "The prefix of environment secrets is empty, so models can read every environment variable"
                " of this process. Set CAMUNDA_CONNECTOR_SECRETPROVIDER_ENVIRONMENT_PREFIX"
            )

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        variable = self._rules.prefix + "".join(f"{segment}_" for segment in self._segments(scope)) + name
        value = self._find(variable)
        if value is None:
            self._hint(name, variable)
            return None
        return self._resolve(value)

    def _segments(self, scope: SecretScope) -> Iterator[str]:
        if self._rules.physical_tenant_aware:
            yield scope.physical_tenant_id or _DEFAULT_PHYSICAL_TENANT
        if self._rules.tenant_aware:
            yield scope.tenant_id
        if self._rules.process_aware:
            yield scope.process_id

    def _find(self, name: str) -> str | None:
        for candidate in (name, name.upper()):
            for spelling in (
                candidate,
                candidate.replace(".", "_"),
                candidate.replace("-", "_"),
                candidate.replace(".", "_").replace("-", "_"),
            ):
                value = self._variables.get(spelling)
                if value is not None:
                    return value
        return None

    def _resolve(self, value: str) -> str:
        """`value` with its `${NAME}` filled in; a name that is not set stays as it is written."""
        for _ in range(_PLACEHOLDER_DEPTH):
            if "${" not in value:
                break
            resolved = _PLACEHOLDER.sub(self._fill, value)
            if resolved == value or len(resolved) > _LONGEST_VALUE:
                break
            value = resolved
        return value

    def _fill(self, match: re.Match[str]) -> str:
        value = self._find(match[1])
        if value is not None:
            return value
        return match[0] if match[2] is None else match[2]

    def _hint(self, name: str, variable: str) -> None:
        """Once per name: the variable is there, but without the prefix that makes it a secret."""
        if variable == name or name in self._hinted or self._find(name) is None or len(self._hinted) >= 1000:
            return
        self._hinted.add(name)
        log.warning(
            "The secret is not set, but an environment variable of its name without the prefix is: rename it",
            extra={"secret": name, "expected_variable": variable},
        )
