"""The gRPC transport over TLS: whom it trusts, and who it says it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from tests.support.certificates import Authority, make_authority
from worker.dev.gateway import DevGateway
from worker.errors import GatewayBusy
from worker.zeebe.grpc import GrpcTransport, Tls

SECONDS = 5.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path)


@asynccontextmanager
async def gateway(authority: Authority, *, mutual: bool = False) -> AsyncIterator[DevGateway]:
    server = authority.identity("gateway")
    credentials = grpc.ssl_server_credentials(
        [(server.key_pem().encode(), server.certificate_pem.encode())],
        root_certificates=authority.pem.encode() if mutual else None,
        require_client_auth=mutual,
    )
    async with DevGateway(credentials=credentials) as running:
        yield running


async def ping(address: str, tls: Tls) -> str:
    transport = GrpcTransport(address, tls=tls)
    try:
        return await transport.ping(timeout=SECONDS)
    finally:
        await transport.close()


async def test_a_gateway_with_a_trusted_certificate_is_talked_to(authority: Authority) -> None:
    async with gateway(authority) as running:
        assert await ping(running.address, Tls(authorities=authority.pem.encode()))


async def test_a_gateway_that_nobody_vouches_for_is_not(authority: Authority) -> None:
    async with gateway(authority) as running:
        with pytest.raises(GatewayBusy):
            await ping(running.address, Tls())


async def test_a_client_certificate_is_shown_when_the_gateway_asks_for_it(authority: Authority) -> None:
    client = authority.identity("worker")
    trust = authority.pem.encode()

    async with gateway(authority, mutual=True) as running:
        assert await ping(running.address, Tls(trust, client.certificate_pem.encode(), client.key_pem().encode()))
        with pytest.raises(GatewayBusy):
            await ping(running.address, Tls(trust))
