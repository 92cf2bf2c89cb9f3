"""Addresses, certificates and random parts: put into a recorded job before it runs, taken out of what it did.

`rest_replay.py` uses it on both ends, so that a recording is the same text on every machine and in every run.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.rest_corpus import shortened
from tests.conformance.rest_servers import Received

SHORTEST_REPLACED = 9
GAP_SECONDS = 0.75

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_JAVA_BOUNDARY = re.compile(r"httpclient_boundary_" + _UUID.pattern)
_JOB_KEY = re.compile(r"for job: \d+")
_JAVA_AGENT = re.compile(r"^Apache-HttpClient/\S+ \(Java/[^)]*\)$")
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The values of one case: `ports` by server, `texts` (PEM, keys) by name."""

    ports: Mapping[str, int]
    texts: Mapping[str, str]

    def fill(self, json_text: str) -> str:
        """A JSON text with values in the place of placeholders."""
        for name, text in self.texts.items():
            json_text = json_text.replace("{{" + name + "}}", json.dumps(text)[1:-1])
        for name, port in self.ports.items():
            json_text = json_text.replace("{{" + name + "}}", f"127.0.0.1:{port}")
            json_text = json_text.replace("{{" + name + "_PORT}}", str(port))
        return json_text

    def restore(self, text: str) -> str:
        """A text with placeholders in the place of values."""
        for name, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{port}", "{{" + name + "}}")
            text = text.replace(f"127.0.0.1%3A{port}", "{{" + name + "%3A}}")
            text = re.sub(rf"(?<!\d){port}(?!\d)", "{{" + name + "_PORT}}", text)
        for name, value in self.texts.items():
            if len(value) >= SHORTEST_REPLACED:
                text = text.replace(value, "{{" + name + "}}")
        return text


def request_record(received: Received, restore: Callable[[str], str], *, boundary_given: bool) -> dict[str, Any]:
    """A request in the form of the corpus. A boundary that the job itself gave is no random part."""
    record: dict[str, Any] = {"to": received.server, "line": restore(received.line)}
    boundary = None if boundary_given else _boundary(received)
    record["headers"] = [[name, restore(_header_value(name, value, boundary))] for name, value in received.headers]
    body = received.body.replace(boundary.encode("latin-1"), b"{{BOUNDARY}}") if boundary else received.body
    try:
        record["body"] = restore(body.decode("utf-8"))
    except UnicodeDecodeError:
        record["body_b64"] = base64.b64encode(body).decode()
    record["conn"] = received.connection
    if received.gap >= GAP_SECONDS:
        record["gapS"] = round(received.gap)
    shown: dict[str, Any] = shortened(record)
    return shown


def _boundary(received: Received) -> str | None:
    types = [value for name, value in received.headers if name.lower() == "content-type"]
    found = [match.group(1) for value in types if (match := _BOUNDARY.search(value))]
    return found[-1] if found else None


def _header_value(name: str, value: str, boundary: str | None) -> str:
    if boundary:
        value = "{{LEN}}" if name.lower() == "content-length" else value.replace(boundary, "{{BOUNDARY}}")
    if name.lower() == "user-agent" and _JAVA_AGENT.match(value):
        return "Apache-HttpClient/{{V}} (Java/{{V}})"
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """The JSON value with every text and key changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): mapped(item, change) for key, item in value.items()}
    return value


def without_random_parts(value: Any) -> Any:
    """UUIDs, generated boundaries and job keys in messages as placeholders."""

    def change(text: str) -> str:
        text = _JAVA_BOUNDARY.sub("{{BOUNDARY}}", text)
        return _JOB_KEY.sub("for job: {{JOB_KEY}}", _UUID.sub("{{UUID}}", text))

    return mapped(value, change)
