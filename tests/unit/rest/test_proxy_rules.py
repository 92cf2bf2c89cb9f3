"""Which proxy a target gets (PX rows, CAM-010 and following)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from worker.errors import JobFailure
from worker.rest.proxy import Proxy, ProxyRules

HTTP = {"CONNECTOR_HTTP_PROXY_HOST": "p", "CONNECTOR_HTTP_PROXY_PORT": "81"}


def selected(
    environ: Mapping[str, str],
    host: str = "target.test",
    scheme: Any = "http",
    *,
    properties: Mapping[str, str] | None = None,
    standard: bool = False,
) -> Proxy | None:
    return ProxyRules.from_environment(environ, properties or {}).select(scheme, host, standard=standard)


def test_px_001_all_parts_are_read_and_the_scheme_defaults_to_http() -> None:
    environ = HTTP | {"CONNECTOR_HTTP_PROXY_USER": "u", "CONNECTOR_HTTP_PROXY_PASSWORD": "p:w"}
    assert selected(environ) == Proxy("p", 81, "http", "u", "p:w")
    assert selected(HTTP | {"CONNECTOR_HTTP_PROXY_SCHEME": "https"}) == Proxy("p", 81, "https")


@pytest.mark.parametrize("missing", ["CONNECTOR_HTTP_PROXY_HOST", "CONNECTOR_HTTP_PROXY_PORT"])
def test_px_002_half_a_proxy_is_none(missing: str) -> None:
    assert selected({**HTTP, missing: " "}) is None


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_px_003_a_port_that_is_no_number_fails_every_call(scheme: str) -> None:
    environ = {"CONNECTOR_HTTPS_PROXY_HOST": "p", "CONNECTOR_HTTPS_PROXY_PORT": "abc"}
    with pytest.raises(JobFailure) as caught:
        selected(environ, scheme=scheme)
    assert caught.value.message == "Invalid proxy port in environment variable CONNECTOR_HTTPS_PROXY_PORT"
    assert caught.value.final


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_px_004_a_port_out_of_range_fails_every_call(port: str) -> None:
    with pytest.raises(JobFailure) as caught:
        selected(HTTP | {"CONNECTOR_HTTP_PROXY_PORT": port})
    assert caught.value.message == (
        f"Proxy port in environment variable CONNECTOR_HTTP_PROXY_PORT is out of range (1-65535): {port}"
    )


def test_px_005_the_plain_variables_are_for_others() -> None:
    assert selected({"CONNECTOR_HTTP_PLAIN_PROXY_HOST": "p", "CONNECTOR_HTTP_PLAIN_PROXY_PORT": "81"}) is None


def test_px_006_the_schemes_are_independent() -> None:
    assert selected(HTTP, scheme="https") is None
    assert selected({}) is None


def test_px_010_the_environment_wins_over_the_jvm_with_all_it_has() -> None:
    properties = {"http.proxyHost": "j", "http.proxyPort": "82", "http.proxyUser": "u", "http.proxyPassword": "w"}
    assert selected(HTTP, properties=properties) == Proxy("p", 81)
    assert selected({}, properties=properties) == Proxy("j", 82, "http", "u", "w")


def test_jvm_proxies_have_default_ports_and_leave_the_loopback_alone() -> None:
    properties = {"http.proxyHost": "j", "https.proxyHost": "k"}
    assert selected({}, properties=properties) == Proxy("j", 80)
    assert selected({}, scheme="https", properties=properties) == Proxy("k", 443)
    assert selected({}, "127.0.0.1", properties=properties) is None
    assert selected({}, "LOCALHOST", properties=properties) is None


@pytest.mark.parametrize("source", ["environment", "alias", "jvm"])
@pytest.mark.parametrize(
    ("pattern", "host", "direct"),
    [
        ("example.de", "example.de", True),
        ("example.de", "www.example.de", False),
        ("example.de", "api.example.de", False),
        ("example.de", "example.com", False),
        ("example.de", "exampleXde", False),
        ("example.de", "example-de", False),
        ("www.example.de", "www.example.de", True),
        ("example.de|www.camunda.de", "www.camunda.io", False),
        ("example.de|camunda.de", "www.camunda.de", False),
        ("*.example.de", "api.example.de", True),
        ("*.example.de", "example.de", False),
        ("*.example.de", "example.com", False),
        ("*.example.de|*.camunda.io", "sub.example.de", True),
        ("*.example.de|*.camunda.io", "api.camunda.io", True),
        ("*.example.de|*.camunda.io", "www.google.com", False),
        ("localhost", "localhost", True),
        ("localhost", "LOCALHOST", False),
    ],
)
def test_px_012_to_028_hosts_that_are_called_directly(source: str, pattern: str, host: str, direct: bool) -> None:
    names = {"environment": "CONNECTOR_HTTP_NON_PROXY_HOSTS", "alias": "CONNECTOR_HTTP_PROXY_NON_PROXY_HOSTS"}
    environ = HTTP | ({names[source]: pattern} if source in names else {})
    properties = {"http.nonProxyHosts": pattern} if source == "jvm" else {}
    assert (selected(environ, host, properties=properties) is None) == direct


def test_px_029_both_lists_count() -> None:
    environ = HTTP | {"CONNECTOR_HTTP_NON_PROXY_HOSTS": "a.test"}
    properties = {"http.nonProxyHosts": "b.test"}
    assert selected(environ, "a.test", properties=properties) is None
    assert selected(environ, "b.test", properties=properties) is None
    assert selected(environ, "localhost", properties=properties) is not None


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_cam_019_the_standard_variables_have_the_lowest_priority(name: str) -> None:
    environ = {name: "http://u%40x:p%3Aw@proxy.test:3128"}
    assert selected(environ, scheme="https", standard=True) == Proxy("proxy.test", 3128, "http", "u@x", "p:w")
    assert selected(environ, scheme="https") is None
    assert selected(environ, scheme="https", properties={"https.proxyHost": "j"}, standard=True) == Proxy("j", 443)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "::1", "a.localhost", "in.test", "x.in.test", "y.dot.test", "10.1.2.3", "fd00::1"],
)
def test_cam_019_no_proxy_and_the_loopback_are_called_directly(host: str) -> None:
    environ = {"http_proxy": "proxy.test:3128", "no_proxy": "in.test, .dot.test, 10.0.0.0/8, fd00::/8"}
    assert selected(environ, host, standard=True) is None
    assert selected(environ, "out.test", standard=True) == Proxy("proxy.test", 3128)
    assert selected(environ, "11.1.2.3", standard=True) == Proxy("proxy.test", 3128)


def test_credentials_need_a_user_and_a_password() -> None:
    assert Proxy("p", 1, user="my-us?er", password="p%ss w:ord").authorization == "Basic bXktdXM/ZXI6cCVzcyB3Om9yZA=="
    assert Proxy("p", 1, user="u", password="").authorization is None
    assert Proxy("p", 1, user=" ", password="x").authorization is None


def test_the_password_is_not_shown() -> None:
    assert "geheim" not in repr(Proxy("p", 1, user="u", password="geheim"))


def test_broken_standard_variables_are_ignored() -> None:
    assert selected({"http_proxy": "http://proxy.test:port"}, standard=True) is None
    assert selected({"http_proxy": "socks5://proxy.test:1080"}, standard=True) is None
