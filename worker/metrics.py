"""Every metric, in one table: what there is to know about a worker from outside.

Labels come from closed sets (job types, outcomes, status names), never from a URL, a host, a job key or a process.
Names under `camunda_` are those of Camunda's own runtime, so that existing dashboards keep working; the element
templates among their labels come from models, so only so many of them are told apart.

Events are counted in plain numbers, which become metrics when somebody asks for them: both on the event loop.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

# From a cached answer to the longest default time-out.
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
_BUCKET_LABELS = (*map(str, SECONDS_BUCKETS), "+Inf")

_CAMUNDA_ACTIONS = {"completed": ("completed",), "failed": ("retry", "incident"), "bpmn-error": ("bpmn-error",)}
_OUTCOMES = [outcome for outcomes in _CAMUNDA_ACTIONS.values() for outcome in outcomes]

Template = tuple[str, str]
"""Id and version of the element template that a task was made with."""

NO_TEMPLATE: Template = ("unknown", "unknown")
MANY_TEMPLATES: Template = ("other", "other")
MAX_TEMPLATES = 50
_TEMPLATE_LABELS = ("elementTemplateId", "elementTemplateVersion")

# prometheus_client's own switch for the series that say when a counter began to count.
_WITH_CREATED = os.environ.get("PROMETHEUS_DISABLE_CREATED_SERIES", "").lower() not in ("true", "1", "t")


class Counts(dict[tuple[str, ...], int]):
    """A counter's series by the values of its labels: `counts[values] += 1`. A series begins with its first event."""

    def __init__(self) -> None:
        self._created: dict[tuple[str, ...], float] = {}

    def __missing__(self, values: tuple[str, ...]) -> int:
        self._created[values] = time.time()
        return 0

    def family(self, name: str, help: str, labels: Sequence[str]) -> Metric:
        """The metric of that name."""
        family = CounterMetricFamily(name, help, labels=labels)
        for values, count in self.items():
            _add(family, values, count, self._created[values])
        return family


class Seconds:
    """How long something took, in buckets; the last one is for what took longer than `SECONDS_BUCKETS`."""

    __slots__ = ("_buckets", "_created", "_sum")

    def __init__(self) -> None:
        self._buckets = [0] * len(_BUCKET_LABELS)
        self._sum = 0.0
        self._created = time.time()

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._buckets[bisect_left(SECONDS_BUCKETS, seconds)] += 1
        self._sum += seconds

    def add_to(self, family: HistogramMetricFamily, labels: dict[str, str]) -> None:
        """Add the series with these labels."""
        family.add_metric(
            list(labels.values()), list(zip(_BUCKET_LABELS, accumulate(self._buckets), strict=True)), self._sum
        )
        if _WITH_CREATED:
            family.add_sample(f"{family.name}_created", labels, self._created)


class Tasks:
    """What became of the jobs of one type whose tasks were made with one element template."""

    __slots__ = ("arrived", "created", "ended", "last_ended", "seconds")

    def __init__(self) -> None:
        self.created = time.time()
        self.arrived = 0
        self.ended = dict.fromkeys(_OUTCOMES, 0)
        self.last_ended = dict.fromkeys(_OUTCOMES, 0.0)  # epoch seconds
        self.seconds = Seconds()

    def end(self, outcome: str, seconds: float) -> None:
        """Count a job that ended with this outcome, so many seconds after its arrival."""
        self.ended[outcome] += 1
        self.last_ended[outcome] = time.time()
        self.seconds.observe(seconds)


