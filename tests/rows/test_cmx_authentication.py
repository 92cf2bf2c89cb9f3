"""CMX-07 to CMX-10: refresh tokens, the cache of tokens, and credentials that several tasks share."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.rows.support import NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import Received, answer
from worker.json_codec import dumps


def token_answer(value: str = "T1", **members: Any) -> bytes:
    return answer(200, dumps({"access_token": value, **members}).encode(), "Content-Type: application/json")


def refresh(endpoint: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "oauth-refresh-token",
        "oauthTokenEndpoint": endpoint,
        "clientId": "client",
        "refreshToken": "refresh",
        **members,
    }


def client_credentials(endpoint: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "oauth-client-credentials-flow",
        "oauthTokenEndpoint": endpoint,
        "clientId": "client",
        "clientSecret": "s3cret",
        "clientAuthentication": "credentialsBody",
        **members,
    }


def fields(request: Received) -> dict[str, str]:
    return dict(parse_qsl(request.body.decode(), keep_blank_values=True))


@both_faces
@pytest.mark.parametrize(
    ("optional", "sent"),
    [
        ({}, {}),
        ({"clientSecret": "", "scopes": " "}, {}),
        ({"clientSecret": "s", "scopes": "read write"}, {"client_secret": "s", "scope": "read write"}),
    ],
    ids=["neither", "blank", "both"],
)
async def test_cmx_07_a_refresh_token_is_exchanged_for_an_access_token(
    scene: Scene, type: str, optional: dict[str, str], sent: dict[str, str]
) -> None:
    idp, service = await scene.serve(token_answer()), await scene.serve_json({})
    variables = {"url": service.url(), "method": "GET", "authentication": refresh(idp.url("/token"), **optional)}
    completed(await scene.run(variables, type=type))
    (asked,) = idp.requests
    assert asked.line == "POST /token HTTP/1.1"
    assert asked.value("content-type") == "application/x-www-form-urlencoded"
    expected = {"grant_type": "refresh_token", "client_id": "client", "refresh_token": "refresh", **sent}
    assert fields(asked) == expected
    assert service.requests[0].value("authorization") == "Bearer T1"


@both_faces
@pytest.mark.parametrize("missing", ["oauthTokenEndpoint", "clientId", "refreshToken"])
async def test_cmx_07_what_a_refresh_token_needs_is_named(scene: Scene, type: str, missing: str) -> None:
    authentication = refresh("http://127.0.0.1:1/")
    del authentication[missing]
    variables = {"url": "http://127.0.0.1:1/", "method": "GET", "authentication": authentication}
    outcome = failed(await scene.run(variables, type=type))
    assert outcome.retries == 0
    assert f"authentication.{missing}" in outcome.message


@both_faces
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"error": "invalid_grant", "error_description": "too old"}, "OAUTH_REFRESH_TOKEN_EXPIRED"),
        ({"error": "interaction_required"}, "OAUTH_INTERACTION_REQUIRED"),
        ({"error": "temporarily_unavailable"}, "OAUTH_TOKEN_ERROR"),
        ({"token_type": "Bearer"}, "OAUTH_TOKEN_ERROR"),
    ],
)
async def test_cmx_08_each_way_in_which_a_refresh_fails_has_its_code(
    scene: Scene, type: str, said: dict[str, str], code: str
) -> None:
    idp, service = await scene.serve_json(said), await scene.serve_json({})
    variables = {"url": service.url(), "method": "GET", "authentication": refresh(idp.url())}
    error = error_of(await scene.run(variables, type=type))
    assert error["code"] == code
    assert all(text in error["message"] for text in said.values() if text == "too old")
    assert service.requests == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("invalid_grant", "OAUTH_REFRESH_TOKEN_EXPIRED"),
        ("interaction_required", "OAUTH_INTERACTION_REQUIRED"),
        ("invalid_client", "OAUTH_TOKEN_ERROR"),
    ],
)
async def test_cmx_08_a_refusal_with_its_own_status_has_the_same_codes(scene: Scene, said: str, code: str) -> None:
    idp = await scene.serve_json({"error": said}, 400)
    variables = {"url": "http://127.0.0.1:1/", "authentication": refresh(idp.url())}
    error = error_of(await scene.run(variables))
    assert (error["code"], error["variables"]["kind"]) == (code, "auth")


@both_faces
async def test_cmx_09_a_token_serves_until_it_expires_and_only_its_own_credentials(scene: Scene, type: str) -> None:
    idp, service = await scene.serve(token_answer(expires_in=3600)), await scene.serve_json({})
    tasks = [
        client_credentials(idp.url()),
        client_credentials(idp.url()),
        client_credentials(idp.url(), clientSecret="other"),
        client_credentials(idp.url(), scopes="read"),
        client_credentials(idp.url(), audience="a"),
    ]
    for authentication in tasks:
        variables = {"url": service.url(), "method": "GET", "authentication": authentication}
        completed(await scene.run(variables, type=type))
    assert len(service.requests) == 5
    assert len(idp.requests) == 4


@both_faces
@pytest.mark.parametrize("members", [{}, {"expires_in": 10}], ids=["no lifetime", "shorter than the skew"])
async def test_cmx_09_a_token_that_cannot_be_kept_is_fetched_each_time(
    scene: Scene, type: str, members: dict[str, int]
) -> None:
    idp, service = await scene.serve(token_answer(**members)), await scene.serve_json({})
    variables = {"url": service.url(), "method": "GET", "authentication": client_credentials(idp.url())}
    for _ in range(2):
        completed(await scene.run(variables, type=type))
    assert len(idp.requests) == 2


async def test_cmx_09_the_skew_is_a_setting(scene: Scene) -> None:
    scene.environ["REST_CONNECTOR_HTTP__OAUTH_SKEW"] = "3600"
    idp, service = await scene.serve(token_answer(expires_in=3600)), await scene.serve_json({})
    variables = {"url": service.url(), "authentication": client_credentials(idp.url())}
    for _ in range(2):
        completed(await scene.run(variables))
    assert len(idp.requests) == 2


@both_faces
async def test_cmx_09_many_jobs_wait_for_one_token(scene: Scene, type: str) -> None:
    idp, service = await scene.serve(token_answer(expires_in=3600)), await scene.serve_json({})
    variables = {"url": service.url(), "method": "GET", "authentication": client_credentials(idp.url())}
    for outcome in await asyncio.gather(*(scene.run(variables, type=type) for _ in range(20))):
        completed(outcome)
    assert len(idp.requests) == 1
    assert len(service.requests) == 20


async def test_cmx_09_a_token_that_the_target_refuses_is_fetched_anew_once(scene: Scene) -> None:
    idp = await scene.serve(token_answer("old", expires_in=3600), token_answer("new", expires_in=3600))
    service = await scene.serve(answer(401), answer(200), answer(401), answer(401))
    variables = {"url": service.url(), "authentication": client_credentials(idp.url())}
    completed(await scene.run(variables))
    assert [request.value("authorization") for request in service.requests] == ["Bearer old", "Bearer new"]
    assert error_of(await scene.run(variables, type=NATIVE))["code"] == "401"
    assert (len(idp.requests), len(service.requests)) == (3, 4)


@both_faces
async def test_cmx_10_a_stored_credential_wins_over_the_tasks_own(scene: Scene, type: str) -> None:
    service = await scene.serve_json({})
    variables = {
        "url": service.url(),
        "method": "GET",
        "authentication": {"type": "bearer", "token": "inline"},
        "authenticationConfiguration": {"authentication": {"type": "basic", "username": "u", "password": "p"}},
    }
    completed(await scene.run(variables, type=type))
    expected = "Basic " + base64.b64encode(b"u:p").decode()
    assert service.requests[0].values("authorization") == [expected]


@both_faces
async def test_cmx_10_a_stored_credential_is_checked_like_an_inline_one(scene: Scene, type: str) -> None:
    configuration = {"authentication": {"type": "bearer", "token": ""}}
    variables = {"url": "http://127.0.0.1:1/", "method": "GET", "authenticationConfiguration": configuration}
    outcome = failed(await scene.run(variables, type=type))
    assert outcome.retries == 0
    assert "authenticationConfiguration.authentication.token" in outcome.message
