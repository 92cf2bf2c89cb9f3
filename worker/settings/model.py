"""What can be set: frozen groups of fields, each with its unit, default and meaning.

The table in `docs/configuration.md` is made from this file. Where the values come from is `loading.py`; the names of
other products that are understood as well are in `foreign.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from worker.face import Face, FaceName, face_of

CAMUNDA_JOB_TYPE = "io.camunda:http-json:1"
NATIVE_JOB_TYPE = "rest-connector"

# The variables of Camunda's own registration, in its order: models rely on nothing else being visible.
COMPATIBLE_VARIABLES = (
    "url",
    "method",
    "authentication",
    "clientTls",
    "headers",
    "queryParameters",
    "skipEncoding",
    "connectionTimeoutInSeconds",
    "readTimeoutInSeconds",
    "body",
    "storeResponse",
    "documentReturnFormat",
    "groupSetCookieHeaders",
    "ignoreNullValues",
    "followRedirects",
    "authenticationConfiguration",
)


def _comma_list(value: Any) -> Any:
    """A text of names with commas between them becomes a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CommaList = Annotated[tuple[str, ...], BeforeValidator(_comma_list)]


class Group(BaseModel):
    """A group of settings: cannot be changed, refuses unknown names, never shows a value it could not accept."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class JobType:
    """A job type to work on and the face it has."""

    name: str
    face: Face


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
        if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError("expected host:port, such as zeebe-gateway:26500")
        return address

    @model_validator(mode="after")
    def _pairs(self) -> ZeebeSettings:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("CERTIFICATE_FILE and KEY_FILE under this name belong together: set both or neither")
        if (self.username is None) != (self.password is None):
            raise ValueError("USERNAME and PASSWORD under this name belong together: set both or neither")
        if self.token is not None and self.username is not None:
            raise ValueError("TOKEN and USERNAME under this name exclude each other: set one of them")
        return self


class LogSettings(Group):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important kind of line to log: `debug`, `info`, `warning` or `error`."
    )
    format: Literal["json", "console"] = Field(
        default="json", description="`json` for one object per line, `console` for people."
    )
    jobs: bool = Field(default=True, description="One line per job at its end; failed jobs always have one.")


class HealthSettings(Group):
    """The endpoint for probes and metrics: `/livez`, `/readyz`, `/metrics`."""

    host: str = Field(default="0.0.0.0", description="The address to listen on.")  # noqa: S104 -- probes come from outside
    port: int = Field(default=9090, ge=0, le=65535, description="The port to listen on; 0 takes any free one.")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix="REST_CONNECTOR_",
        env_nested_delimiter="__",
        enable_decoding=False,
        validate_default=True,
    )

    job_types: CommaList = Field(
        default=(f"{CAMUNDA_JOB_TYPE}=compatible", NATIVE_JOB_TYPE),
        description="The job types to work on, with commas between them: `type`, or `type=compatible` or "
        "`type=native` to choose the face. Types that begin with `io.camunda:` are compatible when nothing is said, "
        "all others native.",
    )
    slots: int = Field(default=500, ge=1, le=100_000, description="How many jobs may run at once, over all job types.")
    lease: float = Field(
        default=60.0,
        ge=1,
        le=86_400,
        description="For how long a job belongs to this worker when it arrives (seconds). Longer jobs have their lease "
        "renewed; after a crash the engine hands jobs out again when it ends.",
    )
    grace: float = Field(
        default=25.0,
        ge=0,
        le=86_400,
        description="How long jobs under way may take to finish when the worker is asked to stop (seconds). Less than "
        "the time after which the platform kills the process.",
    )
    fetch_variables: CommaList = Field(
        default=(),
        description="The only variables to fetch for native job types, with commas between them; empty: all visible.",
    )
    zeebe: ZeebeSettings = ZeebeSettings()
    log: LogSettings = LogSettings()
    health: HealthSettings = HealthSettings()

    @field_validator("job_types")
    @classmethod
    def _faces_exist(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        names = [entry.partition("=")[0].strip() for entry in entries]
        if not entries:
            raise ValueError("name at least one job type")
        if "" in names:
            raise ValueError("a job type has no name")
        if len(set(names)) < len(names):
            raise ValueError("a job type is named twice")
        for entry in entries:
            _, equals, face = entry.partition("=")
            if equals and face.strip() not in ("compatible", "native"):
                raise ValueError("a face is `compatible` or `native`")
        return entries

    @property
    def job_type_faces(self) -> tuple[JobType, ...]:
        """The job types with their faces."""
        return tuple(_job_type(entry) for entry in self.job_types)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: `loading.load` reads the environment, so that building a `Settings` never does."""
        return (init_settings,)


def _job_type(entry: str) -> JobType:
    name, _, chosen = (part.strip() for part in entry.partition("="))
    face: FaceName | None = "compatible" if chosen == "compatible" else "native" if chosen == "native" else None
    return JobType(name, face_of(name, face))
