"""CAM-030 to CAM-041: authentication."""

from __future__ import annotations

import logging
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import Received, ScriptedServer

API_KEY = {"type": "apiKey", "apiKeyLocation": "headers", "name": "X-Key", "value": "k1"}
CLIENT = {
    "type": "oauth-client-credentials-flow",
    "clientId": "me",
    "clientSecret": "s3cret",
    "clientAuthentication": "basicAuthHeader",
}


async def called_with(scene: Scene, authentication: Any, type: str = NATIVE) -> Received:
    """The request of a GET with this authentication."""
    service = await scene.serve_json({})
    variables = {"method": "GET", "url": service.url("/a?x=1"), "authentication": authentication}
    completed(await scene.run(variables, type=type))
    (request,) = service.requests
    return request


async def token_service(scene: Scene) -> ScriptedServer:
    return await scene.serve_json({"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600})


@both_faces
@pytest.mark.parametrize("authentication", [{"type": "noAuth"}, None])
async def test_cam_030_no_credentials_are_sent(scene: Scene, type: str, authentication: Any) -> None:
    assert (await called_with(scene, authentication, type)).value("authorization") is None


@both_faces
async def test_cam_031_an_api_key_goes_into_a_header_or_the_query(scene: Scene, type: str) -> None:
    in_header = await called_with(scene, API_KEY, type)
    assert (in_header.line, in_header.value("x-key")) == ("GET /a?x=1 HTTP/1.1", "k1")
    in_query = await called_with(scene, {**API_KEY, "apiKeyLocation": "query"}, type)
    assert (in_query.line, in_query.value("x-key")) == ("GET /a?x=1&X-Key=k1 HTTP/1.1", None)


async def test_cam_031_without_a_location_it_goes_into_a_header(scene: Scene) -> None:
    assert (await called_with(scene, {**API_KEY, "apiKeyLocation": None})).value("x-key") == "k1"


@both_faces
async def test_cam_032_the_value_may_be_a_secret_and_is_never_shown(
    scene: Scene, type: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "worker")
    scene.environ["SECRET_KEY"] = "very-secret-key"
    service = await scene.serve_json({"asked": "very-secret-key"}, 500)
    authentication = {**API_KEY, "apiKeyLocation": "query", "value": "{{secrets.KEY}}"}
    outcome = failed(
        await scene.run({"method": "GET", "url": service.url(), "authentication": authentication}, type=type)
    )
    assert service.requests[0].line == "GET /?X-Key=very-secret-key HTTP/1.1"
    assert error_of(outcome)["variables"]["response"]["body"] == {"asked": "***"}
    assert "very-secret-key" not in caplog.text + str(outcome)


async def test_cam_032_a_key_in_the_query_is_hidden_where_urls_are_shown(scene: Scene) -> None:
    service = await scene.serve_json({})
    variables = {"url": service.url("/a"), "authentication": {**API_KEY, "apiKeyLocation": "query"}}
    headers = {"httpOptions.response.meta": "true", "resultVariable": "r"}
    result = completed(await scene.run(variables, headers))["r"]
    assert result["meta"]["url"] == service.url("/a?X-Key=***")


@both_faces
async def test_cam_033_basic_is_sent_with_the_first_request_in_utf_8(scene: Scene, type: str) -> None:
    request = await called_with(scene, {"type": "basic", "username": "zoë", "password": "pä:ss"}, type)
    assert request.value("authorization") == "Basic " + b64encode("zoë:pä:ss".encode()).decode()


@both_faces
async def test_cam_034_a_bearer_token(scene: Scene, type: str) -> None:
    request = await called_with(scene, {"type": "bearer", "token": "abc.def"}, type)
    assert request.value("authorization") == "Bearer abc.def"


@both_faces
async def test_cam_035_a_token_is_fetched_with_the_client_credentials_and_used(scene: Scene, type: str) -> None:
    tokens = await token_service(scene)
    request = await called_with(scene, {**CLIENT, "oauthTokenEndpoint": tokens.url("/token")}, type)
    assert request.value("authorization") == "Bearer tok-1"
    (asked,) = tokens.requests
    assert asked.line == "POST /token HTTP/1.1"
    assert asked.value("content-type") == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(asked.body.decode()))["grant_type"] == "client_credentials"


@both_faces
async def test_cam_036_the_endpoint_must_be_an_http_url_and_may_be_a_secret(scene: Scene, type: str) -> None:
    tokens = await token_service(scene)
    scene.environ["SECRET_ENDPOINT"] = tokens.url("/token")
    await called_with(scene, {**CLIENT, "oauthTokenEndpoint": "{{secrets.ENDPOINT}}"}, type)
    assert len(tokens.requests) == 1
    authentication = {**CLIENT, "oauthTokenEndpoint": "ftp://127.0.0.1/token"}
    outcome = failed(
        await scene.run({"method": "GET", "url": tokens.url(), "authentication": authentication}, type=type)
    )
    assert outcome.retries == 0
    assert "authentication.oauthTokenEndpoint" in outcome.message


@both_faces
@pytest.mark.parametrize("missing", ["clientId", "clientSecret"])
async def test_cam_037_client_id_and_secret_are_mandatory(scene: Scene, type: str, missing: str) -> None:
    authentication = {**CLIENT, "oauthTokenEndpoint": "http://127.0.0.1:1/token", missing: ""}
    variables = {"method": "GET", "url": "http://127.0.0.1:1/", "authentication": authentication}
    outcome = failed(await scene.run(variables, type=type))
    assert outcome.retries == 0
    assert f"authentication.{missing}" in outcome.message


@both_faces
@pytest.mark.parametrize(("scopes", "sent"), [("read write", "read write"), (" ", None), (None, None)])
async def test_cam_038_scopes_are_sent_unless_they_are_blank(
    scene: Scene, type: str, scopes: str | None, sent: str | None
) -> None:
    tokens = await token_service(scene)
    await called_with(scene, {**CLIENT, "oauthTokenEndpoint": tokens.url(), "scopes": scopes}, type)
    assert dict(parse_qsl(tokens.requests[0].body.decode())).get("scope") == sent


@pytest.mark.parametrize(("audience", "sent"), [("api", b"audience=api"), (" ", b""), (None, b"")])
async def test_cam_039_a_blank_audience_is_left_out(scene: Scene, audience: str | None, sent: bytes) -> None:
    tokens = await token_service(scene)
    await called_with(scene, {**CLIENT, "oauthTokenEndpoint": tokens.url(), "audience": audience})
    body = tokens.requests[0].body
    assert (b"audience" in body, sent in body) == (bool(sent), True)


@pytest.mark.parametrize("audience", ["", None])
async def test_cam_039_the_compatible_face_sends_it_all_the_same(scene: Scene, audience: str | None) -> None:
    tokens = await token_service(scene)
    await called_with(scene, {**CLIENT, "oauthTokenEndpoint": tokens.url(), "audience": audience}, CAMUNDA)
    assert b"&audience" in tokens.requests[0].body


@both_faces
async def test_cam_040_the_client_authenticates_in_a_header_or_in_the_form(scene: Scene, type: str) -> None:
    tokens = await token_service(scene)
    for way in ("basicAuthHeader", "credentialsBody"):
        await called_with(
            scene, {**CLIENT, "oauthTokenEndpoint": tokens.url(), "clientAuthentication": way, "scopes": way}, type
        )
    header, form = tokens.requests
    assert header.value("authorization") == "Basic " + b64encode(b"me:s3cret").decode()
    assert b"client_secret" not in header.body
    assert form.value("authorization") is None
    fields = dict(parse_qsl(form.body.decode()))
    assert (fields["client_id"], fields["client_secret"]) == ("me", "s3cret")


async def test_cam_040_a_header_is_the_default_and_another_word_is_an_input_error(scene: Scene) -> None:
    tokens = await token_service(scene)
    await called_with(scene, {**CLIENT, "oauthTokenEndpoint": tokens.url(), "clientAuthentication": None})
    assert tokens.requests[0].value("authorization") is not None
    authentication = {**CLIENT, "oauthTokenEndpoint": tokens.url(), "clientAuthentication": "carrier pigeon"}
    outcome = failed(await scene.run({"url": tokens.url(), "authentication": authentication}))
    assert outcome.retries == 0
    assert "carrier pigeon" in outcome.message


@both_faces
async def test_cam_041_secrets_are_replaced_in_every_authentication_field(scene: Scene, type: str) -> None:
    tokens = await token_service(scene)
    values = {"ID": "me", "PW": "pass-word", "ENDPOINT": tokens.url("/t"), "SCOPE": "all", "TOK": "bearer-token"}
    scene.environ |= {f"SECRET_{name}": value for name, value in values.items()}
    secret = {name: f"{{{{secrets.{name}}}}}" for name in values}
    basic = await called_with(scene, {"type": "basic", "username": secret["ID"], "password": secret["PW"]}, type)
    assert basic.value("authorization") == "Basic " + b64encode(b"me:pass-word").decode()
    bearer = await called_with(scene, {"type": "bearer", "token": secret["TOK"]}, type)
    assert bearer.value("authorization") == "Bearer bearer-token"
    key = await called_with(scene, {**API_KEY, "name": "X-{{secrets.ID}}", "value": secret["PW"]}, type)
    assert key.value("x-me") == "pass-word"
    oauth = {
        **CLIENT,
        "oauthTokenEndpoint": secret["ENDPOINT"],
        "clientId": secret["ID"],
        "clientSecret": secret["PW"],
        "scopes": secret["SCOPE"],
        "audience": secret["ID"],
        "clientAuthentication": "credentialsBody",
    }
    await called_with(scene, oauth, type)
    fields = dict(parse_qsl(tokens.requests[0].body.decode()))
    assert fields == {
        "grant_type": "client_credentials",
        "audience": "me",
        "scope": "all",
        "client_id": "me",
        "client_secret": "pass-word",
    }


async def test_cam_041_a_missing_secret_is_named(scene: Scene) -> None:
    authentication = {"type": "bearer", "token": "{{secrets.NOWHERE}}"}
    variables = {"method": "GET", "url": "http://127.0.0.1:1/", "authentication": authentication}
    outcome = failed(await scene.run(variables, type=CAMUNDA))
    assert outcome.retries == 0
    assert "Secret with name 'NOWHERE' is not available" in outcome.message
