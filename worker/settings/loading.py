"""Reads settings: the environment before a `.env` file, our names before foreign ones.

Under our own prefix everything has to be right: a name that we do not know or a value that we cannot use ends the
start with a message that says what, where, and how to mend it, without ever showing the value.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from worker.errors import WorkerError
from worker.settings import foreign
from worker.settings.model import Settings

PREFIX = "REST_CONNECTOR_"
FILE_SUFFIX = "_FILE"


class SettingsError(WorkerError):
    """The environment cannot be used; the message has one line per fault."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting: the environment variable's name, and the field with its description and default."""

    name: str
    field: FieldInfo

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown; such a setting may also be given as a file."""
        return SecretStr in (self.field.annotation, *get_args(self.field.annotation))


def leaves(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[Leaf]:
    """Every setting, in the order of the model."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from leaves(annotation, f"{prefix}{name.upper()}__")
        else:
            yield Leaf(prefix + name.upper(), field)


def environment(dotenv: Path = Path(".env")) -> dict[str, str]:
    """The process's environment over the variables of a `.env` file, if there is one."""
    from_file = {name: value for name, value in dotenv_values(dotenv).items() if value is not None}
    return {**from_file, **os.environ}


def load(environ: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings in `environ`, and warnings about foreign names. Raises `SettingsError`."""
    known = {leaf.name: leaf for leaf in leaves()}
    ours = {name.upper(): value for name, value in environ.items() if name.upper().startswith(PREFIX)}
    faults: list[str] = []
    values: dict[str, str] = {}
    for name, value in ours.items():
        base = name.removesuffix(FILE_SUFFIX)
        if name in known:
            values[name] = value
        elif name != base and base in known and known[base].secret:
            _read_file(name, base, value, ours, values, faults)
        else:
            faults.append(_unknown(name, known))
    translations, senseless = foreign.translated({**environ, **values})
    values.update(translations)
    settings = _validated(values, faults)
    return settings, [f"{name} has a value that makes no sense and is left out" for name in senseless]


def _read_file(
    name: str, base: str, path: str, ours: Mapping[str, str], values: dict[str, str], faults: list[str]
) -> None:
    if base in ours:
        faults.append(f"{name}: {base} is set as well; keep one of them")
        return
    try:
        values[base] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        faults.append(f"{name}: cannot read {path!r}: {reason}")


def _unknown(name: str, known: Mapping[str, Leaf]) -> str:
    rests = [other.removeprefix(PREFIX) for other in known]  # the prefix alone would make all names alike
    from difflib import get_close_matches

    close = get_close_matches(name.removeprefix(PREFIX), rests, n=1, cutoff=0.6)
    hint = f"did you mean {PREFIX}{close[0]}?" if close else "docs/configuration.md lists the names"
    return f"{name}: there is no such setting; {hint}"


def _validated(values: Mapping[str, str], faults: list[str]) -> Settings:
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in values.items()}
    try:
        settings = Settings(**source())
    except ValidationError as error:
        faults.extend(_fault(detail) for detail in error.errors(include_input=False, include_url=False))
    if faults:
        raise SettingsError("\n".join(sorted(faults)))
    return settings


def _fault(detail: Any) -> str:
    """One line for one of pydantic's findings, under the name that the user knows."""
    path = [str(part) for part in detail["loc"] if not isinstance(part, int)]
    name = PREFIX + "__".join(path).upper()
    if any(leaf.name.startswith(name + "__") for leaf in leaves()):
        name += "__"  # a fault of the group's fields together
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}"
