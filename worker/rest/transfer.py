"""How one call is made, and what it came by."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from worker.documents import Spool
    from worker.face import Face
    from worker.rest.proxy import Proxy
    from worker.rest.request import ClientTls
    from worker.rest.url import Url

TCP_CONNECT_TIMEOUT: Final = 180.0
"""Seconds that the original gives to connecting, whatever the task says."""


@dataclass(slots=True)
class Journey:
    """What a call came by: filled in on the way, for those who want to know."""

    started: float = field(default_factory=perf_counter)
    attempts: int = 0
    url: Url | None = None  # the last one
    redirects: list[tuple[Url, int]] = field(default_factory=list)  # what answered with a redirect, and its status


@dataclass(slots=True)
class Transfer:
    """How one call is made: seconds for connecting, for silence of the peer, for writing that stalls; 0 is no limit.

    `limit` is bytes of the body; `write_timeout` None is the read timeout; `max_redirects` None is the recorded limit.
    `total_timeout` is for the whole call, with its redirects; None is the worker's. `proxy` None is the worker's
    choice. `secret_headers` (lower-case names), and a `bound_body`, stay at the first origin. `validated` applies host
    validation.
    """

    face: Face
    limit: int
    connect_timeout: float = TCP_CONNECT_TIMEOUT
    read_timeout: int = 20
    write_timeout: int | None = None
    total_timeout: float | None = None
    tls: ClientTls | None = None
    proxy: Proxy | Literal["direct"] | None = None
    follow_redirects: bool = False
    max_redirects: int | None = None
    secret_headers: tuple[str, ...] = ()
    bound_body: bool = False
    validated: bool = True
    journey: Journey | None = None
    spool: Spool | None = None  # where the body of a status below 400 goes
