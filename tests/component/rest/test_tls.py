"""TLS with a throw-away authority (TL rows)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509.oid import ExtensionOID

from tests.component.rest.conftest import Calls, CallsFactory
from tests.support.certificates import Authority, make_authority
from tests.support.scripted_server import scripted
from worker.face import NATIVE
from worker.rest.request import ClientTls
from worker.rest.tls import TlsContexts
from worker.rest.trust_store import TrustStore

UNUSABLE = "Failed to build SSL context for mTLS from the provided certificate material"
HINT = (
    "The server certificate may not be trusted — provide the server's CA certificate via "
    "'clientTls.trustedCertificate', or check the client certificate configuration."
)


async def test_an_untrusted_server_says_how_to_trust_it(calls: Calls, server_tls: ssl.SSLContext) -> None:
    async with scripted(tls=server_tls) as server:
        failure = await calls.failure(server.url())
    assert (failure.code, failure.kind, failure.final) == ("SSL_HANDSHAKE_FAILED", "tls", False)
    assert failure.message == (
        f"TLS handshake failed: unable to find valid certification path to requested target. {HINT}"
    )


async def test_a_certificate_with_names_that_nobody_can_read_is_refused_as_others_are(
    calls: Calls, authority: Authority
) -> None:
    x400 = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes.fromhex("3002a300"))
    identity = authority.identity("localhost", names=x400)
    async with scripted(tls=authority.server_context(identity=identity)) as server:
        failure = await calls.failure(server.url(), face=NATIVE)
    assert (failure.code, failure.kind) == ("SSL_HANDSHAKE_FAILED", "tls")
    assert "It is 'CN=localhost', issued by 'CN=Test root'" in failure.message


async def test_a_trusted_certificate_replaces_the_default_trust(
    calls: Calls, authority: Authority, server_tls: ssl.SSLContext
) -> None:
    async with scripted(tls=server_tls) as server:
        await calls.call(server.url(host="localhost"), "POST", body={"a": 1}, tls=ClientTls(trusted=authority.pem))
        await calls.call(server.url(host="localhost"), tls=ClientTls(trusted=authority.pem))
    assert [request.connection for request in server.requests] == [0, 0]


async def test_a_server_certificate_is_trusted_when_it_is_named_itself(calls: Calls, authority: Authority) -> None:
    context = authority.server_context()
    der = authority.folder.joinpath("server.pem").read_text().partition("-----BEGIN CERTIFICATE")
    async with scripted(tls=context) as server:
        await calls.call(server.url(), tls=ClientTls(trusted=der[1] + der[2]))
    assert len(server.requests) == 1


async def test_the_host_name_is_checked(calls: Calls, authority: Authority, tmp_path: Any) -> None:
    other = make_authority(tmp_path)
    identity = other.identity("elsewhere.test")
    path = tmp_path / "server.pem"
    path.write_text(identity.key_pem() + identity.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    async with scripted(tls=context) as server:
        failure = await calls.failure(server.url(host="localhost"), tls=ClientTls(trusted=other.pem))
    assert failure.code == "SSL_HANDSHAKE_FAILED"
    assert "localhost" in failure.message


@pytest.mark.parametrize("rsa_key", [False, True])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("password", [None, "s3cret"])
async def test_tl_001_client_certificates_with_every_kind_of_key(
    calls: Calls, authority: Authority, rsa_key: bool, form: PrivateFormat, password: str | None
) -> None:
    identity = authority.identity("client", rsa_key=rsa_key)
    tls = ClientTls(identity.certificate_pem, identity.key_pem(form, password), password, authority.pem)
    async with scripted(tls=authority.server_context(demand_client=True)) as server:
        await calls.call(server.url(), tls=tls)
    assert len(server.requests) == 1


async def test_tl_005_a_password_that_nobody_needs_is_ignored(calls: Calls, authority: Authority) -> None:
    identity = authority.identity("client")
    tls = ClientTls(identity.certificate_pem, identity.key_pem(), "unused", authority.pem)
    async with scripted(tls=authority.server_context(demand_client=True)) as server:
        await calls.call(server.url(), tls=tls)
    assert len(server.requests) == 1


async def test_tl_002_a_demanded_certificate_that_the_job_does_not_have(calls: Calls, authority: Authority) -> None:
    async with scripted(tls=authority.server_context(demand_client=True)) as server:
        failure = await calls.failure(server.url(), tls=ClientTls(trusted=authority.pem))
    assert (failure.code, failure.message) == (
        "408",
        "An error occurred while executing the request, or the connection was aborted",
    )


@pytest.mark.parametrize(
    "tls",
    [
        ClientTls(trusted="junk"),
        ClientTls(trusted="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ClientTls(certificate="junk", private_key="junk"),
    ],
)
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/"])
async def test_tl_004_unusable_material_is_an_incident_also_for_plain_http(
    calls: Calls, tls: ClientTls, url: str
) -> None:
    failure = await calls.failure(url, tls=tls)
    assert (failure.message, failure.final) == (UNUSABLE, True)


async def test_a_wrong_password_is_an_incident(calls: Calls, authority: Authority) -> None:
    identity = authority.identity("client")
    for password in ("wrong", None):
        tls = ClientTls(identity.certificate_pem, identity.key_pem(password="right"), password)
        failure = await calls.failure("https://127.0.0.1:1/", tls=tls)
        assert (failure.message, failure.final) == (UNUSABLE, True)


@pytest.mark.parametrize("tls", [ClientTls(certificate="x"), ClientTls(private_key="x", trusted="y")])
async def test_tl_006_half_an_identity_is_an_incident(calls: Calls, tls: ClientTls) -> None:
    failure = await calls.failure("http://127.0.0.1:1/", tls=tls)
    assert failure.message == (
        "mTLS client authentication requires both a client certificate and a private key; only one was provided."
    )


async def test_a_password_alone_is_no_material(calls: Calls) -> None:
    async with scripted() as server:
        await calls.call(server.url(), tls=ClientTls(password="x"))
    assert len(server.requests) == 1


@pytest.mark.parametrize("form", ["PKCS12", "JKS"])
async def test_a_java_trust_store_is_the_default_trust(
    opened: CallsFactory, authority: Authority, server_tls: ssl.SSLContext, form: str
) -> None:
    path = authority.trust_store("changeit", form)
    environ = {"JAVAX_NET_SSL_TRUSTSTORE": str(path), "JAVAX_NET_SSL_TRUSTSTOREPASSWORD": "changeit"}
    contexts = TlsContexts(TrustStore.from_environment(environ, {}))
    async with scripted(tls=server_tls) as server, opened(tls=contexts) as calls:
        await calls.call(server.url())
    assert contexts.check() == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("form", ["PKCS12", "JKS"])
async def test_a_trust_store_that_cannot_be_opened_is_named(
    opened: CallsFactory, authority: Authority, form: str
) -> None:
    path = authority.trust_store("changeit", form)
    properties = {"javax.net.ssl.trustStore": str(path), "javax.net.ssl.trustStorePassword": "wrong"}
    contexts = TlsContexts(TrustStore.from_environment({}, properties))
    async with opened(tls=contexts) as calls:
        failure = await calls.failure("https://127.0.0.1:1/")
    assert [str(path) in problem for problem in contexts.check()] == [True]
    assert failure.final
    assert failure.message.startswith("The default trust store (")
    assert "password=" not in failure.message


@pytest.mark.parametrize(
    ("greeting", "reason"), [(b"HTTP/1.1 400 Bad Request\r\n\r\n", ""), (b"", "SSL peer shut down incorrectly")]
)
async def test_a_peer_that_does_not_shake_hands(calls: Calls, greeting: bytes, reason: str) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    listener = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        failure = await calls.failure(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/")
    finally:
        listener.close()
    assert failure.code == "SSL_HANDSHAKE_FAILED"
    assert reason in failure.message


async def test_a_peer_that_never_answers_the_handshake_ends_by_the_connection_timeout(calls: Calls) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        failure = await calls.failure(
            f"https://127.0.0.1:{silent.getsockname()[1]}/", face=NATIVE, connection_timeout=1
        )
    assert (failure.code, failure.kind) == ("408", "timeout_connect")


async def test_plain_http_to_a_tls_port_is_a_lost_connection(calls: Calls, server_tls: ssl.SSLContext) -> None:
    async with scripted(tls=server_tls) as server:
        failure = await calls.failure(f"http://127.0.0.1:{server.port}/", read_timeout=2)
    assert failure.code == "408"
