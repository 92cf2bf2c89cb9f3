"""A worker must not be talked into calling a metadata service: in no spelling, on no way there."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.network.names import Names
from tests.network.servers import Nginx
from tests.support.scripted_server import answer, scripted
from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.destinations import Destinations
from worker.rest.egress import Egress
from worker.rest.exchange import Message
from worker.rest.hosts import HostRules
from worker.rest.oauth import Tokens
from worker.rest.proxy import ProxyRules
from worker.rest.request import ClientCredentials
from worker.rest.transfer import Transfer
from worker.rest.transfers import downloader, token_sender
from worker.rest.url import callable_url, read_url

LITERALS = [
    "169.254.169.254",
    "169.254.169.254.",  # with the dot of a whole name
    "169.254.170.2",  # task roles of ECS
    "169.254.0.1",
    "2852039166",  # one number
    "0xa9fea9fe",
    "0XA9FEA9FE",
    "025177524776",
    "169.16689662",  # two and three parts
    "169.254.43518",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "0251.254.0xa9.254",
    "00000251.0376.000251.0000376",
    "0xa9.254.43518",
    "0xa9.0xfea9fe",
    "169.254.0xa9fe",
    "[::ffff:169.254.169.254]",  # IPv4 in IPv6
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[0000:0000:0000:0000:0000:FFFF:A9FE:A9FE]",
    "[::169.254.169.254]",
    "[::a9fe:a9fe]",
    "[::ffff:0:169.254.169.254]",
    "[64:ff9b::169.254.169.254]",  # NAT64
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[64:ff9b:1:a9fe:a9:fe00::]",
    "[2002:a9fe:a9fe::]",  # 6to4
    "[2002:a9fe:a9fe::1]",
    "[2001:0:a9fe:a9fe::]",  # Teredo
    "[2001:db8::5efe:a9fe:a9fe]",  # ISATAP
    "[2001:db8::200:5efe:169.254.169.254]",
    "[fe80::1]",
    "[fe80::a9fe:a9fe]",
    "[fd00:ec2::254]",  # AWS, also for pods
    "[fd00:ec2::23]",
    "[fd20:ce::254]",  # Google
    "[fd00:c1::a9fe:a9fe]",  # Oracle
    "192.0.0.192",
    "0xc00000c0",
    "100.100.100.200",  # Alibaba
    "1684301000",
    "168.63.129.16",  # Azure
    "0250.077.0201.020",
]
NAMES = Names(
    metadata_test=["169.254.169.254"],
    mapped_test=["::ffff:169.254.169.254"],
    translated_test=["64:ff9b::a9fe:a9fe"],
    one_of_many_test=["127.0.0.1 169.254.169.254"],
    METADATA_TEST=["169.254.169.254"],
)
FORMS = [*LITERALS, "metadata.test", "mapped.test", "translated.test", "one.of.many.test", "METADATA.TEST"]
UNUSUAL = ["１６９.２５４.１６９.２５４", "169。254。169。254", "169%2e254%2e169%2e254"]
"""Hosts that may be refused for another reason as well: they are no host names."""


def test_there_are_enough_forms() -> None:
    assert len(set(FORMS)) >= 40


def through(calls_proxy: int) -> ProxyRules:
    environ = {}
    for scheme in ("HTTP", "HTTPS"):
        environ[f"CONNECTOR_{scheme}_PROXY_HOST"] = "127.0.0.1"
        environ[f"CONNECTOR_{scheme}_PROXY_PORT"] = str(calls_proxy)
    return ProxyRules.from_environment(environ, {})


async def refused(calls: Calls, url: str, face: Face, **inputs: Any) -> bool:
    """Whether a call ended at the guard, at once and for good."""
    try:
        await calls.call(url, face=face, **inputs)
    except JobFailure as failure:
        return (failure.kind, failure.native_code, failure.final) == ("blocked", "URL_NOT_ALLOWED", True)
    return False


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_form_gets_through_in_the_url(opened: CallsFactory, face: Face, scheme: str) -> None:
    async with opened(look_up=NAMES.look_up) as calls:
        passed = [form for form in FORMS if not await refused(calls, f"{scheme}://{form}/latest/meta-data/", face)]
    assert passed == []


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
async def test_no_form_gets_through_with_another_port(opened: CallsFactory, face: Face) -> None:
    async with opened(look_up=NAMES.look_up) as calls:
        passed = [form for form in FORMS if not await refused(calls, f"http://{form}:8080/", face)]
    assert passed == []


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
async def test_what_is_no_host_name_does_not_get_through_either(opened: CallsFactory, face: Face) -> None:
    async with scripted() as proxy, opened(proxies=through(proxy.port)) as proxied, opened() as direct:
        for form in UNUSUAL:
            for calls in (direct, proxied):
                assert (await calls.failure(f"http://{form}/", face=face)).code in (None, "408", "500")
    assert proxy.requests == []


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
@pytest.mark.parametrize("status", [301, 307])
async def test_no_form_gets_through_by_a_redirect(opened: CallsFactory, face: Face, status: int) -> None:
    async with opened(look_up=NAMES.look_up) as calls:
        passed = []
        for form in FORMS:
            moved = answer(status, b"", f"Location: http://{form}/latest/meta-data/")
            async with scripted(moved) as server:
                if not await refused(calls, server.url(), face, follow_redirects=True):
                    passed.append(form)
    assert passed == []


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_form_gets_through_by_a_proxy(opened: CallsFactory, face: Face, scheme: str) -> None:
    async with scripted() as proxy, opened(look_up=NAMES.look_up, proxies=through(proxy.port)) as calls:
        forms = [*FORMS, "metadata.google.internal", "METADATA.google.internal."]
        passed = [form for form in forms if not await refused(calls, f"{scheme}://{form}/", face)]
    assert (passed, proxy.connections) == ([], 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("rules", "passes"),
    [
        ({}, True),
        ({"hosts": HostRules(enabled=True)}, False),
        ({"destinations": Destinations.parse([], ["10.0.0.0/8"])}, False),
        ({"destinations": Destinations.parse([], ["*.test"])}, False),
        ({"destinations": Destinations.parse(["*.example"], [])}, False),
        ({"destinations": Destinations.parse(["private.test"], [])}, True),
    ],
)
async def test_the_operators_rules_hold_through_a_proxy(
    opened: CallsFactory, scheme: str, rules: dict[str, Any], passes: bool
) -> None:
    names = Names(private_test=["10.0.0.1"])
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(scripted(answer(502, b"")))
        client = opened(look_up=names.look_up, proxies=through(proxy.port), **rules)
        failure = await (await stack.enter_async_context(client)).failure(f"{scheme}://private.test/", face=NATIVE)
    assert (failure.code, failure.kind) == (("502", "http") if passes else (None, "blocked"))
    assert bool(proxy.connections) == passes


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
async def test_no_form_gets_through_as_a_token_endpoint(face: Face) -> None:
    passed = []
    async with Egress(agent="t", look_up=NAMES.look_up) as egress:
        tokens = Tokens(token_sender(egress, face, 1000))
        for form in FORMS:
            auth = ClientCredentials(f"http://{form}/token", "id", "secret", "basicAuthHeader")
            with pytest.raises(JobFailure) as caught:
                await tokens.token(auth, face)
            if caught.value.kind != "blocked":
                passed.append(form)
        await tokens.close()
    assert passed == []


async def test_no_form_gets_through_as_an_external_document() -> None:
    passed = []
    async with Egress(agent="t", look_up=NAMES.look_up) as egress:
        download = downloader(egress, 1000)
        for form in FORMS:
            with pytest.raises(JobFailure) as caught:
                await download(f"http://{form}/latest/meta-data/")
            if caught.value.kind != "blocked":
                passed.append(form)
    assert passed == []


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE], ids=["compatible", "native"])
async def test_a_name_that_changes_between_check_and_connection_is_refused(
    opened: CallsFactory, nginx: Nginx, face: Face
) -> None:
    names = Names(rebinding_test=["127.0.0.1", "169.254.169.254"])
    rules = HostRules(enabled=True, allow_loopback=True)
    async with opened(look_up=names.look_up, dns_ttl=0, hosts=rules) as calls:
        failure = await calls.failure(nginx.url(host="rebinding.test"), face=face)
    assert names.asked == ["rebinding.test"] * 2  # once for the check, once for the connection
    assert (failure.kind, failure.final) == ("blocked", True)


async def test_a_name_that_changes_to_a_private_address_is_refused_as_well(opened: CallsFactory, nginx: Nginx) -> None:
    names = Names(rebinding_test=["8.8.8.8", "127.0.0.1"])
    async with opened(look_up=names.look_up, dns_ttl=0, hosts=HostRules(enabled=True)) as calls:
        failure = await calls.failure(nginx.url(host="rebinding.test"))
    assert failure.message == "Host 'rebinding.test' resolved to '127.0.0.1' was denied: DENY_NOT_GLOBAL_UNICAST"


async def test_a_name_that_has_left_for_a_metadata_address_is_refused(
    opened: CallsFactory, nginx: Nginx, closed_port: int
) -> None:
    names = Names(moving_test=["127.0.0.1", "169.254.169.254"])
    async with opened(look_up=names.look_up) as calls:
        lost = await calls.failure(f"http://moving.test:{closed_port}/")
        failure = await calls.failure(nginx.url(host="moving.test"))
    assert (lost.kind, failure.kind) == ("connect", "blocked")


async def test_a_connection_made_under_weaker_rules_is_not_shared() -> None:
    """Redirects and tokens of the compatible face are not validated; the connection to them is for nobody else."""
    async with scripted() as server, Egress(agent="t", hosts=HostRules(enabled=True)) as egress:
        url = server.url()
        message = Message("GET", callable_url(read_url(url, NATIVE, skip_encoding=False), url), [])
        first = await egress.send(message, Transfer(COMPATIBLE, 1000, validated=False))
        with pytest.raises(JobFailure) as caught:
            await egress.send(message, Transfer(NATIVE, 1000))
    assert (first.status, caught.value.kind, len(server.requests)) == (200, "blocked", 1)


async def test_a_proxy_itself_may_have_any_address(opened: CallsFactory) -> None:
    """The operator has chosen it; some platforms have theirs at link-local addresses."""
    async with scripted(answer(200, b'{"via":1}')) as proxy:
        rules = ProxyRules.from_environment(
            {"CONNECTOR_HTTP_PROXY_HOST": "localhost", "CONNECTOR_HTTP_PROXY_PORT": str(proxy.port)}, {}
        )
        names = Names(localhost=["127.0.0.1"], target_test=["8.8.8.8"])
        async with opened(look_up=names.look_up, proxies=rules, hosts=HostRules(enabled=True)) as calls:
            response = await calls.response("http://target.test/")
    assert response.body == {"via": 1}


async def test_a_guard_that_is_off_lets_everything_through(opened: CallsFactory) -> None:
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(scripted(answer(200, b'{"via":1}')))
        calls = await stack.enter_async_context(opened(proxies=through(proxy.port), guard_metadata=False))
        response = await calls.response("http://169.254.169.254/")
    assert response.body == {"via": 1}
