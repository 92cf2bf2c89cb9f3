"""What `validate` says the engine refuses to deploy, the real engine refuses."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from tests.support.bpmn import ServiceTask, sequence
from tests.support.zeebe import Zeebe
from worker.cli import main

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]
URL = {"url": "https://h"}

REFUSED = {
    "empty-mapping": ServiceTask(headers=URL, inputs={"body": ""}),
    "bad-target": ServiceTask(headers=URL, inputs={"headers.X-Trace": "t"}),
    "duplicate-entry": ServiceTask(headers=URL),
    "feel-syntax": ServiceTask(headers=URL, inputs={"body": "={a: {{secrets.KEY}}}"}),
}


@pytest.mark.parametrize(("code", "task"), REFUSED.items(), ids=REFUSED)
async def test_an_error_is_what_the_engine_refuses(
    code: str, task: ServiceTask, zeebe: Zeebe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = sequence(task, process="refused")
    if code == "duplicate-entry":
        text = text.replace("</zeebe:taskHeaders>", '<zeebe:header key="url" value="https://h"/></zeebe:taskHeaders>')
    file = tmp_path / "refused.bpmn"
    file.write_text(text, encoding="utf-8")

    assert main(["validate", str(file)]) == 1
    assert f"[{code}]" in capsys.readouterr().out
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await zeebe.deploy(file)
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
