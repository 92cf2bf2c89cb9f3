"""Settings: where they come from, and what is said about those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.face import COMPATIBLE, NATIVE
from worker.settings import JobType, Settings, SettingsError, environment, load


def loaded(**environ: str) -> Settings:
    return load(environ)[0]


def fault(**environ: str) -> str:
    """What is said about an environment that cannot be used."""
    with pytest.raises(SettingsError) as raised:
        load(environ)
    return str(raised.value)


# -- where values come from


def test_without_an_environment_the_defaults_hold() -> None:
    settings = loaded()

    assert settings == Settings()
    assert settings.zeebe.address == "127.0.0.1:26500"
    assert settings.job_type_faces == (JobType("rest-connector", NATIVE),)
    assert settings.slots == 500


def test_names_have_our_prefix_and_two_underscores_between_their_parts() -> None:
    settings = loaded(
        REST_CONNECTOR_SLOTS="7", REST_CONNECTOR_ZEEBE__POLL_TIMEOUT="2.5", REST_CONNECTOR_LOG__LEVEL="debug"
    )

    assert (settings.slots, settings.zeebe.poll_timeout, settings.log.level) == (7, 2.5, "debug")


def test_lists_have_commas() -> None:
    settings = loaded(REST_CONNECTOR_FETCH_VARIABLES=" a, b ,,c", REST_CONNECTOR_ZEEBE__TENANT_IDS="x")

    assert settings.fetch_variables == ("a", "b", "c")
    assert settings.zeebe.tenant_ids == ("x",)


def test_job_types_have_a_face_of_their_own() -> None:
    settings = loaded(REST_CONNECTOR_JOB_TYPES="io.camunda:http-json:1, mine, other=compatible, io.camunda:x=native")

    assert settings.job_type_faces == (
        JobType("io.camunda:http-json:1", COMPATIBLE),
        JobType("mine", NATIVE),
        JobType("other", COMPATIBLE),
        JobType("io.camunda:x", NATIVE),
    )


def test_a_dotenv_file_fills_in_what_the_environment_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("REST_CONNECTOR_SLOTS=1\nREST_CONNECTOR_GRACE=2\nSECRET_TOKEN=t\n", "utf-8")
    monkeypatch.setenv("REST_CONNECTOR_SLOTS", "9")

    environ = environment(dotenv)

    assert (loaded(**environ).slots, loaded(**environ).grace) == (9, 2)
    assert environ["SECRET_TOKEN"] == "t"


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n", "utf-8")

    settings = loaded(REST_CONNECTOR_ZEEBE__TOKEN_FILE=str(token))

    assert settings.zeebe.token is not None
    assert settings.zeebe.token.get_secret_value() == "abc"


# -- the engine's address


@pytest.mark.parametrize(
    "name", ["ZEEBE_ADDRESS", "ZEEBE_GATEWAY_ADDRESS", "CAMUNDA_CLIENT_GRPC_ADDRESS", "ZEEBE_GRPC_ADDRESS"]
)
def test_the_engines_address_has_several_names(name: str) -> None:
    assert loaded(**{name: "zeebe:26500"}).zeebe.address == "zeebe:26500"


def test_the_first_name_counts_and_our_own_comes_first() -> None:
    both = {"ZEEBE_GRPC_ADDRESS": "third:1", "ZEEBE_GATEWAY_ADDRESS": "second:1"}

    assert loaded(**both).zeebe.address == "second:1"
    assert loaded(**both, ZEEBE_ADDRESS="first:1").zeebe.address == "first:1"
    assert loaded(**both, REST_CONNECTOR_ZEEBE__ADDRESS="own:1").zeebe.address == "own:1"


@pytest.mark.parametrize(
    ("address", "host", "tls"),
    [
        ("zeebe:26500", "zeebe:26500", False),
        ("http://zeebe:26500", "zeebe:26500", False),
        ("grpcs://zeebe:443/", "zeebe:443", True),
        ("https://zeebe:443", "zeebe:443", True),
        ("[::1]:26500", "[::1]:26500", False),
    ],
)
def test_a_scheme_in_front_of_the_address_chooses_tls(address: str, host: str, tls: bool) -> None:
    zeebe = loaded(ZEEBE_ADDRESS=address).zeebe

    assert (zeebe.address, zeebe.tls) == (host, tls)


@pytest.mark.parametrize("address", ["zeebe", "zeebe:", ":26500", "zeebe:port", "zeebe:70000", "ftp://zeebe:1"])
def test_an_address_that_is_none_ends_the_start(address: str) -> None:
    assert "REST_CONNECTOR_ZEEBE__ADDRESS: expected host:port" in fault(ZEEBE_ADDRESS=address)


# -- names of other products


def test_cam_013_settings_of_other_products_never_end_the_start() -> None:
    senseless = {
        "CONNECTOR_HTTP_REST_TIMEOUT": "soon",
        "CONNECTOR_HTTP_REST_TYPE": "a,b",
        "CONNECTOR_HTTP_CLIENT_MAX_BODY_SIZE": "-1",
        "CAMUNDA_CONNECTOR_OAUTH_CACHE_SKEWBUFFER": "x",
        "CAMUNDA_CONNECTOR_VALIDATION_HOSTS_ENABLED": "perhaps",
        "CAMUNDA_CONNECTOR_VALIDATION_HOSTS_ALLOWRANGES": "everything",
        "CAMUNDA_CONNECTOR_SECRETPROVIDER_ENVIRONMENT_TENANTAWARE": "2",
        "CONNECTOR_HTTP_PROXY_PORT": "many",
    }

    settings, warnings = load(senseless)

    assert settings == Settings()
    assert {warning.split()[0] for warning in warnings} == senseless.keys() - {"CONNECTOR_HTTP_PROXY_PORT"}


def test_cmx_02_the_job_type_can_be_changed_under_camundas_name() -> None:
    assert loaded(CONNECTOR_HTTP_REST_TYPE="zone-b").job_type_faces == (JobType("zone-b", COMPATIBLE),)


def test_cmx_03_the_lease_can_be_changed_under_camundas_name_in_milliseconds() -> None:
    assert loaded(CONNECTOR_HTTP_REST_TIMEOUT="45000").lease == 45


def test_cmx_23_the_secret_prefix_has_camundas_name_and_may_be_empty() -> None:
    name = "CAMUNDA_CONNECTOR_SECRETPROVIDER_ENVIRONMENT_PREFIX"

    assert loaded(**{name: "MY_"}).secrets.environment_prefix == "MY_"
    assert loaded(**{name: ""}).secrets.environment_prefix == ""
    assert loaded().secrets.environment_prefix == "SECRET_"


@pytest.mark.parametrize(("text", "seconds"), [("10s", 10), ("500ms", 0.5), ("PT20S", 20), ("3000", 3)])
def test_durations_of_other_products_are_understood(text: str, seconds: float) -> None:
    assert loaded(CAMUNDA_CONNECTOR_OAUTH_CACHE_SKEWBUFFER=text).http.oauth_skew == seconds


# -- what is said about mistakes


def test_an_unknown_name_under_our_prefix_ends_the_start_and_the_closest_name_is_shown() -> None:
    message = fault(REST_CONNECTOR_ZEEBE__ADRESS="zeebe:1")

    assert message == (
        "REST_CONNECTOR_ZEEBE__ADRESS: there is no such setting; did you mean REST_CONNECTOR_ZEEBE__ADDRESS?"
    )


def test_a_name_that_resembles_none_points_to_the_documentation() -> None:
    assert "docs/configuration.md" in fault(REST_CONNECTOR_QQQQ="1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REST_CONNECTOR_SLOTS", "many"),
        ("REST_CONNECTOR_SLOTS", "0"),
        ("REST_CONNECTOR_LEASE", "-3"),
        ("REST_CONNECTOR_LOG__LEVEL", "chatty"),
        ("REST_CONNECTOR_JOB_TYPES", "a=foreign"),
        ("REST_CONNECTOR_JOB_TYPES", ","),
        ("REST_CONNECTOR_JOB_TYPES", "a,a=native"),
        ("REST_CONNECTOR_INPUT_EXPRESSIONS", "some"),
        ("REST_CONNECTOR_HOSTS__DENY_RANGES", "10.0.0.0/8, x"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_but_not_shown(name: str, value: str) -> None:
    message = fault(**{name: value})

    assert message.startswith(f"{name}: ")
    assert value not in message.removeprefix(name) or len(value) == 1


def test_every_mistake_is_said_at_once() -> None:
    message = fault(REST_CONNECTOR_SLOT="1", REST_CONNECTOR_GRACE="x", REST_CONNECTOR_LOG__FORMAT="xml")

    assert [line.partition(":")[0] for line in message.splitlines()] == [
        "REST_CONNECTOR_GRACE",
        "REST_CONNECTOR_LOG__FORMAT",
        "REST_CONNECTOR_SLOT",
    ]


def test_settings_that_belong_together_are_missed_together() -> None:
    assert "USERNAME and PASSWORD" in fault(REST_CONNECTOR_ZEEBE__USERNAME="me")
    assert "CERTIFICATE_FILE and KEY_FILE" in fault(REST_CONNECTOR_ZEEBE__KEY_FILE="/key.pem")
    assert "need TLS=true" in fault(REST_CONNECTOR_ZEEBE__CA_FILE="/ca.pem")


def test_a_secret_is_never_shown() -> None:
    values = {"REST_CONNECTOR_ZEEBE__PASSWORD": "hunter2"}

    message = fault(**values)
    settings = loaded(**values, REST_CONNECTOR_ZEEBE__USERNAME="me")

    assert "hunter2" not in message
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_secret_values_are_known_to_the_masker() -> None:
    settings = loaded(REST_CONNECTOR_ZEEBE__TOKEN="t0ken", REST_CONNECTOR_DOCUMENTS__TOKEN="other")

    assert set(settings.secret_values()) == {"t0ken", "other"}


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    message = fault(REST_CONNECTOR_ZEEBE__TOKEN_FILE=str(tmp_path / "missing"))

    assert message.startswith("REST_CONNECTOR_ZEEBE__TOKEN_FILE: cannot read ")


def test_a_secret_and_its_file_exclude_each_other(tmp_path: Path) -> None:
    message = fault(REST_CONNECTOR_ZEEBE__TOKEN="t", REST_CONNECTOR_ZEEBE__TOKEN_FILE=str(tmp_path))

    assert "keep one of them" in message


def test_only_secrets_have_a_file_variant() -> None:
    assert "no such setting" in fault(REST_CONNECTOR_SLOTS_FILE="/slots")
