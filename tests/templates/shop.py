"""The service that the example models call, with a token endpoint and answers that tests can queue."""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer

TOKEN = "t0k3n"
MAX_BODY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `body` is its text, `form` the parts of a multipart body: content type and text."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    form: dict[str, tuple[str, str]] = field(default_factory=dict)


class Shop:
    """Answers by path, or what is queued for a path."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.queued: dict[str, deque[web.Response]] = {}
        self.tokens: list[tuple[str, dict[str, str]]] = []  # Authorization header and form of each request

    def answer(self, path: str, *responses: web.Response) -> None:
        """Queue answers for a path."""
        self.queued.setdefault(path, deque()).extend(responses)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.tokens.append((request.headers.get("Authorization", ""), form))
        return web.json_response({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 60})

    async def handle(self, request: web.Request) -> web.Response:
        form = {}
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                assert isinstance(part, BodyPartReader)
                kind = part.headers.get("Content-Type", "").partition(";")[0]
                form[str(part.name)] = (kind, await part.text())
        text = "" if form else await request.text()
        self.asked.append(Asked(request.method, request.path_qs, dict(request.headers), text, form))
        queued = self.queued.get(request.path)
        return queued.popleft() if queued else web.json_response({"path": request.path})


def basic(user: str, password: str) -> str:
    """The value of the `Authorization` header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    shop, application = Shop(), web.Application(client_max_size=MAX_BODY_BYTES)
    application.router.add_post("/token", shop.token)
    application.router.add_route("*", "/{path:.*}", shop.handle)
    async with TestServer(application) as server:
        shop.url = str(server.make_url("")).rstrip("/")
        yield shop
