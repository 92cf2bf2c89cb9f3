"""The calls to the engine that a job worker needs, as a protocol that gRPC and REST v2 both fit.

Every call has an end: it returns, or raises a `GatewayError` whose class says what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from worker.job import Job
from worker.outcome import Outcome


@dataclass(frozen=True, slots=True)
class ActivateRequest:
    """Ask for up to `max_jobs` jobs of one type; the gateway may hold the call for `request_timeout` seconds."""

    job_type: str
    max_jobs: int
    lease: float  # seconds for which an activated job is ours
    request_timeout: float  # seconds of long polling
    worker: str
    fetch_variables: Sequence[str] = ()
    tenant_ids: Sequence[str] = ()


class Transport(Protocol):
    """One connection to one gateway."""

    async def activate(self, request: ActivateRequest) -> list[Job]:
        """Jobs that are ours now; empty when the long poll ended without any."""
        ...

    async def send(self, job_key: int, outcome: Outcome, *, timeout: float) -> None:
        """Tell the engine how a job ended; waits at most `timeout` seconds for its answer."""
        ...

    async def extend(self, job_key: int, milliseconds: int, *, timeout: float) -> None:
        """Set the job's lease to `milliseconds` from now."""
        ...

    async def ping(self, *, timeout: float) -> str:
        """The gateway's version, when it answers."""
        ...

    async def close(self) -> None:
        """Give the connection back; calls under way end with `GatewayBusy`."""
        ...
