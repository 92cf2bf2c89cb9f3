"""Binding and validation of the job's variables (contract 13.9, 13.10)."""

from __future__ import annotations

from typing import Any

from tests.facts.jobs import URL, Fact, Sent, check, completes, fails, rows
from tests.support.scripted_server import answer

VIOLATED = (
    "jakarta.validation.ValidationException: Found constraints violated while validating input: \n"
    " - Property: {}: Validation failed. Original message: "
)
NO_INTEGER = "Json object contains an invalid field: connectionTimeoutInSeconds. It Must be `Integer`"
INPUT = "io.camunda.connector.api.error.ConnectorInputException"
OAUTH = {
    "type": "oauth-client-credentials-flow",
    "oauthTokenEndpoint": "http://idp.invalid/t",
    "clientId": "c",
    "clientSecret": "s",
    "clientAuthentication": "basicAuthHeader",
}


def refused(fact: str, *parts: str, **variables: Any) -> Fact:
    return Fact(fact, fails(*parts, retries=0, picked={"error.type": INPUT}), variables=variables, sent=())


def raw(fact: str, text: str, *parts: str) -> Fact:
    return Fact(fact, fails(*parts, retries=0, picked={"error.type": INPUT}), variables=text, sent=())


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in OAUTH.items() if key != name}


@rows(
    [
        refused("BV-001", NO_INTEGER, connectionTimeoutInSeconds="hello"),
        raw("BV-005", '{"url":', "This is not a JSON object"),
        raw("BV-006", "", "No content to map due to end-of-input"),
        raw("BV-007", "[]", "Cannot deserialize value of type `", "` from Array value (token `JsonToken.START_ARRAY`)"),
        refused("BV-008", VIOLATED.format("authentication.token"), authentication={"type": "bearer"}),
        refused("BV-009", VIOLATED.format("url"), "\n - Property: url: Validation failed.", "Must be", url=""),
        *(refused("BV-010", "HttpMethod", method=method) for method in ("", " ", "HEAD", "OPTIONS")),
        *(
            refused("BV-011", VIOLATED.format("url"), "Must be a http(s) URL", url=url)
            for url in ("iAmWrongUrl", "ftp://camunda.org/", "camunda@camunda.com")
        ),
        *(
            refused("BV-011", "Property: url:", "must not be blank", "Must be a http(s) URL", url=url)
            for url in ("", " ")
        ),
        refused("BV-012", VIOLATED.format("method") + "must not be null", method=None),
        refused("BV-012", VIOLATED.format("url") + "must not be blank", url=None),
        refused("BV-012", VIOLATED.format("url"), url="testmail@testmail.com"),
        refused("BV-013", VIOLATED.format("authentication.token"), authentication={"type": "bearer"}),
        refused("BV-013", VIOLATED.format("authentication.username"), authentication={"type": "basic"}),
        refused("BV-013", VIOLATED.format("url"), authentication={"type": "basic", "username": "u"}, url="wrong"),
        *(
            refused("BV-013", VIOLATED.format(f"authentication.{name}"), authentication=without(name))
            for name in ("clientId", "clientSecret", "oauthTokenEndpoint", "clientAuthentication")
        ),
        *(
            refused("BV-014", NO_INTEGER, connectionTimeoutInSeconds=value)
            for value in ("bad value", "0.1", "0xFF", "0b0011", "bad 123 value")
        ),
        refused("HV-009", VIOLATED.format("url") + "Must be a http(s) URL", url="http:/192.0.0.0"),
    ]
)  # fmt: skip
async def test_inputs_that_are_refused(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        Fact("BV-002", fails(NO_INTEGER, retries=0), variables={"connectionTimeoutInSeconds": "{{secrets.T}}"},
             secrets={"T": "hello"}, sent=()),
        Fact("BV-014", fails(NO_INTEGER, retries=0), variables={"connectionTimeoutInSeconds": "bad secrets.T value"},
             secrets={"T": "7"}, sent=()),
        Fact("BV-015", completes(), variables={"connectionTimeoutInSeconds": "{{secrets.T}}"}, secrets={"T": "50"}),
    ]
)  # fmt: skip
async def test_inputs_out_of_secrets(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        Fact(fact, completes(), variables=variables, sent=(Sent("GET /x"),))
        for fact, variables in (
            ("BV-003", {"connectionTimeoutInSeconds": None, "headers": None, "body": None, "authentication": None}),
            ("BV-004", {"invalid": 1, "unknown": {"deep": True}}),
            ("BV-015", {"connectionTimeoutInSeconds": "0", "readTimeoutInSeconds": "99"}),
            ("BV-017", {"authentication": {"type": "noAuth", "unknown": 1}}),
            ("BV-018", {"method": ["GET"], "headers": [{"X-A": ["1"]}], "connectionTimeoutInSeconds": [5]}),
        )
    ]
)
async def test_inputs_that_are_accepted(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        Fact(
            "BV-016",
            {"kind": "complete", "picked": {"r.headers.X-Answer": "1"}},
            {"resultVariable": "r"},
            variables,
            (answer(200, b"{}", "X-Answer: 1"),),
            sent=(Sent("GET /x", headers),),
        )
        for variables, headers in (
            ({"authentication": {"type": "noAuth"}}, {"Authorization": None}),
            ({"authentication": {"type": "basic", "username": "u", "password": "p"}}, {"Authorization": "Basic dTpw"}),
            ({"authentication": {"type": "bearer", "token": "t"}}, {"Authorization": "Bearer t"}),
            ({"headers": {"X": "1"}, "body": {}}, {"X": "1"}),
            ({"queryParameters": None, "headers": None}, {}),
            ({"connectionTimeoutInSeconds": 0, "readTimeoutInSeconds": "301"}, {}),
        )
    ]
)
async def test_inputs_of_every_kind_are_sent(fact: Fact) -> None:
    await check(fact)


STORED = {"authentication": {"type": "bearer", "token": "stored"}}
INLINE = {"type": "bearer", "token": "inline"}


@rows(
    [
        Fact("BV-019", completes(), variables=variables, sent=(Sent("GET /x", {"Authorization": sent}),))
        for variables, sent in (
            ({"authentication": INLINE, "authenticationConfiguration": STORED}, "Bearer stored"),
            ({"authentication": INLINE, "authenticationConfiguration": {}}, None),
            ({"authentication": INLINE, "authenticationConfiguration": None}, "Bearer inline"),
            ({"authentication": INLINE}, "Bearer inline"),
        )
    ]
)
async def test_stored_credentials(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        Fact(
            "BV-021",
            completes(),
            variables=variables,
            answers=(answer(302, b"", f"Location: {URL}", reason="Found"),),
            sent=(Sent("GET /x"),),
        )
        for variables in ({}, {"followRedirects": None}, {"followRedirects": ""}, {"followRedirects": "false"})
    ]
)
async def test_redirects_need_to_be_asked_for(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        Fact(f"two values in {name}", fails("more than one value", retries=0), variables={name: value}, sent=())
        for name, value in (
            ("method", ["GET", "POST"]),
            ("url", [URL, URL]),
            ("connectionTimeoutInSeconds", [1, 2]),
            ("headers", [{"a": "b"}, {"c": "d"}]),
        )
    ]
)
async def test_bv_018_two_values_where_one_belongs(fact: Fact) -> None:
    await check(fact)
