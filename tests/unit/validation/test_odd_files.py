"""Whatever is in a file, `validate` says something about it and ends in order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bpmn import ServiceTask, sequence
from tests.support.element_templates import FOLDER, template
from worker.cli import main

ROUNDS = 60
ODD: list[Any] = [None, 1, True, "", [], {}, "x", ["a"], {"a": 1}, "={", "=null", 1.5, [[1]], {"allMatch": [1]}]
SOURCES = ["", "x", "=", "={", "=null", "={a: 1}", "=[1]", '={type: "basic"}', "={type: x}", "=1/0", "{{secrets.A}}"]
SOURCES += ["=-20", "true", "=function(x) x", '=date("2020-01-01")', "=[1..3]", "=x.y", "=?", "={a: {b: {c: d}}}"]
NAMES = [
    "url",
    "method",
    "authentication",
    "authentication.type",
    "authentication.token",
    "headers",
    "headers.X",
    "body",
]
NAMES += [
    "authenticationConfiguration",
    "httpOptions",
    "httpOptions.retry",
    "httpOptions.retry.maxRetries",
    "inputs",
    "",
]
NAMES += [
    "documentReturnFormat",
    "clientTls",
    "clientTls.clientCertificate",
    "dialect",
    "resultVariable",
    "..",
    "method.",
]
NAMES += ["resultExpression", "errorExpression", "retryBackoff", "jobTimeout", "skipEncoding", "url.x"]
CUTS = [b'"', b"{", b"}", b"=", b"null", b"{{secrets.X}}", b"<", b"&#10;", b"zeebe:", b"bpmnError("]


def paths(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all members of a JSON tree."""
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, member in members:
        yield (*above, key)
        yield from paths(member, (*above, key))


def odd_template(chance: random.Random) -> bytes:
    content: Any = template(chance.choice(["native", "compatible", "profile"]))
    node, path = content, chance.choice(list(paths(content)))
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = chance.choice(ODD)
    return json.dumps(content).encode()


def odd_task(chance: random.Random) -> bytes:
    def pairs() -> dict[str, str]:
        return {chance.choice(NAMES): chance.choice(SOURCES) for _ in range(chance.randint(0, 5))}

    job_type = chance.choice(["rest-connector", "io.camunda:http-json:1"])
    return sequence(ServiceTask(job_type=job_type, headers=pairs(), inputs=pairs())).encode()


def odd_bytes(chance: random.Random) -> bytes:
    content = bytearray(chance.choice(sorted((FOLDER / "examples").glob("*.bpmn"))).read_bytes())
    for _ in range(chance.randint(1, 3)):
        start = chance.randint(0, len(content))
        content[start : start + chance.randint(0, 20)] = chance.choice(CUTS)
    return bytes(content)


@pytest.mark.parametrize(
    ("make", "suffix"), [(odd_template, "json"), (odd_task, "bpmn"), (odd_bytes, "bpmn")], ids=["json", "task", "bytes"]
)
def test_odd_files_end_in_order(make: Any, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(f"{make.__name__}")
    for number in range(ROUNDS):
        (tmp_path / f"{number}.{suffix}").write_bytes(make(chance))

    assert main(["validate", "--json", str(tmp_path)]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert found
    assert all(problem["message"] and problem["hint"] for problem in found)
