"""Calls to a real web server: redirects, compressed, chunked, slow and truncated answers, TLS by setting."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import Callable
from typing import Any

import brotli
import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.network.servers import BIG, Authority, Nginx, Proxies
from tests.support.scripted_server import answer, partly, scripted
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.egress import Egress
from worker.rest.proxy import ProxyRules
from worker.rest.request import ApiKeyAuth, BearerAuth, ClientTls
from worker.rest.tls import TlsContexts, TlsRules
from worker.rest.tls_files import TlsFiles
from worker.rest.transfers import downloader

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

both_faces = pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])


@both_faces
async def test_a_compressed_answer_in_chunks_is_read(calls: Calls, nginx: Nginx, face: Face) -> None:
    response = await calls.response(nginx.url("/big.json"), face=face)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.body == BIG


@pytest.mark.parametrize(("coding", "compress"), [("br", brotli.compress), ("zstd", zstd.compress)])
async def test_brotli_and_zstd_are_read_by_the_native_face(
    calls: Calls, nginx: Nginx, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    packed = answer(200, compress(json.dumps(BIG).encode()), f"Content-Encoding: {coding}")
    async with scripted(packed) as behind:
        response = await calls.response(nginx.url(f"/from/{behind.port}"), face=NATIVE)
        failure = await calls.failure(nginx.url(f"/from/{behind.port}"), face=COMPATIBLE)
    assert response.body == BIG
    assert (failure.code, failure.message) == ("500", "An error with the HTTP protocol occurred")


@both_faces
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_redirects_are_followed_when_asked_to(
    calls: Calls, nginx: Nginx, face: Face, status: int, method: str
) -> None:
    url = nginx.url(f"/{status}")
    left = await calls.response(url, method, face=face)
    followed = await calls.response(url, method, face=face, follow_redirects=True)
    assert left.status == status
    assert (followed.body["uri"], followed.body["method"]) == ("/ok", method if status in (307, 308) else "GET")


@both_faces
async def test_a_circle_of_redirects_ends(calls: Calls, nginx: Nginx, face: Face) -> None:
    failure = await calls.failure(nginx.url("/circle"), face=face, follow_redirects=True)
    assert failure.code == "500"


@pytest.mark.parametrize(
    "inputs",
    [
        {"auth": BearerAuth("secret")},
        {"auth": ApiKeyAuth("headers", "X-Key", "secret")},
        {"headers": {"Cookie": "c=1"}},
    ],
    ids=["token", "API key", "cookie"],
)
async def test_credentials_do_not_leak_to_another_host(calls: Calls, nginx: Nginx, inputs: dict[str, Any]) -> None:
    """`localhost` is another origin than 127.0.0.1."""
    sent = await calls.response(nginx.url(), face=NATIVE, follow_redirects=True, **inputs)
    followed = await calls.response(nginx.url("/elsewhere"), face=NATIVE, follow_redirects=True, **inputs)
    credentials = ("key", "authorization", "cookie")
    assert any(sent.body[name] for name in credentials)
    assert [followed.body[name] for name in credentials] == ["", "", ""]
    assert followed.body["host"].startswith("localhost:")


@both_faces
async def test_a_redirect_to_a_metadata_service_is_refused(calls: Calls, nginx: Nginx, face: Face) -> None:
    failure = await calls.failure(nginx.url("/metadata"), face=face, follow_redirects=True)
    assert (failure.kind, failure.final) == ("blocked", True)


@both_faces
@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly a part",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ids=["length", "chunks"],
)
async def test_a_truncated_answer_is_a_failure(calls: Calls, nginx: Nginx, face: Face, begun: bytes) -> None:
    async with scripted(partly(begun, b"")) as behind:
        failure = await calls.failure(nginx.url(f"/from/{behind.port}"), face=face)
    assert failure.code == "500"
    assert "Failed to read response body" in failure.message


@both_faces
async def test_an_answer_that_takes_its_time_is_waited_for(calls: Calls, nginx: Nginx, face: Face) -> None:
    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for byte in b'{"a": 1}':
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.2)

    async with scripted(slowly) as behind:
        response = await calls.response(nginx.url(f"/from/{behind.port}"), face=face, read_timeout=1)
    assert response.body == {"a": 1}  # 1.6 s in all, but never a second of silence


async def test_a_gateway_that_finds_nobody_is_an_http_error(calls: Calls, nginx: Nginx, closed_port: int) -> None:
    assert (await calls.failure(nginx.url(f"/from/{closed_port}"))).code == "502"


async def test_external_documents_are_downloaded_through_the_proxy(nginx: Nginx, squid: Proxies) -> None:
    environ = {"CONNECTOR_HTTP_PROXY_HOST": "127.0.0.1", "CONNECTOR_HTTP_PROXY_PORT": str(squid.free)}
    async with Egress(agent="t", proxies=ProxyRules.from_environment(environ, {})) as egress:
        document = await downloader(egress, 1000)(nginx.url())
    assert json.loads(document.content)["from"] == squid.calls_from


@both_faces
async def test_ipv6_addresses_are_called(calls: Calls, nginx: Nginx, face: Face) -> None:
    response = await calls.response(f"http://[::1]:{nginx.plain}/301", face=face, follow_redirects=True)
    assert (response.body["from"], response.body["host"]) == ("::1", f"[::1]:{nginx.plain}")


async def test_the_oldest_tls_version_is_a_setting(opened: CallsFactory, ca: Authority, nginx: Nginx) -> None:
    tls = ClientTls(trusted=ca.pem)
    async with opened() as calls:
        assert (await calls.response(nginx.secure(port=nginx.old), tls=tls)).body["protocol"] == "TLSv1.2"
    async with opened(tls=TlsContexts(rules=TlsRules(minimum=ssl.TLSVersion.TLSv1_3))) as calls:
        assert (await calls.response(nginx.secure(), tls=tls)).body["protocol"] == "TLSv1.3"
        assert (await calls.failure(nginx.secure(port=nginx.old), tls=tls)).code == "SSL_HANDSHAKE_FAILED"


async def test_the_ciphers_are_a_setting(opened: CallsFactory, ca: Authority, nginx: Nginx) -> None:
    cipher = "ECDHE-ECDSA-CHACHA20-POLY1305"
    async with opened(tls=TlsContexts(rules=TlsRules(ciphers=cipher))) as calls:
        response = await calls.response(nginx.secure(port=nginx.old), tls=ClientTls(trusted=ca.pem))
    assert response.body["cipher"] == cipher


async def test_without_the_systems_authorities_only_the_own_ones_are_trusted(
    opened: CallsFactory, ca: Authority, nginx: Nginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(ca.file))  # what OpenSSL takes for the system's
    async with opened(tls=TlsContexts()) as calls:
        await calls.call(nginx.secure())
    async with opened(tls=TlsContexts(rules=TlsRules(system=False))) as calls:
        assert (await calls.failure(nginx.secure())).code == "SSL_HANDSHAKE_FAILED"
    async with opened(tls=TlsContexts(files=TlsFiles([ca.file]), rules=TlsRules(system=False))) as calls:
        await calls.call(nginx.secure())
