"""Whom the worker trusts for the cluster, and who it says it is: PEM files, read again when they change."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from worker.watched import Watched


@dataclass(frozen=True, slots=True)
class Trust:
    """What was made of the files: for gRPC (which is HTTP/2), for the cluster's REST API, and for the provider of
    tokens, where the system's authorities are trusted as well.
    """

    grpc: ssl.SSLContext
    cluster: ssl.SSLContext
    provider: ssl.SSLContext


class TlsFiles(Watched[Trust]):
    """The files of `ZeebeSettings`; without any, TLS with the system's authorities."""

    def __init__(
        self,
        ca: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ca = ca
        self._certificate = certificate
        self._key = key
        super().__init__([path for path in (ca, certificate, key) if path is not None], self._read, now=now)

    def _read(self) -> Trust:
        grpc, cluster = self._context(system=self._ca is None), self._context(system=self._ca is None)
        grpc.set_alpn_protocols(["h2"])
        return Trust(grpc, cluster, cluster if self._ca is None else self._context(system=True))

    def _context(self, *, system: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if system:
            context.load_default_certs()
        if self._ca is not None:
            context.load_verify_locations(cadata=self._ca.read_text())
        if self._certificate is not None:
            context.load_cert_chain(self._certificate, self._key, password=lambda: "")
        return context
