"""A secret is put into jobs in every place and sent out by every way there is; no shape of it may show anywhere.

The worker runs as users run it, as a process: its log is its standard error, its metrics are fetched over HTTP, its
commands arrive at a gateway, and `rest-connector invoke` prints to a terminal.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import aiohttp
import pytest
from aiohttp import web

from worker.dev.gateway import DevGateway

CANARY = 'c4n4ry/"s\\é+k &%=fly'
USER = "alice"
PATIENCE = 20.0
COMPATIBLE_TYPE = "io.camunda:http-json:1"


def shapes() -> dict[str, str]:
    """The secret as it is, and as it may come back."""
    utf8 = CANARY.encode()
    return {
        "plain": CANARY,
        "base64": base64.b64encode(utf8).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(utf8).decode(),
        "basic": base64.b64encode(f"{USER}:{CANARY}".encode()).decode(),
        "percent": quote(CANARY, safe=""),
        "percent, path": quote(CANARY),
        "percent, legal": quote(CANARY, safe="/&="),
        "form": quote_plus(CANARY),
        "json": json.dumps(CANARY)[1:-1],
        "json, not ASCII": json.dumps(CANARY, ensure_ascii=False)[1:-1],
        "json twice": json.dumps(json.dumps(CANARY)[1:-1])[1:-1],
        "html": html.escape(CANARY),
        "python": repr(CANARY)[1:-1],
        "latin-1": utf8.decode("latin-1"),
    }


def assert_nothing_shows(where: str, text: str) -> None:
    """Also when the text is shown as part of JSON, as log lines and commands are."""
    for name, shape in shapes().items():
        for spelt in (shape, json.dumps(shape)[1:-1], json.dumps(shape, ensure_ascii=False)[1:-1]):
            assert spelt not in text, f"{where} shows the secret ({name})"


@dataclass
class Echo:
    """A service that refuses everything and says back all shapes of the secret, and what it was sent."""

    url: str = ""
    seen: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.seen.append(f"{request.raw_path} {dict(request.headers)} {body}")
        sent = {"path": request.raw_path, "headers": dict(request.headers), "body": body}
        content = {"sent": sent, "shapes": shapes(), "list": [*shapes().values(), 1, None], CANARY: "key"}
        visible = {f"X-{name}": shape for name, shape in shapes().items() if name.isalnum()}
        reason = f"Refused {quote(CANARY)}"
        return web.Response(status=400, reason=reason, text=json.dumps(content), headers=visible)


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    service = Echo()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", service.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield service
    await runner.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def jobs(url: str) -> dict[str, dict[str, Any]]:
    """Jobs that fail in every part of the worker, by name."""
    secret = "{{secrets.CANARY}}"
    ok = {"method": "POST", "url": url}
    everywhere = {
        "url": f"{url}/p/{secret}",
        "method": "POST",
        "headers": {"X-Key": secret},
        "queryParameters": {"key": secret},
        "body": {"deep": [{"secret": secret, secret: 1}]},
        "authentication": {"type": "basic", "username": USER, "password": secret},
    }
    oauth = {
        "oauthTokenEndpoint": f"{url}/token",
        "clientId": USER,
        "clientSecret": secret,
        "clientAuthentication": "basicAuthHeader",
    }
    return {
        "refused": everywhere,
        "header name": {**ok, "headers": {secret: "value"}},
        "form": {**ok, "headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": {"a": secret}},
        "multipart": {**ok, "headers": {"Content-Type": "multipart/form-data"}, "body": {"a": secret}},
        "bearer": {**ok, "authentication": {"type": "bearer", "token": secret}},
        "api key": {
            **ok,
            "authentication": {"type": "apiKey", "apiKeyLocation": "query", "name": "k", "value": secret},
        },
        "token endpoint": {**ok, "authentication": {"type": "oauth-client-credentials-flow", **oauth}},
        "intrinsic": {**ok, "body": {"camunda.function.type": "base64", "params": [secret]}},
        "wrong function": {**ok, "body": {"camunda.function.type": secret, "params": []}},
        "wrong URL": {"method": "GET", "url": f"ftp://{secret}"},
        "no host": {"method": "GET", "url": f"http:///{secret}"},
        "malformed URL": {"method": "GET", "url": f"http://127.0.0.1:1/%zz{secret}", "skipEncoding": "true"},
        "wrong method": {"method": secret, "url": url},
        "wrong timeout": {**ok, "readTimeoutInSeconds": secret},
        "wrong authentication": {**ok, "authentication": {"type": secret}},
        "wrong client authentication": {
            **ok,
            "authentication": {"type": "oauth-client-credentials-flow", **oauth, "clientAuthentication": secret},
        },
        "wrong PEM": {**ok, "clientTls": {"clientCertificate": secret, "clientPrivateKey": secret}},
        "nobody listens": {**everywhere, "url": "http://127.0.0.1:1/" + secret},
        "missing secret": {**everywhere, "body": secret + "{{secrets.MISSING}}"},
        "wrong format": {**ok, "documentReturnFormat": {"choice": secret}},
    }


@dataclass
class RunningWorker:
    process: asyncio.subprocess.Process
    metrics_url: str

    async def stop(self) -> str:
        """End it; what it logged."""
        self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            _, log = await self.process.communicate()
        return log.decode()


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REST_CONNECTOR_", "SECRET_"))}
    return {**kept, "SECRET_CANARY": CANARY, "REST_CONNECTOR_JOB_TYPES": f"rest-connector,{COMPATIBLE_TYPE}", **more}


async def started(*arguments: str, **variables: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", *arguments,
        env=environment(**variables), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("job_type", ["rest-connector", COMPATIBLE_TYPE])
async def test_no_way_out_of_the_worker_shows_a_secret(echo: Echo, job_type: str) -> None:
    port = free_port()
    async with DevGateway() as gateway:
        process = await started(
            "run",
            ZEEBE_ADDRESS=gateway.address,
            REST_CONNECTOR_HEALTH__HOST="127.0.0.1",
            REST_CONNECTOR_HEALTH__PORT=str(port),
            REST_CONNECTOR_LOG__LEVEL="debug",
        )
        worker = RunningWorker(process, f"http://127.0.0.1:{port}/metrics")
        try:
            keys = {
                name: gateway.add_job(job_type, variables=variables, headers={"retryBackoff": "PT0S"}, retries=1)
                for name, variables in jobs(echo.url).items()
            }
            for name, key in keys.items():
                ended = await gateway.ended(key, timeout=PATIENCE)
                assert ended.kind == "incident", name
                for event in gateway.events.of(key):
                    if event.kind != "created":
                        assert_nothing_shows(f"{name}: {event.kind}", event.message + event.code)
                        if event.kind in ("failed", "incident"):
                            error = event.variables.get("error", {})
                            assert_nothing_shows(f"{name}: variables", json.dumps(error, ensure_ascii=False))
            async with aiohttp.ClientSession() as session, session.get(worker.metrics_url) as answer:
                metrics = await answer.text()
        finally:
            log = await worker.stop()
    assert "job done" in log
    assert job_type in metrics
    assert_nothing_shows("the log", log)
    assert_nothing_shows("the metrics", metrics)
    received = "\n".join(echo.seen)
    for shape in ("basic", "form"):
        assert shapes()[shape] in received, "the service must have been sent the secret"


@pytest.mark.parametrize("expression", [
    "=bpmnError(\"E\", error.message, error.variables.response.body)",
    "=jobError(error.message + string(error.variables.response.body), {all: error.variables}, 0)",
    "=ignoreError({all: error.variables, m: error.message})",
    "=error.variables.response.body.shapes + 1",
    "=assert(error.variables.response.body, false)",
])  # fmt: skip
async def test_what_an_error_expression_passes_on_is_masked_in_the_native_face(
    echo: Echo, expression: str, tmp_path: Path
) -> None:
    job = {"variables": jobs(echo.url)["refused"], "headers": {"errorExpression": expression}, "type": "rest-connector"}
    shown, explained = await invoked(job, tmp_path)
    assert "outcome" in json.loads(shown)
    assert_nothing_shows("the outcome", shown)
    assert_nothing_shows("the explanation", explained)


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=["invoke", "dry run"])
@pytest.mark.parametrize("job_type", ["rest-connector", COMPATIBLE_TYPE])
@pytest.mark.parametrize("name", ["refused", "form", "multipart", "missing secret"])
async def test_the_command_line_shows_no_secret(
    echo: Echo, tmp_path: Path, name: str, job_type: str, options: tuple[str, ...]
) -> None:
    shown, explained = await invoked({"variables": jobs(echo.url)[name], "type": job_type}, tmp_path, *options)
    assert shown + explained
    assert_nothing_shows("standard output", shown)
    assert_nothing_shows("standard error", explained)
    if not options and name != "missing secret":
        assert "***" in shown


async def invoked(job: dict[str, Any], folder: Path, *options: str) -> tuple[str, str]:
    file = folder / "job.json"
    file.write_text(json.dumps(job))
    process = await started("invoke", *options, str(file))
    async with asyncio.timeout(PATIENCE):
        shown, explained = await process.communicate()
    return shown.decode(), explained.decode()
