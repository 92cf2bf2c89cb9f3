"""Who did not answer, and how: what the message of a lost call adds for those who have to look for the reason."""

from __future__ import annotations

import os

import aiohttp

from worker.errors import JobFailure
from worker.rest.proxy import Proxy
from worker.rest.url import Url


def with_peer(failure: JobFailure, url: Url, proxy: Proxy | None) -> JobFailure:
    """The failure of a call to `url` by way of `proxy`, in more words where there are some."""
    words = _words(failure, url, proxy)
    if words is None:
        return failure
    return failure.reworded(f"{failure.message.removesuffix('.')}: {words}", failure.variables)


def _words(failure: JobFailure, url: Url, proxy: Proxy | None) -> str | None:
    cause = failure.__cause__
    peer = _place(url.host, url.port)
    if proxy is not None:
        peer += f" (through the proxy {_place(proxy.host, proxy.port)})"
    match failure.kind, cause:
        case "dns", aiohttp.ClientConnectorError():
            return f"the name '{cause.host}' is not known"
        case "dns", _:
            return f"the name '{url.host}' cannot be looked up"
        case "connect", aiohttp.ClientConnectorError():
            who = "the proxy " if isinstance(cause, aiohttp.ClientProxyConnectionError) else ""
            reason = cause.os_error.errno
            why = f", {os.strerror(reason)}" if reason else ""
            return f"no connection to {who}{_place(cause.host, cause.port or 0)}{why}"
        case "timeout_connect", _:
            return f"no connection to {peer} in time"
        case "timeout_read", aiohttp.ClientError() | TimeoutError():
            return f"{peer} was silent for too long"
        case "reset", aiohttp.ClientError():
            return f"{peer} ended the connection without an answer"
    return None


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
