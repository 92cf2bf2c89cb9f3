"""Writes what the chart takes from elsewhere: its table of values, and the names of settings that its schema knows.

The table in the chart's `README.md` is made from the comments of `values.yaml`; the names that `settings` and
`secretSettings` may hold are those of the worker's own settings, so that a typing slip is refused by Helm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from docs.generate_configuration import replace_part
from worker.settings.foreign import ALIASES
from worker.settings.loading import leaves

CHART: Final = Path(__file__).parents[1] / "deploy" / "helm" / "rest-connector"
VALUES: Final = CHART / "values.yaml"
SCHEMA: Final = CHART / "values.schema.json"
PAGE: Final = CHART / "README.md"

# Names that parts of the worker read themselves; the last table of docs/configuration.md tells what they mean.
_PROXY = [
    f"CONNECTOR_{scheme}_PROXY_{part}" for scheme in ("HTTP", "HTTPS") for part in ("HOST", "PORT", "SCHEME", "USER")
]
_PLAIN: Final = [
    *_PROXY,
    "CONNECTOR_HTTP_NON_PROXY_HOSTS",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JAVAX_NET_SSL_TRUSTSTORE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
]
_SECRET: Final = ["CONNECTOR_HTTP_PROXY_PASSWORD", "CONNECTOR_HTTPS_PROXY_PASSWORD", "JAVAX_NET_SSL_TRUSTSTOREPASSWORD"]
_BLOCKED: Final = "^CAMUNDA_CONNECTOR_HTTP_BLOCK_(URL|PORT|REGEX)_[A-Za-z0-9_]+$"


def generate(page: str) -> str:
    """The chart's README with its table as the values are now."""
    return replace_part(page, "values", "\n".join(_table(VALUES.read_text("utf-8"))))


def generate_schema(text: str) -> str:
    """The chart's schema with the names of settings as they are now."""
    schema = json.loads(text)
    secret_names = {leaf.name for leaf in leaves() if leaf.secret}
    foreign = {alias.name: alias.target for alias in ALIASES}
    secrets = {*secret_names, *(name for name, target in foreign.items() if target in secret_names), *_SECRET}
    plain = {leaf.name for leaf in leaves()} | {f"{name}_FILE" for name in secret_names} | {*foreign, *_PLAIN}
    settings, secret_settings = schema["properties"]["settings"], schema["properties"]["secretSettings"]
    value = {"type": ["string", "number", "boolean"]}
    settings["properties"] = dict.fromkeys(sorted(plain - secrets), value)
    settings["patternProperties"] = {_BLOCKED: value}
    place = {"$ref": "#/definitions/keyOfSecret"}
    secret_settings["properties"] = dict.fromkeys(sorted(secrets), place)
    return json.dumps(schema, indent=2) + "\n"


def _table(text: str) -> Iterator[str]:
    yield "| Value | Default | Meaning |"
    yield "| --- | --- | --- |"
    defaults = yaml.safe_load(text)
    for path, meaning in described(text):
        shown = json.dumps(_at(defaults, path)).replace("|", "\\|")
        yield f"| `{'.'.join(path)}` | `{shown}` | {meaning.replace('|', chr(92) + '|')} |"


def described(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each value that has a comment `# -- …` above it, with that comment."""
    path: list[str] = []
    comment = None
    for line in text.splitlines():
        if found := re.match(r"\s*# -- (.*)", line):
            comment = found[1]
        elif found := re.match(r"( *)([A-Za-z]\w*):", line):
            path[len(found[1]) // 2 :] = [found[2]]
            if comment is not None:
                yield tuple(path), comment
            comment = None


def _at(values: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        values = values[key]
    return values
