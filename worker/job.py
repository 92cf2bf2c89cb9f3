"""A job as the engine hands it out, before anything of it is interpreted.

Variables and headers stay JSON text: secrets are replaced in the text, and a text that cannot be decoded
has to end as a failed job, never as a failed worker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from worker.outcome import Outcome


@dataclass(slots=True)
class Job:
    """One activated job. `key` is unique in the cluster; `deadline` is epoch milliseconds on the engine's clock."""

    key: int
    type: str
    variables: str = "{}"
    headers: str = "{}"
    retries: int = 3
    deadline: int = 0
    tenant_id: str = ""
    process_id: str = ""
    process_definition_key: int = 0
    process_instance_key: int = 0
    element_id: str = ""
    element_instance_key: int = 0


class Lease(Protocol):
    """The time for which the job is ours, measured on the local monotonic clock."""

    def remaining(self) -> float:
        """Seconds until the engine may give the job to somebody else; negative when it has passed."""
        ...

    async def extend(self, milliseconds: int) -> None:
        """Ask the engine once for a lease of `milliseconds` from now. Raises `GatewayError`."""
        ...

    async def turn(self, host: str) -> None:
        """Wait until the job may call `host`, whose share of the slots may be used up. Raises `GivenBack`."""
        ...


JobHandler = Callable[[Job, Lease], Awaitable[Outcome]]
"""What the runner calls for each job: total, it answers every job with an outcome."""
