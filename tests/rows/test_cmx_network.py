"""Certificates and destinations, against nginx with the certificates of a throw-away authority."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tests.network.servers import Authority, Nginx, ca, nginx
from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.certificates import make_authority
from tests.support.job_runs import completed, failed
from worker.outcome import Outcome

__all__ = ["ca", "nginx"]  # fixtures

RESULT = {"resultVariable": "result"}
TRUST = {"REST_CONNECTOR_TRUST_VARIABLES": "true"}


async def get(scene: Scene, url: str, type: str = NATIVE, **inputs: Any) -> Outcome:
    return await scene.run({"method": "GET", "url": url, **inputs}, RESULT, type=type)


def body(outcome: Outcome) -> Any:
    return completed(outcome)["result"]["body"]


def identity(ca: Authority, password: str | None = None, form: PrivateFormat = PrivateFormat.PKCS8) -> dict[str, str]:
    """The inputs of a client certificate."""
    files = ca.issue("client", "client.test")
    certificate, key = files.with_suffix(".crt").read_text(), files.with_suffix(".key").read_text()
    if password is None:
        return {"clientCertificate": certificate, "clientPrivateKey": key}
    private = load_pem_private_key(key.encode(), None)
    sealed = private.private_bytes(Encoding.PEM, form, BestAvailableEncryption(password.encode())).decode()
    return {"clientCertificate": certificate, "clientPrivateKey": sealed, "privateKeyPassword": password}


@both_faces
@pytest.mark.parametrize("password", [None, "s3cret"], ids=["plain key", "encrypted key"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL], ids=["pkcs8", "traditional"])
async def test_cmx_11_a_client_certificate_is_shown(
    scene: Scene, ca: Authority, nginx: Nginx, type: str, password: str | None, form: PrivateFormat
) -> None:
    scene.environ |= TRUST
    tls = {**identity(ca, password, form), "trustedCertificate": ca.pem}
    answered = body(await get(scene, nginx.secure(port=nginx.mutual), type, clientTls=tls))
    assert "client" in answered["client"]


@both_faces
@pytest.mark.parametrize("left", ["clientCertificate", "clientPrivateKey"])
async def test_cmx_11_half_an_identity_is_an_input_error(
    scene: Scene, ca: Authority, nginx: Nginx, type: str, left: str
) -> None:
    scene.environ |= TRUST
    outcome = failed(await get(scene, nginx.secure(port=nginx.mutual), type, clientTls={left: identity(ca)[left]}))
    assert (outcome.retries, "only one was provided" in outcome.message) == (0, True)


async def test_cmx_11_files_of_the_worker_are_shown_where_the_task_has_none(
    scene: Scene, ca: Authority, nginx: Nginx
) -> None:
    secret = identity(ca, "s3cret")
    (ca.folder / "sealed.key").write_text(secret["clientPrivateKey"])
    scene.environ |= {
        "REST_CONNECTOR_TLS__CA": str(ca.file),
        "REST_CONNECTOR_TLS__CERTIFICATE_FILE": str(ca.folder / "client.crt"),
        "REST_CONNECTOR_TLS__KEY_FILE": str(ca.folder / "sealed.key"),
        "REST_CONNECTOR_TLS__KEY_PASSWORD": "s3cret",
    }
    for type in (NATIVE, CAMUNDA):
        assert "client" in body(await get(scene, nginx.secure(port=nginx.mutual), type))["client"]


@both_faces
async def test_cmx_12_an_authority_of_the_task_replaces_the_default_ones(
    scene: Scene, ca: Authority, nginx: Nginx, type: str
) -> None:
    scene.environ |= TRUST | {"SECRET_CORPORATE_CA": ca.pem}
    tls = {"trustedCertificate": "{{secrets.CORPORATE_CA}}"}
    assert body(await get(scene, nginx.secure(), type, clientTls=tls))["protocol"] == "TLSv1.3"
    assert error_of(await get(scene, nginx.secure(), type))["code"] == "SSL_HANDSHAKE_FAILED"


@both_faces
@pytest.mark.parametrize("form", ["file", "folder", "SSL_CERT_FILE"])
async def test_cmx_12_authorities_of_the_worker(
    scene: Scene, ca: Authority, nginx: Nginx, type: str, form: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corporate.crt").write_text(ca.pem)
    if form == "SSL_CERT_FILE":
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "corporate.crt"))  # read by OpenSSL itself
    else:
        scene.environ["REST_CONNECTOR_TLS__CA"] = str(tmp_path if form == "folder" else tmp_path / "corporate.crt")
    assert body(await get(scene, nginx.secure(), type))["protocol"] == "TLSv1.3"


WORDS = {
    "tls": ("localhost:{port} is refused: unable to get local issuer certificate", "CN=server", "issued by"),
    "expired": ("localhost:{port} is refused: certificate has expired", "CN=expired", ", expired"),
    "elsewhere": (
        "localhost:{port} is refused: Hostname mismatch",
        "for elsewhere.test",
    ),
}


@pytest.mark.parametrize("server", ["tls", "expired", "elsewhere"])
async def test_cmx_13_the_native_failure_says_which_certificate_failed_and_why(
    scene: Scene, ca: Authority, nginx: Nginx, server: str
) -> None:
    if server != "tls":
        scene.environ["REST_CONNECTOR_TLS__CA"] = str(ca.file)
    port = getattr(nginx, server)
    error = error_of(await get(scene, nginx.secure(port=port)))
    assert error["code"] == "SSL_HANDSHAKE_FAILED"
    assert [word for word in WORDS[server] if word.format(port=port) not in error["message"]] == []


@pytest.mark.parametrize("server", ["tls", "expired", "elsewhere"])
async def test_cmx_13_the_compatible_failure_is_the_recorded_one(
    scene: Scene, ca: Authority, nginx: Nginx, server: str
) -> None:
    error = error_of(await get(scene, nginx.secure(port=getattr(nginx, server)), CAMUNDA))
    assert error["code"] == "SSL_HANDSHAKE_FAILED"
    assert error["message"].startswith(
        "TLS handshake failed: unable to find valid certification path to requested target. "
    )


async def test_cmx_13_a_server_without_a_common_tls_version(scene: Scene, ca: Authority, nginx: Nginx) -> None:
    scene.environ |= {
        "REST_CONNECTOR_TLS__CA": str(ca.file),
        "REST_CONNECTOR_TLS__MINIMUM": "1.3",
    }
    error = error_of(await get(scene, nginx.secure(port=nginx.old)))
    assert error["code"] == "SSL_HANDSHAKE_FAILED"
    assert "REST_CONNECTOR_TLS__MINIMUM" in error["message"]


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    """A server that says why it ends a handshake, and stays until that is read; asyncio's hang up without a word."""
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure:
        with suppress(ssl.SSLError):
            secure.do_handshake()
        while socket.socket.recv(secure, 65536):
            pass


