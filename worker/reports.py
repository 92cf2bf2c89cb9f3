"""What the worker says about each job, in its log and its metrics: one line, at its end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache

from worker.job import Job
from worker.json_codec import JsonError, loads
from worker.logs import write
from worker.metrics import NO_TEMPLATE, Metrics, Template
from worker.outcome import Complete, Fail, Outcome, ThrowError, label
from worker.zeebe.commands import Settlement

log = logging.getLogger(__name__)

_MESSAGE_CHARACTERS = 500
_LABEL_CHARACTERS = 200


class Reports:
    """The runner's observer: turns events into log lines and metrics."""

    def __init__(self, metrics: Metrics, *, log_jobs: bool) -> None:
        """With `log_jobs` off only jobs that failed, or whose outcome did not arrive, have a line."""
        self._metrics = metrics
        self._log_jobs = log_jobs

    def jobs_activated(self, jobs: Sequence[Job]) -> None:
        """Count arrivals; those who look closely also get lines."""
        for job in jobs:
            self._metrics.tasks(job.type, template_of(job.headers)).arrived += 1
        if log.isEnabledFor(logging.DEBUG):
            for job in jobs:
                log.debug("job arrived", extra={"job": job.key, "type": job.type, "tenant_id": job.tenant_id})

    def job_repeated(self, job: Job) -> None:
        """Count and log a job that came again while it was running."""
        self._metrics.repeated[(job.type,)] += 1
        log.warning("job arrived again while it runs", extra={"job": job.key, "type": job.type})

    def job_given_back(self, job: Job) -> None:
        """Count a job that was not started. While a host hangs there are many, so their lines are for debugging."""
        self._metrics.given_back[(job.type,)] += 1
        log.debug("job given back", extra={"job": job.key, "type": job.type})

    def job_ended(
        self, job: Job, sent: Outcome, settlement: Settlement, handling_seconds: float, telling_seconds: float
    ) -> None:
        """Count a job and write its line."""
        outcome = label(sent)
        self._metrics.tasks(job.type, template_of(job.headers)).end(outcome, handling_seconds)
        self._metrics.telling_seconds.observe(telling_seconds)
        self._metrics.settled[(settlement,)] += 1
        completed = isinstance(sent, Complete)
        arrived = settlement is Settlement.ACCEPTED
        if self._log_jobs or isinstance(sent, Fail) or not arrived:
            fields = {
                "job": job.key,
                "type": job.type,
                "tenant_id": job.tenant_id,
                "process_id": job.process_id,
                "element_id": job.element_id,
                "outcome": outcome,
                "settlement": settlement,
                "seconds": round(handling_seconds, 4),
                "command_seconds": round(telling_seconds, 4),
            }
            if not completed:
                fields |= _details(sent)
            write(log, logging.INFO if arrived else logging.WARNING, "job done", fields)

    def command_sent(self, command: str, code: str) -> None:
        """Count an attempt."""
        self._metrics.commands[command, code] += 1

    def poll_failed(self, job_type: str, code: str) -> None:
        """Count a failed call for jobs."""
        self._metrics.poll_failures[job_type, code] += 1

    def lease_renewed(self, job: Job, result: str) -> None:
        """Count a heartbeat."""
        self._metrics.renewals[(result,)] += 1


@lru_cache(maxsize=256)
def template_of(headers: str) -> Template:
    """The element template that a job's headers name. Headers belong to the model, so there are few different ones."""
    if "elementTemplateId" not in headers:
        return NO_TEMPLATE
    try:
        tree = loads(headers)
    except JsonError:
        return NO_TEMPLATE
    if not isinstance(tree, dict):
        return NO_TEMPLATE
    identity, version = tree.get("elementTemplateId"), tree.get("elementTemplateVersion")
    return _label(identity or NO_TEMPLATE[0]), _label(version or NO_TEMPLATE[1])


def _label(value: object) -> str:
    """Metrics leave as UTF-8, so no lone surrogate may be in them."""
    return str(value)[:_LABEL_CHARACTERS].encode("utf-8", "replace").decode()


def _details(outcome: Outcome) -> dict[str, object]:
    """What is worth knowing about an outcome that is not a completion. Messages are masked where they are made."""
    match outcome:
        case Fail(message=message, retries=retries):
            return {"retries": retries, "error": message[:_MESSAGE_CHARACTERS]}
        case ThrowError(code=code):
            return {"code": code}
        case _:
            return {}
