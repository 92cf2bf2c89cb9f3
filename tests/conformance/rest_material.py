"""The throw-away certificates and keys of the recorded TLS cases, made once for a replay."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.support.certificates import Authority, make_authority

STORE_PASSWORD = "changeit"
KEY_PASSWORD = "s3cret"


@dataclass(frozen=True)
class Material:
    """`texts` are the PEM placeholders of jobs; `folder` holds what settings name: `ca.pem` and `trust.p12`."""

    folder: Path
    texts: dict[str, str]
    server: ssl.SSLContext
    demanding: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path) -> Material:
        authority: Authority = make_authority(folder)
        (folder / "ca.pem").write_text(authority.pem)
        authority.trust_store(STORE_PASSWORD).rename(folder / "trust.p12")
        client = authority.identity("golden-client", rsa_key=True)
        texts = {
            "PEM_CA": authority.pem,
            "PEM_CLIENT": client.certificate_pem,
            "PEM_CLIENT_KEY": client.key_pem(),
            "PEM_CLIENT_KEY_ENC": client.key_pem(password=KEY_PASSWORD),
            "PEM_CLIENT_KEY_PK1": client.key_pem(PrivateFormat.TraditionalOpenSSL),
        }
        return cls(folder, texts, authority.server_context(), authority.server_context(demand_client=True))