class Metrics(Collector):
    """The metrics of one worker, in a registry of their own."""

    def __init__(self, job_types: Iterable[str]) -> None:
        """`job_types` are the values that the label `type` can have; their series exist from the start, at zero."""
        self.registry = registry = CollectorRegistry()
        self._created = time.time()
        self._tasks = {job_type: {NO_TEMPLATE: Tasks()} for job_type in job_types}
        self.repeated = Counts()
        self.given_back = Counts()
        self.settled = Counts()
        self.telling_seconds = Seconds()
        self.commands = Counts()
        self.poll_failures = Counts()
        self.renewals = Counts()
        registry.register(self)
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

    def tasks(self, job_type: str, template: Template = NO_TEMPLATE) -> Tasks:
        """Where to count the jobs of one type and element template; beyond `MAX_TEMPLATES` they share one."""
        templates = self._tasks[job_type]
        if template not in templates and len(templates) >= MAX_TEMPLATES:
            template = MANY_TEMPLATES
        if template not in templates:
            templates[template] = Tasks()
        return templates[template]

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

    def collect(self) -> Iterator[Metric]:
        """All metrics but the gauges that are read by functions."""
        yield from self._job_families()
        yield self.repeated.family(
            "rest_connector_jobs_repeated", "Jobs that arrived while they were running here.", ["type"]
        )
        yield self.given_back.family(
            "rest_connector_jobs_given_back",
            "Jobs given back unstarted: the worker was stopping, or their host had no room.",
            ["type"],
        )
        yield self.settled.family(
            "rest_connector_jobs_settled",
            "How telling the engine ended: accepted, gone, expired, rejected.",
            ["settlement"],
        )
        telling = HistogramMetricFamily("rest_connector_command_seconds", "From a job's outcome to its settlement.")
        self.telling_seconds.add_to(telling, {})
        yield telling
        yield self.commands.family(
            "rest_connector_commands",
            "Attempts to tell the engine, by command and the gateway's answer.",
            ["command", "code"],
        )
        yield self.poll_failures.family(
            "rest_connector_poll_failures", "Calls for jobs that failed, by status.", ["type", "code"]
        )
        yield self.renewals.family("rest_connector_lease_renewals", "Heartbeats: renewed, failed, lost.", ["result"])

    def _job_families(self) -> Iterator[Metric]:
        """What is known of the jobs themselves, under our names and under Camunda's."""
        activated = CounterMetricFamily("rest_connector_jobs_activated", "Jobs that arrived.", labels=["type"])
        ended = CounterMetricFamily(
            "rest_connector_jobs",
            "Jobs that ended, by what the engine was told: completed, retry, incident, bpmn-error.",
            labels=["type", "outcome"],
        )
        invocations = CounterMetricFamily(
            "camunda_connector_outbound_invocations", "Jobs by action.", labels=["action", "type", *_TEMPLATE_LABELS]
        )
        seconds = HistogramMetricFamily(
            "camunda_connector_outbound_execution_time_seconds",
            "From a job's arrival to its outcome.",
            labels=["type", *_TEMPLATE_LABELS],
        )
        for job_type, templates in self._tasks.items():
            of_type = templates.values()
            _add(activated, [job_type], sum(tasks.arrived for tasks in of_type), self._created)
            for outcome in _OUTCOMES:
                count = sum(tasks.ended[outcome] for tasks in of_type)
                _add(ended, [job_type, outcome], count, self._created)
            for template, tasks in templates.items():
                _add(invocations, ["activated", job_type, *template], tasks.arrived, tasks.created)
                for action, outcomes in _CAMUNDA_ACTIONS.items():
                    count = sum(tasks.ended[outcome] for outcome in outcomes)
                    _add(invocations, [action, job_type, *template], count, tasks.created)
                tasks.seconds.add_to(
                    seconds, dict(zip(["type", *_TEMPLATE_LABELS], [job_type, *template], strict=True))
                )
        yield from (activated, ended, invocations, seconds)
        for action in ("completed", "failed"):
            last = GaugeMetricFamily(
                f"camunda_connector_outbound_last_{action}", "Epoch milliseconds, 0 for never.", labels=["type"]
            )
            for job_type, templates in self._tasks.items():
                moments = [tasks.last_ended[o] for tasks in templates.values() for o in _CAMUNDA_ACTIONS[action]]
                last.add_metric([job_type], max(moments) * 1000)
            yield last


def _add(family: CounterMetricFamily, values: Sequence[str], count: int, created: float) -> None:
    family.add_metric(values, count, created=created if _WITH_CREATED else None)
