"""Names of other products that are understood as well, so that an environment made for them keeps working.

A value under such a name never ends the start: one that makes no sense is left out with a warning. Only the engine's
address is different, because a worker that connects to another engine than the one meant would be worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alias:
    """`name` gives our setting `target`, after `convert`, which returns None for a value that makes no sense."""

    name: str
    target: str
    meaning: str
    convert: Callable[[str], str | None] = str.strip


def _milliseconds(text: str) -> str | None:
    """Milliseconds to seconds, within the bounds of `REST_CONNECTOR_LEASE`."""
    text = text.strip()
    return str(int(text) / 1000) if text.isdecimal() and 1_000 <= int(text) <= 86_400_000 else None


def _job_type(text: str) -> str | None:
    text = text.strip()
    return f"{text}=compatible,rest-connector" if text and not set(text) & {",", "="} else None


# Of several names for one setting, the first that is set counts; our own name comes before all of them.
ALIASES = (
    Alias("ZEEBE_ADDRESS", "REST_CONNECTOR_ZEEBE__ADDRESS", "the engine's gateway"),
    Alias("ZEEBE_GATEWAY_ADDRESS", "REST_CONNECTOR_ZEEBE__ADDRESS", "the engine's gateway"),
    Alias("CAMUNDA_CLIENT_GRPC_ADDRESS", "REST_CONNECTOR_ZEEBE__ADDRESS", "the engine's gateway"),
    Alias("ZEEBE_GRPC_ADDRESS", "REST_CONNECTOR_ZEEBE__ADDRESS", "the engine's gateway"),
    Alias(
        "CONNECTOR_HTTP_REST_TYPE",
        "REST_CONNECTOR_JOB_TYPES",
        "the job type to use in place of `io.camunda:http-json:1`",
        _job_type,
    ),
    Alias("CONNECTOR_HTTP_REST_TIMEOUT", "REST_CONNECTOR_LEASE", "the lease in milliseconds", _milliseconds),
)


def translated(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Our names for what is set under foreign ones, and the foreign names whose values make no sense."""
    values: dict[str, str] = {}
    senseless: list[str] = []
    for alias in ALIASES:
        text = environ.get(alias.name, "")
        if alias.target in environ or alias.target in values or not text.strip():
            continue
        converted = alias.convert(text)
        if converted is None:
            senseless.append(alias.name)
        else:
            values[alias.target] = converted
    return values, senseless
