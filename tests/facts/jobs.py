"""A fact as a row: a job, what the service answers, and what the service and the engine are then told.

The rows stand in the `test_..._facts.py` beside this file; `facts.json` lists every fact with its proofs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.job_runs import FixedSecrets, Lease, job, pipeline, variables_of
from tests.support.scripted_server import Received, ScriptedServer, answer, scripted
from worker.documents import MemoryStore
from worker.face import COMPATIBLE
from worker.json_codec import dumps, loads
from worker.outcome import Complete, Fail, Outcome, ThrowError

URL = "{url}"
"""In the variables of a row: the address of the service."""

JSON = "Content-Type: application/json"
EMPTY = answer(200, b"")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that is expected. None compares nothing, except as the value of a header: then it must be absent."""

    line: str | None = None  # without the version
    headers: Mapping[str, str | list[str] | None] = field(default_factory=dict)
    body: Any = None  # text is compared as it is, everything else as JSON

    def compare(self, received: Received) -> None:
        if self.line is not None:
            assert received.line == f"{self.line} HTTP/1.1"
        for name, value in self.headers.items():
            expected = [] if value is None else value if isinstance(value, list) else [value]
            assert received.values(name.lower()) == expected, f"header {name} of {received.headers}"
        if self.body is not None:
            text = received.body.decode()
            assert (text if isinstance(self.body, str) else loads(text)) == self.body


@dataclass(frozen=True, slots=True)
class Fact:
    """One job.

    `told` is compared member by member with `told_by`; a tuple in it means that the text contains each of its parts,
    and `picked` in it has values by dotted paths into the variables. `variables` join a GET of the service, text
    replaces them. `sent` lists the requests; None compares nothing.
    """

    id: str
    told: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] | str = field(default_factory=dict)
    answers: tuple[bytes, ...] = (EMPTY,)
    retries: int = 3
    sent: tuple[Sent, ...] | None = None
    secrets: Mapping[str, str] | None = field(default_factory=dict)
    store: MemoryStore | None = None


def rows(facts: Iterable[Fact]) -> pytest.MarkDecorator:
    """Parametrizes a test by facts; its ids begin with the fact's."""
    return pytest.mark.parametrize("fact", [pytest.param(fact, id=fact.id) for fact in facts])


async def check(fact: Fact, lease: Lease | None = None) -> None:
    """Run the job of the row through the pipeline and compare."""
    async with scripted(*fact.answers) as server:
        outcome = await run(fact, server, lease)
    if fact.sent is not None:
        assert len(server.requests) == len(fact.sent), [request.line for request in server.requests]
        for expected, received in zip(fact.sent, server.requests, strict=True):
            expected.compare(received)
    compare(fact.told, outcome)


async def run(fact: Fact, server: ScriptedServer, lease: Lease | None = None) -> Outcome:
    """What the pipeline makes of the row."""
    variables = fact.variables
    text = variables if isinstance(variables, str) else dumps({"method": "GET", "url": URL + "/x", **variables})
    given = job(text.replace(URL, server.url("")), fact.headers, retries=fact.retries)
    async with pipeline(COMPATIBLE, secrets=FixedSecrets(fact.secrets), store=fact.store) as handler:
        return await handler.handle(given, lease or Lease())


def compare(told: Mapping[str, Any], outcome: Outcome) -> None:
    got = told_by(outcome)
    for name, expected in told.items():
        if name == "picked":
            for path, value in expected.items():
                assert _pick(got["variables"], path) == value, got
        elif isinstance(expected, tuple):
            assert [part for part in expected if part not in got[name]] == [], got[name]
        else:
            assert got.get(name) == expected, got


def told_by(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain values."""
    variables = variables_of(outcome) if outcome.variables is not None else None
    match outcome:
        case Complete():
            return {"kind": "complete", "variables": variables}
        case Fail(message=message, retries=retries, backoff=backoff):
            return {"kind": "fail", "message": message, "retries": retries, "backoff": backoff, "variables": variables}
        case ThrowError(code=code, message=message):
            return {"kind": "throw", "code": code, "message": message, "variables": variables}


def completes(**variables: Any) -> dict[str, Any]:
    return {"kind": "complete", "variables": variables}


def gives(**picked: Any) -> dict[str, Any]:
    """A completed job whose result variable `r` has these members; `__` stands for a dot."""
    return {"kind": "complete", "picked": {f"r.{path.replace('__', '.')}": value for path, value in picked.items()}}


def fails(*parts: str, **members: Any) -> dict[str, Any]:
    """A failure whose message contains all parts."""
    return {"kind": "fail", "message": parts, **members}


def throws(code: str, message: str | None = None, **members: Any) -> dict[str, Any]:
    return {"kind": "throw", "code": code, "message": message, **members}


def text(body: str, *headers: str, status: int = 200, reason: str = "OK") -> bytes:
    """A response with a body."""
    return answer(status, body.encode(), *headers, reason=reason)


def _pick(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value
