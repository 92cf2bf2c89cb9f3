"""Settings of the engine side: the connection, the log, the pages for probes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from worker.settings.fields import CommaList, Group


class ZeebeSettings(Group):
    """The connection to the engine."""

    address: str = Field(
        default="127.0.0.1:26500",
        description="The engine's gateway, `host:port`. With `https://` or `grpcs://` in front, TLS is on.",
    )
    tls: bool = Field(default=False, description="Encrypt the connection to the engine.")
    ca_file: Path | None = Field(
        default=None, description="PEM file with the authorities to trust for the engine; without it the system's own."
    )
    certificate_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate chain that the worker shows to the engine (mutual TLS).",
    )
    key_file: Path | None = Field(default=None, description="PEM file with the key of that certificate.")
    token: SecretStr | None = Field(
        default=None, description="A token sent to the engine with every call, as `Authorization: Bearer`."
    )
    username: str | None = Field(default=None, description="User name sent to the engine with every call (basic auth).")
    password: SecretStr | None = Field(default=None, description="Password of that user.")
    proxy: str | None = Field(
        default=None,
        description="HTTP proxy for the connection to the engine, `http://host:port`. No other proxy setting "
        "applies to it.",
    )
    tenant_ids: CommaList = Field(default=(), description="Tenants whose jobs to take, with commas between them.")
    worker_name: str = Field(default="rest-connector", description="The name under which the engine knows the worker.")
    poll_timeout: float = Field(
        default=10.0,
        gt=0,
        le=300,
        description="How long the gateway may hold a call for jobs while there are none (seconds).",
    )
    stream: bool = Field(
        default=False,
        description="Let the engine push jobs in addition to polling: a little sooner while there is little to do, for "
        "more than twice the processor time of a job. Only over gRPC.",
    )
    max_message_size: int = Field(
        default=64 << 20, ge=4 << 20, description="The largest message to and from the gateway (bytes)."
    )

    @model_validator(mode="before")
    @classmethod
    def _scheme_chooses_tls(cls, values: Any) -> Any:
        address = values.get("address") if isinstance(values, dict) else None
        if not isinstance(address, str) or "://" not in address:
            return values
        scheme, _, rest = address.partition("://")
        encrypted = {"http": False, "grpc": False, "https": True, "grpcs": True}.get(scheme.lower())
        if encrypted is None:
            return values
        return {"tls": encrypted, **values, "address": rest.rstrip("/")}

    @field_validator("address")
    @classmethod
    def _host_and_port(cls, address: str) -> str:
        host, colon, port = address.rpartition(":")
        if not colon or not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("expected host:port, such as zeebe-gateway:26500")
        return address

    @model_validator(mode="after")
    def _pairs(self) -> ZeebeSettings:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("CERTIFICATE_FILE and KEY_FILE under this name belong together: set both or neither")
        if (self.username is None) != (self.password is None):
            raise ValueError("USERNAME and PASSWORD under this name belong together: set both or neither")
        if not self.tls and (self.ca_file or self.certificate_file):
            raise ValueError("CA_FILE and CERTIFICATE_FILE under this name need TLS=true")
        if self.token is not None and self.username is not None:
            raise ValueError("TOKEN and USERNAME under this name exclude each other: set one of them")
        return self


class LogSettings(Group):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important kind of line to log."
    )
    format: Literal["json", "console"] = Field(
        default="json", description="`json` for one object per line, `console` for people."
    )
    jobs: bool = Field(
        default=True,
        description="One line per job at its end, with level `debug` also at its start; failed jobs always have one.",
    )


class HealthSettings(Group):
    """The endpoint for probes and metrics: `/livez`, `/readyz`, `/metrics`."""

    host: str = Field(default="0.0.0.0", description="The address to listen on.")  # noqa: S104 -- probes come from outside
    port: int = Field(default=9090, ge=0, le=65535, description="The port to listen on; 0 takes any free one.")