@pytest.mark.parametrize("shown", [False, True], ids=["no certificate", "of another authority"])
async def test_cmx_13_a_server_that_wants_another_client_certificate(
    scene: Scene, ca: Authority, tmp_path: Path, shown: bool
) -> None:
    other = make_authority(tmp_path)
    scene.environ |= TRUST
    tls = {"trustedCertificate": other.pem, **(identity(ca) if shown else {})}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(
            asyncio.to_thread(shake_hands, listener, other.server_context(demand_client=True))
        )
        error = error_of(await get(scene, f"https://127.0.0.1:{listener.getsockname()[1]}/", clientTls=tls))
        await serving
    assert (error["code"], error["variables"]["kind"]) == ("SSL_HANDSHAKE_FAILED", "tls")
    assert ("the certificate sent was" if shown else "none was sent") in error["message"]
    assert ("CN=client" in error["message"]) == shown


async def test_cmx_13_no_failure_shows_key_material(scene: Scene, ca: Authority, nginx: Nginx) -> None:
    scene.environ |= TRUST
    secret = identity(ca, "s3cret-password")
    wrong = {**secret, "privateKeyPassword": "another-password"}
    for tls in (secret, wrong):
        outcome = failed(await get(scene, nginx.secure(port=nginx.tls), clientTls=tls))
        for hidden in ("PRIVATE KEY", "s3cret-password", "another-password", secret["clientPrivateKey"][100:140]):
            assert hidden not in repr(outcome)


@both_faces
@pytest.mark.parametrize(
    ("name", "value", "noun"),
    [("URL_SECRET", "/ok", "URL"), ("PORT_NO", "{port}", "port"), ("REGEX_ALL", "http://.*/ok", "URL")],
)
async def test_cmx_38_a_block_refuses_the_call_and_is_named(
    scene: Scene, nginx: Nginx, type: str, name: str, value: str, noun: str
) -> None:
    scene.environ[f"CAMUNDA_CONNECTOR_HTTP_BLOCK_{name}"] = value.format(port=nginx.plain)
    outcome = failed(await get(scene, nginx.url(), type))
    assert outcome.retries == 0
    assert f"The provided {noun} is not allowed (Block Name: {name.partition('_')[2]})" in outcome.message


CLOSED = "http://10.0.0.1:1/"
LOOPBACK = "http://127.0.0.1:{port}/ok"


@both_faces
@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, False),
        ({"REST_CONNECTOR_HOSTS__GUARD": "strict"}, True),
        ({"REST_CONNECTOR_HOSTS__GUARD": "strict", "REST_CONNECTOR_HOSTS__ALLOW_LOOPBACK": "true"}, False),
        ({"REST_CONNECTOR_HOSTS__GUARD": "strict", "REST_CONNECTOR_HOSTS__ALLOW_RANGES": "127.0.0.0/8"}, False),
        ({"CAMUNDA_CONNECTOR_VALIDATION_HOSTS_ENABLED": "true"}, True),
        (
            {
                "CAMUNDA_CONNECTOR_VALIDATION_HOSTS_ENABLED": "true",
                "CAMUNDA_CONNECTOR_VALIDATION_HOSTS_UNSAFEALLOWLOOPBACK": "true",
            },
            False,
        ),
        ({"REST_CONNECTOR_HOSTS__DENY": "127.0.0.0/8"}, True),
        ({"REST_CONNECTOR_HOSTS__DENY": "*:{port}"}, True),
        ({"REST_CONNECTOR_HOSTS__DENY": "*:1-1023, 10.0.0.0/8"}, False),
        ({"REST_CONNECTOR_HOSTS__ALLOW": "*.example.com"}, True),
        ({"REST_CONNECTOR_HOSTS__ALLOW": "*.example.com, 127.0.0.1:{port}"}, False),
        ({"REST_CONNECTOR_HOSTS__ALLOW": "*", "REST_CONNECTOR_HOSTS__DENY": "127.0.0.1"}, True),
    ],
)
async def test_cmx_39_levels_and_lists(
    scene: Scene, nginx: Nginx, type: str, settings: dict[str, str], refused: bool
) -> None:
    scene.environ |= {name: value.format(port=nginx.plain) for name, value in settings.items()}
    outcome = await get(scene, nginx.url(), type)
    if refused:
        assert failed(outcome).retries == 0
    else:
        assert body(outcome)["from"] == "127.0.0.1"
