"""What happens to which code: statuses and failures of the native face, by `error.code`, kind and BPMN name."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.rows.support import Scene, error_of
from tests.support.certificates import make_authority
from tests.support.job_runs import failed, thrown
from tests.support.scripted_server import Answer, answer, close, hang, reset

STATUSES = [
    (400, "BAD_REQUEST"),
    (401, "UNAUTHORIZED"),
    (403, "FORBIDDEN"),
    (404, "NOT_FOUND"),
    (405, "METHOD_NOT_ALLOWED"),
    (406, "NOT_ACCEPTABLE"),
    (407, "PROXY_AUTHENTICATION_REQUIRED"),
    (408, "REQUEST_TIMEOUT"),
    (409, "CONFLICT"),
    (410, "GONE"),
    (429, "UNKNOWN_ERROR"),
    (418, "UNKNOWN_ERROR"),
    (500, "INTERNAL_SERVER_ERROR"),
    (501, "NOT_IMPLEMENTED"),
    (502, "BAD_GATEWAY"),
    (503, "SERVICE_UNAVAILABLE"),
    (504, "GATEWAY_TIMEOUT"),
    (599, "UNKNOWN_ERROR"),
]
LAST_TRY = {"httpOptions.errors.mode": "bpmn"}


async def told(scene: Scene, variables: dict[str, Any]) -> tuple[str, str, int, str]:
    """Code, kind and retries of the failed job, and the BPMN error it is at the last try."""
    outcome = failed(await scene.run(variables))
    error = error_of(outcome)
    name = thrown(await scene.run(variables, LAST_TRY, retries=1)).code
    return error["code"], error["variables"]["kind"], outcome.retries, name


@pytest.mark.parametrize(("status", "name"), STATUSES)
async def test_a_status_has_its_code_and_its_name(scene: Scene, status: int, name: str) -> None:
    service = await scene.serve(answer(status))
    assert await told(scene, {"url": service.url()}) == (str(status), "http", 2, name)


@pytest.mark.parametrize(
    ("behaviour", "inputs", "code", "kind", "name"),
    [
        (hang, {"readTimeoutInSeconds": 1}, "408", "timeout_read", "REQUEST_TIMEOUT"),
        (close, {}, "408", "reset", "UNKNOWN_ERROR"),
        (reset, {}, "408", "reset", "UNKNOWN_ERROR"),
        (answer(200, b"{"), {"documentReturnFormat": {"choice": "JSON"}}, "RESPONSE_NOT_DECODABLE", "decode", ""),
        (answer(200, b"x" * 2000), {}, "RESPONSE_TOO_LARGE", "too_large", ""),
    ],
    ids=["silent", "closed", "reset", "not JSON", "too large"],
)
async def test_a_service_that_misbehaves(
    scene: Scene, behaviour: Answer, inputs: dict[str, Any], code: str, kind: str, name: str
) -> None:
    scene.environ["REST_CONNECTOR_HTTP__MAX_RESPONSE_SIZE"] = "1000"
    service = await scene.serve(behaviour)
    # a POST: nothing about it is sent again
    variables = {"url": service.url(), "method": "POST", **inputs}
    assert await told(scene, variables) == (code, kind, 2, name or "UNKNOWN_ERROR")


async def test_nobody_listens(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert await told(scene, {"url": f"http://127.0.0.1:{port}/"}) == ("408", "connect", 2, "SERVICE_UNAVAILABLE")


async def test_the_name_is_not_known(scene: Scene) -> None:
    assert await told(scene, {"url": "http://nowhere.invalid/"}) == ("408", "dns", 2, "UNKNOWN_ERROR")


async def test_the_certificate_is_not_trusted(scene: Scene, tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    service = await scene.serve(tls=authority.server_context())
    expected = ("SSL_HANDSHAKE_FAILED", "tls", 2, "UNKNOWN_ERROR")
    assert await told(scene, {"url": service.url()}) == expected


async def test_no_token_is_to_be_had(scene: Scene) -> None:
    tokens = await scene.serve_json({"error": "invalid_client"}, 401)
    authentication = {
        "type": "oauth-refresh-token",
        "oauthTokenEndpoint": tokens.url(),
        "clientId": "c",
        "refreshToken": "r",
    }
    code, kind, _, name = await told(scene, {"url": tokens.url(), "authentication": authentication})
    assert (code, kind, name) == ("OAUTH_TOKEN_ERROR", "auth", "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("variables", "code", "kind", "name"),
    [
        ({}, "MISSING_INPUT", "input", "MISSING_INPUT"),
        ({"url": "ftp://x"}, "INVALID_INPUT", "input", "INVALID_INPUT"),
        ({"url": "http://127.0.0.1/", "httpOptions": {"unknown": 1}}, "INVALID_INPUT", "input", "INVALID_INPUT"),
        ({"url": "http://blocked.test/"}, "URL_NOT_ALLOWED", "blocked", "INVALID_INPUT"),
        ({"url": "http://169.254.169.254/"}, "URL_NOT_ALLOWED", "blocked", "INVALID_INPUT"),
    ],
    ids=["missing", "invalid", "unknown option", "block list", "guard"],
)
async def test_inputs_are_never_tried_again(
    scene: Scene, variables: dict[str, Any], code: str, kind: str, name: str
) -> None:
    scene.environ["CAMUNDA_CONNECTOR_HTTP_BLOCK_URL_TEST"] = "blocked.test"
    assert await told(scene, variables) == (code, kind, 0, name)


async def test_an_unknown_dialect_is_an_input_error(scene: Scene) -> None:
    outcome = failed(await scene.run({"url": "http://127.0.0.1/"}, {"dialect": "esperanto"}))
    assert (outcome.retries, error_of(outcome)["code"]) == (0, "INVALID_INPUT")
    assert "esperanto" in outcome.message


@pytest.mark.parametrize("trusted", [{"httpOptions": {"errors": {"mode": "bpmn"}}}, {"dialect": "alfresco"}])
async def test_variables_steer_where_the_operator_trusts_them(scene: Scene, trusted: dict[str, Any]) -> None:
    scene.environ["REST_CONNECTOR_TRUST_VARIABLES"] = "true"
    service = await scene.serve(answer(404))
    variables = {"url": service.url(), **trusted}
    assert thrown(await scene.run(variables)).code == "NOT_FOUND"
    assert failed(await scene.run(variables, {"dialect": "camunda", "httpOptions.errors.mode": "job"})).retries == 2


async def test_a_trusted_variable_makes_a_throw_immediate(scene: Scene) -> None:
    scene.environ["REST_CONNECTOR_TRUST_VARIABLES"] = "true"
    service = await scene.serve(answer(503))
    variables = {"url": service.url(), "httpOptions": {"errors": {"mode": "bpmn", "immediate": True}}}
    assert thrown(await scene.run(variables, retries=3)).code == "SERVICE_UNAVAILABLE"


async def test_a_variable_named_dialect_is_nobodys_business_otherwise(scene: Scene) -> None:
    service = await scene.serve(answer(404))
    assert failed(await scene.run({"url": service.url(), "dialect": "esperanto"})).retries == 2
