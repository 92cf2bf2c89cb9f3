"""The README's commands do what it says, and no page names a setting that does not exist."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from worker.settings.loading import leaves

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]
WITHOUT_ENGINE = re.findall(r"^    (echo .*|\.venv/bin/rest-connector (?:invoke|feel) .*)$", README, re.MULTILINE)
THE_TYPING_SLIP = "REST_CONNECTOR_SLOT"  # of the page that shows what the worker says to one
SECONDS = 60


async def test_the_commands_that_need_no_engine(tmp_path: Path) -> None:
    service = web.Application()
    service.router.add_get("/orders/17", _order)
    async with TestServer(service) as server:
        here = str(server.make_url("")).rstrip("/")
        written, shown, done, evaluated = [await output_of(each, here, tmp_path) for each in WITHOUT_ENGINE]

    assert written == ""
    assert json.loads(shown)["url"] == f"{here}/orders/17"
    assert json.loads(done)["outcome"] == "complete"
    assert evaluated.splitlines()[0] == "51.0"


async def output_of(command: str, here: str, folder: Path) -> str:
    """What a command prints that is run in `folder`, with the service of the page replaced."""
    command = command.replace("https://api.example.com", here)
    command = command.replace(".venv/bin/rest-connector", f"'{sys.executable}' -m worker")
    process = await asyncio.create_subprocess_shell(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, command
    return output.decode()


async def _order(_: web.Request) -> web.Response:
    return web.json_response({"id": 17})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_only_settings_that_exist(page: Path) -> None:
    named = set(re.findall(r"REST_CONNECTOR_[A-Z_]*[A-Z]\b(?![*…])", page.read_text("utf-8")))
    existing = {leaf.name for leaf in leaves()} | {f"{leaf.name}_FILE" for leaf in leaves() if leaf.secret}

    assert named - existing - {THE_TYPING_SLIP} == set()
