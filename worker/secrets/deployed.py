"""Deployed models, from the engine's REST API, for the secret filter that looks into them."""

from __future__ import annotations

from typing import Final

from worker.engine_api import EngineApi, EngineApiError
from worker.secrets.filter import FetchModel
from worker.secrets.provider import SecretScope

LARGEST_MODEL: Final = 16 << 20


def models_of(api: EngineApi | None) -> FetchModel:
    """Fetches the BPMN XML of a job's process definition. Raises `EngineApiError`, always when there is no `api`."""

    async def fetch(scope: SecretScope) -> str:
        if api is None:
            raise EngineApiError("the address of the engine's API is not set")
        path = f"/v2/process-definitions/{scope.process_definition_key}/xml"
        return (await api.call("GET", path, limit=LARGEST_MODEL)).decode()

    return fetch
