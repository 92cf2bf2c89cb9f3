"""TLS material: the trust of the process, and contexts for tasks that bring their own certificates.

Contexts are kept, because connections can only be shared by calls that use the same one. When files change there are
new contexts, so new connections; calls under way end on the old ones.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from worker.errors import JobFailure, input_failure
from worker.rest.request import ClientTls
from worker.rest.trust_store import TrustStore
from worker.watched import Watched

if TYPE_CHECKING:
    from cryptography import x509

    from worker.rest.tls_files import TlsFiles

_MAX_CONTEXTS: Final = 64
_NOTHING: Final = ClientTls()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsRules:
    """What every connection keeps to. `ciphers` is OpenSSL's list for TLS 1.2; `system` trusts the system's roots."""

    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    ciphers: str | None = None
    system: bool = True


class TlsContexts:
    """Makes and keeps contexts.

    Trusted by default are the certificates of `store`, without one the system's (`SSL_CERT_FILE` is honoured), and
    those of `files` in addition. Services that ask for an identity are shown the one of `files`, unless the task has
    its own.
    """

    def __init__(
        self, store: TrustStore | None = None, *, files: TlsFiles | None = None, rules: TlsRules | None = None
    ) -> None:
        self._rules = rules or TlsRules()
        self._files = files
        self._store = Watched([store.path], store.certificates) if store else None
        self._store_path = store.path if store else None
        system = ssl.get_default_verify_paths().cafile
        watched = (self._store, files, Watched([Path(system)] if system else [], lambda: True))
        self._watched: list[Watched[Any]] = [each for each in watched if each is not None]
        self._kept: OrderedDict[tuple[int | str, ...], ssl.SSLContext] = OrderedDict()
        self._building = asyncio.Lock()

    async def context(self, tls: ClientTls | None) -> ssl.SSLContext:
        """The context for a task's material, or the default one. Raises `JobFailure` for unusable material."""
        key = self._key(tls)
        if key not in self._kept:
            async with self._building:
                if key not in self._kept:
                    self._kept[key] = await asyncio.to_thread(self._build, tls)
                if len(self._kept) > _MAX_CONTEXTS:
                    self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def identity(self, tls: ClientTls | None) -> str | None:
        """The certificates, PEM, that a service sees of a task with this material."""
        own = tls if tls and tls.certificate else self._files.get() if self._files else None
        return own.certificate if own else None

    def trusted(self, tls: ClientTls | None) -> list[str]:
        """Whom calls with this material trust, in words."""
        if tls and tls.trusted:
            return ["certificates of the task or its profile"]
        default = [str(self._store_path)] if self._store_path else ["the system's authorities"]
        added = map(str, self._files.authorities) if self._files else ()
        return [*(default if self._store_path or self._rules.system else ()), *added]

    def check(self) -> list[str]:
        """What is wrong with the default trust and identity, one sentence each, for the log at the start."""
        if self._store is None and self._files is None:
            return []  # the system's own authorities, which take 20 ms to load: at the first call that needs them
        problems = []
        try:
            self._kept[self._key(None)] = self._build(None)
        except JobFailure as failure:
            problems.append(failure.message)
        try:
            problems += self._files.doubts() if self._files else ()
        except (OSError, ValueError) as error:
            problems.append(f"TLS files cannot be used: {error}")
        return problems

    def _key(self, tls: ClientTls | None) -> tuple[int | str, ...]:
        """Names the material without keeping it, and the state of the files."""
        versions = [_version(watched) for watched in self._watched]
        return (*versions, "" if tls is None else _fingerprint(tls))

    def _build(self, tls: ClientTls | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = self._rules.minimum
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as in Java, a listed certificate is trusted by itself
        task = tls or _NOTHING
        try:
            if self._rules.ciphers:
                context.set_ciphers(self._rules.ciphers)
            if task.trusted:
                _trust_pem(context, task.trusted)
            else:
                self._trust_default(context)
            own = self._files.get() if self._files else _NOTHING
            one = task if task.certificate else own
            if one.certificate and one.private_key:
                _identify(context, one.certificate, one.private_key, one.password)
        except (ssl.SSLError, ValueError, TypeError, OSError) as error:
            if not (task.trusted or task.certificate):
                where = f" ({self._store_path})" if self._store_path else ""
                raise input_failure(f"The default trust store{where} cannot be read: {error}") from error
            raise _unusable() from error
        return context

    def _trust_default(self, context: ssl.SSLContext) -> None:
        if self._store is not None:
            _trust(context, self._store.get())
        elif self._rules.system:
            context.load_default_certs()
        trusted = self._files.get().trusted if self._files else None
        if trusted:
            _trust_pem(context, trusted)


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


def _trust_pem(context: ssl.SSLContext, text: str) -> None:
    from cryptography import x509

    _trust(context, x509.load_pem_x509_certificates(text.encode()))


def _trust(context: ssl.SSLContext, certificates: Sequence[x509.Certificate]) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    context.load_verify_locations(cadata=b"".join(one.public_bytes(Encoding.DER) for one in certificates))


def _identify(context: ssl.SSLContext, certificate: str, key: str, password: str | None) -> None:
    """OpenSSL takes an identity only from a file: written for a moment, the key encrypted under a one-time password."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    from worker.rest.tls_files import private_key

    once = secrets.token_hex(16)
    sealed = private_key(key, password).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(once.encode())
    )
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(sealed + b"\n" + certificate.encode())
        context.load_cert_chain(path, password=once)
    finally:
        Path(path).unlink()


def _version(watched: Watched[Any]) -> int:
    try:
        watched.get()
    except (OSError, ValueError):
        return watched.version  # told when the context is built
    return watched.version


def _fingerprint(tls: ClientTls) -> str:
    parts = (tls.certificate, tls.private_key, tls.password, tls.trusted)
    return hashlib.sha256("\0".join(part or "" for part in parts).encode("utf-8", "replace")).hexdigest()
