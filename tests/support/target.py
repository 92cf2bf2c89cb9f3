"""The service that jobs call: remembers what it was asked, answers when the test lets it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


class Target:
    """Counts calls by path. Paths under `/held/` are answered only after `release`."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._released = asyncio.Event()

    def release(self) -> None:
        """Answer the calls that are held, and those to come."""
        self._released.set()

    async def called(self, path: str) -> None:
        """Return once this path was called."""
        async with asyncio.timeout(10):
            while not self.calls[path]:
                self._changed.clear()
                await self._changed.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.calls[request.path] += 1
        self._changed.set()
        if request.path.startswith("/held/"):
            await self._released.wait()
        return web.json_response({"path": request.path})


@asynccontextmanager
async def serving() -> AsyncIterator[Target]:
    """A target on a free loopback port; calls that are still held end with the block."""
    target, app = Target(), web.Application()
    app.router.add_route("*", "/{path:.*}", target.answer)
    async with TestServer(app) as server:
        target.url = str(server.make_url("")).rstrip("/")
        yield target
        target.release()
