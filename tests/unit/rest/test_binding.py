"""Binding and validation of job variables: as lenient as the original, with its words where it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from worker.errors import CONNECTOR_INPUT_EXCEPTION, ILLEGAL_ARGUMENT, JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.json_codec import loads
from worker.rest.binding import bind
from worker.rest.request import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    ClientCredentials,
    ClientTls,
    RefreshToken,
    RestRequest,
    ReturnFormat,
)
from worker.rest.return_format import read_return_format
from worker.rest.validation import request_of, validate

URL = "http://h/p"


def request(tree: Any, face: Face = COMPATIBLE) -> RestRequest:
    variables = bind(tree, face)
    validate(variables, face)
    return request_of(variables, read_return_format(tree, face), face)


def refusal(tree: Any, face: Face = COMPATIBLE) -> str:
    with pytest.raises(JobFailure) as caught:
        request(tree, face)
    assert caught.value.type == CONNECTOR_INPUT_EXCEPTION
    assert caught.value.final
    return caught.value.message


def with_(**members: Any) -> dict[str, Any]:
    return {"method": "GET", "url": URL, **members}


@pytest.mark.parametrize(
    ("value", "method"),
    [("get", "GET"), ("Post ", "POST"), (["get"], "GET"), (0, "POST"), ("1", "GET"), (2, "DELETE"), ("4", "PUT")],
)
def test_methods(value: Any, method: str) -> None:
    assert request(with_(method=value)).method == method


@pytest.mark.parametrize("value", ["", " ", "HEAD", "OPTIONS", "G ET", -1, 5, "01"])
def test_bv_010_unknown_methods(value: Any) -> None:
    assert refusal(with_(method=value)) == "Json object contains an invalid field: method. It Must be `HttpMethod`"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "Floating-point value"),
        ({}, "Object value"),
        (True, "Boolean value"),
        (["get", "post"], "END_ARRAY"),
        (2**31, "Numeric value (2147483648) out of range of int (-2147483648 - 2147483647)"),
    ],
)
def test_methods_of_a_wrong_kind(value: Any, text: str) -> None:
    assert text in refusal(with_(method=value))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("20", 20),
        (" 7 ", 7),
        ([5], 5),
        ("", 20),
        (" ", 20),
        ("null", 20),
        (None, 20),
        (20.7, 20),
        ("１", 1),
        (0, 0),
        (-5, -5),
    ],
)
def test_bv_015_connection_timeouts(value: Any, seconds: int) -> None:
    bound = request(with_(connectionTimeoutInSeconds=value))
    assert (bound.connection_timeout, bound.read_timeout) == (seconds, seconds)


def test_bv_020_the_read_timeout_follows_the_connection_timeout() -> None:
    assert request(with_()).read_timeout == 20
    assert request(with_(connectionTimeoutInSeconds=10)).read_timeout == 10
    assert request(with_(connectionTimeoutInSeconds=10, readTimeoutInSeconds="3")).read_timeout == 3


@pytest.mark.parametrize("value", ["bad value", "0.1", "20.0", "0xFF", "0b0011", "bad 123 value", "99999999999", "1_0"])
def test_bv_014_unreadable_timeouts(value: str) -> None:
    message = "Json object contains an invalid field: readTimeoutInSeconds. It Must be `Integer`"
    assert refusal(with_(readTimeoutInSeconds=value)) == message


def test_timeouts_of_a_wrong_kind() -> None:
    assert refusal(with_(readTimeoutInSeconds=True)) == (
        "Cannot deserialize value of type `java.lang.Integer` from Boolean value (token `JsonToken.VALUE_TRUE`)"
    )
    assert "out of range of int" in refusal(with_(readTimeoutInSeconds=99999999999))
    assert "out of range of int" in refusal(with_(readTimeoutInSeconds=float("inf")))


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        (1, True),
        (7, True),
        ([True], True),
        (False, False),
        ("false", False),
        (0, False),
        ("", False),
        (None, False),
    ],
)
def test_booleans(value: Any, flag: bool) -> None:
    bound = request(with_(followRedirects=value, storeResponse=value, ignoreNullValues=value))
    assert [bound.follow_redirects, bound.store_response, bound.ignore_null_values] == [flag] * 3


@pytest.mark.parametrize("value", ["yes", "tRue"])
def test_unreadable_booleans(value: str) -> None:
    assert refusal(with_(storeResponse=value)) == (
        "Json object contains an invalid field: storeResponse. It Must be `boolean`"
    )


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (1.50, "1.5"), (1e16, "1.0E16"), (True, "true"), (["x"], "x"), ([7], "7"), ("", "")]
)
def test_texts(value: Any, text: str) -> None:
    assert request(with_(headers={"a": value}, queryParameters={"b": value})).headers == {"a": text}


def test_parameters_keep_null_and_refuse_lists_and_objects() -> None:
    assert request(with_(headers={"a": None}, queryParameters=[{"b": "c"}])).query == {"b": "c"}
    assert "END_ARRAY" in refusal(with_(headers={"e": ["x", "y"]}))
    assert "from Object value" in refusal(with_(headers={"e": {}}))
    assert "from Array value" in refusal(with_(headers={"e": []}))


def test_the_native_face_repeats_parameters() -> None:
    bound = request(with_(queryParameters={"e": ["x", 1, None]}, headers={"n": loads("1.50", exact=True)}), NATIVE)
    assert bound.query == {"e": ["x", "1", None]}
    assert bound.headers == {"n": "1.50"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", "Json object contains an invalid field: headers. It Must be `LinkedHashMap`"),
        ("x", "no String-argument constructor/factory method to deserialize from String value ('x')"),
        ([], "from Array value (token `JsonToken.START_ARRAY`)"),
        ([{"a": "b"}, {"c": "d"}], "Attempted to unwrap 'java.util.LinkedHashMap' value from an array"),
        (["a", "b"], "no String-argument constructor/factory method to deserialize from String value ('a')"),
        (5, "no int/Int-argument constructor"),
        (1.5, "no double/Double-argument constructor"),
        (True, "no boolean/Boolean-argument constructor"),
    ],
)
def test_parameters_of_a_wrong_kind(value: Any, text: str) -> None:
    assert text in refusal(with_(headers=value))


@pytest.mark.parametrize("value", [{}, {"type": None}, {"type": "Bearer"}, {"type": "bogus"}, {"type": []}, "", "x", 5])
def test_authentication_must_name_its_kind(value: Any) -> None:
    assert refusal(with_(authentication=value)) == "Json object contains an invalid field: authentication"


def test_authentication_in_a_list() -> None:
    assert "expected VALUE_STRING" in refusal(with_(authentication=[]))
    assert "(START_OBJECT)" in refusal(with_(authentication=[{"type": "noAuth"}]))
    for value in (["x"], [None], [5], ["a", "b"]):
        assert refusal(with_(authentication=value)) == "Json object contains an invalid field: authentication"
    assert request(with_(authentication=["bearer", {"token": "t"}])).auth == BearerAuth("t")


@pytest.mark.parametrize(
    ("value", "auth"),
    [
        (None, None),
        ({"type": "noAuth", "extra": 1}, None),
        ({"type": "basic", "username": 5, "password": 6}, BasicAuth("5", "6")),
        ({"type": "basic", "username": "u"}, BasicAuth("u", None)),
        ({"type": "bearer", "token": " "}, BearerAuth(" ")),
        ({"type": "apiKey", "apiKeyLocation": "QUERY", "name": "k", "value": "v"}, ApiKeyAuth("query", "k", "v")),
        (
            {
                "type": "oauth-client-credentials-flow",
                "oauthTokenEndpoint": URL,
                "clientId": "c",
                "clientSecret": "s",
                "clientAuthentication": "bogus",
            },
            ClientCredentials(URL, "c", "s", "bogus"),
        ),
        (
            {
                "type": "oauth-refresh-token",
                "oauthRefreshToken": {"oauthTokenEndpoint": URL, "clientId": "c", "refreshToken": "r"},
            },
            RefreshToken(URL, "c", "r"),
        ),
        (
            {
                "type": "oauth-refresh-token",
                "oauthTokenEndpoint": URL,
                "clientId": "c",
                "refreshToken": "r",
                "scopes": "a b",
            },
            RefreshToken(URL, "c", "r", scopes="a b"),
        ),
    ],
)
def test_authentication(value: Any, auth: Any) -> None:
    assert request(with_(authentication=value)).auth == auth


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ({"type": "basic", "password": "p"}, ["username"]),
        ({"type": "bearer", "token": ""}, ["token"]),
        ({"type": "apiKey", "apiKeyLocation": "query"}, ["name", "value"]),
        (
            {"type": "oauth-client-credentials-flow"},
            ["clientAuthentication", "clientId", "clientSecret", "oauthTokenEndpoint"],
        ),
        ({"type": "oauth-refresh-token"}, ["clientId", "oauthTokenEndpoint", "refreshToken"]),
    ],
)
def test_bv_013_authentication_fields_must_not_be_empty(value: Any, paths: list[str]) -> None:
    lines = [
        f" - Property: authentication.{path}: Validation failed. Original message: must not be empty" for path in paths
    ]
    lead = "jakarta.validation.ValidationException: Found constraints violated while validating input: "
    assert refusal(with_(authentication=value)) == "\n".join([lead, *lines])


def test_the_error_of_a_nested_field_names_the_whole_path() -> None:
    message = refusal(with_(authentication={"type": "apiKey", "apiKeyLocation": "body"}))
    assert (
        message == "Json object contains an invalid field: authentication, apiKeyLocation. It Must be `ApiKeyLocation`"
    )


def test_bv_019_a_credential_replaces_inline_authentication_which_stays_validated() -> None:
    stored = {"authentication": {"type": "bearer", "token": "stored"}}
    inline = {"type": "bearer", "token": "inline"}
    assert request(with_(authentication=inline, authenticationConfiguration=stored)).auth == BearerAuth("stored")
    assert request(with_(authentication=inline, authenticationConfiguration={"authentication": None})).auth is None
    assert request(with_(authentication=inline, authenticationConfiguration=None)).auth == BearerAuth("inline")
    assert "authentication.token" in refusal(
        with_(authentication={"type": "bearer"}, authenticationConfiguration=stored)
    )
    assert "authenticationConfiguration.authentication.token" in refusal(
        with_(authenticationConfiguration={"authentication": {"type": "bearer"}})
    )
    assert "AuthenticationConfiguration" in refusal(with_(authenticationConfiguration="x"))


def test_blank_certificates_are_none() -> None:
    tls = {"clientCertificate": "PEM", "clientPrivateKey": " ", "trustedCertificate": None, "privateKeyPassword": ""}
    assert request(with_(clientTls=tls)).tls == ClientTls(certificate="PEM")
    assert request(with_(clientTls=None)).tls is None
    assert "ClientTls" in refusal(with_(clientTls="x"))
    assert "from Null value" in refusal(with_(clientTls=[None]))


@pytest.mark.parametrize(
    ("value", "flag"), [("true", True), (True, True), ("TRUE", False), ("false", False), (None, False)]
)
def test_only_the_text_true_skips_encoding(value: Any, flag: bool) -> None:
    assert request(with_(skipEncoding=value)).skip_encoding is flag


@pytest.mark.parametrize(
    "url", ["", " ", "iAmWrongUrl", "ftp://camunda.org/", "HTTP://x", " http://x", "http://x\ny", "=x"]
)
def test_bv_011_urls(url: str) -> None:
    message = refusal(with_(url=url))
    assert "Property: url: Validation failed. Original message: Must be a http(s) URL" in message
    assert ("must not be blank" in message) == (not url.strip())


@pytest.mark.parametrize("url", ["http://x", "https://", "secrets.X", "{{x", "="])
def test_urls_that_pass_validation(url: str) -> None:
    assert request(with_(url=url)).url == url


def test_a_url_that_looks_like_an_expression_is_explained() -> None:
    assert "task header named url" in refusal(with_(url='="http://x"'))


def test_bv_012_what_is_missing_is_named() -> None:
    message = refusal({})
    assert "Property: method: Validation failed. Original message: must not be null" in message
    assert "Property: url: Validation failed. Original message: must not be blank" in message


def test_the_native_face_has_defaults() -> None:
    bound = request({"url": URL, "authentication": {"type": "apiKey", "name": "k", "value": "v"}}, NATIVE)
    assert (bound.method, bound.auth) == ("GET", ApiKeyAuth("headers", "k", "v"))


def test_missing_and_wrong_inputs_have_their_own_codes_in_the_native_face() -> None:
    with pytest.raises(JobFailure) as missing:
        request({}, NATIVE)
    with pytest.raises(JobFailure) as wrong:
        request({"url": "x"}, NATIVE)
    assert (missing.value.native_code, wrong.value.native_code) == ("MISSING_INPUT", "INVALID_INPUT")


def test_whole_variables() -> None:
    assert request([with_()]).url == URL
    assert "from Array value (token `JsonToken.START_ARRAY`)" in refusal([])
    assert "from Number value (5)" in refusal(5)
    assert refusal("") == "Json object contains an invalid field: . It Must be `HttpJsonRequest`"
    assert "no String-argument constructor" in refusal("x")
    with pytest.raises(JobFailure, match="HV000116") as caught:
        request(None)
    assert (caught.value.type, caught.value.final) == (ILLEGAL_ARGUMENT, False)


def test_the_first_wrong_value_of_the_text_is_reported() -> None:
    assert "HttpMethod" in refusal({"method": "x", "url": {}})
    assert "java.lang.String" in refusal({"url": {}, "method": "x"})
    assert "START_ARRAY" in refusal(with_(headers={"basic": [[]], "X": {}}))
    assert "START_OBJECT" in refusal(with_(headers={"X": {}, "basic": [[]]}))


def test_no_authentication_is_as_good_as_none() -> None:
    assert request(with_(authentication={"type": "noAuth", "username": []})).auth is None
    assert request(with_(authenticationConfiguration={"authentication": {"type": "noAuth"}})).auth is None


def test_bv_017_unknown_members_are_ignored_everywhere() -> None:
    bound = request(
        with_(unknown=1, groupSetCookieHeaders="x", authentication={"type": "bearer", "token": "t", "more": {}})
    )
    assert bound.auth == BearerAuth("t")


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        ({"choice": "JSON"}, ReturnFormat("JSON")),
        ({"choice": "TEXT", "encoding": "ISO-8859-1"}, ReturnFormat("TEXT", "ISO-8859-1")),
        ({"choice": "TEXT", "encoding": 5}, ReturnFormat("TEXT", "5")),
        ({"choice": " "}, None),
        ({"choice": ["JSON"]}, None),
        ({}, None),
        ("JSON", None),
        (None, None),
    ],
)
def test_rf_006_return_formats(value: Any, chosen: ReturnFormat | None) -> None:
    assert request(with_(documentReturnFormat=value)).return_format == chosen


def test_rf_003_an_unknown_return_format() -> None:
    assert refusal(with_(documentReturnFormat={"choice": "json"})) == (
        "documentReturnFormat.choice must be one of DOCUMENT, TEXT, JSON. Got: json"
    )
