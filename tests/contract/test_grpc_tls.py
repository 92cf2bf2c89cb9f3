"""The gRPC transport over TLS: whom it trusts, and who it says it is."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import grpc
import pytest

from tests.support.certificates import Authority, Identity, make_authority
from worker.cluster.access import ClusterAccess
from worker.cluster.tls import TlsFiles
from worker.dev.gateway import DevGateway
from worker.errors import GatewayBusy
from worker.zeebe.grpc import GrpcTransport
from worker.zeebe.transport import ActivateRequest

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


async def ping(transport: GrpcTransport) -> str:
    try:
        return await transport.ping(timeout=SECONDS)
    finally:
        await transport.close()


def trusting(
    folder: Path, authority: Authority, client: Identity | None = None, now: Callable[[], float] = time.monotonic
) -> TlsFiles:
    """The files of a worker that trusts `authority` and shows `client`."""
    write(folder, authority, client)
    certificate, key = (folder / "worker.pem", folder / "worker.key") if client else (None, None)
    return TlsFiles(folder / "authorities.pem", certificate, key, now=now)


def write(folder: Path, authority: Authority, client: Identity | None = None) -> None:
    (folder / "authorities.pem").write_text(authority.pem)
    if client is not None:
        (folder / "worker.pem").write_text(client.certificate_pem)
        (folder / "worker.key").write_text(client.key_pem())


async def test_a_gateway_with_a_trusted_certificate_is_talked_to(authority: Authority, tmp_path: Path) -> None:
    async with gateway(authority) as running:
        assert await ping(GrpcTransport(running.address, access=ClusterAccess(tls=trusting(tmp_path, authority))))


async def test_a_gateway_that_nobody_vouches_for_is_not(authority: Authority) -> None:
    async with gateway(authority) as running:
        with pytest.raises(GatewayBusy):
            await ping(GrpcTransport(running.address, access=ClusterAccess(tls=TlsFiles())))


async def test_a_client_certificate_is_shown_when_the_gateway_asks_for_it(authority: Authority, tmp_path: Path) -> None:
    shown, silent = tmp_path / "shown", tmp_path / "silent"
    shown.mkdir()
    silent.mkdir()

    async with gateway(authority, mutual=True) as running:
        tls = trusting(shown, authority, authority.identity("worker"))
        assert await ping(GrpcTransport(running.address, access=ClusterAccess(tls=tls)))
        with pytest.raises(GatewayBusy):
            await ping(GrpcTransport(running.address, access=ClusterAccess(tls=trusting(silent, authority))))


async def test_changed_files_are_used_from_the_next_call_on_while_the_calls_under_way_go_on(tmp_path: Path) -> None:
    first, second, files = (tmp_path / name for name in ("first", "second", "files"))
    for folder in (first, second, files):
        folder.mkdir()
    old, new = make_authority(first), make_authority(second)
    tens = itertools.count(step=10.0)  # every look at the clock is a new look at the files
    tls = trusting(files, old, now=lambda: next(tens))
    async with gateway(old) as before, gateway(new) as after:
        transport = GrpcTransport(before.address, access=ClusterAccess(tls=tls))
        poll = asyncio.create_task(_jobs(transport))
        await before.wait_for("poll")

        write(files, new)
        with pytest.raises(GatewayBusy):  # the gateway of before is not trusted any more
            await transport.ping(timeout=SECONDS)
        key = before.add_job("t")

        assert await asyncio.wait_for(poll, SECONDS) == [key]
        assert after.port != before.port
        await transport.close()
        assert await ping(GrpcTransport(after.address, access=ClusterAccess(tls=tls)))


async def _jobs(transport: GrpcTransport) -> list[int]:
    asked = ActivateRequest(job_type="t", max_jobs=1, lease=60, request_timeout=SECONDS, worker="test")
    return [job.key async for batch in transport.activate(asked) for job in batch]


async def test_a_stream_on_a_connection_that_was_replaced_twice_ends_as_in_an_outage(tmp_path: Path) -> None:
    first, second, files = (tmp_path / name for name in ("first", "second", "files"))
    for folder in (first, second, files):
        folder.mkdir()
    old, new = make_authority(first), make_authority(second)
    tens = itertools.count(step=10.0)
    tls = trusting(files, old, now=lambda: next(tens))
    async with gateway(old) as running:
        transport = GrpcTransport(running.address, access=ClusterAccess(tls=tls))
        stream = asyncio.create_task(_pushed(transport))
        await running.wait_for("stream-opened")

        for authority in (new, old):
            write(files, authority)
            with suppress(GatewayBusy):
                await transport.ping(timeout=SECONDS)

        with pytest.raises(GatewayBusy, match="replaced"):
            await asyncio.wait_for(stream, SECONDS)
        await transport.close()


async def _pushed(transport: GrpcTransport) -> list[int]:
    asked = ActivateRequest(job_type="t", max_jobs=1, lease=60, request_timeout=60, worker="test")
    return [job.key async for batch in transport.stream(asked) for job in batch]
