"""The quick start's commands, run on a real broker as the page has them, but for the ports."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from tests.live.conftest import WorkerProcess
from worker.dev.broker import Broker
from worker.dev.shop import application

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quick-start.md").read_text("utf-8")
COMMANDS = re.findall(r"^    (curl .*(?:\n      .*)*)", PAGE, re.MULTILINE)
SECONDS = 120


@pytest.fixture
def worker(broker: Broker, tmp_path: Path) -> Iterator[WorkerProcess]:
    process = WorkerProcess(broker.address, tmp_path / "worker.log", JOB_TYPES="rest-connector")
    yield process
    process.kill()


async def test_the_commands_of_the_quick_start_lead_to_two_ended_processes(
    broker: Broker, worker: WorkerProcess
) -> None:
    async with TestServer(application()) as shop:
        here = {"http://127.0.0.1:8080": broker.rest_url, "http://127.0.0.1:8000": str(shop.make_url("")).rstrip("/")}
        deployed, found, missing = [await answer_of(command, here) for command in COMMANDS]

    assert deployed["deployments"][0]["processDefinition"]["processDefinitionId"] == "order-lookup"
    assert found["variables"]["order"] == {"id": 17, "status": "shipped", "customer": {"name": "Ada"}}
    assert "order" not in missing["variables"]


async def answer_of(command: str, places: dict[str, str]) -> dict[str, Any]:
    """What a `curl` command prints, with the page's addresses replaced."""
    for written, real in places.items():
        command = command.replace(written, real)
    words = [*shlex.split(command), "--silent", "--show-error", "--max-time", str(SECONDS)]
    done = await asyncio.to_thread(subprocess.run, words, cwd=ROOT, capture_output=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
