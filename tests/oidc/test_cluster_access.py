"""The worker's own token for the cluster from a real OAuth server: fetched, kept, renewed, and used on every way in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from tests.oidc.conftest import OidcServer
from tests.support.transport import Clock
from worker.cluster.access import ClusterAccess
from worker.cluster.oauth import OAuth, Token
from worker.cluster.opening import open_access
from worker.cluster.token_request import Client, request_token
from worker.dev.gateway import DevGateway
from worker.engine_api import EngineApi
from worker.errors import GatewayBusy
from worker.settings import load
from worker.zeebe.grpc import GrpcTransport
from worker.zeebe.rest_v2 import RestTransport
from worker.zeebe.transport import Transport

SECONDS = 10.0
LIFETIME = 30  # of the server's tokens
Connect = Callable[[DevGateway, ClusterAccess], Transport]
CONNECT: dict[str, Connect] = {
    "grpc": lambda gateway, access: GrpcTransport(gateway.address, access=access),
    "rest": lambda gateway, access: RestTransport(gateway.rest_address, access=access),
}


class Doorkeeper:
    """Lets tokens in that are not revoked, and remembers which came."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.revoked: set[str] = set()

    def __call__(self, metadata: Mapping[str, str]) -> bool:
        kind, _, token = metadata.get("authorization", "").partition(" ")
        self.tokens.append(token)
        return kind == "Bearer" and token not in self.revoked


@pytest.fixture
def doorkeeper() -> Doorkeeper:
    return Doorkeeper()


@pytest.fixture
async def gateway(doorkeeper: Doorkeeper) -> AsyncIterator[DevGateway]:
    async with DevGateway(authorize=doorkeeper, rest=True) as gateway:
        yield gateway


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def access(oidc: OidcServer, clock: Clock) -> AsyncIterator[ClusterAccess]:
    access = ClusterAccess(tokens(oidc, clock, "body-secret"))
    yield access
    await access.close()


@pytest.fixture(params=CONNECT)
async def wire(request: pytest.FixtureRequest, gateway: DevGateway, access: ClusterAccess) -> AsyncIterator[Transport]:
    transport = CONNECT[request.param](gateway, access)
    yield transport
    await transport.close()


def tokens(oidc: OidcServer, clock: Clock, secret: str) -> OAuth:
    client = Client(f"{oidc.url}/token", "body", secret, audience="urn:zeebe", scope="read")

    async def fetch() -> Token:
        return await request_token(client)

    return OAuth(fetch, now=clock)


async def pass_time(oidc: OidcServer, clock: Clock, seconds: float) -> None:
    """For the worker and for the server."""
    clock.now += seconds
    await oidc.control("advance", seconds=str(seconds))


async def test_calls_at_once_share_one_token_that_the_server_knows(
    oidc: OidcServer, wire: Transport, doorkeeper: Doorkeeper
) -> None:
    await asyncio.gather(*(wire.ping(timeout=SECONDS) for _ in range(20)))

    assert await oidc.token_requests() == 1
    [token] = set(doorkeeper.tokens)
    async with oidc.session.get(f"{oidc.url}/resource", headers={"authorization": f"Bearer {token}"}) as answer:
        known = await answer.json()
    assert (known["client"], known["audience"], known["scope"]) == ("body", "urn:zeebe", "read")


async def test_a_token_is_renewed_before_it_ends_and_no_call_waits_for_it(
    oidc: OidcServer, wire: Transport, access: ClusterAccess, doorkeeper: Doorkeeper, clock: Clock
) -> None:
    await wire.ping(timeout=SECONDS)
    first = doorkeeper.tokens[-1]
    await pass_time(oidc, clock, LIFETIME * 0.9)

    await wire.ping(timeout=SECONDS)
    served_meanwhile = doorkeeper.tokens[-1]
    async with asyncio.timeout(SECONDS):
        while doorkeeper.tokens[-1] == first:
            await wire.ping(timeout=SECONDS)

    assert served_meanwhile == first
    assert await oidc.token_requests() == 2


async def test_while_the_server_is_down_the_old_token_serves_to_its_end(
    oidc: OidcServer, wire: Transport, doorkeeper: Doorkeeper, clock: Clock
) -> None:
    await wire.ping(timeout=SECONDS)
    await oidc.control("down", value="true")
    await pass_time(oidc, clock, LIFETIME - 1)
    await wire.ping(timeout=SECONDS)
    await pass_time(oidc, clock, 2)

    with pytest.raises(GatewayBusy) as raised:
        await wire.ping(timeout=SECONDS)
    await oidc.control("down", value="false")
    await pass_time(oidc, clock, 2)

    assert raised.value.code == "UNAUTHENTICATED"
    assert await wire.ping(timeout=SECONDS)
    assert len(set(doorkeeper.tokens)) == 2


