"""Settings of the access to the cluster, under our names and under those of Camunda's clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.certificates import make_authority
from worker.cluster.access import ClusterAccess
from worker.cluster.opening import open_access
from worker.settings import SettingsError, ZeebeSettings, load

ZEEBE = "REST_CONNECTOR_ZEEBE__"
OAUTH = {ZEEBE + "CLIENT_ID": "me", ZEEBE + "CLIENT_SECRET": "s3cret", ZEEBE + "TOKEN_URL": "https://login/token"}


def loaded(environ: dict[str, str]) -> ZeebeSettings:
    settings, warnings = load(environ)
    assert warnings == []
    return settings.zeebe


def fault(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as raised:
        load(environ)
    return str(raised.value)


def opened(**environ: str) -> ClusterAccess:
    return open_access(loaded({ZEEBE + name: value for name, value in environ.items()}))


# -- SaaS


def test_a_cluster_in_the_cloud_gives_every_address() -> None:
    zeebe = loaded({ZEEBE + "CLUSTER_ID": "c-1", ZEEBE + "REGION": "syd-1", **OAUTH})

    assert (zeebe.address, zeebe.tls) == ("c-1.syd-1.zeebe.camunda.io:443", True)
    assert zeebe.rest_address == "https://syd-1.zeebe.camunda.io:443/c-1"
    assert (zeebe.token_url, zeebe.audience) == ("https://login/token", "zeebe.camunda.io")


def test_the_token_of_a_cluster_in_the_cloud_comes_from_camundas_login() -> None:
    zeebe = loaded({"CAMUNDA_CLUSTER_ID": "c-1", "CAMUNDA_CLIENT_ID": "me", "CAMUNDA_CLIENT_SECRET": "s"})

    assert (zeebe.auth_method, zeebe.token_url) == ("oauth", "https://login.cloud.camunda.io/oauth/token")
    assert zeebe.address == "c-1.bru-2.zeebe.camunda.io:443"


def test_an_address_that_is_set_wins_over_that_of_the_cloud() -> None:
    zeebe = loaded({"CAMUNDA_CLUSTER_ID": "c-1", "ZEEBE_ADDRESS": "http://proxy.internal:26500"})

    assert (zeebe.address, zeebe.tls) == ("proxy.internal:26500", False)


# -- who we are


@pytest.mark.parametrize(
    ("environ", "method"),
    [
        ({}, "none"),
        ({ZEEBE + "TOKEN": "t"}, "token"),
        ({ZEEBE + "USERNAME": "u", ZEEBE + "PASSWORD": "p"}, "basic"),
        (OAUTH, "oauth"),
        ({**OAUTH, ZEEBE + "TOKEN": "t", ZEEBE + "AUTH": "token"}, "token"),
        ({**OAUTH, "CAMUNDA_CLIENT_AUTH_METHOD": "none"}, "none"),
        ({"CAMUNDA_CLIENT_AUTH_METHOD": "oidc", **OAUTH}, "oauth"),
        ({"CAMUNDA_CLIENT_AUTH_USERNAME": "u", "CAMUNDA_CLIENT_AUTH_PASSWORD": "p"}, "basic"),
    ],
)
def test_the_way_in_is_the_one_that_is_set(environ: dict[str, str], method: str) -> None:
    assert loaded(environ).auth_method == method


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, {}),
        ({"TOKEN": "t0ken"}, {"authorization": "Bearer t0ken"}),
        ({"USERNAME": "us", "PASSWORD": "pä"}, {"authorization": "Basic dXM6cMOk"}),
    ],
)
def test_what_is_fixed_goes_with_every_call(settings: dict[str, str], header: dict[str, str]) -> None:
    assert opened(**settings).credentials.current() == header


def test_two_ways_in_are_one_too_many() -> None:
    message = fault({**OAUTH, ZEEBE + "TOKEN": "t"})

    assert "REST_CONNECTOR_ZEEBE__: TOKEN and CLIENT_ID under this name exclude each other" in message


@pytest.mark.parametrize("missing", ["CLIENT_SECRET", "TOKEN_URL"])
def test_what_oauth_lacks_is_named(missing: str) -> None:
    environ = {name: value for name, value in OAUTH.items() if name != ZEEBE + missing}

    assert f"{missing} under this name: needed to get in by oauth" in fault(environ)


# -- the names of Camunda's clients


@pytest.mark.parametrize(
    ("names", "field", "value"),
    [
        (
            ("CAMUNDA_CLIENT_AUTH_CLIENT_ID", "CAMUNDA_CLIENT_AUTH_CLIENTID", "CAMUNDA_CLIENT_ID", "ZEEBE_CLIENT_ID"),
            "client_id",
            "me",
        ),
        (
            ("CAMUNDA_CLIENT_AUTH_TOKEN_URL", "CAMUNDA_OAUTH_URL", "ZEEBE_AUTHORIZATION_SERVER_URL"),
            "token_url",
            "http://l/t",
        ),
        (("CAMUNDA_CLIENT_AUTH_AUDIENCE", "CAMUNDA_TOKEN_AUDIENCE", "ZEEBE_TOKEN_AUDIENCE"), "audience", "a"),
        (("CAMUNDA_CLIENT_AUTH_SCOPE", "CAMUNDA_TOKEN_SCOPE", "ZEEBE_TOKEN_SCOPE"), "scope", "s"),
        (
            ("CAMUNDA_CLIENT_REST_ADDRESS", "CAMUNDA_REST_ADDRESS", "ZEEBE_REST_ADDRESS"),
            "rest_address",
            "http://z:8080",
        ),
        (
            ("CAMUNDA_CLIENT_CLOUD_CLUSTER_ID", "CAMUNDA_CLIENT_CLOUD_CLUSTERID", "ZEEBE_CLIENT_CLOUD_CLUSTERID"),
            "cluster_id",
            "c",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_of_other_clients_are_understood(names: tuple[str, ...], field: str, value: str) -> None:
    needed = {"CAMUNDA_CLIENT_SECRET": "s", "CAMUNDA_CLIENT_ID": "other", "CAMUNDA_OAUTH_URL": "http://other/t"}
    for name in names:
        others = {
            key: text for key, text in needed.items() if field not in ("client_id", "token_url") or key not in names
        }
        assert getattr(loaded({**others, name: value}), field) == value


def test_switches_of_other_clients_are_understood() -> None:
    assert loaded({"CAMUNDA_CLIENT_PREFER_REST_OVER_GRPC": "true"}).transport == "rest"
    assert loaded({"CAMUNDA_CLIENT_PREFERRESTOVERGRPC": "false"}).transport == "grpc"
    assert loaded({"ZEEBE_INSECURE_CONNECTION": "false", "ZEEBE_ADDRESS": "z:1"}).tls is True
    assert loaded({"ZEEBE_CLIENT_SECURITY_PLAINTEXT": "true"}).tls is False


# -- what cannot be used


@pytest.mark.parametrize(("name", "value"), [("REST_ADDRESS", "zeebe:8080"), ("TOKEN_URL", "login"), ("PROXY", "p:1")])
def test_an_address_without_a_scheme_is_refused(name: str, value: str) -> None:
    assert f"REST_CONNECTOR_ZEEBE__{name}: expected a URL" in fault({ZEEBE + name: value})


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="REST_CONNECTOR_ZEEBE__CA_FILE: cannot read"):
        opened(TLS="true", CA_FILE=str(tmp_path / "missing.pem"))


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    certificate, key = tmp_path / "worker.pem", tmp_path / "worker.key"
    certificate.write_text(authority.identity("worker").certificate_pem)
    key.write_text(authority.identity("another").key_pem())

    with pytest.raises(SettingsError, match="REST_CONNECTOR_ZEEBE__CERTIFICATE_FILE or REST_CONNECTOR_ZEEBE__KEY_FILE"):
        opened(TLS="true", CERTIFICATE_FILE=str(certificate), KEY_FILE=str(key))


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    junk = tmp_path / "ca.pem"
    junk.write_text("junk")

    with pytest.raises(SettingsError, match="REST_CONNECTOR_ZEEBE__CA_FILE: no PEM that can be used"):
        opened(TLS="true", CA_FILE=str(junk))


def test_no_secret_is_shown() -> None:
    assert "s3cret" not in repr(loaded(OAUTH))


def test_the_password_of_the_proxy_is_told_to_whoever_masks() -> None:
    secrets: list[str] = []

    open_access(loaded({ZEEBE + "PROXY": "http://me:p%40ss@proxy:3128"}), on_secret=secrets.append)

    assert secrets == ["p@ss"]
