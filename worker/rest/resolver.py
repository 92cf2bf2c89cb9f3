"""Host names to addresses, remembered for a moment.

Look-ups have threads of their own: the system's resolver blocks, and names that hang must not delay the others. Which
addresses may be called is decided in `worker.rest.gate`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from worker.rest.hosts import Address, literal

TTL: Final = 10.0
_UNKNOWN_TTL: Final = 60.0
_MAX_HOSTS: Final = 1000
_THREADS: Final = 32
LONGEST_NAME: Final = 255
"""Characters. No longer name is known anywhere (RFC 1035)."""

LookUp = Callable[[str], Awaitable[Sequence[Address]]]
"""Asks for the addresses of a name, in the order in which to try them. Raises `OSError` when there are none."""


class Resolver(AbstractResolver):
    """Looks a host up once for all who ask at the same time, and anew after `ttl` seconds.

    `look_up` None asks the system.
    """

    def __init__(
        self, look_up: LookUp | None = None, *, ttl: float = TTL, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "look-up")
        self._look_up = look_up or self._ask_system
        self._ttl = ttl
        self._now = now
        self._known: OrderedDict[str, tuple[float, asyncio.Task[Sequence[Address]]]] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host, for a connection. Raises `OSError` when there are none."""
        return [endpoint(host, address, port) for address in await self.addresses(host)]

    async def addresses(self, host: str) -> Sequence[Address]:
        """The addresses of a host. Raises `OSError` when there are none."""
        if len(host) > LONGEST_NAME:
            raise OSError("the name is too long")
        if (address := literal(host)) is not None:
            return [address]
        known = self._known.get(host)
        if known is None or known[0] <= self._now() or (known[1].done() and _failed(known[1])):
            task = asyncio.create_task(self._ask(host), name=f"look up {host}")
            task.add_done_callback(_failed)  # seen here, should all who asked have gone
            self._known[host] = known = (self._now() + self._ttl, task)
            self._known.move_to_end(host)
            if len(self._known) > _MAX_HOSTS:
                self._known.popitem(last=False)
        return await asyncio.shield(known[1])

    async def addresses_in_time(self, host: str, seconds: float) -> Sequence[Address]:
        """The addresses of a host, none when there are none, or not in time: then it is not waited for again soon."""
        if self._unknown.get(host, 0.0) > self._now():
            return []
        try:
            async with asyncio.timeout(seconds):
                return await self.addresses(host)
        except (OSError, UnicodeError):
            self._unknown[host] = self._now() + _UNKNOWN_TTL
            self._unknown.move_to_end(host)
            if len(self._unknown) > _MAX_HOSTS:
                self._unknown.popitem(last=False)
            return []

    def forget(self, host: str) -> None:
        """Ask anew next time: nothing answers at the addresses that are known."""
        self._known.pop(host, None)

    async def close(self) -> None:
        """Ends the look-ups under way."""
        for _, task in self._known.values():
            task.cancel()
        self._known.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, host: str) -> Sequence[Address]:
        return await self._look_up(host)

    async def _ask_system(self, host: str) -> Sequence[Address]:
        ask = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return list(dict.fromkeys(ipaddress.ip_address(str(address[0])) for *_, address in found))


def _failed(task: asyncio.Task[Sequence[Address]]) -> bool:
    return task.cancelled() or task.exception() is not None


def endpoint(name: str, address: Address, port: int) -> ResolveResult:
    """An address as a connector wants it."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return ResolveResult(
        hostname=name, host=str(address), port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )
