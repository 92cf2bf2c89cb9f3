"""Each engine with each transport that it knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.contract.desks import MODEL, PAIRS, Desk, DevDesk, RealDesk
from tests.live.memory_engine import MemoryEngine
from tests.support.zeebe import Zeebe
from worker.dev.broker import Broker
from worker.dev.gateway import DevGateway
from worker.zeebe.grpc import GrpcTransport
from worker.zeebe.rest_v2 import RestTransport
from worker.zeebe.transport import Transport


@pytest.fixture
async def dev_desk() -> AsyncIterator[Desk]:
    async with DevGateway(rest=True) as gateway:
        yield DevDesk(gateway)


def deploy(address: str) -> str:
    """The model, on an engine; answers the engine's version."""

    async def run() -> str:
        async with Zeebe(address) as zeebe:
            await zeebe.deploy(MODEL)
            return await zeebe.version()

    return asyncio.run(run())


@pytest.fixture(scope="session")
def broker_version(broker: Broker) -> str:
    return deploy(broker.address)


@pytest.fixture(scope="session")
def memory_version(memory_engine: MemoryEngine) -> str:
    return deploy(memory_engine.address)


@pytest.fixture
async def broker_desk(broker: Broker, broker_version: str) -> AsyncIterator[Desk]:
    async with Zeebe(broker.address) as zeebe:
        yield RealDesk(zeebe, broker.address, broker.rest_url, version=broker_version, whole=True)


@pytest.fixture
async def memory_desk(memory_engine: MemoryEngine, memory_version: str) -> AsyncIterator[Desk]:
    async with Zeebe(memory_engine.address) as zeebe:
        yield RealDesk(zeebe, memory_engine.address, "", version=memory_version, whole=False)


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """An engine and a transport."""
    chosen: tuple[str, str] = request.param
    return chosen


@pytest.fixture
def desk(request: pytest.FixtureRequest, pair: tuple[str, str]) -> Desk:
    chosen: Desk = request.getfixturevalue(pair[0])
    return chosen


@pytest.fixture
async def wire(desk: Desk, pair: tuple[str, str]) -> AsyncIterator[Transport]:
    """The transport under test, connected to the engine."""
    over_rest = pair[1] == "rest"
    transport: Transport = RestTransport(desk.rest_address) if over_rest else GrpcTransport(desk.address)
    yield transport
    await transport.close()
