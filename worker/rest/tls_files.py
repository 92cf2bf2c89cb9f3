"""Certificates in files, read again when they change, so that rotating them needs no restart and ends no call.

What cannot be used (a key that does not belong to its certificate, half a file) is logged, and what was read before
stays in force until the files change again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from worker.rest.request import ClientTls
from worker.watched import Watched, files_of

SOON: Final = timedelta(days=14)


class TlsFiles(Watched[ClientTls]):
    """PEM files: `authorities` to trust (files, or folders of them), and an identity with its key."""

    def __init__(
        self,
        authorities: Sequence[Path] = (),
        certificate: Path | None = None,
        key: Path | None = None,
        password: str | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.authorities = authorities
        self._certificate = certificate
        self._key = key or certificate
        self._password = password
        paths = [*authorities, *(path for path in (certificate, self._key) if path)]
        super().__init__(paths, self._read, now=now)

    def doubts(self) -> Iterator[str]:
        """One sentence for each certificate that has ended, has not begun or ends soon. Raises as `get`."""
        tls, now = self.get(), datetime.now(UTC)
        for text, name in ((tls.trusted, "trusted"), (tls.certificate, "own")):
            for certificate in x509.load_pem_x509_certificates(text.encode()) if text else ():
                start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
                which = f"the {name} certificate {certificate.subject.rfc4514_string()}"
                if end < now + SOON:
                    yield f"{which} ends at {end:%Y-%m-%d %H:%M} UTC"
                if start > now:
                    yield f"{which} begins at {start:%Y-%m-%d %H:%M} UTC"

    def _read(self) -> ClientTls:
        trusted = "".join(_certificates(path) for path in files_of(self.authorities))
        if self.authorities and not trusted:
            raise ValueError(f"no certificate in {', '.join(map(str, self.authorities))}")
        if self._certificate is None or self._key is None:
            return ClientTls(trusted=trusted or None)
        certificate, key = _certificates(self._certificate), self._key.read_text()
        if not certificate:
            raise ValueError(f"no certificate in {self._certificate}")
        check_pair(certificate, key, self._password, str(self._key))
        return ClientTls(certificate, key, self._password, trusted or None)


def private_key(key: str, password: str | None) -> PrivateKeyTypes:
    """Any kind of PEM key; a password that it does not need is ignored. Raises `ValueError` or `TypeError`."""
    return load_pem_private_key(key.encode(), password.encode() if password and "ENCRYPTED" in key else None)


def check_pair(certificate: str, key: str, password: str | None, name: str) -> None:
    """Raises `ValueError` when the key, named `name`, cannot be opened or is not the certificate's."""
    try:
        own = private_key(key, password).public_key()
    except (TypeError, ValueError):
        raise ValueError(f"the key in {name} is no PEM key, or its password is wrong or missing") from None
    leaf = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if own.public_bytes(*form) != leaf.public_bytes(*form):
        raise ValueError(f"the key in {name} does not belong to the certificate")


def _certificates(path: Path) -> str:
    """The PEM certificates of a file, without what else is in it. Raises `ValueError` for a broken one."""
    data = path.read_bytes()
    if b"-----BEGIN CERTIFICATE-----" not in data:
        return ""
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise ValueError(f"{path} has a certificate that cannot be read") from None
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in found)
