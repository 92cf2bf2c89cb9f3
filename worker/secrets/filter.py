"""Which secrets a job may use.

Process data may hold anything, references to secrets too. An allow list names the secrets that exist for models at
all; the modes STRICT and LAX ask the deployed model which ones this element mentions. A reference to
a secret that is not allowed stays what it is: text.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

from worker.errors import ILLEGAL_ARGUMENT, JobFailure
from worker.secrets.model import Mentioned, secret_names
from worker.secrets.provider import SecretScope

log = logging.getLogger(__name__)

Allowed = Callable[[str], bool]
FetchModel = Callable[[SecretScope], Awaitable[str]]
"""The BPMN XML of the scope's process definition."""

DEFAULT_CACHE_SIZE: Final = 1000
_FETCH_SECONDS: Final = 10.0


class SecretFilter(Protocol):
    """Decides per job; asked at the first reference to a secret, not before."""

    async def allowed(self, scope: SecretScope) -> Allowed:
        """The rule for the names of one job. Raises `JobFailure` when it cannot be had."""
        ...


class AllowAll:
    """Every name (Camunda's mode DISABLED)."""

    async def allowed(self, scope: SecretScope) -> Allowed:
        return _everything


ALLOW_ALL: Final = AllowAll()


class AllowList:
    """The listed names and no other."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = frozenset(names)

    async def allowed(self, scope: SecretScope) -> Allowed:
        return self._names.__contains__


class AllOf:
    """What every one of several filters allows."""

    def __init__(self, filters: Sequence[SecretFilter]) -> None:
        self._filters = tuple(filters)

    async def allowed(self, scope: SecretScope) -> Allowed:
        rules = [await each.allowed(scope) for each in self._filters]
        return lambda name: all(rule(name) for rule in rules)


class ModelFilter:
    """The names that the job's element mentions, read from the deployed model (STRICT, LAX).

    Models are kept, the last used `cache_size` of them: a process definition never changes. When the model cannot
    be had, `strict` fails the job; otherwise every name is allowed, with a warning.
    """

    def __init__(self, fetch: FetchModel, *, strict: bool, cache_size: int = DEFAULT_CACHE_SIZE) -> None:
        self._fetch = fetch
        self._strict = strict
        self._cache_size = cache_size  # 0 keeps nothing
        self._models: OrderedDict[tuple[str, int], Mapping[str, Mentioned]] = OrderedDict()

    async def allowed(self, scope: SecretScope) -> Allowed:
        try:
            names = await self._names(scope)
        except Exception as problem:  # whatever way the engine's API failed, the rule of the mode decides
            if self._strict:
                raise JobFailure("Error retrieving secret keys", type=ILLEGAL_ARGUMENT, kind="input") from problem
            log.warning(
                "The model cannot be read, so every secret is allowed for this job (mode LAX)",
                extra={"process_definition": scope.process_definition_key, "reason": type(problem).__name__},
            )
            return _everything
        mentioned = names.get(scope.element_id, Mentioned())
        return (mentioned.anywhere if scope.task_headers else mentioned.in_template).__contains__

    async def _names(self, scope: SecretScope) -> Mapping[str, Mentioned]:
        key = (scope.physical_tenant_id, scope.process_definition_key)
        names = self._models.get(key)
        if names is None:
            async with asyncio.timeout(_FETCH_SECONDS):
                names = secret_names(await self._fetch(scope))
            self._models[key] = names
            while len(self._models) > self._cache_size:
                self._models.popitem(last=False)
        else:
            self._models.move_to_end(key)
        return names


def _everything(name: str) -> bool:
    return True
