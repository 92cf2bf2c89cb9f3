"""Settings of what happens to a job: secrets, calls, expressions."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator

from worker.feel import Limits
from worker.settings.fields import CommaList, Group, Paths


class SecretsSettings(Group):
    """Where the values of `{{secrets.NAME}}` come from; the first place that has a value counts."""

    environment: bool = Field(default=True, description="Take secrets from environment variables.")
    environment_prefix: str = Field(
        default="SECRET_", description="The secret `NAME` is the variable with this text in front. Empty: any variable."
    )
    tenant_aware: bool = Field(default=False, description="Put the job's tenant between prefix and name.")
    process_aware: bool = Field(default=False, description="Put the job's process id between prefix and name.")
    physical_tenant_aware: bool = Field(default=False, description="Put the physical tenant between prefix and name.")
    folders: Paths = Field(
        default=(), description="Folders in which each file is a secret, with commas between them (mounted secrets)."
    )
    files: Paths = Field(default=(), description="Files with several secrets, with commas between them.")
    allow: CommaList = Field(
        default=(), description="The only secrets that jobs may name, with commas between them; empty: all."
    )
    bare: bool = Field(
        default=False,
        description="Also replace `secrets.NAME` without braces for native job types; compatible always do.",
    )
    body: bool = Field(default=True, description="Also replace secrets in the input `body`.")
    filter: Literal["DISABLED", "LAX", "STRICT"] = Field(
        default="DISABLED",
        description="Allow only the secrets that the deployed model mentions in the task's input mappings and, for "
        "native job types, in its headers. While the model cannot be read, `LAX` allows all and `STRICT` fails the "
        "job. Needs `REST_CONNECTOR_SECRETS__ENGINE`.",
    )
    filter_cache: bool = Field(default=True, description="Keep the models that the filter has read.")
    filter_cache_size: int = Field(default=1000, ge=1, description="How many models to keep.")
    engine: str | None = Field(
        default=None, description="The address of the engine's REST API, from which the filter reads models."
    )
    engine_token: SecretStr | None = Field(
        default=None, description="A token sent to that API, as `Authorization: Bearer`."
    )


class HttpSettings(Group):
    """The calls."""

    max_response_size: int = Field(
        default=52_428_800,
        ge=1,
        description="The largest response kept in memory (bytes): answers of token endpoints, external documents, and, "
        "for native job types, every response.",
    )
    oauth_skew: float = Field(
        default=10.0, ge=0, description="How long before its end an access token is fetched anew (seconds)."
    )
    total_timeout: float = Field(
        default=3600.0,
        gt=0,
        le=86_400,
        description="For how long a call may go on, with its redirects, however often something arrives (seconds).",
    )
    forbidden_methods: CommaList = Field(
        default=(), description="Methods that no job may use, such as `TRACE`, with commas between them."
    )
    dns_ttl: float = Field(
        default=10.0, ge=0, description="For how long the addresses of a host are remembered (seconds)."
    )
    connection_age: float = Field(
        default=300.0, gt=0, description="For how long a connection is used for further calls (seconds)."
    )


_LIMITS = {limit.name: limit for limit in fields(Limits)}


def _limit(name: str) -> Any:
    """The setting of one of FEEL's limits, with its default, its cap and what it counts."""
    limit = _LIMITS[name]
    description = f"Limit of one FEEL evaluation: {limit.metadata['meaning']}."
    return Field(default=limit.default, gt=0, le=limit.metadata["cap"], description=description)


class FeelSettings(Group):
    """The fields of `worker.feel.Limits`, each of which ends an expression in an error that names it."""

    text_length: int = _limit("text_length")
    nodes: int = _limit("nodes")
    text_depth: int = _limit("text_depth")
    call_depth: int = _limit("call_depth")
    steps: int = _limit("steps")
    seconds: float = _limit("seconds")
    list_length: int = _limit("list_length")
    string_length: int = _limit("string_length")
    allocation: int = _limit("allocation")
    context_entries: int = _limit("context_entries")
    number_digits: int = _limit("number_digits")
    input_depth: int = _limit("input_depth")
    value_depth: int = _limit("value_depth")
    input_nodes: int = _limit("input_nodes")
    result_length: int = _limit("result_length")
    json_length: int = _limit("json_length")
    json_depth: int = _limit("json_depth")
    warnings: int = _limit("warnings")
    message_length: int = _limit("message_length")
    pattern_length: int = _limit("pattern_length")
    pattern_input: int = _limit("pattern_input")
    pattern_matches: int = _limit("pattern_matches")

    def limits(self) -> Limits:
        """What evaluations are given."""
        return Limits(**dict(self))


class DocumentsSettings(Group):
    """Where documents are kept that tasks store and refer to."""

    camunda: str | None = Field(
        default=None, description="The address of the engine's REST API, whose document store is then used."
    )
    token: SecretStr | None = Field(default=None, description="A token sent to that API, as `Authorization: Bearer`.")
    folder: str | None = Field(
        default=None,
        description="A folder that all workers share: a path, or an address that fsspec knows. With neither, documents "
        "live in this process's memory.",
    )
    memory: int = Field(
        default=256 << 20, ge=1, description="Room for documents in memory (bytes); the oldest ones are dropped."
    )
    max_size: int = Field(
        default=50 << 20,
        ge=1,
        description="The largest document to keep in the engine's store or the folder, or to read from there (bytes).",
    )

    @model_validator(mode="after")
    def _one_store(self) -> DocumentsSettings:
        if self.camunda is not None and self.folder is not None:
            raise ValueError("CAMUNDA and FOLDER under this name exclude each other: set one of them")
        return self
