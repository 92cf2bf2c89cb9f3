"""Certificates that change while calls are made: no call fails, and the new ones are in use afterwards."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import trustme

from tests.component.rest.conftest import Calls, CallsFactory
from tests.network.processes import free_ports, running
from tests.network.servers import Authority
from tests.support.parts import need
from worker.rest.tls import TlsContexts
from worker.rest.tls_files import TlsFiles

WORKERS = 4
PATIENCE = 60.0


class MutualServer:
    """An nginx of one test's own that demands certificates, and changes its own on demand."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"https://localhost:{port}/"
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, server: Path, clients: str) -> None:
        """The certificate that it shows, and the authorities (PEM) of those it accepts."""
        user = "user root;" if os.getuid() == 0 else ""
        (self._folder / "clients.pem").write_text(clients)
        (self._folder / "nginx.conf").write_text(
            f"{user} worker_processes 1; pid nginx.pid; error_log stderr; events {{ }} http {{ access_log off;"
            f"server {{ listen 127.0.0.1:{self._port} ssl; ssl_certificate {server}; ssl_certificate_key {server};"
            f"ssl_client_certificate {self._folder}/clients.pem; ssl_verify_client on; default_type application/json;"
            """location / { return 200 '{"client":"$ssl_client_i_dn"}'; } } }"""
        )
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def run(self) -> Iterator[MutualServer]:
        command = ["nginx", "-p", ".", "-c", str(self._folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
        with running(command, self._folder, self._port) as self._process:
            yield self


def authority(folder: Path, name: str) -> Authority:
    folder.mkdir()
    made = Authority(folder, trustme.CA(organization_name=name))
    made.root.cert_pem.write_to_path(made.file)
    return made


@pytest.fixture
def old(tmp_path: Path) -> Authority:
    return authority(tmp_path / "old", "old")


@pytest.fixture
def new(tmp_path: Path) -> Authority:
    return authority(tmp_path / "new", "new")


@pytest.fixture
def mutual(old: Authority, new: Authority, tmp_path: Path) -> Iterator[MutualServer]:
    need("nginx", reason="certificates are changed at a real web server")
    folder = tmp_path / "nginx"
    folder.mkdir()
    server = MutualServer(folder, *free_ports(1))
    server.configure(old.issue("server", "localhost"), old.pem + new.pem)
    yield from server.run()


class Load:
    """Calls without a pause, by several at once; `answers` counts them by the issuer of the client's certificate."""

    def __init__(self, calls: Calls, url: str) -> None:
        self._calls = calls
        self._url = url
        self.issuers: list[str] = []
        self.ended = False
        self._answered = asyncio.Event()

    async def run(self) -> None:
        while not self.ended:
            response = await self._calls.response(self._url)
            self.issuers.append(response.body["client"])
            self._answered.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait while calls are answered, which they must be."""
        async with asyncio.timeout(PATIENCE):
            while not reached():
                self._answered.clear()
                await self._answered.wait()


async def test_certificates_are_rotated_under_load_without_a_failed_call(
    opened: CallsFactory, old: Authority, new: Authority, mutual: MutualServer, tmp_path: Path
) -> None:
    bundle, certificate, key = (tmp_path / name for name in ("bundle.pem", "client.crt", "client.key"))
    old.issue("client", "client.test")
    new.issue("client", "client.test")
    bundle.write_text(old.pem)
    certificate.write_text((old.folder / "client.crt").read_text())
    key.write_text((old.folder / "client.key").read_text())
    files = TlsFiles([bundle], certificate, key, now=count().__next__)  # a look at every call
    async with opened(tls=TlsContexts(files=files), connection_age=0.2) as calls:
        load = Load(calls, mutual.url)
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(load.run())
            await load.until(lambda: len(load.issuers) > 100)

            bundle.write_text(old.pem + new.pem)
            await load.until(lambda: files.version == 1)
            mutual.configure(new.issue("server", "localhost"), old.pem + new.pem)
            seen = len(load.issuers)
            await load.until(lambda: len(load.issuers) > seen + 300)

            certificate.write_text((new.folder / "client.crt").read_text())  # the key does not belong to it
            seen = len(load.issuers)
            await load.until(lambda: len(load.issuers) > seen + 50)
            key.write_text((new.folder / "client.key").read_text())
            await load.until(lambda: "O=new" in load.issuers[-1])

            bundle.write_text(new.pem)
            await load.until(lambda: files.version == 3)
            seen = len(load.issuers)
            await load.until(lambda: len(load.issuers) > seen + 100)
            load.ended = True
    assert "O=old" in load.issuers[0]
    assert "O=new" in load.issuers[-1]


def test_files_that_make_no_sense_leave_those_before_in_force(
    old: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old.issue("client", "client.test")
    ca, certificate = tmp_path / "ca.pem", tmp_path / "client.pem"
    ca.write_text(old.pem)
    certificate.write_text((old.folder / "client.pem").read_text())
    files = TlsFiles([ca], certificate, now=count().__next__)
    before = files.get()
    for broken in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"):
        with caplog.at_level(logging.WARNING):
            ca.write_text(broken)
            assert files.get() == before
        assert "changed files cannot be used" in caplog.text
        caplog.clear()
        assert files.get() == before  # the same fault is told once
        assert caplog.text == ""
    certificate.unlink()
    assert files.get() == before


def test_files_that_cannot_be_used_at_first_are_an_error(old: Authority, new: Authority, tmp_path: Path) -> None:
    old.issue("client", "client.test")
    new.issue("client", "client.test")
    with pytest.raises(ValueError, match="does not belong to the certificate"):
        TlsFiles([], old.folder / "client.crt", new.folder / "client.key").get()
    with pytest.raises(OSError, match="No such file"):
        TlsFiles([tmp_path / "missing.pem"]).get()
    with pytest.raises(ValueError, match="no certificate in"):
        TlsFiles([tmp_path]).get()


def test_certificates_that_end_soon_are_told_at_the_start(old: Authority) -> None:
    old.issue("client", "client.test", days=3)
    contexts = TlsContexts(files=TlsFiles([old.file], old.folder / "client.pem"))
    (told,) = contexts.check()
    assert told.startswith("the own certificate ")
    assert " ends at " in told
