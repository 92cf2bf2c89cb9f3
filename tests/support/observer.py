"""An observer that remembers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from worker.job import Job
from worker.outcome import Outcome
from worker.zeebe.commands import Settlement


class Remembering:
    """Counts what the runner says; `endings` has one entry per job."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.endings: list[tuple[int, Outcome, Settlement]] = []
        self.commands: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    async def ended(self, count: int) -> list[tuple[int, Outcome, Settlement]]:
        """The endings, once there are so many."""
        async with asyncio.timeout(5):
            while len(self.endings) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.endings

    def jobs_activated(self, jobs: Sequence[Job]) -> None:
        self.counts["activated"] += len(jobs)

    def job_repeated(self, job: Job) -> None:
        self.counts["repeated"] += 1

    def job_given_back(self, job: Job) -> None:
        self.counts["given back"] += 1

    def job_ended(
        self, job: Job, sent: Outcome, settlement: Settlement, handling_seconds: float, telling_seconds: float
    ) -> None:
        self.endings.append((job.key, sent, settlement))
        self._changed.set()

    def command_sent(self, command: str, code: str) -> None:
        self.commands.append((command, code))

    def poll_failed(self, job_type: str, code: str) -> None:
        self.counts[f"poll {code}"] += 1

    def lease_renewed(self, job: Job, result: str) -> None:
        self.counts[f"lease {result}"] += 1
