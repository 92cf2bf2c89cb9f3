"""What is known of a job while its outcome is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from worker.job import Job
from worker.pipeline.job_headers import JobHeaders
from worker.secrets import SecretSession

_NO_HEADERS: Final = JobHeaders()


class Case:
    """A job, its headers once they are decoded, and its secrets, which most jobs never ask for."""

    __slots__ = ("_open", "_secrets", "headers", "job")

    def __init__(self, job: Job, open_secrets: Callable[[Job], SecretSession]) -> None:
        self.job = job
        self.headers = _NO_HEADERS
        self._open = open_secrets
        self._secrets: SecretSession | None = None

    @property
    def secrets(self) -> SecretSession:
        if self._secrets is None:
            self._secrets = self._open(self.job)
        return self._secrets
