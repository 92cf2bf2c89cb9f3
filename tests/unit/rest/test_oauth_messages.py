"""Token requests and answers, as recorded (contract 6.7, 13.12)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from worker.errors import CONNECTOR_EXCEPTION, ILLEGAL_ARGUMENT, JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.oauth_request import cache_key, token_request
from worker.rest.oauth_response import TokenResponse, explained, read_token
from worker.rest.request import ClientCredentials, RefreshToken

CLIENT = ClientCredentials("http://idp/t", "cid", "cs e&c", "basicAuthHeader", "aud", "read:x write:y")
REFRESH = RefreshToken("http://idp/t", "cid", "RT 1", "sec", "s1 s2")


def form(auth: ClientCredentials | RefreshToken, face: Face = COMPATIBLE) -> set[str]:
    return set(token_request(auth, face).body.decode().split("&"))


def test_cam_035_client_credentials_in_a_header() -> None:
    request = token_request(CLIENT, COMPATIBLE)
    assert request.url == "http://idp/t"
    assert dict(request.headers) == {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Basic " + base64.b64encode(b"cid:cs e&c").decode(),
    }
    assert form(CLIENT) == {"grant_type=client_credentials", "audience=aud", "scope=read%3Ax+write%3Ay"}


def test_cam_037_client_credentials_in_the_body() -> None:
    auth = replace(CLIENT, client_authentication="credentialsBody", client_id="a b+c", client_secret="~*ü")
    assert dict(token_request(auth, COMPATIBLE).headers) == {"Content-Type": "application/x-www-form-urlencoded"}
    assert form(auth) >= {"client_id=a+b%2Bc", "client_secret=~%2A%C3%BC"}


@pytest.mark.parametrize("scopes", [None, "", " "])
def test_cam_038_blank_scopes_are_left_out(scopes: str | None) -> None:
    assert not any(field.startswith("scope") for field in form(replace(CLIENT, scopes=scopes)))


@pytest.mark.parametrize(
    ("audience", "face", "field"),
    [
        (None, COMPATIBLE, {"audience"}),
        ("", COMPATIBLE, {"audience="}),
        (None, NATIVE, set()),
        (" ", NATIVE, set()),
        ("a", NATIVE, {"audience=a"}),
    ],
)
def test_cam_039_a_missing_audience(audience: str | None, face: Face, field: set[str]) -> None:
    assert {f for f in form(replace(CLIENT, audience=audience), face) if f.startswith("audience")} == field


@pytest.mark.parametrize(("face", "final"), [(COMPATIBLE, False), (NATIVE, True)])
def test_cam_040_another_way_of_authentication_is_refused(face: Face, final: bool) -> None:
    with pytest.raises(JobFailure, match="Unsupported client authentication method: bogus") as caught:
        token_request(replace(CLIENT, client_authentication="bogus"), face)
    assert (caught.value.type, caught.value.final) == (ILLEGAL_ARGUMENT, final)


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (REFRESH, "grant_type=refresh_token client_id=cid refresh_token=RT+1 client_secret=sec scope=s1+s2"),
        (replace(REFRESH, client_secret=""), "grant_type=refresh_token client_id=cid refresh_token=RT+1 scope=s1+s2"),
        (
            replace(REFRESH, client_secret=None, scopes=" "),
            "grant_type=refresh_token client_id=cid refresh_token=RT+1",
        ),
    ],
)
def test_cmx_07_the_refresh_request(auth: RefreshToken, expected: str) -> None:
    assert form(auth) == set(expected.split())


def test_a_rotated_refresh_token_takes_the_place_of_the_models() -> None:
    request = token_request(REFRESH, NATIVE, refresh_token="RT 2")
    assert dict(parse_qsl(request.body.decode()))["refresh_token"] == "RT 2"


def test_oa_009_the_cache_key_differs_with_every_field() -> None:
    credentials: list[ClientCredentials | RefreshToken] = [CLIENT, REFRESH]
    credentials += [replace(CLIENT, **{name: "other"}) for name in ("token_endpoint", "client_id", "client_secret",
                    "client_authentication", "audience", "scopes")]  # fmt: skip
    credentials += [replace(REFRESH, **{name: "other"}) for name in ("token_endpoint", "client_id", "client_secret",
                    "refresh_token", "scopes")]  # fmt: skip
    credentials += [replace(CLIENT, audience=None), replace(CLIENT, client_id="cidc", client_secret="s e&c")]
    keys = {cache_key(each) for each in credentials}
    assert len(keys) == len(credentials)
    assert all(len(key) == 64 and int(key, 16) for key in keys)
    assert cache_key(CLIENT) == cache_key(replace(CLIENT))


def read(body: str | bytes, *, refreshed: bool = False) -> Any:
    return read_token(TokenResponse(200, body.encode() if isinstance(body, str) else body), refreshed=refreshed)


@pytest.mark.parametrize(
    ("body", "token"),
    [
        ('{"access_token":"T"}', "T"),
        ('{"data":{"access_token":"NEST"}}', "NEST"),
        ('{"a":[{"x":1},{"access_token":"IN LIST"}],"access_token":"OWN"}', "OWN"),
        ('{"a":[{"b":{"access_token":"FIRST"}}],"c":{"access_token":"SECOND"}}', "FIRST"),
        ('{"access_token":null}', "null"),
        ('{"access_token":""}', ""),
        ('{"access_token":5}', "5"),
        ('{"access_token":true}', "true"),
        ('{"access_token":{"a":1}}', ""),
        ('{"error":"invalid_grant","access_token":"T"}', "T"),
    ],
)
def test_whatever_is_called_a_token_is_one(body: str, token: str) -> None:
    assert read(body).value == token


@pytest.mark.parametrize(
    ("body", "lifetime"),
    [
        ('{"access_token":"T","expires_in":3600}', 3600),
        ('{"access_token":"T","expires_in":3600.5}', 3600.5),
        ('{"access_token":"T","expires_in":"3600"}', None),
        ('{"access_token":"T","expires_in":true}', None),
        ('{"access_token":"T"}', None),
    ],
)
def test_oa_005_a_lifetime_is_a_number(body: str, lifetime: float | None) -> None:
    assert read(body).lifetime == lifetime


@pytest.mark.parametrize("body", ["", " \n", "{}", '{"foo":1}', "[]", '[{"access_token":"T"}]', '{"error":"x"}'])
def test_oa_004_no_token(body: str) -> None:
    with pytest.raises(JobFailure, match="OAuth token response does not contain an access_token field") as caught:
        read(body)
    assert (caught.value.type, caught.value.code) == (CONNECTOR_EXCEPTION, "OAUTH_TOKEN_ERROR")
    assert not caught.value.final


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('"x"', '"x"'),
        ("5", "5"),
        ("<html>", "<html>"),
        (b'\xef\xbb\xbf{"access_token":"B"}', '\ufeff{"access_token":"B"}'),
        ("y" * 101, "y" * 97 + "..."),
        ("y" * 100, "y" * 100),
    ],
)
def test_an_answer_that_is_no_json(body: str | bytes, shown: str) -> None:
    with pytest.raises(JobFailure) as caught:
        read(body)
    assert caught.value.message == f"Response body is not valid JSON: {shown}"
    assert caught.value.code is None


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            '{"error":"invalid_grant","error_description":"gone"}',
            "OAUTH_REFRESH_TOKEN_EXPIRED",
            "Refresh token is invalid or expired; re-authorization is required. Details: gone",
        ),
        (
            '{"error":"invalid_grant"}',
            "OAUTH_REFRESH_TOKEN_EXPIRED",
            "Refresh token is invalid or expired; re-authorization is required. Details: no description provided",
        ),
        (
            '{"nested":{"error":"interaction_required"}}',
            "OAUTH_INTERACTION_REQUIRED",
            "The identity provider requires user interaction before a token can be issued; re-authorization is"
            " required. Details: no description provided",
        ),
        (
            '{"error":"other","error_description":"desc","access_token":"T"}',
            "OAUTH_TOKEN_ERROR",
            "OAuth token exchange failed: other. desc",
        ),
    ],
)
def test_cmx_08_errors_of_the_refresh_flow(body: str, code: str, message: str) -> None:
    with pytest.raises(JobFailure) as caught:
        read(body, refreshed=True)
    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize(
    ("body", "native_code"),
    [
        ({"error": "invalid_grant"}, "OAUTH_REFRESH_TOKEN_EXPIRED"),
        ({"error": "interaction_required"}, "OAUTH_INTERACTION_REQUIRED"),
        ({"error": "invalid_client"}, "OAUTH_TOKEN_ERROR"),
        ("text", "OAUTH_TOKEN_ERROR"),
        (None, "OAUTH_TOKEN_ERROR"),
    ],
)
def test_a_refusal_by_status_keeps_its_code_and_has_ours_beside(body: object, native_code: str) -> None:
    variables = {"response": {"headers": {}, "body": body}}
    failure = explained(JobFailure("Bad Request", code="400", kind="http", variables=variables))
    assert (failure.code, failure.native_code, failure.kind) == ("400", native_code, "auth")
    assert failure.variables == variables
