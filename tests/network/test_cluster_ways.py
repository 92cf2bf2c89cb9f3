"""The ways to the cluster: through the proxy that is meant for it, and through no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from tests.network.servers import PASSWORD, USER, Nginx, Proxies
from worker.cluster.access import ClusterAccess
from worker.cluster.token_request import Client, request_token
from worker.dev.gateway import DevGateway
from worker.errors import GatewayBusy
from worker.zeebe.grpc import GrpcTransport
from worker.zeebe.rest_v2 import RestTransport
from worker.zeebe.transport import Transport

SECONDS = 10.0
ONLY_THE_PROXY_KNOWS = "open.test"

Connect = Callable[[DevGateway, str, str | None], Transport]


def over_grpc(gateway: DevGateway, host: str, proxy: str | None) -> Transport:
    return GrpcTransport(f"{host}:{gateway.port}", access=ClusterAccess(proxy=proxy))


def over_rest(gateway: DevGateway, host: str, proxy: str | None) -> Transport:
    port = gateway.rest_address.rpartition(":")[2]
    return RestTransport(f"http://{host}:{port}", access=ClusterAccess(proxy=proxy))


@pytest.fixture(params=[over_grpc, over_rest])
def connect(request: pytest.FixtureRequest) -> Connect:
    chosen: Connect = request.param
    return chosen


@pytest.fixture
async def gateway() -> AsyncIterator[DevGateway]:
    async with DevGateway(rest=True) as gateway:
        yield gateway


@asynccontextmanager
async def opened(transport: Transport) -> AsyncIterator[Transport]:
    try:
        yield transport
    finally:
        await transport.close()


async def test_a_proxy_of_its_own_leads_to_the_cluster(gateway: DevGateway, connect: Connect, squid: Proxies) -> None:
    proxy = f"http://127.0.0.1:{squid.free}"

    async with opened(connect(gateway, ONLY_THE_PROXY_KNOWS, proxy)) as transport:
        assert await transport.ping(timeout=SECONDS)


async def test_without_it_the_name_is_not_known(gateway: DevGateway, connect: Connect) -> None:
    async with opened(connect(gateway, ONLY_THE_PROXY_KNOWS, None)) as transport:
        with pytest.raises(GatewayBusy):
            await transport.ping(timeout=SECONDS)


async def test_the_proxy_gets_its_login(gateway: DevGateway, connect: Connect, squid: Proxies) -> None:
    login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"

    async with opened(connect(gateway, ONLY_THE_PROXY_KNOWS, f"http://{login}@127.0.0.1:{squid.login}")) as transport:
        assert await transport.ping(timeout=SECONDS)
    async with opened(connect(gateway, ONLY_THE_PROXY_KNOWS, f"http://127.0.0.1:{squid.login}")) as transport:
        with pytest.raises(GatewayBusy):
            await transport.ping(timeout=SECONDS)


async def test_proxies_of_the_environment_are_not_for_the_cluster(
    gateway: DevGateway, connect: Connect, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    async with opened(connect(gateway, "127.0.0.1", None)) as transport:
        assert await transport.ping(timeout=SECONDS)


async def test_the_token_comes_by_the_same_way(nginx: Nginx, squid: Proxies) -> None:
    client = Client(nginx.url("/token", ONLY_THE_PROXY_KNOWS), "me", "secret")

    token = await request_token(client, proxy=f"http://127.0.0.1:{squid.free}")

    assert (token.value, token.lifetime) == (f"asked-from-{squid.calls_from}", 60)
