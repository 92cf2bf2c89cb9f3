"""Calls through proxies: request forms, credentials after a challenge, tunnels (contract 6.8)."""

from __future__ import annotations

import ssl
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.component.rest.conftest import CallsFactory
from tests.support.certificates import Authority, make_authority
from tests.support.scripted_server import ScriptedServer, answer, close, partly, scripted, tunnel
from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.proxy import Proxy, ProxyRules, ProxySet, proxy_of
from worker.rest.request import ClientTls
from worker.rest.tls import TlsContexts
from worker.rest.tls_files import TlsFiles

CHALLENGE = answer(407, b"auth", 'Proxy-Authenticate: Basic realm="p"', reason="Proxy Authentication Required")
LOGIN = "Basic dTpw"
VIA = answer(200, b'{"via":"proxy"}')


def through(proxy: ScriptedServer, user: str = "", password: str = "", **more: str) -> dict[str, Any]:
    environ: dict[str, str] = dict(more)
    for scheme in ("HTTP", "HTTPS"):
        environ[f"CONNECTOR_{scheme}_PROXY_HOST"] = "127.0.0.1"
        environ[f"CONNECTOR_{scheme}_PROXY_PORT"] = str(proxy.port)
        environ[f"CONNECTOR_{scheme}_PROXY_USER"] = user
        environ[f"CONNECTOR_{scheme}_PROXY_PASSWORD"] = password
    return {"proxies": ProxyRules.from_environment(environ, {})}


async def test_plain_requests_have_the_absolute_form(opened: CallsFactory) -> None:
    async with scripted(VIA) as proxy, opened(**through(proxy)) as calls:
        response = await calls.response("http://target.test:8080/p?q=1", "POST", body={"a": 1})
    (request,) = proxy.requests
    assert response.body == {"via": "proxy"}
    assert (request.line, request.value("host"), request.body) == (
        "POST http://target.test:8080/p?q=1 HTTP/1.1",
        "target.test:8080",
        b'{"a":1}',
    )
    assert request.value("proxy-authorization") is None


