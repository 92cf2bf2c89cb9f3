"""A fact as a row: a job, what the service answers, and what the engine is then told.

The rows stand in the `test_..._facts.py` beside this file; `facts.json` lists every fact with its proofs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.job_runs import FixedSecrets, Lease, Service, job, pipeline, serving, variables_of
from worker.face import COMPATIBLE
from worker.outcome import Complete, Fail, Outcome, ThrowError

URL = "{url}"
"""In the variables of a row: the address of the service."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`told` is compared member by member; a tuple in it means that the text contains each of its parts.

    `answer` sets attributes of `Service`; `sent` is compared with (method, target, text) of the only request.
    """

    id: str
    told: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] | str = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 3
    sent: tuple[str, str, str] | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)


def rows(facts: Iterable[Fact]) -> pytest.MarkDecorator:
    """Parametrizes a test by facts; its ids begin with the fact's."""
    return pytest.mark.parametrize("fact", [pytest.param(fact, id=fact.id) for fact in facts])


async def check(fact: Fact) -> None:
    """Run the job of the row through the pipeline and compare."""
    async with serving() as service, pipeline(COMPATIBLE, secrets=FixedSecrets(fact.secrets)) as handler:
        for name, value in fact.answer.items():
            setattr(service, name, value)
        outcome = await handler.handle(job(_variables(fact, service), fact.headers, retries=fact.retries), Lease())
        if fact.sent is not None:
            assert [(method, target, text) for method, target, _, text in service.requests] == [fact.sent]
    told = told_by(outcome)
    for name, expected in fact.told.items():
        if isinstance(expected, tuple):
            assert [part for part in expected if part not in told[name]] == [], told[name]
        else:
            assert told[name] == expected, told


def _variables(fact: Fact, service: Service) -> Any:
    if isinstance(fact.variables, str):
        return fact.variables.replace(URL, service.url)
    return {"method": "GET", "url": service.url + "/x", **fact.variables}


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


def fails(*parts: str, **members: Any) -> dict[str, Any]:
    """A failure whose message contains all parts."""
    return {"kind": "fail", "message": parts, **members}


def throws(code: str, message: str | None = None, **members: Any) -> dict[str, Any]:
    return {"kind": "throw", "code": code, "message": message, **members}
