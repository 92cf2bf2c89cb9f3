"""Opens a connection: the name is looked up anew each time, and every address behind it is tried."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from worker.zeebe.http2.connection import Connection

LOOKUP_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 2.0
GREETING_SECONDS: Final = 5.0
"""For proxy, TLS and HTTP/2 together, once an address has accepted."""

_LARGEST_PROXY_ANSWER: Final = 1 << 14


async def dial(
    host: str, port: int, make: Callable[[], Connection], *, context: ssl.SSLContext | None, proxy: str | None
) -> Connection:
    """A connection that is ready. Raises `OSError` with what happened at each address, or `ValueError`."""
    via = None if proxy is None else _Proxy(proxy)
    async with _limit(LOOKUP_SECONDS, "the name was not resolved"):
        found = await _looked_up(*((host, port) if via is None else via.address))
    problems: list[str] = []
    for family, kind, protocol, _, address in found:
        try:
            sock = await _connected(socket.socket(family, kind, protocol), address)
            async with _limit(GREETING_SECONDS, "no answer"):
                return await _greeted(sock, host, port, make, context, via)
        except OSError as error:
            problems.append(f"{address[0]}: {error}")
    raise OSError("; ".join(problems) or "the name has no address")


async def _looked_up(host: str, port: int) -> list[Any]:
    """What the system knows of a name, asked in a thread that nobody waits for: look-ups may hang for a minute, and
    those of the loop would hold up the end of the process for so long.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[Any]] = loop.create_future()

    def look_up() -> None:
        settle: Callable[[], None]
        try:
            settle = partial(found.set_result, socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            settle = partial(found.set_exception, error)
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, settle)

    def tell(settle: Callable[[], None]) -> None:
        if not found.done():
            settle()

    threading.Thread(target=look_up, name="look-up of the gateway", daemon=True).start()
    return await found


@asynccontextmanager
async def _limit(seconds: float, what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TimeoutError(f"{what} within {seconds:g} s") from None


async def _connected(sock: socket.socket, address: Any) -> socket.socket:
    sock.setblocking(False)
    try:
        async with _limit(CONNECT_SECONDS, "nobody accepted"):
            await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _greeted(
    sock: socket.socket,
    host: str,
    port: int,
    make: Callable[[], Connection],
    context: ssl.SSLContext | None,
    via: _Proxy | None,
) -> Connection:
    loop = asyncio.get_running_loop()
    if via is not None:
        try:
            await via.lead(sock, host, port)
        except BaseException:
            sock.close()
            raise
    name = None if context is None else host
    transport, connection = await loop.create_connection(make, sock=sock, ssl=context, server_hostname=name)
    try:
        if context is not None and transport.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            raise OSError("it does not offer HTTP/2 (h2) over TLS")
        await connection.ready
        if connection.end is not None:
            raise OSError(connection.end)
    except BaseException:
        transport.abort()
        raise
    return connection


class _Proxy:
    """An HTTP proxy that leads to other hosts by CONNECT. Raises `ValueError` for a URL that is none of such a one."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("only a proxy that is spoken to by http:// leads to a gateway over gRPC")
        self.address = parts.hostname, parts.port or 80
        self._login = ""
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._login = f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"

    async def lead(self, sock: socket.socket, host: str, port: int) -> None:
        """Let the proxy connect the socket to the host. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{self._login}\r\n"
        await loop.sock_sendall(sock, request.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):  # byte by byte: what comes after it is the gateway's
            byte = await loop.sock_recv(sock, 1)
            answer += byte
            if not byte or len(answer) > _LARGEST_PROXY_ANSWER:
                raise OSError("the proxy did not answer CONNECT")
        status = answer.partition(b"\r\n")[0].decode("latin-1")
        if not re.match(r"HTTP/1\.[01] 2\d\d\b", status):
            raise OSError(f"the proxy answered {status[:100]!r}")
