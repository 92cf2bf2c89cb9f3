"""Host names to addresses, remembered for a moment: what was checked is what gets called.

The guard of metadata addresses is here, so nothing can connect around it.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from worker.errors import JobFailure, input_failure
from worker.rest.hosts import Address, is_metadata, literal

TTL: Final = 10.0
_MAX_HOSTS: Final = 1000


class Resolver(AbstractResolver):
    """Looks a host up once for all who ask at the same time."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: OrderedDict[tuple[str, int], tuple[float, asyncio.Task[list[ResolveResult]]]] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises `OSError` when there are none, `JobFailure` for a metadata address."""
        if (address := literal(host)) is not None:
            refuse_metadata(host, address)
            return [_result(host, host, port, socket.AF_INET if address.version == 4 else socket.AF_INET6)]
        key = (host, port)
        known = self._known.get(key)
        if known is None or known[0] < self._now() or (known[1].done() and _failed(known[1])):
            task = asyncio.get_running_loop().create_task(_look_up(host, port), name=f"look up {host}")
            task.add_done_callback(_failed)  # seen here, should all who asked have gone
            self._known[key] = known = (self._now() + TTL, task)
            if len(self._known) > _MAX_HOSTS:
                self._known.popitem(last=False)
        results = await asyncio.shield(known[1])
        for result in results:
            refuse_metadata(host, literal(result["host"]))
        return results

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses alone. Raises `OSError`."""
        found = literal(host)
        if found is not None:
            return [found]
        results = await self.resolve(host, port)
        return [address for result in results if (address := literal(result["host"])) is not None]

    async def close(self) -> None:
        """Nothing to release but look-ups under way."""
        for _, task in self._known.values():
            task.cancel()
        self._known.clear()


def refuse_metadata(host: str, address: Address | None) -> None:
    """Raises `JobFailure` when the address is link-local or a cloud's metadata service."""
    if address is not None and is_metadata(address):
        raise refused(f"Host '{host}' is not allowed: {address} is a link-local or cloud metadata address.")


def refused(message: str) -> JobFailure:
    """The guard said no."""
    return input_failure(message, kind="blocked", native_code="URL_NOT_ALLOWED")


def _failed(task: asyncio.Task[list[ResolveResult]]) -> bool:
    return task.cancelled() or task.exception() is not None


async def _look_up(host: str, port: int) -> list[ResolveResult]:
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [_result(host, str(address[0]), port, family) for family, _, _, _, address in found]


def _result(name: str, address: str, port: int, family: int) -> ResolveResult:
    return ResolveResult(hostname=name, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