async def test_a_server_that_fails_is_left_alone_for_a_moment_and_told_of_once(
    oidc: OidcServer, wire: Transport, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "worker.cluster")
    await oidc.control("down", value="true")

    for _ in range(5):
        with pytest.raises(GatewayBusy):
            await wire.ping(timeout=SECONDS)
    asked_at_first = await oidc.token_requests()
    await pass_time(oidc, clock, 2)
    with pytest.raises(GatewayBusy):
        await wire.ping(timeout=SECONDS)
    await oidc.control("down", value="false")
    await pass_time(oidc, clock, 2)
    await wire.ping(timeout=SECONDS)

    assert (asked_at_first, await oidc.token_requests()) == (1, 3)
    assert caplog.messages == ["no new token for the cluster", "new tokens for the cluster again"]


async def test_a_token_that_the_cluster_refuses_is_replaced(
    oidc: OidcServer, wire: Transport, doorkeeper: Doorkeeper, clock: Clock
) -> None:
    await wire.ping(timeout=SECONDS)
    doorkeeper.revoked.add(doorkeeper.tokens[-1])
    await pass_time(oidc, clock, 5)

    with pytest.raises(GatewayBusy) as raised:
        await wire.ping(timeout=SECONDS)

    assert raised.value.code == "UNAUTHENTICATED"
    assert await wire.ping(timeout=SECONDS)
    assert await oidc.token_requests() == 2


async def test_a_wrong_secret_is_told_in_the_servers_words_and_not_shown(oidc: OidcServer, gateway: DevGateway) -> None:
    transport = GrpcTransport(gateway.address, access=ClusterAccess(tokens(oidc, Clock(), "quite-wrong")))

    with pytest.raises(GatewayBusy, match="invalid_client") as raised:
        await transport.ping(timeout=SECONDS)

    assert "quite-wrong" not in str(raised.value)
    await transport.close()


async def test_a_server_that_does_not_answer_holds_no_call_beyond_its_time(gateway: DevGateway) -> None:
    never = asyncio.Event()

    async def fetch() -> Token:
        await never.wait()
        raise AssertionError

    access = ClusterAccess(OAuth(fetch))
    transport = GrpcTransport(gateway.address, access=access)

    with pytest.raises(GatewayBusy, match="in time"):
        await transport.ping(timeout=0.1)

    await transport.close()
    await access.close()


async def test_an_environment_made_for_camundas_clients_opens_every_way_in(
    oidc: OidcServer, gateway: DevGateway, doorkeeper: Doorkeeper
) -> None:
    environ = {
        "ZEEBE_ADDRESS": gateway.address,
        "CAMUNDA_CLIENT_REST_ADDRESS": gateway.rest_address,
        "ZEEBE_CLIENT_ID": "body",
        "ZEEBE_CLIENT_SECRET": "body-secret",
        "ZEEBE_AUTHORIZATION_SERVER_URL": f"{oidc.url}/token",
        "ZEEBE_TOKEN_AUDIENCE": "urn:zeebe",
    }
    settings, warnings = load(environ)
    masked: list[str] = []
    access = open_access(settings.zeebe, on_secret=masked.append)

    for connect in CONNECT.values():
        transport = connect(gateway, access)
        assert await transport.ping(timeout=SECONDS)
        await transport.close()
    api = EngineApi(settings.zeebe.rest_address, access=access)
    assert b"gatewayVersion" in await api.call("GET", "/v2/topology")
    await api.close()
    await access.close()

    assert warnings == []
    assert set(doorkeeper.tokens) == set(masked)
    assert await oidc.token_requests() == 1


async def test_what_is_no_token_is_an_error(oidc: OidcServer) -> None:
    """A page where a token was expected."""
    wrong = OAuth(lambda: request_token(Client(f"{oidc.url}/control/counts", "body", "body-secret")))

    with pytest.raises(GatewayBusy, match="without an access token"):
        await wrong.wait()


def test_the_secret_is_not_shown() -> None:
    assert "hidden" not in repr(Client("https://login.example/token", "me", "hidden"))
    assert "hidden" not in repr(Token("hidden", 1.0))
