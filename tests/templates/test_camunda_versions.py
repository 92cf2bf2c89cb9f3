"""Models as every version of Camunda's own templates writes them (contract 11.1) run unchanged on the real engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.live.conftest import CAMUNDA_TYPE
from tests.support.bpmn import ServiceTask, sequence
from tests.support.zeebe import Zeebe
from tests.templates.shop import TOKEN, Shop, basic
from worker.cli import main

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]
V1, V2 = "io.camunda.connectors.HttpJson.v1", "io.camunda.connectors.HttpJson.v2"

URL = '=shopUrl + "/things"'
BASIC = {"authentication.type": "basic", "authentication.username": "ada", "authentication.password": "pw"}
BEARER = {"authentication.type": "bearer", "authentication.token": "{{secrets.SHOP_TOKEN}}"}
API_KEY = {
    "authentication.type": "apiKey",
    "authentication.apiKeyLocation": "headers",
    "authentication.name": "X-Key",
    "authentication.value": "k",
}
OAUTH = {
    "authentication.oauthTokenEndpoint": '=shopUrl + "/token"',
    "authentication.clientId": "me",
    "authentication.clientSecret": "s",
}
CLIENT_CREDENTIALS = {
    "authentication.type": "oauth-client-credentials-flow",
    **OAUTH,
    "authentication.clientAuthentication": "basicAuthHeader",
    "authentication.scopes": "a",
}
REFRESH = {"authentication.type": "oauth-refresh-token", **OAUTH, "authentication.refreshToken": "r"}
NONE = {"authentication.type": "noAuth"}
THE_TOKEN = {"Authorization": f"Bearer {TOKEN}"}

POST = {"method": "POST", "url": URL, "headers": '={"X-Trace": "t"}', "queryParameters": "={q: 1}", "body": "={a: 1}"}
TIMEOUTS = {"connectionTimeoutInSeconds": "=20", "readTimeoutInSeconds": "=20"}
EXPRESSION = {"resultExpression": "={\n  // comment\n  //\n  thing: response.body.id\n}"}
RESULTS = {"resultVariable": "answer", "resultExpression": "={thing: response.body.id}"}
ERRORS = {"errorExpression": '=if error.code = "404" then bpmnError("GONE", error.message) else null'}


@dataclass(frozen=True, slots=True)
class Version:
    """A task as one version of a template writes it, and the credentials that the service then gets."""

    template: str
    version: str | None
    inputs: Mapping[str, str]
    headers: Mapping[str, str]
    sent: Mapping[str, str] = field(default_factory=dict)
    retries: str = "3"

    @property
    def process(self) -> str:
        """An id of its own for each."""
        return f"{self.template}-{self.version or 'none'}".replace(".", "-")


def versions() -> Iterator[Version]:
    """Each version listed, with what it was the first to have."""
    old = {
        "method": "post",
        "url": URL,
        "queryParameters": "={q: 1}",
        "headers": '={"X-Trace": "t"}',
        "body": "={a: 1}",
    }
    yield Version(f"{V1}.noAuth", None, {**NONE, **old}, RESULTS)
    yield Version(f"{V1}.basicAuth", None, {**BASIC, **old}, RESULTS, {"Authorization": basic("ada", "pw")})
    yield Version(f"{V1}.bearerToken", None, {**BEARER, **old}, RESULTS, THE_TOKEN)
    seconds = {"connectionTimeoutInSeconds": "20"}
    yield Version(V2, None, {**CLIENT_CREDENTIALS, **old, **seconds}, RESULTS | ERRORS, THE_TOKEN)
    for version in ("1", "2"):
        yield Version(V2, version, {**BEARER, **old, **seconds}, RESULTS | ERRORS, THE_TOKEN)
    backoff = {"retryBackoff": "PT0S"}
    for version in ("3", "4"):
        yield Version(
            V2, version, {**BASIC, **POST, **seconds}, RESULTS | ERRORS | backoff, {"Authorization": basic("ada", "pw")}
        )
    yield Version(V2, "5", {**API_KEY, **POST, **seconds}, RESULTS | ERRORS | backoff, {"X-Key": "k"})
    yield Version(V2, "6", {**API_KEY, **POST, **seconds}, RESULTS | ERRORS | backoff, {"X-Key": "k"}, retries="2")
    strings = seconds | {"readTimeoutInSeconds": "20", "writeTimeoutInSeconds": "0"}
    yield Version(V2, "7", {**NONE, **POST, **strings}, RESULTS | ERRORS | backoff)
    yield Version(V2, "8", {**NONE, **POST, **seconds, "readTimeoutInSeconds": "20"}, RESULTS | ERRORS | backoff)
    numbers = POST | TIMEOUTS | {"storeResponse": "=false"}
    yield Version(V2, "10", {**NONE, **numbers, "skipEncoding": "true"}, RESULTS | ERRORS | backoff)
    yield Version(V2, "11", {**NONE, **numbers}, RESULTS | ERRORS | backoff | identity(V2, "11"))
    nulls = numbers | {"ignoreNullValues": "=true", "body": "={a: 1, b: null}"}
    yield Version(V2, "12", {**NONE, **nulls}, RESULTS | ERRORS | backoff | identity(V2, "12"))
    redirects = nulls | {"followRedirects": "=false"}
    yield Version(V2, "13", {**NONE, **redirects}, EXPRESSION | backoff | identity(V2, "13"))
    yield Version(V2, "14", {**REFRESH, **redirects}, EXPRESSION | backoff | identity(V2, "14"), THE_TOKEN)
    tls = {f"clientTls.{name}": "=null" for name in ("clientCertificate", "clientPrivateKey", "privateKeyPassword")}
    later = {"retryBackoff": "PT30S"}
    yield Version(V2, "15", {**NONE, **redirects, **tls}, EXPRESSION | later | identity(V2, "15"))
    stored = {"authenticationConfiguration": '={authentication: {type: "bearer", token: "stored"}}'}
    yield Version(
        V2,
        "16",
        {**NONE, **stored, **redirects},
        EXPRESSION | later | identity(V2, "16"),
        {"Authorization": "Bearer stored"},
    )
    newest = {key: value for key, value in redirects.items() if key != "storeResponse"}
    newest |= {"documentReturnFormat.choice": "JSON"}
    headers = EXPRESSION | later | {"jobTimeout": "PT1M"}
    yield Version(V2, "17", {**NONE, **newest}, headers | identity(V2, "17"))
    hybrid = f"{V2}-hybrid"
    yield Version(hybrid, "17", {**NONE, **newest}, headers | identity(hybrid, "17"))
    yield Version(  # another connector: it computes its URL from inputs of its own
        "io.camunda.connectors.GitHub.v1",
        "6",
        {
            "baseUrl": "=shopUrl",
            "operation": "things",
            **BEARER,
            "url": '=baseUrl + "/" + operation',
            "method": "POST",
            "headers": '={"X-Trace": "t", "Accept": "application/vnd.github+json"}',
            "queryParameters": "={q: 1}",
            "body": "={a: 1}",
            **TIMEOUTS,
        },
        RESULTS | ERRORS,
        {**THE_TOKEN, "Accept": "application/vnd.github+json"},
    )


def identity(template: str, version: str) -> dict[str, str]:
    return {"elementTemplateVersion": version, "elementTemplateId": template}


VERSIONS = {version.process: version for version in versions()}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    for name, each in VERSIONS.items():
        task = ServiceTask(
            job_type=CAMUNDA_TYPE,
            inputs=each.inputs,
            headers=each.headers,
            retries=each.retries,
            template=(each.template, each.version),
        )
        (folder / f"{name}.bpmn").write_text(sequence(task, process=name), encoding="utf-8")
    return folder


def test_they_have_no_errors(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--json", str(models)]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert {problem["code"] for problem in found} <= {"outdated-template", "uncaught-error"}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("name", VERSIONS)
async def test_cam_097_a_task_of_the_version_runs_unchanged(models: Path, zeebe: Zeebe, shop: Shop, name: str) -> None:
    shop.answer("/things", web.json_response({"id": 7}, status=201))
    await zeebe.deploy(models / f"{name}.bpmn")

    ended = await zeebe.run(name, shopUrl=shop.url)

    [asked] = shop.asked
    assert (asked.method, asked.path, json.loads(asked.body)) == ("POST", "/things?q=1", {"a": 1})
    assert asked.headers["X-Trace"] == "t"
    assert {header: asked.headers[header] for header in VERSIONS[name].sent} == VERSIONS[name].sent
    assert ended["thing"] == 7
    if "resultVariable" in VERSIONS[name].headers:
        assert (ended["answer"]["status"], ended["answer"]["body"]) == (201, {"id": 7})
