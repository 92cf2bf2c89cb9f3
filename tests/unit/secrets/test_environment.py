"""Environment variables as secrets: names, scopes, placeholders (contract 3.2)."""

from __future__ import annotations

import logging

import pytest

from worker.secrets import ChainedSecrets, SecretScope
from worker.secrets.environment import EnvironmentRules, EnvironmentSecrets

SCOPE = SecretScope(tenant_id="my-tenant", process_id="my-process", physical_tenant_id="engine-1")


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("SECRET_TOK", "TOK"),
        ("SECRET_TOK", "tok"),
        ("SECRET_my_key", "my_key"),
        ("SECRET_my_key", "my-key"),
        ("SECRET_A_B", "A.B"),
        ("SECRET_A_B", "a.b"),
        ("SECRET_A_B_C", "a.b-c"),
        ("SECRET_x.y", "x.y"),
    ],
)
def test_cmx_23_a_name_finds_its_variable(variable: str, name: str) -> None:
    assert EnvironmentSecrets({variable: "value"}).lookup(name, SCOPE) == "value"


@pytest.mark.parametrize(("variable", "name"), [("SECRET_my_key", "MY_KEY"), ("TOK", "TOK"), ("SECRET_A_B", "A/B")])
def test_other_names_do_not(variable: str, name: str) -> None:
    assert EnvironmentSecrets({variable: "value"}).lookup(name, SCOPE) is None


def test_the_prefix_is_a_setting() -> None:
    rules = EnvironmentRules(prefix="secrets.")
    assert EnvironmentSecrets({"secrets.my-total-secret": "x"}, rules).lookup("my-total-secret", SCOPE) == "x"


def test_without_a_prefix_everything_is_a_secret_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        secrets = EnvironmentSecrets({"PLAIN": "x"}, EnvironmentRules(prefix=""))
    assert secrets.lookup("PLAIN", SCOPE) == "x"
    assert "every environment variable" in caplog.text


@pytest.mark.parametrize(
    ("rules", "variable"),
    [
        (EnvironmentRules(tenant_aware=True), "SECRET_my-tenant_NAME"),
        (EnvironmentRules(process_aware=True), "SECRET_my-process_NAME"),
        (EnvironmentRules(tenant_aware=True, process_aware=True), "SECRET_my-tenant_my-process_NAME"),
        (EnvironmentRules(physical_tenant_aware=True), "SECRET_engine-1_NAME"),
        (
            EnvironmentRules(tenant_aware=True, process_aware=True, physical_tenant_aware=True),
            "SECRET_engine-1_my-tenant_my-process_NAME",
        ),
    ],
)
def test_scopes_come_before_the_name_and_nothing_less_scoped_is_read(rules: EnvironmentRules, variable: str) -> None:
    assert EnvironmentSecrets({variable: "scoped"}, rules).lookup("NAME", SCOPE) == "scoped"
    assert EnvironmentSecrets({"SECRET_NAME": "plain"}, rules).lookup("NAME", SCOPE) is None


def test_an_unknown_cluster_is_called_default() -> None:
    secrets = EnvironmentSecrets({"SECRET_default_NAME": "x"}, EnvironmentRules(physical_tenant_aware=True))
    assert secrets.lookup("NAME", SecretScope()) == "x"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x${OTHER}y", "xnopey"),
        ("${FIRST}", "<nope>"),
        ("${MISSING}", "${MISSING}"),
        ("${MISSING:other}", "other"),
        ("${MISSING:}", ""),
        ("u$er", "u$er"),
        ("${SECRET_A}", "${SECRET_A}"),
    ],
)
def test_placeholders_in_values(value: str, expected: str) -> None:
    variables = {"SECRET_A": value, "OTHER": "nope", "FIRST": "<${OTHER}>"}
    assert EnvironmentSecrets(variables).lookup("A", SCOPE) == expected


def test_a_variable_without_the_prefix_is_hinted_at_once(caplog: pytest.LogCaptureFixture) -> None:
    secrets = EnvironmentSecrets({"TOKEN": "value"})
    with caplog.at_level(logging.WARNING):
        assert secrets.lookup("TOKEN", SCOPE) is None
        assert secrets.lookup("TOKEN", SCOPE) is None
    (record,) = caplog.records
    assert (record.__dict__["secret"], record.__dict__["expected_variable"]) == ("TOKEN", "SECRET_TOKEN")


def test_the_first_source_that_has_a_value_wins() -> None:
    first = EnvironmentSecrets({"SECRET_A": "first"})
    second = EnvironmentSecrets({"SECRET_A": "second", "SECRET_B": ""})
    chain = ChainedSecrets([first, second])
    assert [chain.lookup(name, SCOPE) for name in ("A", "B", "C")] == ["first", "", None]
