"""Starts the OAuth server of `server.mjs`."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.npm import installed

SOURCE = Path(__file__).parent
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
    return installed(SOURCE).folder


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
