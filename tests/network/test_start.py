"""What the worker says about its network when it starts, and what keeps it from starting."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.network.servers import Authority
from tests.rows.support import CAMUNDA, Scene
from worker.settings import SettingsError


async def start(environ: dict[str, str]) -> None:
    async with AsyncExitStack() as stack:
        scene = Scene(stack)
        scene.environ |= environ
        await scene.pipeline(CAMUNDA)


async def test_certificates_that_have_ended_are_named(ca: Authority, caplog: pytest.LogCaptureFixture) -> None:
    ca.issue("ended", "ended.test", days=-1)
    with caplog.at_level(logging.WARNING):
        await start({"REST_CONNECTOR_TLS__CERTIFICATE_FILE": str(ca.folder / "ended.pem")})
    (told,) = [record.message for record in caplog.records if "certificate" in record.message]
    assert "CN=ended" in told
    assert " ends at " in told


async def test_a_java_trust_store_that_cannot_be_read_does_not_end_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It stands under another product's name."""
    store = tmp_path / "trust.p12"
    with caplog.at_level(logging.WARNING):
        await start({"JAVAX_NET_SSL_TRUSTSTORE": str(store)})
    assert f"The default trust store ({store}) cannot be read" in caplog.text


async def test_a_wrong_proxy_port_is_told_and_does_not_end_the_start(caplog: pytest.LogCaptureFixture) -> None:
    await start({"CONNECTOR_HTTP_PROXY_HOST": "proxy", "CONNECTOR_HTTP_PROXY_PORT": "80x"})
    assert "every call fails until this is mended: Invalid proxy port" in caplog.text


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"REST_CONNECTOR_TLS__CA": "/missing.pem"}, "'/missing.pem'"),
        ({"REST_CONNECTOR_TLS__CERTIFICATE_FILE": "/missing.pem"}, "'/missing.pem'"),
        ({"REST_CONNECTOR_TLS__KEY_FILE": "/key.pem"}, "KEY_FILE under this name needs CERTIFICATE_FILE"),
        ({"REST_CONNECTOR_TLS__CIPHERS": "NO-SUCH-CIPHER"}, "no cipher that OpenSSL knows"),
        ({"REST_CONNECTOR_TLS__MINIMUM": "1.1"}, "REST_CONNECTOR_TLS__MINIMUM"),
        ({"REST_CONNECTOR_HOSTS__GUARD": "of"}, "REST_CONNECTOR_HOSTS__GUARD"),
        ({"REST_CONNECTOR_HOSTS__DENY": "10.0.0.0/40"}, "'10.0.0.0/40'"),
        ({"REST_CONNECTOR_HOSTS__ALLOW": "host:99999"}, "'host:99999'"),
        ({"REST_CONNECTOR_HTTP__TOTAL_TIMEOUT": "0"}, "REST_CONNECTOR_HTTP__TOTAL_TIMEOUT"),
    ],
)
async def test_wrong_settings_of_our_own_end_the_start_and_are_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await start(environ)
    assert named in str(caught.value)


async def test_a_key_that_is_not_the_certificates_ends_the_start_and_is_not_shown(ca: Authority) -> None:
    ca.issue("one", "one.test")
    ca.issue("two", "two.test")
    environ = {
        "REST_CONNECTOR_TLS__CERTIFICATE_FILE": str(ca.folder / "one.crt"),
        "REST_CONNECTOR_TLS__KEY_FILE": str(ca.folder / "two.key"),
    }
    with pytest.raises(SettingsError) as caught:
        await start(environ)
    assert "two.key does not belong to the certificate" in str(caught.value)
    assert "PRIVATE KEY" not in str(caught.value)
