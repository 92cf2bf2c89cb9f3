"""A client wired as in the worker, on real sockets; tokens and documents are the only stand-ins.

Every test runs on the loop of the worker (uvloop) and on the one that it falls back to.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from tests.support.certificates import Authority, make_authority
from worker.documents import MemoryStore
from worker.errors import JobFailure
from worker.face import COMPATIBLE, Face
from worker.rest.client import RestClient
from worker.rest.egress import Egress
from worker.rest.request import OAuth, RestRequest, RestResponse


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@dataclass
class Tokens:
    """Hands out one token after the other."""

    given: list[str] = field(default_factory=lambda: ["first", "second"])
    invalidated: list[str] = field(default_factory=list)

    async def token(self, auth: OAuth, face: Face) -> str:
        return self.given[len(self.invalidated)]

    def invalidate(self, auth: OAuth, token: str) -> None:
        self.invalidated.append(token)


@dataclass
class Calls:
    """Shorthand for the tests: a call, and the failure of a call."""

    client: RestClient
    store: MemoryStore
    tokens: Tokens

    async def call(
        self, url: str, method: Any = "GET", *, face: Face = COMPATIBLE, **inputs: Any
    ) -> RestResponse | None:
        async with asyncio.timeout(20):
            return await self.client.call(RestRequest(method, url, **inputs), face)

    async def response(self, url: str, method: Any = "GET", *, face: Face = COMPATIBLE, **inputs: Any) -> RestResponse:
        response = await self.call(url, method, face=face, **inputs)
        assert response is not None
        return response

    async def failure(self, url: str, method: Any = "GET", *, face: Face = COMPATIBLE, **inputs: Any) -> JobFailure:
        with pytest.raises(JobFailure) as caught:
            await self.call(url, method, face=face, **inputs)
        return caught.value


CallsFactory = Callable[..., AbstractAsyncContextManager[Calls]]


@pytest.fixture
def opened() -> CallsFactory:
    """Opens a client with the given rules."""

    @asynccontextmanager
    async def open_calls(*, memory_limit: int = 1_000_000, **rules: Any) -> Any:
        async with Egress(agent="test/1", **rules) as egress:
            store, tokens = MemoryStore(), Tokens()
            yield Calls(RestClient(egress, tokens=tokens, store=store, memory_limit=memory_limit), store, tokens)

    return open_calls


@pytest.fixture
async def calls(opened: CallsFactory) -> Any:
    """A client without any rules."""
    async with opened() as made:
        yield made


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A throw-away certificate authority."""
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def server_tls(authority: Authority) -> ssl.SSLContext:
    """TLS of a server for localhost and 127.0.0.1."""
    return authority.server_context()
