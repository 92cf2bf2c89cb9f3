"""The calls to the engine that a job worker needs, as a protocol that gRPC and REST v2 both fit.

Every call has an end: it returns, or raises a `GatewayError` whose class says what to do next. The implementation over
gRPC is `grpc.py`; who decides when to call is `source.py` (jobs in) and `commands.py` (outcomes out).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
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
    fetch_variables: Sequence[str] = ()  # empty: all that are visible
    tenant_ids: Sequence[str] = ()


class Activation(Protocol):
    """One call for jobs. Jobs that have arrived are handed out even when the call is cancelled or fails later."""

    def __aiter__(self) -> AsyncIterator[Sequence[Job]]:
        """The batches as they arrive; ends with the call. Raises `GatewayError`."""
        ...

    def cancel(self) -> None:
        """End the call as soon as no job is lost by it; the iteration ends after what has arrived until then.

        Over REST that is when the long poll ends by itself. Harmless when the call is over.
        """
        ...


class Transport(Protocol):
    """One connection to one gateway."""

    def activate(self, request: ActivateRequest) -> Activation:
        """Jobs that are ours from their arrival on; none when the long poll ends without any."""
        ...

    def stream(self, request: ActivateRequest) -> Activation:
        """Jobs as the engine pushes them, for at most `request_timeout` seconds; `max_jobs` means nothing here.

        A job is read only when the iteration is asked for it. Without streams the iteration raises `GatewayBroken` with
        the code UNIMPLEMENTED.
        """
        ...

    async def send(self, job_key: int, outcome: Outcome, *, timeout: float) -> None:
        """Tell the engine how a job ended; waits at most `timeout` seconds for its answer. Raises `GatewayError`."""
        ...

    async def extend(self, job_key: int, milliseconds: int, *, timeout: float) -> None:
        """Set the job's lease to `milliseconds` from now. Raises `GatewayError`."""
        ...

    async def ping(self, *, timeout: float) -> str:
        """The gateway's version, when it answers. Raises `GatewayError`."""
        ...

    async def close(self) -> None:
        """Give the connection back. Nothing may be under way any more."""
        ...
