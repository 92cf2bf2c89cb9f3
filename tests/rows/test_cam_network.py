"""Proxies, against real ones: squid, tinyproxy, and nginx behind them, which says from which address it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.network.servers import PASSWORD, USER, Authority, Nginx, Proxies, ca, nginx, squid, tinyproxy
from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed
from tests.support.worker_process import WorkerProcess, worker
from worker.dev.gateway import DevGateway
from worker.outcome import Outcome

__all__ = ["ca", "nginx", "squid", "tinyproxy"]  # fixtures

DIRECT = "127.0.0.1"
RESULT = {"resultVariable": "result"}


def through(port: int | None, scheme: str = "HTTP", **more: str) -> dict[str, str]:
    """The variables of one set: `HOST` and `PORT`, and more of them."""
    members = {"HOST": "127.0.0.1", "PORT": str(port), **more}
    return {f"CONNECTOR_{scheme}_PROXY_{name}": value for name, value in members.items()}


LOGIN = {"USER": USER, "PASSWORD": PASSWORD}


async def get(scene: Scene, url: str, type: str = NATIVE) -> Outcome:
    return await scene.run({"method": "GET", "url": url}, RESULT, type=type)


async def seen(scene: Scene, url: str, type: str = NATIVE) -> Any:
    """What nginx says of the request: who asked (`from`), and how."""
    return completed(await get(scene, url, type))["result"]["body"]


@both_faces
async def test_cam_010_a_proxy_of_the_environment_is_used_for_calls(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str
) -> None:
    scene.environ |= through(squid.free)
    assert (await seen(scene, nginx.url(), type))["from"] == squid.calls_from


@both_faces
async def test_cam_010_requests_for_tokens_take_the_same_way(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str
) -> None:
    scene.environ |= through(squid.free)
    oauth = {
        "type": "oauth-client-credentials-flow",
        "oauthTokenEndpoint": nginx.url("/token"),
        "clientId": "id",
        "clientSecret": "secret",
        "clientAuthentication": "basicAuthHeader",
    }
    job = {"method": "GET", "url": nginx.url(), "authentication": oauth}
    answered = completed(await scene.run(job, RESULT, type=type))["result"]["body"]
    assert answered["authorization"] == f"Bearer asked-from-{squid.calls_from}"


@both_faces
async def test_cam_011_the_scheme_of_the_target_chooses_the_proxy(
    scene: Scene, ca: Authority, nginx: Nginx, squid: Proxies, tinyproxy: Proxies, type: str
) -> None:
    scene.environ |= through(squid.free) | through(tinyproxy.free, "HTTPS") | {"REST_CONNECTOR_TLS__CA": str(ca.file)}
    assert (await seen(scene, nginx.url(), type))["from"] == squid.calls_from
    assert (await seen(scene, nginx.secure(), type))["from"] == tinyproxy.calls_from


@both_faces
async def test_cam_011_one_set_does_not_stand_in_for_the_other(
    scene: Scene, ca: Authority, nginx: Nginx, squid: Proxies, type: str
) -> None:
    scene.environ |= through(squid.free) | {"REST_CONNECTOR_TLS__CA": str(ca.file)}
    assert (await seen(scene, nginx.secure(), type))["from"] == DIRECT


@both_faces
async def test_cam_012_the_host_of_a_proxy(scene: Scene, nginx: Nginx, squid: Proxies, type: str) -> None:
    scene.environ |= through(squid.free, HOST="localhost")
    assert (await seen(scene, nginx.url(), type))["from"] == squid.calls_from


@both_faces
async def test_cam_013_without_a_port_there_is_no_proxy(scene: Scene, nginx: Nginx, type: str) -> None:
    scene.environ |= through(None, PORT="")
    assert (await seen(scene, nginx.url(), type))["from"] == DIRECT


@both_faces
@pytest.mark.parametrize("port", ["0", "65536", "eighty"])
async def test_cam_013_a_wrong_port_makes_jobs_fail_and_names_the_variable(
    scene: Scene, nginx: Nginx, type: str, port: str
) -> None:
    scene.environ |= through(None, PORT=port)
    outcome = failed(await get(scene, nginx.url(), type))
    assert outcome.retries == 0
    assert "CONNECTOR_HTTP_PROXY_PORT" in outcome.message


@both_faces
@pytest.mark.parametrize(
    ("pattern", "bypassed"),
    [("localhost", True), ("local*", True), ("*host", True), ("other|localhost", True), ("localhos", False)],
)
async def test_cam_014_hosts_that_are_called_directly(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str, pattern: str, bypassed: bool
) -> None:
    scene.environ |= through(squid.free) | {"CONNECTOR_HTTP_NON_PROXY_HOSTS": pattern}
    assert (await seen(scene, nginx.url(host="localhost"), type))["from"] == (DIRECT if bypassed else squid.calls_from)


@both_faces
async def test_cam_015_the_other_spelling_of_the_list(scene: Scene, nginx: Nginx, squid: Proxies, type: str) -> None:
    scene.environ |= through(squid.free) | {"CONNECTOR_HTTP_PROXY_NON_PROXY_HOSTS": "localhost"}
    assert (await seen(scene, nginx.url(host="localhost"), type))["from"] == DIRECT


@both_faces
@pytest.mark.parametrize("secure", [False, True], ids=["request", "tunnel"])
async def test_cam_016_a_proxy_that_wants_a_login_gets_it(
    scene: Scene, ca: Authority, nginx: Nginx, squid: Proxies, type: str, secure: bool
) -> None:
    scene.environ |= through(squid.login, **LOGIN) | through(squid.login, "HTTPS", **LOGIN)
    scene.environ["REST_CONNECTOR_TLS__CA"] = str(ca.file)
    answered = await seen(scene, nginx.secure() if secure else nginx.url(), type)
    assert (answered["from"], answered["authorization"]) == (squid.calls_from, "")


@both_faces
async def test_cam_016_the_login_of_a_small_proxy(scene: Scene, nginx: Nginx, tinyproxy: Proxies, type: str) -> None:
    scene.environ |= through(tinyproxy.login, USER=USER.replace("?", ""), PASSWORD="secret")
    assert (await seen(scene, nginx.url(), type))["from"] == tinyproxy.calls_from


@both_faces
@pytest.mark.parametrize("secure", [False, True], ids=["request", "tunnel"])
async def test_cam_017_a_proxy_that_is_spoken_to_over_tls(
    scene: Scene, ca: Authority, nginx: Nginx, squid: Proxies, type: str, secure: bool
) -> None:
    scene.environ |= through(squid.tls, HOST="localhost", SCHEME="https")
    scene.environ |= through(squid.tls, "HTTPS", HOST="localhost", SCHEME="https")
    scene.environ["REST_CONNECTOR_TLS__CA"] = str(ca.file)
    assert (await seen(scene, nginx.secure() if secure else nginx.url(), type))["from"] == squid.calls_from


@both_faces
async def test_cam_017_a_proxy_whose_certificate_is_not_trusted_is_not_spoken_to(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str
) -> None:
    scene.environ |= through(squid.tls, HOST="localhost", SCHEME="https")
    outcome = failed(await get(scene, nginx.url(), type))
    assert error_of(outcome)["code"] == "SSL_HANDSHAKE_FAILED"


@both_faces
@pytest.mark.parametrize("variable", ["JAVA_OPTS", "JAVA_TOOL_OPTIONS"])
async def test_cam_018_the_properties_of_a_jvm(
    scene: Scene, ca: Authority, nginx: Nginx, squid: Proxies, tinyproxy: Proxies, type: str, variable: str
) -> None:
    scene.environ[variable] = (
        f"-Xmx1g -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={squid.login} -Dhttps.proxyHost=127.0.0.1 "
        f"-Dhttps.proxyPort={tinyproxy.free} '-Dhttp.proxyUser={USER}' '-Dhttp.proxyPassword={PASSWORD}' "
        "-Dhttp.nonProxyHosts=localhost"
    )
    scene.environ["REST_CONNECTOR_TLS__CA"] = str(ca.file)
    assert (await seen(scene, nginx.url(), type))["from"] == squid.calls_from
    assert (await seen(scene, nginx.secure(host="127.0.0.1"), type))["from"] == tinyproxy.calls_from
    assert (await seen(scene, nginx.url(host="localhost"), type))["from"] == DIRECT


@pytest.mark.parametrize(
    ("type", "more", "proxied"),
    [
        (NATIVE, {}, True),
        (CAMUNDA, {}, False),
        (CAMUNDA, {"REST_CONNECTOR_STANDARD_PROXY_ENV": "true"}, True),
        (NATIVE, {"NO_PROXY": "open.test,127.0.0.9"}, True),
    ],
)
async def test_cam_019_the_standard_variables(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str, more: Mapping[str, str], proxied: bool
) -> None:
    scene.environ |= {"HTTP_PROXY": f"http://127.0.0.1:{squid.free}", **more}
    outcome = await get(scene, nginx.url(host="login.test"), type)
    assert error_of(outcome)["code"] == ("407" if proxied else "408")  # without a proxy nobody knows the name


async def test_cam_019_the_loopback_and_listed_hosts_are_never_proxied(
    scene: Scene, nginx: Nginx, squid: Proxies
) -> None:
    scene.environ |= {"http_proxy": f"http://127.0.0.1:{squid.free}", "no_proxy": ".test"}
    assert (await seen(scene, nginx.url()))["from"] == DIRECT
    assert error_of(await get(scene, nginx.url(host="open.test")))["variables"]["kind"] == "dns"


OPEN, NEEDS_LOGIN, BYPASSED = "open.test", "login.test", "localhost"
TABLE = {
    "no proxy": ({}, {OPEN: "408", NEEDS_LOGIN: "408", BYPASSED: "direct"}),
    "proxy": ({}, {OPEN: "proxied", NEEDS_LOGIN: "407", BYPASSED: "proxied"}),
    "proxy and login": (LOGIN, {OPEN: "proxied", NEEDS_LOGIN: "proxied", BYPASSED: "proxied"}),
    "proxy, wrong login": (
        {"USER": USER, "PASSWORD": "wrong"},
        {OPEN: "proxied", NEEDS_LOGIN: "407", BYPASSED: "direct"},
    ),
    "proxy, missing login": ({}, {OPEN: "proxied", NEEDS_LOGIN: "407", BYPASSED: "direct"}),
    "proxy, list, login": (LOGIN, {OPEN: "proxied", NEEDS_LOGIN: "proxied", BYPASSED: "direct"}),
}


async def behaviour(scene: Scene, nginx: Nginx, squid: Proxies, type: str, row: str, *, listed: bool) -> None:
    """One row of the documented table, for its three hosts."""
    login, expected = TABLE[row]
    if row != "no proxy":
        scene.environ |= through(squid.free, **login)
    if listed:
        scene.environ["CONNECTOR_HTTP_NON_PROXY_HOSTS"] = BYPASSED
    found = {}
    for host in expected:
        outcome = await get(scene, nginx.url(host=host), type)
        if isinstance(getattr(outcome, "retries", None), int):
            found[host] = error_of(outcome)["code"]
        else:
            asked_from = completed(outcome)["result"]["body"]["from"]
            found[host] = "proxied" if asked_from == squid.calls_from else "direct"
    assert found == expected


@both_faces
async def test_cam_020_without_a_proxy_all_hosts_are_called_directly(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str
) -> None:
    await behaviour(scene, nginx, squid, type, "no proxy", listed=False)


@both_faces
@pytest.mark.parametrize("row", ["proxy", "proxy and login"])
async def test_cam_021_without_a_list_all_hosts_are_proxied(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str, row: str
) -> None:
    await behaviour(scene, nginx, squid, type, row, listed=False)


@both_faces
@pytest.mark.parametrize("row", ["proxy, wrong login", "proxy, missing login"])
async def test_cam_022_a_wrong_or_missing_login_is_an_authentication_error(
    scene: Scene, nginx: Nginx, squid: Proxies, type: str, row: str
) -> None:
    await behaviour(scene, nginx, squid, type, row, listed=True)


@both_faces
async def test_cam_023_a_list_and_a_valid_login(scene: Scene, nginx: Nginx, squid: Proxies, type: str) -> None:
    await behaviour(scene, nginx, squid, type, "proxy, list, login", listed=True)


@both_faces
async def test_cam_022_a_tunnel_that_is_refused_is_the_same_error(
    scene: Scene, ca: Authority, nginx: Nginx, squid: Proxies, type: str
) -> None:
    scene.environ |= through(squid.free, "HTTPS") | {"REST_CONNECTOR_TLS__CA": str(ca.file)}
    outcome = await get(scene, nginx.secure(host="login.test"), type)
    assert error_of(outcome)["code"] == "407"
    assert (await seen(scene, nginx.secure(host="open.test"), type))["from"] == squid.calls_from


DEAD = "http://127.0.0.1:1"


JVM = "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=1 -Dhttps.proxyHost=127.0.0.1 -Dhttp.proxyPassword=hidden -Dother=1"
STANDARD = ("grpc_proxy", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


async def ended_with_dead_proxies(**settings: str) -> WorkerProcess:
    """The worker after a job that came from the engine and went back to it, while its call met a dead proxy."""
    async with DevGateway() as gateway, worker(gateway.address, **settings) as running:
        key = gateway.add_job(NATIVE, variables={"method": "GET", "url": "http://target.test/"}, headers={}, retries=1)
        ended = await gateway.ended(key, timeout=20)
        running.signal()
        assert await running.ended() == 0
    assert ended.kind == "incident"
    return running


async def test_cam_024_the_engine_needs_no_place_in_the_list() -> None:
    await ended_with_dead_proxies(**through(1), **through(1, "HTTPS"))


async def test_cam_096_no_proxy_of_the_process_reaches_the_engines_connection() -> None:
    running = await ended_with_dead_proxies(JAVA_OPTS=JVM, **dict.fromkeys(STANDARD, DEAD))
    line = await running.logged("proxy settings of a JVM are taken over")
    assert line["properties"] == ["http.proxyHost", "http.proxyPassword", "http.proxyPort", "https.proxyHost"]
    assert "hidden" not in str(running.lines)
