"""Every metric, in one table: what there is to know about a worker from outside.

Labels come from closed sets (job types, outcomes, status names), never from a URL, a host, a job key or a process.
Names under `camunda_` are those of Camunda's own runtime, so that existing dashboards keep working; the element
templates among their labels come from models, so only so many of them are told apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

# From a cached answer to the longest default time-out.
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)

_CAMUNDA_ACTIONS = {
    "completed": "completed",
    "retry": "failed",
    "incident": "failed",
    "bpmn-error": "bpmn-error",
}
_ACTIVATED = "activated"

Template = tuple[str, str]
"""Id and version of the element template that a task was made with."""

NO_TEMPLATE: Template = ("unknown", "unknown")
MANY_TEMPLATES: Template = ("other", "other")
MAX_TEMPLATES = 50
_TEMPLATE_LABELS = ("elementTemplateId", "elementTemplateVersion")


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self, job_types: Iterable[str]) -> None:
        """`job_types` are the values that the label `type` can have; their series exist from the start, at zero."""
        self.registry = registry = CollectorRegistry()
        self.activated = Counter("rest_connector_jobs_activated", "Jobs that arrived.", ["type"], registry=registry)
        self.repeated = Counter(
            "rest_connector_jobs_repeated",
            "Jobs that arrived while they were running here.",
            ["type"],
            registry=registry,
        )
        self.given_back = Counter(
            "rest_connector_jobs_given_back",
            "Jobs given back unstarted: the worker was stopping, or their host had no room.",
            ["type"],
            registry=registry,
        )
        self.ended = Counter(
            "rest_connector_jobs",
            "Jobs that ended, by what the engine was told: completed, retry, incident, bpmn-error.",
            ["type", "outcome"],
            registry=registry,
        )
        self.settled = Counter(
            "rest_connector_jobs_settled",
            "How telling the engine ended: accepted, gone, expired, rejected.",
            ["settlement"],
            registry=registry,
        )
        self.telling_seconds = Histogram(
            "rest_connector_command_seconds",
            "From a job's outcome to its settlement.",
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self.commands = Counter(
            "rest_connector_commands",
            "Attempts to tell the engine, by command and the gateway's answer.",
            ["command", "code"],
            registry=registry,
        )
        self.poll_failures = Counter(
            "rest_connector_poll_failures",
            "Calls for jobs that failed, by status.",
            ["type", "code"],
            registry=registry,
        )
        self.renewals = Counter(
            "rest_connector_lease_renewals", "Heartbeats: renewed, failed, lost.", ["result"], registry=registry
        )
        self.slots = Gauge("rest_connector_slots", "Room for jobs.", registry=registry)
        self.slots_used = Gauge(
            "rest_connector_slots_used", "Slots that hold a job or wait for one.", registry=registry
        )
        self.running = Gauge("rest_connector_jobs_running", "Jobs that are not yet settled.", registry=registry)
        self.reachable = Gauge(
            "rest_connector_gateway_reachable", "1 while the gateway answers, else 0.", registry=registry
        )
        self.open_breakers = Gauge(
            "rest_connector_circuit_breakers_open", "Origins and profiles that are left alone now.", registry=registry
        )
        self.loop_lag = Gauge(
            "rest_connector_event_loop_lag_seconds", "How late the event loop was last seen to be.", registry=registry
        )
        self.camunda_invocations = Counter(
            "camunda_connector_outbound_invocations",
            "Jobs by action.",
            ["action", "type", *_TEMPLATE_LABELS],
            registry=registry,
        )
        self.camunda_seconds = Histogram(
            "camunda_connector_outbound_execution_time_seconds",
            "From a job's arrival to its outcome.",
            ["type", *_TEMPLATE_LABELS],
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self.camunda_last_completed = Gauge(
            "camunda_connector_outbound_last_completed", "Epoch milliseconds, 0 for never.", ["type"], registry=registry
        )
        self.camunda_last_failed = Gauge(
            "camunda_connector_outbound_last_failed", "Epoch milliseconds, 0 for never.", ["type"], registry=registry
        )
        self._commands = _Series(self.commands)
        self._settled = _Series(self.settled)
        self._count = {job_type: _JobTypeMetrics(self, job_type) for job_type in job_types}

    def job_activated(self, job_type: str, template: Template = NO_TEMPLATE) -> None:
        """A job has arrived."""
        self._count[job_type].arrived(template)

    def job_ended(
        self,
        job_type: str,
        outcome: str,
        handling_seconds: float,
        telling_seconds: float,
        template: Template = NO_TEMPLATE,
    ) -> None:
        """A job is settled; `outcome` is its label."""
        self._count[job_type].ended(outcome, handling_seconds, template)
        self.telling_seconds.observe(telling_seconds)

    def command_sent(self, command: str, code: str) -> None:
        """One attempt of a command was answered with this status name."""
        self._commands.count(command, code)

    def job_settled(self, settlement: str) -> None:
        """Telling the engine has ended like this."""
        self._settled.count(settlement)

    def watch(
        self,
        *,
        running: Callable[[], int],
        slots_used: Callable[[], int],
        reachable: Callable[[], bool],
        open_breakers: Callable[[], int],
    ) -> None:
        """Read these values whenever the metrics are asked for."""
        self.running.set_function(running)
        self.slots_used.set_function(slots_used)
        self.reachable.set_function(lambda: float(reachable()))
        self.open_breakers.set_function(open_breakers)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class _JobTypeMetrics:
    """The series of one job type, looked up once instead of for every job."""

    def __init__(self, metrics: Metrics, job_type: str) -> None:
        self._metrics = metrics
        self._job_type = job_type
        self._activated: Callable[[], None] = metrics.activated.labels(job_type).inc
        self._outcomes = {label: metrics.ended.labels(job_type, label) for label in _CAMUNDA_ACTIONS}
        self._templates: dict[Template, _TemplateMetrics] = {}
        self._of_template(NO_TEMPLATE)
        self._last_completed = metrics.camunda_last_completed.labels(job_type)
        self._last_failed = metrics.camunda_last_failed.labels(job_type)

    def arrived(self, template: Template) -> None:
        """Count one job."""
        self._activated()
        self._of_template(template).activated()

    def ended(self, outcome: str, seconds: float, template: Template) -> None:
        """Count how one job ended."""
        self._outcomes[outcome].inc()
        self._of_template(template).ended(outcome, seconds)
        if _CAMUNDA_ACTIONS[outcome] == "completed":
            self._last_completed.set(time.time() * 1000)
        elif _CAMUNDA_ACTIONS[outcome] == "failed":
            self._last_failed.set(time.time() * 1000)

    def _of_template(self, template: Template) -> _TemplateMetrics:
        found = self._templates.get(template)
        if found is None:
            if len(self._templates) >= MAX_TEMPLATES and template != MANY_TEMPLATES:
                return self._of_template(MANY_TEMPLATES)
            found = self._templates[template] = _TemplateMetrics(self._metrics, self._job_type, template)
        return found


class _TemplateMetrics:
    """The series of one job type and element template under Camunda's names."""

    def __init__(self, metrics: Metrics, job_type: str, template: Template) -> None:
        count = metrics.camunda_invocations
        self.activated: Callable[[], None] = count.labels(_ACTIVATED, job_type, *template).inc
        self._actions = {label: count.labels(action, job_type, *template) for label, action in _CAMUNDA_ACTIONS.items()}
        self._observe: Callable[[float], None] = metrics.camunda_seconds.labels(job_type, *template).observe

    def ended(self, outcome: str, seconds: float) -> None:
        """Count how one job ended."""
        self._actions[outcome].inc()
        self._observe(seconds)


class _Series:
    """The series of one counter, each looked up once: that costs more than counting."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._increment: dict[tuple[str, ...], Callable[[], None]] = {}

    def count(self, *labels: str) -> None:
        """Add one to the series with these labels."""
        increment = self._increment.get(labels)
        if increment is None:
            increment = self._increment[labels] = self._counter.labels(*labels).inc
        increment()
