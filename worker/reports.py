"""What the worker says about each job, in its log and its metrics, once, at the job's end."""

from __future__ import annotations

import logging

from worker.job import Job
from worker.metrics import Metrics
from worker.outcome import Complete, Fail, Outcome, ThrowError, label
from worker.zeebe.commands import Settlement

log = logging.getLogger(__name__)

_MESSAGE_CHARACTERS = 500


class Reports:
    """The runner's observer: turns events into log lines and metrics."""

    def __init__(self, metrics: Metrics, *, log_jobs: bool) -> None:
        """With `log_jobs` off only jobs that failed, or whose outcome did not arrive, have a line."""
        self._metrics = metrics
        self._log_jobs = log_jobs

    def job_activated(self, job: Job) -> None:
        """Count an arrival."""
        self._metrics.job_activated(job.type)

    def job_repeated(self, job: Job) -> None:
        """Count and log a job that came again while it was running."""
        self._metrics.repeated.labels(job.type).inc()
        log.warning("job arrived again while it runs", extra={"job": job.key, "type": job.type})

    def job_given_back(self, job: Job) -> None:
        """Count and log a job that was not started."""
        self._metrics.given_back.labels(job.type).inc()
        log.info("job given back", extra={"job": job.key, "type": job.type})

    def job_ended(
        self, job: Job, sent: Outcome, settlement: Settlement, handling_seconds: float, telling_seconds: float
    ) -> None:
        """Count a job and write its line."""
        outcome = label(sent)
        self._metrics.job_ended(job.type, outcome, handling_seconds, telling_seconds)
        self._metrics.job_settled(settlement)
        failed = isinstance(sent, Fail)
        arrived = settlement is Settlement.ACCEPTED
        if self._log_jobs or failed or not arrived:
            log.log(
                logging.INFO if arrived else logging.WARNING,
                "job done",
                extra={
                    "job": job.key,
                    "type": job.type,
                    "tenant_id": job.tenant_id,
                    "process_id": job.process_id,
                    "element_id": job.element_id,
                    "outcome": outcome,
                    "settlement": str(settlement),
                    "seconds": round(handling_seconds, 4),
                    "command_seconds": round(telling_seconds, 4),
                    **_details(sent),
                },
            )

    def command_sent(self, command: str, code: str) -> None:
        """Count an attempt."""
        self._metrics.command_sent(command, code)

    def poll_failed(self, job_type: str, code: str) -> None:
        """Count a failed call for jobs."""
        self._metrics.poll_failures.labels(job_type, code).inc()

    def lease_renewed(self, job: Job, result: str) -> None:
        """Count a heartbeat."""
        self._metrics.renewals.labels(result).inc()


def _details(outcome: Outcome) -> dict[str, object]:
    """What is worth knowing about an outcome that is not a completion. Messages are masked where they are made."""
    match outcome:
        case Complete():
            return {}
        case Fail(message=message, retries=retries):
            return {"retries": retries, "error": message[:_MESSAGE_CHARACTERS]}
        case ThrowError(code=code):
            return {"code": code}
