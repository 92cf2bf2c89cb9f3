"""CAM-098, CAM-099: what `rest-connector validate` says about secrets in expressions and about result names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.bpmn import ServiceTask, sequence
from worker.cli import main


def problems(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    file = tmp_path / "model.bpmn"
    file.write_text(text, encoding="utf-8")
    main(["validate", "--json", str(file)])
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "task",
    [
        ServiceTask(headers={"url": "https://h", "headers": '={"X-Key": {{secrets.KEY}}}'}),
        ServiceTask(
            job_type="io.camunda:http-json:1",
            inputs={"method": "GET", "url": "https://h", "queryParameters": "={key: {{ secrets.KEY }}}"},
        ),
    ],
    ids=["task header", "input mapping"],
)
def test_cam_098_a_secret_without_quotes_in_feel_is_a_warning(
    task: ServiceTask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [found] = [each for each in problems(sequence(task), tmp_path, capsys) if each["code"] == "unquoted-secret"]

    assert (found["severity"], found["element"]) == ("warning", "call")
    assert '"{{secrets.NAME}}"' in found["hint"]


def test_cam_098_a_secret_in_quotes_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = ServiceTask(headers={"url": "https://h", "headers": '={"X-Key": "{{secrets.KEY}}"}'})

    assert problems(sequence(task), tmp_path, capsys) == []


def test_cam_099_two_tasks_with_the_same_result_variable_are_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks = [ServiceTask(id=id, headers={"url": "https://h", "resultVariable": "order"}) for id in ("first", "second")]

    [found] = problems(sequence(*tasks), tmp_path, capsys)

    assert (found["severity"], found["element"]) == ("warning", "second")
    assert "order is written by first too" in found["message"]


@pytest.mark.parametrize("name", ["url", "body", "headers", "method", "authentication"])
def test_cam_099_a_result_variable_with_the_name_of_an_input_is_a_warning(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = ServiceTask(headers={"url": "https://h", "resultVariable": name})

    [found] = problems(sequence(task), tmp_path, capsys)

    assert (found["severity"], found["code"]) == ("warning", "reserved-result")
