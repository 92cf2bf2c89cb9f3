"""Java trust stores, so that a copied deployment trusts whom it trusted before: PKCS #12, and the older JKS format."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from cryptography import x509

_JKS: Final = b"\xfe\xed\xfe\xed"
_KEY_ENTRY, _CERTIFICATE_ENTRY = 1, 2
_DIGEST_SIZE: Final = 20
_SALT: Final = b"Mighty Aphrodite"  # part of the format


@dataclass(frozen=True, slots=True)
class TrustStore:
    """A file of trusted certificates; `password` opens it."""

    path: Path
    password: str = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], properties: Mapping[str, str]) -> Self | None:
        """The store that a JVM would use: its properties, else the variables of Camunda's start script."""
        path = properties.get("javax.net.ssl.trustStore") or environ.get("JAVAX_NET_SSL_TRUSTSTORE")
        password = properties.get("javax.net.ssl.trustStorePassword") or environ.get("JAVAX_NET_SSL_TRUSTSTOREPASSWORD")
        return cls(Path(path), password or "") if path else None

    def certificates(self) -> list[x509.Certificate]:
        """What the store trusts. Raises `OSError` or `ValueError`."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import pkcs12

        data = self.path.read_bytes()
        if data.startswith(_JKS):
            return [x509.load_der_x509_certificate(der) for der in _jks_certificates(data, self.password)]
        found = pkcs12.load_pkcs12(data, self.password.encode())
        entries = [*found.additional_certs, *([found.cert] if found.cert else [])]
        return [entry.certificate for entry in entries]


def _jks_certificates(data: bytes, password: str) -> Iterator[bytes]:
    """The DER certificates of a JKS file, those of key entries left out. Raises `ValueError`."""
    content, digest = data[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if password:
        salted = hashlib.sha1(password.encode("utf-16-be") + _SALT + content, usedforsecurity=False)
        if salted.digest() != digest:
            raise ValueError("the password is wrong, or the file is damaged")
    reader = _Reader(content, at=4)
    version, entries = reader.integer(), reader.integer()
    for _ in range(entries):
        kind = reader.integer()
        reader.skip(reader.short())  # alias
        reader.skip(8)  # time of creation
        if kind == _CERTIFICATE_ENTRY:
            yield reader.certificate(version)
        elif kind == _KEY_ENTRY:
            reader.skip(reader.integer())
            for _ in range(reader.integer()):
                reader.certificate(version)
        else:
            raise ValueError("the file is damaged")


@dataclass(slots=True)
class _Reader:
    """Big-endian numbers and blocks, one after the other."""

    data: bytes
    at: int

    def integer(self) -> int:
        return int(struct.unpack(">I", self._take(4))[0])

    def short(self) -> int:
        return int(struct.unpack(">H", self._take(2))[0])

    def skip(self, size: int) -> None:
        self._take(size)

    def certificate(self, version: int) -> bytes:
        if version == 2:
            self.skip(self.short())  # the kind of certificate
        return self._take(self.integer())

    def _take(self, size: int) -> bytes:
        taken = self.data[self.at : self.at + size]
        if len(taken) < size:
            raise ValueError("the file is damaged")
        self.at += size
        return taken
