"""`validate` held against the recorded jobs: it objects to none that was sent, and to most that were refused.

Each job becomes a model whose input mappings give its variables as they are.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.rest_corpus import Case, recorded
from tests.support.bpmn import ServiceTask, sequence
from worker.cli import main
from worker.feel import FeelError, parse

CAMUNDA_TYPE = "io.camunda:http-json:1"
EXPRESSIONS = "feel-syntax"  # those of results and errors are looked at after the call
SERVER = re.compile(r"\{\{[A-Z_0-9]+\}\}")


def source(value: Any) -> str:
    """The source of an input mapping that gives a value: text as it is, all else as FEEL. Raises `FeelError`."""
    text = SERVER.sub("127.0.0.1:1", json.dumps(value, ensure_ascii=False))
    if isinstance(value, str) and value.isprintable() and value.strip() and not value.startswith("="):
        return str(json.loads(text))
    parse(text)
    return f"={text}"


def model(case: Case) -> str | None:
    """The model of a job; None where its variables cannot be written as FEEL."""
    variables = case.get("variables")
    if not isinstance(variables, dict) or '"$' in json.dumps(variables):
        return None
    headers = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in case.get("headers", {}).items()
    }
    try:
        inputs = {name: source(value) for name, value in variables.items() if name.isidentifier()}
        return sequence(ServiceTask(job_type=CAMUNDA_TYPE, inputs=inputs, headers=headers))
    except FeelError:
        return None


@pytest.fixture(scope="module")
def objections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The errors, apart from those in expressions, by the id of the job; nothing for jobs that cannot be written."""
    folder = tmp_path_factory.mktemp("recorded")
    files = {}
    for number, case in enumerate(recorded()):
        text = model(case)
        if text is not None:
            file = folder / f"{number}.bpmn"
            file.write_text(text, encoding="utf-8", errors="replace")
            files[str(file)] = case.id
    found: dict[str, list[str]] = {id: [] for id in files.values()}
    for problem in validated(folder):
        if problem["severity"] == "error" and problem["code"] != EXPRESSIONS:
            found[files[problem["file"]]].append(problem["message"])
    return found


def validated(folder: Path) -> list[dict[str, Any]]:
    """What the command says about the models of a folder."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(["validate", "--json", str(folder)])
    return json.loads(printed.getvalue())  # type: ignore[no-any-return]


def test_nothing_is_wrong_with_jobs_that_were_sent(objections: dict[str, list[str]]) -> None:
    sent = [case.id for case in recorded() if case.get("wire") and case.id in objections]

    assert len(sent) > 700
    assert {id: objections[id] for id in sent if objections[id]} == {}


def test_most_jobs_that_were_refused_are_found(objections: dict[str, list[str]]) -> None:
    refused = [
        case.id
        for case in recorded()
        if not case.get("wire") and case.id in objections and (case.get("command") or {}).get("retries") == 0
    ]

    assert len(refused) > 100
    assert (
        sum(bool(objections[id]) for id in refused) > len(refused) * 0.7
    )  # the others depend on secrets, networks, certificates
