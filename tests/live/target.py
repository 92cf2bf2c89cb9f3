"""The service that the live jobs call: remembers what it was asked, answers what the test queued, can make it wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

MAX_BODY_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Target:
    """Answers 200 with `default` when nothing is queued; holds every answer while `gate` is not set."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.answers: deque[tuple[int, Any]] = deque()
        self.default: Any = {"status": "shipped", "price": 21}
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Semaphore(0)

    def answer(self, *answers: tuple[int, Any]) -> None:
        """Queue answers: status and JSON body."""
        self.answers.extend(answers)

    async def has_been_asked(self, times: int = 1, *, timeout: float = 60.0) -> None:
        """Wait for so many further requests."""
        async with asyncio.timeout(timeout):
            for _ in range(times):
                await self.arrived.acquire()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.asked.append(Asked(request.method, request.path_qs, dict(request.headers), body))
        self.arrived.release()
        await self.gate.wait()
        status, answer = self.answers.popleft() if self.answers else (200, self.default)
        return web.json_response(answer, status=status)


@asynccontextmanager
async def open_target() -> AsyncIterator[Target]:
    target, application = Target(), web.Application(client_max_size=MAX_BODY_BYTES)
    application.router.add_route("*", "/{path:.*}", target.handle)
    async with TestServer(application) as server:
        target.url = str(server.make_url("")).rstrip("/")
        yield target
        target.gate.set()
