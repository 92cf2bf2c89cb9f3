"""`rest-connector invoke` as people run it: a process with a file, streams and an exit status."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import make_authority
from tests.support.job_runs import Service, serving
from worker.json_codec import dumps, loads

CAMUNDA = "io.camunda:http-json:1"


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def outcome(self) -> Any:
        return loads(self.out)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving() as running:
        yield running


async def invoke(directory: Path, job: Any, *options: str, **environ: str) -> Ended:
    """Run the command on a job, given as a tree or as the text of the file."""
    file = directory / "job.json"
    file.write_text(job if isinstance(job, str) else dumps(job), encoding="utf-8")
    return await command(str(file), *options, directory=directory, **environ)


async def command(*arguments: str, directory: Path, text: str = "", **environ: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "worker",
        "invoke",
        *arguments,
        cwd=directory,  # no .env file of a developer is read
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), **environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate(text.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def test_a_completed_job(tmp_path: Path, service: Service) -> None:
    job = {"variables": {"base": service.url}, "headers": {"url": '=base + "/x"', "resultExpression": "={id: body.id}"}}
    ended = await invoke(tmp_path, job)
    assert (ended.status, ended.outcome) == (0, {"outcome": "complete", "variables": {"id": 7}})
    assert "completed; variables: id" in ended.err


async def test_a_failed_job_of_camundas_type(tmp_path: Path, service: Service) -> None:
    service.status = 404
    job = {"type": CAMUNDA, "retries": 5, "variables": {"method": "GET", "url": service.url}}
    ended = await invoke(tmp_path, job)
    assert ended.status == 1
    assert (ended.outcome["outcome"], ended.outcome["retries"], ended.outcome["backoff"]) == ("fail", 4, None)
    assert ended.outcome["variables"]["error"]["code"] == "404"
    assert "kind" not in ended.outcome["variables"]["error"]["variables"]
    assert "failed, 4 tries left: Not Found" in ended.err


async def test_a_bpmn_error(tmp_path: Path, service: Service) -> None:
    job = {"variables": {"url": service.url}, "headers": {"errorExpression": '=bpmnError("E", "why", {a: 1})'}}
    ended = await invoke(tmp_path, job)
    assert ended.status == 1
    assert ended.outcome == {"outcome": "bpmnError", "code": "E", "message": "why", "variables": {"a": 1}}
    assert "BPMN error E: why" in ended.err


async def test_a_null_in_the_result_is_explained(tmp_path: Path, service: Service) -> None:
    ended = await invoke(
        tmp_path, {"variables": {"url": service.url}, "headers": {"resultExpression": "={a: body.nope}"}}
    )
    assert ended.outcome["variables"] == {"a": None}
    assert "nope" in ended.err


async def test_a_dry_run_sends_nothing_and_shows_no_secret(tmp_path: Path, service: Service) -> None:
    variables = {
        "url": service.url + "/a b",
        "method": "post",
        "body": {"token": "{{secrets.TOK}}"},
        "authentication": {"type": "bearer", "token": "{{secrets.TOK}}"},
    }
    ended = await invoke(tmp_path, {"variables": variables}, "--dry-run", SECRET_TOK="abc123")
    assert (ended.status, service.requests) == (0, [])
    assert (ended.outcome["method"], ended.outcome["url"]) == ("POST", service.url + "/a%20b")
    assert ended.outcome["body"] == '{"token":"***"}'
    assert "Authorization: Bearer ***" in ended.outcome["headers"]
    assert "abc123" not in ended.out + ended.err


async def test_a_dry_run_shows_the_way_that_a_call_would_take(tmp_path: Path, service: Service) -> None:
    plain = await invoke(
        tmp_path, {"variables": {"url": service.url}}, "--dry-run", HTTP_PROXY="http://me:pw@squid:3128"
    )
    assert (plain.outcome["proxy"], "trusted" in plain.outcome) == (None, False)  # never for loopback
    job = {"variables": {"url": "https://api.example.com/"}}
    direct = await invoke(tmp_path, job, "--dry-run")
    assert (direct.outcome["proxy"], direct.outcome["trusted"]) == (None, ["the system's authorities"])
    authority = tmp_path / "ca.pem"
    authority.write_text(make_authority(tmp_path).pem)
    through = await invoke(
        tmp_path, job, "--dry-run", https_proxy="http://me:pa55@squid:3128", REST_CONNECTOR_TLS__CA=str(authority)
    )
    assert through.outcome["proxy"] == "http://squid:3128"
    assert through.outcome["trusted"] == ["the system's authorities", str(authority)]
    assert "pa55" not in through.out + through.err


async def test_a_dry_run_of_a_job_that_cannot_be_sent(tmp_path: Path) -> None:
    ended = await invoke(tmp_path, {"variables": {"url": "bad"}}, "--dry-run")
    assert (ended.status, ended.out) == (1, "")
    assert "Must be a http(s) URL" in ended.err


async def test_a_job_from_standard_input(tmp_path: Path, service: Service) -> None:
    ended = await command("-", directory=tmp_path, text=dumps({"variables": {"url": service.url}}))
    assert (ended.status, ended.outcome) == (0, {"outcome": "complete", "variables": {}})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON"),
        ("[]", "the job"),
        ('{"variabels":{}}', "variabels"),
        ('{"retries":"many"}', "retries"),
        ('{"variables":"hunter2"}', "variables"),
    ],
)
async def test_unusable_files(tmp_path: Path, text: str, reason: str) -> None:
    ended = await invoke(tmp_path, text)
    assert (ended.status, ended.out) == (2, "")
    assert reason in ended.err
    assert "hunter2" not in ended.err


async def test_a_missing_file_and_wrong_settings(tmp_path: Path) -> None:
    missing = await command("nowhere.json", directory=tmp_path)
    assert (missing.status, missing.out) == (2, "")
    assert "nowhere.json" in missing.err
    wrong = await invoke(tmp_path, {}, REST_CONNECTOR_NO_SUCH_THING="1")
    assert (wrong.status, wrong.out) == (2, "")
    assert "REST_CONNECTOR_NO_SUCH_THING" in wrong.err
