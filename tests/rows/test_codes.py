"""Section 8 of the feature list, line by line: what each event gives as code, kind and name, and what it leads to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.rows.support import Scene, error_of
from tests.support.certificates import make_authority
from tests.support.job_runs import Lease, failed, thrown
from tests.support.scripted_server import Answer, answer, hang, partly, reset

Given = Callable[[Scene], Awaitable[dict[str, Any]]]
"""Makes the event ready; gives the variables of a job that meets it."""

OPEN = {"httpOptions": {"circuitBreaker": {"enabled": True, "minCalls": 1, "window": 1, "openMs": 60_000}}}
WAIT = 45_000  # longer than a job may wait: where a call would be made again, this becomes the back-off
RETRY = {"httpOptions": {"retry": {"maxRetries": 1, "delayMs": WAIT, "maxWaitMs": 1_000}}}


@dataclass(frozen=True)
class Line:
    """One line of the table. `again` names the methods whose call is made again by default."""

    event: str
    given: Given
    code: str
    kind: str
    name: str
    opens: bool = False
    again: str = ""
    retries: int = 2
    method: str = "GET"


def answering(*answers: Answer, **inputs: Any) -> Given:
    async def given(scene: Scene) -> dict[str, Any]:
        return {"url": (await scene.serve(*answers)).url(), **inputs}

    return given


def status(number: int, name: str = "UNKNOWN_ERROR", **more: Any) -> Line:
    return Line(str(number), answering(answer(number)), str(number), "http", name, **more)


async def no_connection(scene: Scene) -> dict[str, Any]:
    silent = scene.enter(socket.create_server(("127.0.0.1", 0)))
    return {"url": f"https://127.0.0.1:{silent.getsockname()[1]}/", "connectionTimeoutInSeconds": 1}


async def refused(scene: Scene) -> dict[str, Any]:
    bound = scene.enter(socket.socket())
    bound.bind(("127.0.0.1", 0))
    return {"url": f"http://127.0.0.1:{bound.getsockname()[1]}/"}


async def unknown_host(_: Scene) -> dict[str, Any]:
    return {"url": "http://nowhere.invalid/"}


async def untrusted(scene: Scene) -> dict[str, Any]:
    authority = make_authority(Path(scene.enter(TemporaryDirectory())))
    return {"url": (await scene.serve(tls=authority.server_context())).url()}


def token_from(*answers: Answer) -> Given:
    async def given(scene: Scene) -> dict[str, Any]:
        authentication = {
            "type": "oauth-client-credentials-flow",
            "oauthTokenEndpoint": (await scene.serve(*answers)).url(),
            "clientId": "c",
            "clientSecret": "s",
        }
        return {"url": (await scene.serve()).url(), "authentication": authentication}

    return given


async def too_large(scene: Scene) -> dict[str, Any]:
    scene.environ["CONNECTOR_HTTP_CLIENT_MAX_BODY_SIZE"] = "10"
    return await answering(answer(200, b"x" * 11))(scene)


async def input_missing(_: Scene) -> dict[str, Any]:
    return {}


async def input_invalid(_: Scene) -> dict[str, Any]:
    return {"url": "mailto:someone"}


async def blocked(scene: Scene) -> dict[str, Any]:
    scene.environ["CAMUNDA_CONNECTOR_HTTP_BLOCK_URL_X"] = "127"
    return await answering()(scene)


ANY, IDEMPOTENT = "GET POST", "GET"
JSON = {"documentReturnFormat": {"choice": "JSON"}}
BROKEN_GZIP = answer(200, b"no gzip", "Content-Encoding: gzip")

LINES = [
    status(400, "BAD_REQUEST"),
    status(401, "UNAUTHORIZED"),
    status(403, "FORBIDDEN"),
    status(404, "NOT_FOUND"),
    status(405, "METHOD_NOT_ALLOWED"),
    status(406, "NOT_ACCEPTABLE"),
    status(407, "PROXY_AUTHENTICATION_REQUIRED"),
    status(408, "REQUEST_TIMEOUT", again=IDEMPOTENT),
    status(409, "CONFLICT"),
    status(410, "GONE"),
    status(418),
    status(422),
    status(429, again=IDEMPOTENT),
    status(451),
    status(500, "INTERNAL_SERVER_ERROR", opens=True, again=IDEMPOTENT),
    status(501, "NOT_IMPLEMENTED"),
    status(502, "BAD_GATEWAY", opens=True, again=IDEMPOTENT),
    status(503, "SERVICE_UNAVAILABLE", opens=True, again=IDEMPOTENT),
    status(504, "GATEWAY_TIMEOUT", opens=True, again=IDEMPOTENT),
    status(505),
    status(599),
    Line("connect timeout", no_connection, "408", "timeout_connect", "REQUEST_TIMEOUT", opens=True, again=ANY),
    Line(
        "read timeout",
        answering(hang, readTimeoutInSeconds=1),
        "408",
        "timeout_read",
        "REQUEST_TIMEOUT",
        opens=True,
        again=IDEMPOTENT,
    ),
    Line(
        "total timeout",
        answering(hang, httpOptions={"timeoutMs": 50}),
        "408",
        "timeout_total",
        "REQUEST_TIMEOUT",
        opens=True,
        again=IDEMPOTENT,
    ),
    Line("name not found", unknown_host, "408", "dns", "UNKNOWN_ERROR", again=ANY),
    Line("connection refused", refused, "408", "connect", "SERVICE_UNAVAILABLE", opens=True, again=ANY),
    Line("connection reset", answering(reset), "408", "reset", "UNKNOWN_ERROR", opens=True, again=IDEMPOTENT),
    Line(
        "connection reset in the body",
        answering(partly(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b""), **JSON),
        "408",
        "reset",
        "UNKNOWN_ERROR",
        opens=True,
        again=IDEMPOTENT,
    ),
    Line("TLS failure", untrusted, "SSL_HANDSHAKE_FAILED", "tls", "UNKNOWN_ERROR"),
    Line("answer too large", too_large, "RESPONSE_TOO_LARGE", "too_large", "UNKNOWN_ERROR"),
    Line("no JSON", answering(answer(200, b"x"), **JSON), "RESPONSE_NOT_DECODABLE", "decode", "UNKNOWN_ERROR"),
    Line("no gzip", answering(BROKEN_GZIP), "RESPONSE_NOT_DECODABLE", "decode", "UNKNOWN_ERROR"),
    Line("no gzip for JSON", answering(BROKEN_GZIP, **JSON), "RESPONSE_NOT_DECODABLE", "decode", "UNKNOWN_ERROR"),
    Line("token refused", token_from(answer(401)), "OAUTH_TOKEN_ERROR", "auth", "UNAUTHORIZED"),
    Line("no token", token_from(answer(200, b"{}")), "OAUTH_TOKEN_ERROR", "auth", "UNAUTHORIZED"),
    Line("token endpoint broken", token_from(answer(503)), "OAUTH_TOKEN_ERROR", "auth", "UNAUTHORIZED", again=ANY),
    Line("token endpoint away", token_from(reset), "OAUTH_TOKEN_ERROR", "auth", "UNAUTHORIZED", again=ANY),
    Line("input missing", input_missing, "MISSING_INPUT", "input", "MISSING_INPUT", retries=0),
    Line("input invalid", input_invalid, "INVALID_INPUT", "input", "INVALID_INPUT", retries=0),
    Line("blocked by guard", blocked, "URL_NOT_ALLOWED", "blocked", "INVALID_INPUT", retries=0),
]
each_line = pytest.mark.parametrize("line", LINES, ids=[line.event.replace(" ", "-") for line in LINES])


async def met(scene: Scene, line: Line, options: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    """The outcome of a job that meets the event."""
    variables = await line.given(scene)
    merged = {**variables.pop("httpOptions", {}), **options.get("httpOptions", {})}
    return await scene.run({"method": line.method, **variables, "httpOptions": merged}, headers or {})


@each_line
async def test_code_kind_and_tries(scene: Scene, line: Line) -> None:
    outcome = failed(await met(scene, line, {}))
    error = error_of(outcome)
    assert (error["code"], error["variables"]["kind"], outcome.retries) == (line.code, line.kind, line.retries)


@each_line
async def test_name(scene: Scene, line: Line) -> None:
    headers = {"httpOptions.errors.mode": "bpmn", "httpOptions.errors.immediate": "true"}
    outcome = thrown(await met(scene, line, {}, headers))
    assert outcome.code == line.name
    assert error_of(outcome)["code"] == line.code


@each_line
async def test_what_opens_the_circuit_breaker(scene: Scene, line: Line) -> None:
    variables = await line.given(scene)
    options = {**variables.pop("httpOptions", {}), **OPEN["httpOptions"]}
    kinds = []
    for _ in range(2):
        error = error_of(await scene.run({**variables, "httpOptions": options}))
        kinds.append(error["variables"]["kind"])
    assert kinds == [line.kind, "circuit_open" if line.opens else line.kind]


@pytest.mark.parametrize("method", ["GET", "POST"])
@each_line
async def test_which_calls_are_made_again_by_default(scene: Scene, line: Line, method: str) -> None:
    outcome = failed(await met(scene, replace(line, method=method), RETRY))
    assert outcome.backoff == (WAIT if method in line.again.split() else None)


@pytest.mark.parametrize("code", [429, 503])
async def test_retry_after_says_when_a_call_is_made_again(scene: Scene, code: int) -> None:
    service = await scene.serve(answer(code, b"", "Retry-After: 0"), answer(200))
    variables = {"url": service.url(), "httpOptions": {"retry": {"maxRetries": 1, "delayMs": WAIT}}}
    async with asyncio.timeout(20):
        await scene.run(variables)
    assert len(service.requests) == 2


async def test_an_open_breaker(scene: Scene) -> None:
    """No request, the back-off is the time left, and the tries stay as they are."""
    service = await scene.serve(answer(500))
    variables = {"url": service.url("/path?query"), **OPEN}
    await scene.run(variables)
    outcome = failed(await scene.run(variables, retries=3, lease=Lease()))
    error = error_of(outcome)
    assert (error["code"], error["variables"]["kind"], outcome.retries) == ("503", "circuit_open", 3)
    assert 50_000 < (outcome.backoff or 0) <= 60_000
    assert f"http://127.0.0.1:{service.port} is open" in error["message"]
    assert len(service.requests) == 1
    headers = {"httpOptions.errors.mode": "bpmn", "httpOptions.errors.immediate": "true"}
    assert thrown(await scene.run(variables, headers)).code == "SERVICE_UNAVAILABLE"
