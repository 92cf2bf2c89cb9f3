"""Starts the OAuth server of `server.mjs`; its packages are installed once, into a folder under `.cache`."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.parts import leave_out, need

SOURCE = Path(__file__).parent
INSTALLED = SOURCE.parents[1] / ".cache" / "oidc"
INSTALL_SECONDS = 300
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class OidcServer:
    """A running server, its port and its hands."""

    url: str
    session: aiohttp.ClientSession

    async def control(self, action: str, **values: str) -> Any:
        """Steer the server; answers what it says."""
        async with self.session.get(f"{self.url}/control/{action}", params=values) as answer:
            return await answer.json()

    async def token_requests(self) -> int:
        """How many requests for a token it has had."""
        count = (await self.control("counts"))["tokenRequests"]
        assert isinstance(count, int)
        return count


@pytest.fixture(scope="session")
def oidc_packages() -> Path:
    """The folder with the server and what it needs."""
    need("node", "npm", reason="the OAuth server of the token tests is oidc-provider")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    package = (SOURCE / "package.json").read_text()
    installed = INSTALLED / "package.json"
    if not (INSTALLED / "node_modules").is_dir() or not installed.exists() or installed.read_text() != package:
        installed.write_text(package)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
        try:
            subprocess.run(command, cwd=INSTALLED, check=True, timeout=INSTALL_SECONDS, capture_output=True)
        except (subprocess.SubprocessError, OSError) as problem:
            installed.unlink()
            leave_out(f"npm install of oidc-provider failed: {problem}")
    shutil.copy(SOURCE / "server.mjs", INSTALLED / "server.mjs")
    return INSTALLED


@pytest.fixture
async def oidc(oidc_packages: Path) -> AsyncIterator[OidcServer]:
    process = await asyncio.create_subprocess_exec(
        "node", "server.mjs", cwd=oidc_packages, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            started = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as session:
            yield OidcServer(f"http://127.0.0.1:{started['port']}", session)
    finally:
        process.kill()
        await process.wait()
