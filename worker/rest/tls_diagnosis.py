"""Which certificate failed, and why: what OpenSSL says in a word, told so that an operator can mend it.

OpenSSL does not hand out a certificate that it refuses, so the server is asked for it once more, without anything
being sent to it, and rarely (`_Presented`).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import aiohttp
from cryptography import x509

from worker.errors import JobFailure
from worker.rest.hosts import Address
from worker.rest.library_errors import causes

LOOK_TIMEOUT: Final = 5.0
KEPT_SECONDS: Final = 60.0
_KEPT: Final = 100

_REFUSED_OURS: Final = {
    "CERTIFICATE_REQUIRED": "it wants a client certificate",
    "HANDSHAKE_FAILURE": "it accepts none of our settings, or wants a client certificate",
    "BAD_CERTIFICATE": "it does not accept the client certificate",
    "UNSUPPORTED_CERTIFICATE": "it does not accept this kind of client certificate",
    "CERTIFICATE_REVOKED": "the client certificate was revoked",
    "CERTIFICATE_EXPIRED": "the client certificate has expired",
    "CERTIFICATE_UNKNOWN": "it does not accept the client certificate",
    "UNKNOWN_CA": "it does not trust the authority of the client certificate",
    "ACCESS_DENIED": "the client certificate has no access",
    "DECRYPT_ERROR": "it does not accept the client certificate",
}
_UNREADABLE: Final = (
    ValueError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for certificates that OpenSSL takes."""

_VERSIONS: Final = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE")

Look = Callable[[str], Awaitable[Sequence[Address]]]
"""The permitted addresses of a host. Raises `OSError` or `JobFailure`."""


class Diagnosis:
    """Explains failed handshakes. `now` is seconds of any clock."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: OrderedDict[tuple[str, int], tuple[float, str | None]] = OrderedDict()

    async def explained(self, failure: JobFailure, peer: tuple[str, int], look: Look, own: str | None) -> JobFailure:
        """The failure in more words. `peer` is who was connected to, `own` the client certificate in use (PEM)."""
        chain = list(causes(failure.__cause__))
        host, port = _peer(chain) or peer
        name = f"{host}:{port}"
        told_by_openssl = [cause for cause in chain if not isinstance(cause, aiohttp.ClientError)]
        for cause in told_by_openssl:
            if isinstance(cause, ssl.SSLCertVerificationError):
                shown = await self._presented(host, port, look)
                told = f" It is {shown}." if shown else ""
                return _failure(
                    f"the certificate of {name} is refused: {cause.verify_message}.{told} If its authority is to be "
                    "trusted, give it in 'clientTls.trustedCertificate' or REST_CONNECTOR_TLS__CA"
                )
        for cause in told_by_openssl:
            reason = cause.reason if isinstance(cause, ssl.SSLError) else None
            if reason:
                return _failure(_of_reason(name, reason, own))
        return failure

    async def _presented(self, host: str, port: int, look: Look) -> str | None:
        kept = self._seen.get((host, port))
        if kept is None or kept[0] < self._now():
            self._seen[host, port] = kept = (self._now() + KEPT_SECONDS, await _look_at(host, port, look))
            self._seen.move_to_end((host, port))
            if len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
        return kept[1]


def _of_reason(name: str, reason: str, own: str | None) -> str:
    if any(word in reason for word in _VERSIONS):
        return (
            f"{name} and this worker have no TLS version in common ({reason}): see REST_CONNECTOR_TLS__MINIMUM_VERSION"
        )
    for word, meaning in _REFUSED_OURS.items():
        if reason.endswith(word):
            shown = f"the certificate sent was {_described(_leaf(own))}" if own else "none was sent: see 'clientTls'"
            return f"{name} ended the handshake, because {meaning} ({reason}); {shown}"
    return f"{name}: {reason}"


def _failure(message: str) -> JobFailure:
    return JobFailure(f"TLS handshake failed: {message}.", code="SSL_HANDSHAKE_FAILED", kind="tls")


def _peer(chain: Sequence[BaseException]) -> tuple[str, int] | None:
    """Whose handshake it was, which may be a proxy's."""
    for cause in chain:
        if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
            return cause.host, cause.port or 0
    return None


async def _look_at(host: str, port: int, look: Look) -> str | None:
    """The certificate in words, None where it cannot be had or read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only looked at: nothing is sent, nothing believed
    try:
        async with asyncio.timeout(LOOK_TIMEOUT):
            addresses = await look(host)
            _, writer = await asyncio.open_connection(str(addresses[0]), port, ssl=context, server_hostname=host)
            try:
                seen = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                writer.transport.abort()
            return _described(x509.load_der_x509_certificate(seen)) if seen else None
    except (OSError, IndexError, JobFailure, *_UNREADABLE):
        return None


def _leaf(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _described(certificate: x509.Certificate) -> str:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    now = datetime.now(UTC)
    state = ", expired" if end < now else ", not yet valid" if start > now else ""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        hosts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    except (x509.ExtensionNotFound, *_UNREADABLE):
        hosts = []
    meant = f" for {', '.join(hosts[:5])}{', …' if len(hosts) > 5 else ''}" if hosts else ""
    return (
        f"'{certificate.subject.rfc4514_string()}'{meant}, issued by '{certificate.issuer.rfc4514_string()}', "
        f"valid from {start:%Y-%m-%d} to {end:%Y-%m-%d}{state}"
    )
