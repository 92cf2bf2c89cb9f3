"""What the tests of the feature rows share: the worker as `rest-connector run` builds it, without an engine before it.

A row's test is named after it (`test_cam_052_…`); `docs/generate_compatibility.py` finds it by that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, AsyncExitStack
from ssl import SSLContext
from typing import Any, Final, TypeVar

import pytest

from tests.support.job_runs import Lease, variables_of
from tests.support.scripted_server import Answer, ScriptedServer, answer, scripted
from worker import jvm_properties
from worker.app import open_pipelines
from worker.job import Job
from worker.json_codec import dumps
from worker.outcome import Outcome
from worker.pipeline import Pipeline
from worker.secrets import Masker
from worker.settings import load

Value = TypeVar("Value")

NATIVE: Final = "rest-connector"
CAMUNDA: Final = "io.camunda:http-json:1"

both_faces = pytest.mark.parametrize("type", [NATIVE, CAMUNDA], ids=["native", "compatible"])
"""The row holds for both faces."""


class Scene:
    """One worker and any number of services, for the length of one test.

    `environ` is the worker's whole environment; change it before the first job. Services stay up until the test ends.
    """

    def __init__(self, stack: AsyncExitStack) -> None:
        self.environ: dict[str, str] = {"REST_CONNECTOR_JOB_TYPES": f"{NATIVE},{CAMUNDA}"}
        self._stack = stack
        self._pipelines: Mapping[str, Pipeline] | None = None

    def enter(self, manager: AbstractContextManager[Value]) -> Value:
        """Enter a context for the length of the test."""
        return self._stack.enter_context(manager)

    async def serve(self, *answers: Answer, tls: SSLContext | None = None) -> ScriptedServer:
        """A service that gives these raw answers, the last one again and again; 200 without a body when there is none.

        What it was asked is in its `requests`, byte by byte.
        """
        return await self._stack.enter_async_context(scripted(*answers, tls=tls))

    async def serve_json(self, value: Any, status: int = 200, *headers: str) -> ScriptedServer:
        """A service that answers a JSON value."""
        return await self.serve(answer(status, dumps(value).encode(), "Content-Type: application/json", *headers))

    async def run(
        self,
        variables: Any,
        headers: Mapping[str, Any] | None = None,
        *,
        type: str = NATIVE,
        retries: int = 3,
        lease: Lease | None = None,
        **members: Any,
    ) -> Outcome:
        """The outcome of one job. Variables that are text are taken as the raw text; `members` are those of `Job`."""
        text = variables if isinstance(variables, str) else dumps(variables)
        job = Job(key=1, type=type, variables=text, headers=dumps(headers or {}), retries=retries, **members)
        return await (await self.pipeline(type)).handle(job, lease or Lease())

    async def pipeline(self, type: str) -> Pipeline:
        """What handles the jobs of a type."""
        if self._pipelines is None:
            settings, _ = load(self.environ)
            properties = jvm_properties.from_environment(self.environ)
            opened = open_pipelines(settings, self.environ, properties, Masker())
            self._pipelines = await self._stack.enter_async_context(opened)
        return self._pipelines[type]


def error_of(outcome: Outcome) -> Any:
    """The variable `error` of a job that failed or threw."""
    return variables_of(outcome)["error"]
