"""The REST transport over TLS: whom it trusts, who it says it is, and files that change."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.contract.test_grpc_tls import trusting, write
from tests.support.certificates import Authority, make_authority
from tests.support.scripted_server import ScriptedServer, answer, scripted
from worker.cluster.access import ClusterAccess
from worker.cluster.tls import TlsFiles
from worker.errors import GatewayBusy
from worker.zeebe.rest_v2 import RestTransport

SECONDS = 5.0
TOPOLOGY = answer(200, b'{"gatewayVersion":"8.6.0"}', "Content-Type: application/json", "Connection: close")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path)


async def ping(server: ScriptedServer, tls: TlsFiles | None) -> str:
    transport = RestTransport(server.url("").rstrip("/"), access=ClusterAccess(tls=tls))
    try:
        return await transport.ping(timeout=SECONDS)
    finally:
        await transport.close()


async def test_a_trusted_certificate_is_talked_to_and_another_is_not(authority: Authority, tmp_path: Path) -> None:
    async with scripted(TOPOLOGY, TOPOLOGY, tls=authority.server_context()) as server:
        assert await ping(server, trusting(tmp_path, authority)) == "8.6.0"
        for nobody in (TlsFiles(), None):
            with pytest.raises(GatewayBusy, match="CERTIFICATE_VERIFY_FAILED"):
                await ping(server, nobody)


async def test_a_client_certificate_is_shown_when_the_gateway_asks_for_it(authority: Authority, tmp_path: Path) -> None:
    shown, silent = tmp_path / "shown", tmp_path / "silent"
    shown.mkdir()
    silent.mkdir()

    async with scripted(TOPOLOGY, TOPOLOGY, tls=authority.server_context(demand_client=True)) as server:
        assert await ping(server, trusting(shown, authority, authority.identity("worker"))) == "8.6.0"
        with pytest.raises(GatewayBusy):
            await ping(server, trusting(silent, authority))


async def test_changed_files_are_used_from_the_next_call_on_and_half_of_a_pair_is_not(tmp_path: Path) -> None:
    first, second, files = (tmp_path / name for name in ("first", "second", "files"))
    for folder in (first, second, files):
        folder.mkdir()
    old, new = make_authority(first), make_authority(second)
    tens = itertools.count(step=10.0)  # every look at the clock is a new look at the files
    tls = trusting(files, old, old.identity("worker"), now=lambda: next(tens))
    async with scripted(*[TOPOLOGY] * 4, tls=new.server_context(demand_client=True)) as server:
        transport = RestTransport(server.url("").rstrip("/"), access=ClusterAccess(tls=tls))
        with pytest.raises(GatewayBusy):
            await transport.ping(timeout=SECONDS)

        other = new.identity("worker")
        (files / "worker.pem").write_text(other.certificate_pem)  # its key comes a moment later
        with pytest.raises(GatewayBusy):
            await transport.ping(timeout=SECONDS)
        write(files, new, other)

        assert await transport.ping(timeout=SECONDS) == "8.6.0"
        await transport.close()
