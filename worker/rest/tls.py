"""TLS material: the trust of the process, and contexts for tasks that bring their own certificates.

Contexts are kept, because connections can only be shared by calls that use the same one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from worker.errors import JobFailure, input_failure
from worker.rest.request import ClientTls
from worker.rest.trust_store import TrustStore

_MAX_CONTEXTS: Final = 64


class TlsContexts:
    """Makes and keeps contexts. Without a store the system's certificates are trusted (`SSL_CERT_FILE` is honoured)."""

    def __init__(self, store: TrustStore | None = None) -> None:
        self._store = store
        self._kept: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    async def context(self, tls: ClientTls | None) -> ssl.SSLContext:
        """The context for a task's material, or the default one. Raises `JobFailure` for unusable material."""
        key = _fingerprint(tls)
        found = self._kept.get(key)
        if found is None:
            found = await asyncio.to_thread(self._build, tls)
            self._kept[key] = found
            if len(self._kept) > _MAX_CONTEXTS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return found

    def check(self) -> str | None:
        """Why the trust store cannot be read, None when it can."""
        try:
            _ = self._store and self._store.certificates()
        except (OSError, ValueError) as error:
            return f"The trust store {self._store and self._store.path} cannot be read: {error}"
        return None

    def _build(self, tls: ClientTls | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as in Java, a listed certificate is trusted by itself
        trusted = tls.trusted if tls else None
        try:
            if trusted:
                _trust(context, x509.load_pem_x509_certificates(trusted.encode()))
            else:
                self._trust_default(context)
            if tls and tls.certificate and tls.private_key:
                _identify(context, tls.certificate, tls.private_key, tls.password)
        except (ssl.SSLError, ValueError, TypeError, OSError) as error:
            if tls is None or not (trusted or tls.certificate):
                raise input_failure(f"The default trust store cannot be read: {error}") from error
            raise _unusable() from error
        return context

    def _trust_default(self, context: ssl.SSLContext) -> None:
        if self._store is None:
            context.load_default_certs()
        else:
            _trust(context, self._store.certificates())


def require_pair(tls: ClientTls | None) -> ClientTls | None:
    """The material if there is any; a password alone is none. Raises `JobFailure` for half an identity."""
    if tls is None or not (tls.certificate or tls.private_key or tls.trusted):
        return None
    if bool(tls.certificate) != bool(tls.private_key):
        raise input_failure(
            "mTLS client authentication requires both a client certificate and a private key; only one was provided."
        )
    return tls


def _unusable() -> JobFailure:
    return input_failure("Failed to build SSL context for mTLS from the provided certificate material")


def _trust(context: ssl.SSLContext, certificates: Sequence[x509.Certificate]) -> None:
    context.load_verify_locations(cadata=b"".join(one.public_bytes(Encoding.DER) for one in certificates))


def _identify(context: ssl.SSLContext, certificate: str, key: str, password: str | None) -> None:
    """OpenSSL takes an identity only from a file: written for a moment, the key encrypted under a one-time password."""
    secret = password.encode() if password and "ENCRYPTED" in key else None
    private = load_pem_private_key(key.encode(), secret)
    once = secrets.token_hex(16)
    sealed = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(once.encode()))
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(sealed + b"\n" + certificate.encode())
        context.load_cert_chain(path, password=once)
    finally:
        Path(path).unlink()


def _fingerprint(tls: ClientTls | None) -> str:
    """Names the material without keeping it."""
    if tls is None:
        return ""
    parts = (tls.certificate, tls.private_key, tls.password, tls.trusted)
    return hashlib.sha256("\0".join(part or "" for part in parts).encode("utf-8", "replace")).hexdigest()
