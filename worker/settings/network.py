"""Settings of the network: which destinations may be called, and which certificates are trusted and shown."""

from __future__ import annotations

import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from worker.settings.fields import CommaList, Group, Paths


class HostsSettings(Group):
    """Which destinations a task may call; they also hold for redirects, token endpoints and external documents."""

    guard: Literal["off", "metadata", "strict"] = Field(
        default="metadata",
        description="Which addresses are refused: with `metadata` link-local ones and those of cloud metadata "
        "services, with `strict` also those that are not public (unless the settings below allow them), with `off` "
        "none. For compatible job types `strict` looks at the task's own URL only, as Camunda's connector does.",
    )
    allow: CommaList = Field(
        default=(),
        description="The only destinations that may be called, with commas between them: `api.example.com`, "
        "`*.example.com`, `10.0.0.0/8`, each with a port where one is meant (`*:443`, `10.0.0.0/8:8000-8999`); "
        "empty: all.",
    )
    deny: CommaList = Field(
        default=(), description="Destinations that may not be called, written in the same way; they come first."
    )
    allow_ranges: CommaList = Field(
        default=(), description="Networks that `strict` allows (CIDR), with commas between them."
    )
    deny_ranges: CommaList = Field(
        default=(), description="Networks that `strict` refuses (CIDR), with commas between them."
    )
    allow_private: bool = Field(default=False, description="Let `strict` allow private networks.")
    allow_loopback: bool = Field(default=False, description="Let `strict` allow this machine itself.")

    @field_validator("allow_ranges", "deny_ranges")
    @classmethod
    def _networks(cls, ranges: tuple[str, ...]) -> tuple[str, ...]:
        for number, text in enumerate(ranges, start=1):
            try:
                ip_network(text, strict=False)
            except ValueError:
                raise ValueError(f"item {number} is not a network such as 10.0.0.0/8") from None
        return ranges


class TlsSettings(Group):
    """TLS of the calls (`REST_CONNECTOR_ZEEBE__…` has the engine's). Files are read again when they change."""

    ca: Paths = Field(
        default=(),
        description="PEM files with authorities to trust in addition, or folders of such files, with commas between "
        "them.",
    )
    system_ca: bool = Field(default=True, description="Trust the authorities of the system (or of `SSL_CERT_FILE`).")
    certificate_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate chain shown to services that ask for one, where the task has none.",
    )
    key_file: Path | None = Field(
        default=None, description="PEM file with the key of that certificate, where it is not in the same file."
    )
    key_password: SecretStr | None = Field(default=None, description="The password of that key, if it is encrypted.")
    minimum: Literal["1.2", "1.3"] = Field(default="1.2", description="The oldest TLS version that is spoken.")
    ciphers: str | None = Field(
        default=None, description="The ciphers for TLS 1.2, in OpenSSL's notation; those of 1.3 are fixed."
    )

    @model_validator(mode="after")
    def _usable(self) -> TlsSettings:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("KEY_FILE under this name needs CERTIFICATE_FILE")
        if self.ciphers is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers(self.ciphers)
            except ssl.SSLError:
                raise ValueError("CIPHERS under this name has no cipher that OpenSSL knows") from None
        return self
