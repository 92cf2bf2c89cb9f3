"""Secrets in the variables of a job, and hidden in what its failure says (contract 13.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.facts.jobs import JSON, URL, Fact, Sent, check, compare, completes, fails, rows, run, text, told_by
from tests.support.job_runs import FixedSecrets, Lease, NoTokens, job
from tests.support.scripted_server import scripted
from worker.documents import Documents, MemoryStore
from worker.face import COMPATIBLE
from worker.pipeline import Pipeline
from worker.pipeline.expressions import Expressions
from worker.rest.client import RestClient
from worker.rest.egress import Egress
from worker.secrets import Masker, Secrets, SecretScope
from worker.secrets.environment import EnvironmentSecrets
from worker.secrets.filter import Allowed, AllowList, SecretFilter

TOKEN = {"TOK": "abc123"}


def replaced(fact: str, given: str, sent: str, **secrets: str) -> Fact:
    return Fact(
        fact,
        completes(),
        variables={"method": "POST", "body": {"v": given}},
        sent=(Sent("POST /x", body={"v": sent}),),
        secrets=secrets,
    )


@rows(
    [
        *(
            replaced("SE-001..SE-012", given, sent, **{name: "value"})
            for given, name, sent in (
                ("secrets.test", "test", "value"),
                ("secrets.TEST", "TEST", "value"),
                ("secrets.A/B", "A/B", "value"),
                ("secrets.A.B", "A.B", "value"),
                ("{secrets.TEST}", "TEST", "{value}"),
                ("secrets.TEST0", "TEST0", "value"),
                ("secrets.TEST-0", "TEST-0", "value"),
                ("secrets.TEST_0", "TEST_0", "value"),
                ("secrets.TEST_TEST", "TEST_TEST", "value"),
                ("secrets.a_b_c_d_e_f", "a_b_c_d_e_f", "value"),
                ("secrets.a.b.c.d.e.f", "a.b.c.d.e.f", "value"),
                ("secrets.TEST TEST", "TEST", "value TEST"),
            )
        ),
        *(
            replaced("SE-013..SE-019", given, given, TEST="value")
            for given in (
                "secrets._TEST",
                "secrets./TEST",
                "secrets.-TEST",
                "secrets..TEST",
                "secrets.",
                "secrets..",
                "secrets.?",
            )
        ),
        replaced("SE-020", "secrets.KEY1", "VALUE1", KEY1="VALUE1"),
        replaced("SE-020", "{{secrets.KEY1}}", "VALUE1", KEY1="VALUE1"),
        replaced("SE-020", "{{secrets.KEY1}} {{secrets.KEY2}}", "VALUE1 VALUE2", KEY1="VALUE1", KEY2="VALUE2"),
        *(replaced("SE-022", "{{secrets.V}}", value, V=value) for value in ('say "hi" \\', "line1\nline2\r\t", "a\0b")),
        Fact(
            "SE-023",
            completes(),
            variables=f'{{"method":"GET","url":"{URL}/x","connectionTimeoutInSeconds": {{{{secrets.FOO}}}} }}',
            secrets={"FOO": "1"},
            sent=(Sent("GET /x"),),
        ),
        Fact(
            "SE-024",
            fails("Secret with name 'FOO2' is not available", retries=0),
            variables={"method": "bad", "url": "{{secrets.FOO2}}"},
            secrets=TOKEN,
            sent=(),
        ),
    ]
)
async def test_replacing(fact: Fact) -> None:
    await check(fact)


SECRETS = {"A": "one", "B": "two", "NUM": "30", "PATH": "path"}


def field(fact: str, sent: Sent, **variables: Any) -> Fact:
    given = {"method": "POST", "url": URL + "/x", **variables}
    return Fact(fact, completes(), variables=given, sent=(sent,), secrets=SECRETS | {"M": "get", "TOK": "abc123"})


@rows(
    [
        field("SE-045", Sent("POST /path/one"), url=URL + "/{{secrets.PATH}}/secrets.A"),
        field("SE-045", Sent("GET /x"), method="{{secrets.M}}"),
        field(
            "SE-045", Sent("POST /x"), connectionTimeoutInSeconds="{{secrets.NUM}}", readTimeoutInSeconds="secrets.NUM"
        ),
        field(
            "SE-045",
            Sent("POST /x", {"X-A": "one", "one": "x"}),
            headers={"X-A": "{{secrets.A}}", "{{secrets.A}}": "x"},
        ),
        field("SE-045", Sent("POST /x?q=one&two=x"), queryParameters={"q": "{{secrets.A}}", "secrets.B": "x"}),
        field(
            "SE-045",
            Sent("POST /x", body={"pre": "pre-one", "suf": "two-suf", "both": "one and two", "deep": ["one"]}),
            body={
                "pre": "pre-{{secrets.A}}",
                "suf": "{{secrets.B}}-suf",
                "both": "secrets.A and {{secrets.B}}",
                "deep": ["{{secrets.A}}"],
            },
        ),
        field(
            "SE-045",
            Sent("POST /x", {"Authorization": "Basic b25lOnR3bw=="}),
            authentication={"type": "basic", "username": "{{secrets.A}}", "password": "secrets.B"},
        ),
        field(
            "SE-045",
            Sent("POST /x", {"Authorization": "Bearer abc123"}),
            authentication={"type": "bearer", "token": "{{secrets.TOK}}"},
        ),
        field(
            "SE-045",
            Sent("POST /x", {"one": "two"}),
            authentication={
                "type": "apiKey",
                "apiKeyLocation": "headers",
                "name": "{{secrets.A}}",
                "value": "{{secrets.B}}",
            },
        ),
    ]
)
async def test_every_input_may_hold_secrets(fact: Fact) -> None:
    await check(fact)


def masked(fact: str, answered: bytes, told: dict[str, Any], secrets: Mapping[str, str] = TOKEN, **more: Any) -> Fact:
    return Fact(fact, told, {}, {"headers": {"X-T": "{{secrets.TOK}}"}, **more}, (answered,), secrets=secrets)


def response(told: Any) -> dict[str, Any]:
    return {"kind": "fail", "picked": {"error.variables.response.body": told}}


@rows(
    [
        masked(
            "SE-026",
            text("", status=500, reason="token abc123 is bad"),
            {"kind": "fail", "picked": {"error.message": "token *** is bad"}},
        ),
        *(
            masked(
                "SE-027",
                text("", status=500, reason="abc123"),
                {"kind": "fail", "picked": {"error.message": "***"}},
                headers={"X-T": placeholder},
            )
            for placeholder in ("{{secrets.TOK}}", "secrets.TOK", "{{ secrets.TOK }}")
        ),
        masked(
            "SE-028",
            text(""),
            fails("Secret with name '", "***", "' is not available", retries=0),
            {"TOK": "abc123", "NESTED": "secrets.TOKabc123"},
            headers={"X-T": "{{secrets.TOK}} {{secrets.GONE_abc123}}"},
        ),
        masked(
            "SE-030",
            text('{"l":["abc123",{"d":"x abc123"}]}', "X-Echo: abc123", status=400),
            {
                "kind": "fail",
                "picked": {
                    "error.variables.response.body": {"l": ["***", {"d": "x ***"}]},
                    "error.variables.response.headers.X-Echo": "***",
                },
            },
        ),
        masked("SE-031", text('{"abc123":1}', JSON, status=400), response({"***": 1})),
        masked(
            "SE-032",
            text('{"n":123,"b":true,"z":null,"f":1.5}', status=400),
            response({"n": 123, "b": True, "z": None, "f": 1.5}),
            {"TOK": "123"},
        ),
        masked(
            "SE-034",
            text("404", status=404, reason="404"),
            {"kind": "fail", "picked": {"error.code": "404", "error.message": "***"}},
            {"TOK": "404"},
        ),
    ]
)
async def test_masking(fact: Fact) -> None:
    await check(fact)


async def test_se_029_secrets_that_cannot_be_fetched_hide_the_message() -> None:
    fact = Fact("SE-029", {}, {"retryBackoff": "PT1M"}, {"headers": {"X-T": "{{secrets.TOK}}"}}, secrets=None)
    async with scripted() as server:
        told = told_by(await run(fact, server))

    hidden = "Fetching secrets failed, original error can't be displayed as the error message might contain secrets: "
    assert told["variables"]["error"]["message"] == hidden + "the vault is down"
    assert (told["retries"], told["backoff"], server.requests) == (2, None, [])


class Noting:
    """A filter and a source of secrets that note what they were asked for."""

    def __init__(self) -> None:
        self.asked: list[SecretScope] = []
        self.looked_up: list[SecretScope] = []

    async def allowed(self, scope: SecretScope) -> Allowed:
        self.asked.append(scope)
        return lambda name: name != "HIDDEN"

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        self.looked_up.append(scope)
        return "value"


async def sent_with(secrets: Secrets, headers: Mapping[str, str], **of_job: Any) -> dict[str, str]:
    """The headers that a job of a process sends."""
    store = MemoryStore()
    async with Egress(agent="tests") as egress, scripted() as server:
        handler = Pipeline(
            COMPATIBLE,
            secrets=secrets,
            client=RestClient(egress, tokens=NoTokens(), store=store),
            documents=Documents(store),
            store=store,
            expressions=Expressions(),
        )
        given = job({"method": "GET", "url": server.url(), "headers": headers})
        outcome = await handler.handle(replace(given, **of_job), Lease())
    compare(completes(), outcome)
    return dict(server.requests[0].headers)


async def test_se_043_the_filter_is_asked_once_and_only_for_jobs_with_secrets() -> None:
    noting = Noting()
    secrets = Secrets(noting, masker=Masker(), filter=noting)
    await sent_with(secrets, {"X-A": "none"})
    assert noting.asked == []

    sent = await sent_with(secrets, {"X-A": "{{secrets.A}}", "X-B": "secrets.B", "X-H": "{{secrets.HIDDEN}}"})

    assert len(noting.asked) == 1
    assert (sent["X-A"], sent["X-B"], sent["X-H"]) == ("value", "value", "{{secrets.HIDDEN}}")


async def test_se_025_a_secret_is_looked_up_for_the_tenant_and_process_of_the_job() -> None:
    noting = Noting()
    secrets = Secrets(noting, masker=Masker())

    await sent_with(secrets, {"X-A": "{{secrets.A}}"}, tenant_id="acme", process_id="order", element_id="call")

    [scope] = set(noting.looked_up)
    assert (scope.tenant_id, scope.process_id, scope.element_id, scope.physical_tenant_id) == (
        "acme",
        "order",
        "call",
        "",
    )


async def test_se_021_what_is_not_allowed_stays_as_it_is() -> None:
    values = FixedSecrets({"KEY1": "1", "KEY2": "2", "KEY3": "3"})
    allowed: SecretFilter = AllowList({"KEY1", "KEY2"})
    given = {"X-A": "Hello {{secrets.KEY1}} and {{secrets.KEY2}} and {{secrets.KEY3}}"}

    sent = await sent_with(Secrets(values, masker=Masker(), filter=allowed), given)

    assert sent["X-A"] == "Hello 1 and 2 and {{secrets.KEY3}}"


def test_se_039_a_secret_without_scopes_needs_no_job() -> None:
    assert EnvironmentSecrets({"SECRET_A": "x"}).lookup("A", SecretScope()) == "x"
