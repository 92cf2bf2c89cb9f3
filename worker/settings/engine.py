"""Settings of the engine side: the connection, the log, the pages for probes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from worker.settings.fields import CommaList, Group

AuthMethod = Literal["none", "token", "basic", "oauth"]

# Camunda's cloud, by the identity of a cluster and its region.
SAAS_REGION = "bru-2"
SAAS_DOMAIN = "zeebe.camunda.io"
SAAS_TOKEN_URL = "https://login.cloud.camunda.io/oauth/token"  # noqa: S105 -- an address


class ZeebeSettings(Group):
    """The connection to the engine."""

    address: str = Field(
        default="127.0.0.1:26500",
        description="The engine's gateway, `host:port`. With `https://` or `grpcs://` in front, TLS is on.",
    )
    transport: Literal["grpc", "rest"] = Field(
        default="grpc",
        description="How to talk to the engine: gRPC, or its REST API (`/v2`), which passes ordinary HTTP proxies but "
        "takes more processor time for each job and has no streams.",
    )
    rest_address: str = Field(
        default="http://127.0.0.1:8080", description="The address of the engine's REST API, where TRANSPORT is `rest`."
    )
    cluster_id: str | None = Field(
        default=None,
        description="A cluster in Camunda's cloud (SaaS). Both addresses, TLS, TOKEN_URL and AUDIENCE follow from it.",
    )
    region: str = Field(default=SAAS_REGION, description="The region of that cluster.")
    tls: bool = Field(default=False, description="Encrypt the connection to the engine.")
    ca_file: Path | None = Field(
        default=None, description="PEM file with the authorities to trust for the engine; without it the system's own."
    )
    certificate_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate chain that the worker shows to the engine (mutual TLS).",
    )
    key_file: Path | None = Field(
        default=None,
        description="PEM file with the key of that certificate. All three files are read again when they change.",
    )
    auth: Literal["auto", "none", "token", "basic", "oauth"] = Field(
        default="auto",
        description="How the worker shows who it is: not at all, by TOKEN, by USERNAME and PASSWORD, or by a token "
        "from TOKEN_URL. `auto` takes the one that is set.",
    )
    client_id: str | None = Field(default=None, description="The worker's name at the OAuth provider.")
    client_secret: SecretStr | None = Field(default=None, description="The secret to that name.")
    token_url: str | None = Field(default=None, description="Where the OAuth provider gives tokens.")
    audience: str | None = Field(default=None, description="The `audience` to ask a token for.")
    scope: str | None = Field(default=None, description="The `scope` to ask for, with spaces between several.")
    token: SecretStr | None = Field(
        default=None, description="A token sent to the engine with every call, as `Authorization: Bearer`."
    )
    username: str | None = Field(default=None, description="User name sent to the engine with every call (basic auth).")
    password: SecretStr | None = Field(default=None, description="Password of that user.")
    proxy: str | None = Field(
        default=None,
        description="HTTP proxy for the connections to the engine and its OAuth provider, `http://host:port`. No other "
        "proxy setting applies to them.",
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
        description="Let the engine push jobs in addition to polling: the slowest ones come sooner while there is "
        "little to do, and under full load it costs some 5 % more processor time. Jobs that are on their way when "
        "the worker stops come again only after their lease. Only over gRPC.",
    )
    max_message_size: int = Field(
        default=64 << 20, ge=4 << 20, description="The largest message to and from the gateway (bytes)."
    )

    @model_validator(mode="before")
    @classmethod
    def _cluster_gives_addresses(cls, values: Any) -> Any:
        """What is set by name wins. Runs after `_scheme_chooses_tls`: the one defined last runs first."""
        cluster = values.get("cluster_id") if isinstance(values, dict) else None
        if not cluster:
            return values
        host = f"{values.get('region') or SAAS_REGION}.{SAAS_DOMAIN}"
        derived = {
            "address": f"{cluster}.{host}:443",
            "rest_address": f"https://{host}:443/{cluster}",
            "tls": True,
            "token_url": SAAS_TOKEN_URL,
            "audience": SAAS_DOMAIN,
        }
        return {**derived, **values}

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

    @field_validator("rest_address", "token_url", "proxy")
    @classmethod
    def _url(cls, address: str | None) -> str | None:
        if address is not None and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", address):
            raise ValueError("expected a URL, such as http://zeebe-gateway:8080")
        return address

    @model_validator(mode="after")
    def _pairs(self) -> ZeebeSettings:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("CERTIFICATE_FILE and KEY_FILE under this name belong together: set both or neither")
        if (self.username is None) != (self.password is None):
            raise ValueError("USERNAME and PASSWORD under this name belong together: set both or neither")
        if not self.encrypted and (self.ca_file or self.certificate_file):
            raise ValueError("CA_FILE and CERTIFICATE_FILE under this name need TLS=true")
        return self

    @model_validator(mode="after")
    def _one_way_in(self) -> ZeebeSettings:
        ways = {"TOKEN": self.token, "USERNAME": self.username, "CLIENT_ID": self.client_id}
        if self.auth == "auto" and len(chosen := [name for name, value in ways.items() if value is not None]) > 1:
            names = " and ".join(chosen)
            raise ValueError(f"{names} under this name exclude each other: set one of them, or say which by AUTH")
        needs: dict[AuthMethod, dict[str, object]] = {
            "token": {"TOKEN": self.token},
            "basic": {"USERNAME": self.username, "PASSWORD": self.password},
            "oauth": {
                "CLIENT_ID": self.client_id,
                "CLIENT_SECRET": self.client_secret,
                "TOKEN_URL": self.token_url,
            },
        }
        missing = [name for name, value in needs.get(self.auth_method, {}).items() if value is None]
        if missing:
            raise ValueError(f"{' and '.join(missing)} under this name: needed to get in by {self.auth_method}")
        return self

    @property
    def auth_method(self) -> AuthMethod:
        """How the worker shows who it is."""
        if self.auth != "auto":
            return self.auth
        if self.client_id is not None:
            return "oauth"
        if self.token is not None:
            return "token"
        return "none" if self.username is None else "basic"

    @property
    def chosen_address(self) -> str:
        """Where the jobs come from."""
        return self.rest_address if self.transport == "rest" else self.address

    @property
    def encrypted(self) -> bool:
        """Whether the transport, or the REST API beside it, is reached over TLS."""
        return self.tls or self.rest_address.startswith("https://")


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
