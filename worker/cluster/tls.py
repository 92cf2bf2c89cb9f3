"""Whom the worker trusts for the cluster, and who it says it is: PEM files, read again when they change."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from worker.watched import Watched


@dataclass(frozen=True, slots=True)
class Material:
    """PEM bytes: the authorities (None: the system's own) and, for mutual TLS, a certificate chain with its key."""

    authorities: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Trust:
    """What was read from the files, for gRPC as bytes and for HTTP as a context. `provider` trusts the system too."""

    material: Material
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
        material = Material(_content(self._ca), _content(self._certificate), _content(self._key))
        return Trust(material, self._context(material, system=self._ca is None), self._context(material, system=True))

    def _context(self, material: Material, *, system: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if system:
            context.load_default_certs()
        if material.authorities is not None:
            context.load_verify_locations(cadata=material.authorities.decode())
        if self._certificate is not None:
            context.load_cert_chain(self._certificate, self._key, password=lambda: "")
        return context


def _content(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
