"""Runs jobs through the real pipeline, against a service on a loopback port that answers what a test tells it to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from worker.documents import Documents, MemoryStore
from worker.errors import GatewayError
from worker.face import Face
from worker.job import Job
from worker.json_codec import dumps, loads
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.pipeline import Pipeline
from worker.pipeline.expressions import Expressions
from worker.pipeline.inputs import Expressible
from worker.rest.client import RestClient
from worker.rest.egress import Egress
from worker.rest.request import OAuth
from worker.rest.transfers import downloader
from worker.secrets import Masker, Secrets, SecretScope

DOWNLOAD_LIMIT = 1 << 20


@dataclass
class Service:
    """A service: `answer` is what it says next; `requests` is what it was asked, as method, target, headers, text."""

    url: str = ""
    status: int = 200
    body: str = '{"id":7,"order":{"status":"processing"},"total":1.0}'
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    reason: str | None = None
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append((request.method, request.raw_path, dict(request.headers), await request.text()))
        return web.Response(status=self.status, text=self.body, headers=self.headers, reason=self.reason)


@asynccontextmanager
async def serving() -> AsyncIterator[Service]:
    """A running service."""
    service = Service()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


class Lease:
    """A lease that notes what it was asked for, and may refuse or be over."""

    def __init__(self, *, seconds: float = 60.0, refusal: GatewayError | None = None) -> None:
        self.seconds = seconds
        self.refusal = refusal
        self.asked: list[int] = []

    def remaining(self) -> float:
        return self.seconds

    async def extend(self, milliseconds: int) -> None:
        self.asked.append(milliseconds)
        if self.refusal is not None:
            raise self.refusal

    async def turn(self, host: str) -> None:
        pass


class FixedSecrets:
    """A provider over a dictionary; None as the dictionary makes every lookup fail."""

    def __init__(self, values: Mapping[str, str] | None) -> None:
        self.values = values

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        if self.values is None:
            raise ConnectionError("the vault is down")
        return self.values.get(name)


class NoTokens:
    """No test of the pipeline needs OAuth; `tests/unit/rest` and the recorded cases do."""

    async def token(self, auth: OAuth, face: Face) -> str:
        raise AssertionError(f"asked for a token of {auth}")

    def invalidate(self, auth: OAuth, token: str) -> None:
        raise AssertionError(f"asked to forget a token of {auth}")


@asynccontextmanager
async def pipeline(
    face: Face,
    *,
    secrets: FixedSecrets | None = None,
    store: MemoryStore | None = None,
    input_expressions: Expressible = "headers",
    trust_variables: bool = False,
) -> AsyncIterator[Pipeline]:
    """The real pipeline over real parts; only the secrets are a dictionary."""
    kept = store or MemoryStore()
    expressions = Expressions()
    async with Egress(agent="tests") as egress:
        yield Pipeline(
            face,
            secrets=Secrets(secrets or FixedSecrets({}), masker=Masker()),
            client=RestClient(egress, tokens=NoTokens(), store=kept),
            documents=Documents(kept, download=downloader(egress, DOWNLOAD_LIMIT), expressions=expressions),
            store=kept,
            expressions=expressions,
            input_expressions=input_expressions,
            trust_variables=trust_variables,
        )


def job(variables: Any, headers: Mapping[str, str] | None = None, *, retries: int = 3, type: str = "t") -> Job:
    """A job; variables that are text are taken as the raw text."""
    text = variables if isinstance(variables, str) else dumps(variables)
    return Job(key=1, type=type, variables=text, headers=dumps(headers or {}), retries=retries)


def variables_of(outcome: Outcome) -> Any:
    """The variables that an outcome sends, decoded."""
    assert outcome.variables is not None
    return loads(outcome.variables)


def completed(outcome: Outcome) -> Any:
    """The variables of a completed job."""
    assert isinstance(outcome, Complete), outcome
    return variables_of(outcome)


def failed(outcome: Outcome) -> Fail:
    """The failure of a failed job."""
    assert isinstance(outcome, Fail), outcome
    return outcome


def thrown(outcome: Outcome) -> ThrowError:
    """The BPMN error of a job."""
    assert isinstance(outcome, ThrowError), outcome
    return outcome