async def test_a_proxy_that_is_no_longer_trusted_is_asked_nothing_more(
    opened: CallsFactory, authority: Authority, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.pem"
    trusted.write_text(authority.pem)
    contexts = TlsContexts(files=TlsFiles([trusted], now=count().__next__))  # a look at every call
    async with scripted(VIA, tls=server_tls) as proxy:
        rules = through(proxy, CONNECTOR_HTTP_PROXY_SCHEME="https")
        async with opened(tls=contexts, **rules) as calls:
            await calls.call("http://target.test/")
            trusted.write_text(make_authority(tmp_path).pem)
            failure = await calls.failure("http://target.test/")
    assert (failure.kind, len(proxy.requests)) == ("tls", 1)


async def test_px_008_credentials_are_sent_after_a_challenge(opened: CallsFactory) -> None:
    async with scripted(CHALLENGE, VIA) as proxy, opened(**through(proxy, "my-us?er", "p%ss w:ord")) as calls:
        await calls.call("http://target.test/")
    assert [request.value("proxy-authorization") for request in proxy.requests] == [
        None,
        "Basic bXktdXM/ZXI6cCVzcyB3Om9yZA==",
    ]


@pytest.mark.parametrize(("face", "later"), [(COMPATIBLE, [None, LOGIN]), (NATIVE, [LOGIN])])
async def test_a_challenge_is_remembered_in_the_native_face(
    opened: CallsFactory, face: Face, later: list[str | None]
) -> None:
    second = VIA if face is NATIVE else CHALLENGE
    async with scripted(CHALLENGE, VIA, second, VIA) as proxy, opened(**through(proxy, "u", "p")) as calls:
        for _ in range(2):
            await calls.call("http://target.test/", face=face)
    assert [request.value("proxy-authorization") for request in proxy.requests] == [None, LOGIN, *later]


async def test_a_call_may_have_a_proxy_of_its_own_or_none(opened: CallsFactory) -> None:
    async with scripted(VIA) as common, scripted(VIA) as own, scripted() as server, opened(**through(common)) as calls:
        await calls.call("http://target.test/", proxy=proxy_of(f"http://127.0.0.1:{own.port}"))
        await calls.call(server.url(), proxy="direct")
    assert (len(own.requests), len(server.requests), len(common.requests)) == (1, 1, 0)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("http://proxy:port", "port"),
        ("http://proxy:99999", "port"),
        ("socks5://proxy:1080", "expected"),
        ("", "expected"),
    ],
)
def test_what_is_no_proxy_is_said(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        proxy_of(text)


@pytest.mark.parametrize(("user", "tries"), [("u", 2), ("", 1)])
async def test_px_009_an_unresolved_challenge_is_an_http_error(opened: CallsFactory, user: str, tries: int) -> None:
    async with scripted(CHALLENGE) as proxy, opened(**through(proxy, user, "wrong")) as calls:
        failure = await calls.failure("http://target.test/")
    assert (failure.code, failure.message) == ("407", "Proxy Authentication Required")
    assert failure.variables is not None
    assert failure.variables["response"]["body"] == "auth"
    assert len(proxy.requests) == tries


async def test_secure_targets_are_reached_through_a_tunnel(
    opened: CallsFactory, authority: Authority, server_tls: ssl.SSLContext
) -> None:
    async with scripted(CHALLENGE, tunnel(server_tls), VIA) as proxy, opened(**through(proxy, "u", "p")) as calls:
        response = await calls.response("https://tls.target.test/x", tls=ClientTls(trusted=authority.pem))
    assert response.body == {"via": "proxy"}
    assert [request.line for request in proxy.requests] == [
        "CONNECT tls.target.test:443 HTTP/1.1",
        "CONNECT tls.target.test:443 HTTP/1.1",
        "GET /x HTTP/1.1",
    ]
    assert proxy.requests[0].headers == [("Host", "tls.target.test:443"), ("User-Agent", "test/1")]
    assert [request.value("proxy-authorization") for request in proxy.requests] == [None, "Basic dTpw", None]


async def test_what_breaks_in_a_tunnel_does_not_show_how_it_was_asked_for(opened: CallsFactory) -> None:
    broken = partly(b"HTTP/1.1 200 Connection established\r\n\r\n", close)
    async with scripted(CHALLENGE, broken) as proxy, opened(**through(proxy, "u", "p")) as calls:
        failure = await calls.failure("https://tls.target.test/")
    assert [request.value("proxy-authorization") for request in proxy.requests] == [None, LOGIN]
    assert LOGIN not in repr(failure.__cause__)


async def test_a_refused_tunnel_is_an_http_error_with_its_body(opened: CallsFactory) -> None:
    refusal = answer(502, b"no", "Content-Type: text/plain", reason="Bad Gateway")
    async with scripted(refusal) as proxy, opened(**through(proxy)) as calls:
        failure = await calls.failure("https://tls.target.test/x")
    assert (failure.code, failure.message) == ("502", "Bad Gateway")
    assert failure.variables == {
        "response": {"headers": {"Content-Type": "text/plain", "Content-Length": "2"}, "body": "no"}
    }


async def test_hosts_of_the_list_are_called_directly(opened: CallsFactory) -> None:
    rules = {"CONNECTOR_HTTP_NON_PROXY_HOSTS": "localhost|127.*"}
    async with scripted(VIA) as proxy, scripted() as server, opened(**through(proxy, **rules)) as calls:
        await calls.call(server.url())
    assert (len(proxy.requests), len(server.requests)) == (0, 1)


async def test_the_list_is_asked_for_every_hop(opened: CallsFactory) -> None:
    rules = {"CONNECTOR_HTTP_NON_PROXY_HOSTS": "127.*"}
    async with scripted() as server:
        redirect = answer(302, b"", f"Location: {server.url('/direct')}")
        async with scripted(redirect) as proxy, opened(**through(proxy, **rules)) as calls:
            await calls.call("http://target.test/", follow_redirects=True)
        assert [request.line for request in server.requests] == ["GET /direct HTTP/1.1"]


@pytest.mark.parametrize(("face", "tunnels"), [(COMPATIBLE, 0), (NATIVE, 1)])
async def test_a_redirect_to_another_scheme_takes_its_proxy_in_the_native_face(
    opened: CallsFactory, face: Face, tunnels: int
) -> None:
    refusal = answer(502, b"no", reason="Bad Gateway")
    async with scripted(answer(302, b"", "Location: https://tls.target.test/x")) as server, scripted(refusal) as proxy:
        rules = through(proxy)
        rules["proxies"] = replace(rules["proxies"], connector=ProxySet({"https": Proxy("127.0.0.1", proxy.port)}))
        async with opened(**rules) as calls:
            failure = await calls.failure(server.url(), face=face, follow_redirects=True)
    assert (failure.code, len(proxy.requests)) == (("502", 1) if tunnels else ("408", 0))


async def test_px_003_a_wrong_port_fails_the_job_and_nothing_is_sent(opened: CallsFactory) -> None:
    environ = {"CONNECTOR_HTTPS_PROXY_HOST": "127.0.0.1", "CONNECTOR_HTTPS_PROXY_PORT": "abc"}
    async with scripted() as server, opened(proxies=ProxyRules.from_environment(environ, {})) as calls:
        failure = await calls.failure(server.url())
    assert isinstance(failure, JobFailure)
    assert failure.final
    assert failure.message == "Invalid proxy port in environment variable CONNECTOR_HTTPS_PROXY_PORT"
    assert server.requests == []


async def test_a_dead_proxy_is_a_lost_connection(opened: CallsFactory, closed_port: int) -> None:
    async with opened(**through(ScriptedServer(port=closed_port))) as calls:
        failure = await calls.failure("http://target.test/")
    assert (failure.code, failure.kind) == ("408", "connect")


async def test_cam_019_standard_variables_are_read_by_the_native_face_only(opened: CallsFactory) -> None:
    async with scripted(VIA) as proxy:
        rules = ProxyRules.from_environment({"http_proxy": f"http://127.0.0.1:{proxy.port}"}, {})
        async with opened(proxies=rules) as calls:
            response = await calls.response("http://target.invalid/", face=NATIVE)
            failure = await calls.failure("http://target.invalid/")
        async with opened(proxies=rules, standard_proxies=True) as calls:
            await calls.call("http://target.invalid/")
    assert response.body == {"via": "proxy"}
    assert failure.kind == "dns"
    assert len(proxy.requests) == 2
