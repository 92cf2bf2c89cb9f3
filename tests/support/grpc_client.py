"""Calls of the gRPC client whose messages are bytes, and peers that answer them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from tests.support.http2_peer import (
    Peer,
    answer,
)
from worker.zeebe.http2.call import Call
from worker.zeebe.http2.channel import Channel
from worker.zeebe.http2.status import RpcError

SECONDS = 20.0  # a guard: no test waits for it

T = TypeVar("T")


class Client:
    """Calls whose messages are bytes."""

    def __init__(self, address: str, **options: Any) -> None:
        self.channel = Channel(address, **options)
        self._one = self.channel.unary_unary("/test.Test/One", bytes, bytes)
        self._many = self.channel.unary_stream("/test.Test/Many", bytes, bytes)

    def one(self, content: bytes = b"question", *, timeout: float = SECONDS, **more: Any) -> Call:
        return self._one(content, timeout=timeout, **more)

    def many(self, content: bytes = b"question", *, timeout: float = SECONDS, **more: Any) -> Call:
        return self._many(content, timeout=timeout, **more)


@asynccontextmanager
async def client(address: str, **options: Any) -> AsyncIterator[Client]:
    made = Client(address, **options)
    try:
        yield made
    finally:
        await made.channel.close()


async def guarded(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(SECONDS):
        return await awaitable


async def answered(call: Call) -> bytes:
    content: bytes = await guarded(call)
    return content


async def failed(call: Call) -> RpcError:
    with pytest.raises(RpcError) as raised:
        await guarded(call)
    return raised.value


async def everything(call: Call) -> list[bytes]:
    return [content async for content in contents(call)]


async def contents(call: Call) -> AsyncIterator[bytes]:
    while (content := await guarded(call.read())) is not None:
        yield content


async def echo(peer: Peer) -> None:
    """A peer that does as it should."""
    await peer.hello()
    while True:
        request = await peer.request()
        await peer.send(answer(request.stream, bytes(request.body[5:])))


def saying(*parts: bytes) -> Any:
    """A peer that answers the first call, which is stream 1, with these bytes."""

    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.request()
        await peer.send(*parts)
        await peer.end()

    return script
