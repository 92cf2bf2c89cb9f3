"""The settings as a whole: the groups of `engine.py` and `jobs.py`, and what concerns the worker as such.

The table in `docs/configuration.md` is made from these classes. Where the values come from is `loading.py`; the names
of other products that are understood as well are in `foreign.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from worker.face import Face, FaceName, face_of
from worker.settings.engine import HealthSettings, LogSettings, ZeebeSettings
from worker.settings.fields import CommaList
from worker.settings.jobs import DocumentsSettings, FeelSettings, HttpSettings, SecretsSettings
from worker.settings.network import HostsSettings, TlsSettings

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


@dataclass(frozen=True, slots=True)
class JobType:
    """A job type to work on and the face it has."""

    name: str
    face: Face


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
        default=("rest-connector",),
        description="The job types to work on, with commas between them: `type`, or `type=compatible` or "
        "`type=native` to choose the face. Types that begin with `io.camunda:` are compatible when nothing is said, "
        "all others native.",
    )
    slots: int = Field(default=500, ge=1, le=100_000, description="How many jobs may run at once, over all job types.")
    host_limit: int | None = Field(
        default=None,
        ge=1,
        description="How many jobs may call one host at once. Also without a limit, a slow host leaves a part of the "
        "slots to the others.",
    )
    job_memory: int = Field(
        default=256 << 20,
        ge=1 << 20,
        description="Ask for no more jobs while the variables of those that run have more characters than this.",
    )
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
    input_expressions: Literal["off", "headers", "all"] = Field(
        default="headers",
        description="Where native job types may have FEEL inputs: nowhere, in task headers, or also in variables whose "
        "whole value begins with `=`. Variables may hold foreign data.",
    )
    trust_variables: bool = Field(
        default=False,
        description="Read `httpOptions.profile`, TLS material, destination rules, `dialect` and `errors.mode` from "
        "variables too, not only from task headers.",
    )
    profiles: Path | None = Field(
        default=None,
        description="A TOML file with connections that native tasks use by name (`httpOptions.profile`); it is read "
        "again when it changes.",
    )
    max_output_size: int = Field(
        default=1_572_864,
        ge=1_024,
        le=4_000_000,
        description="The most that a job may give to its process (bytes of JSON). The engine refuses commands of more "
        "than 4 MB, and large variables slow it down.",
    )
    standard_proxy_env: bool = Field(
        default=False,
        description="Let compatible job types use `http_proxy`, `https_proxy` and `no_proxy`; native ones always do.",
    )
    compatible_resend: bool = Field(
        default=False,
        description="Let compatible job types send a request once more by themselves, as Camunda's connector does: "
        "after 429 and 503, when the service has had its time, and after a lost connection at once.",
    )
    secrets: SecretsSettings = SecretsSettings()
    http: HttpSettings = HttpSettings()
    hosts: HostsSettings = HostsSettings()
    tls: TlsSettings = TlsSettings()
    documents: DocumentsSettings = DocumentsSettings()
    feel: FeelSettings = FeelSettings()
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

    def secret_values(self) -> Iterator[str]:
        """Every value that must not be shown, for the masker."""
        return _secret_values(self)

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


def _secret_values(group: BaseModel) -> Iterator[str]:
    for _, value in group:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from _secret_values(value)
