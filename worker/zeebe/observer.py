"""What the runner tells whoever counts and logs: a protocol, so that the engine side knows no metrics library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from worker.job import Job
from worker.outcome import Outcome
from worker.zeebe.commands import Settlement


class Observer(Protocol):
    """Called on the event loop, for every event once; must be quick and must not raise."""

    def jobs_activated(self, jobs: Sequence[Job]) -> None:
        """Jobs have arrived."""
        ...

    def job_repeated(self, job: Job) -> None:
        """A job has arrived that is already running here."""
        ...

    def job_given_back(self, job: Job) -> None:
        """A job that was not started has gone back to the engine."""
        ...

    def job_ended(
        self, job: Job, sent: Outcome, settlement: Settlement, handling_seconds: float, telling_seconds: float
    ) -> None:
        """A job is settled: what the engine was told, how that ended, how long handling and telling took."""
        ...

    def command_sent(self, command: str, code: str) -> None:
        """One attempt of a command was answered; `code` is the status name, `OK` when accepted."""
        ...

    def poll_failed(self, job_type: str, code: str) -> None:
        """A call for jobs failed."""
        ...

    def lease_renewed(self, job: Job, result: str) -> None:
        """A heartbeat was answered: `renewed`, `failed` (tried again later) or `lost`."""
        ...
