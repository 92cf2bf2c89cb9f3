"""The jobs of the gateway in memory: an engine's rules for them, without sockets and without waiting.

What it knows of a process is the one task around each job: whether an error is caught, and that variables set by a
failure are seen by the next attempt. `gateway` puts gRPC around it.
"""

from __future__ import annotations

import heapq
import json
import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from worker.dev.clock import Clock, Timer
from worker.dev.events import Event, EventLog

DEFAULT_TENANT = "<default>"
FIRST_KEY = 2251799813685249  # keys of the first partition begin here

State = Literal["activatable", "activated", "backing-off", "incident"]
RefusalCode = Literal["NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT"]


class Refusal(Exception):
    """The engine does not accept a command; `code` is the gRPC status that says so."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class EngineJob:
    """A job with the little of its process that matters here. Text in `variables` is handed out as it is."""

    key: int
    type: str
    variables: dict[str, Any] | str
    headers: str
    retries: int
    tenant_id: str
    process_id: str
    element_id: str
    process_instance_key: int
    process_definition_key: int
    element_instance_key: int
    catches: Collection[str]
    state: State = "activatable"
    worker: str = ""
    due: float = 0.0  # epoch seconds: when the lease or the back-off ends
    timer: Timer | None = None
    incident_key: int = 0

    def variables_text(self, fetch: Collection[str]) -> str:
        """The variables as JSON, restricted to `fetch` unless that is empty."""
        if isinstance(self.variables, str):
            return self.variables
        chosen = {name: self.variables[name] for name in fetch if name in self.variables} if fetch else self.variables
        return to_json(chosen)


@dataclass(frozen=True, slots=True)
class ActivationFilter:
    """Which jobs somebody wants: `tenant_ids` empty is the default tenant, `fetch` empty is every variable."""

    job_type: str
    worker: str
    lease: float  # seconds
    fetch: Collection[str] = ()
    tenant_ids: Collection[str] = field(default=(DEFAULT_TENANT,))


class Engine:
    """All jobs, their timers and their incidents. Every method takes effect at once and tells the event log."""

    def __init__(self, events: EventLog, clock: Clock) -> None:
        self.events = events
        self._clock = clock
        self._keys = FIRST_KEY
        self._jobs: dict[int, EngineJob] = {}
        self._incidents: dict[int, EngineJob] = {}
        self._elements: dict[int, EngineJob] = {}
        self._ready: defaultdict[str, list[int]] = defaultdict(list)  # heaps of keys; the oldest job goes first

    def add(
        self,
        job_type: str,
        *,
        variables: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | str | None = None,
        retries: int = 3,
        catches: Collection[str] = (),
        tenant_id: str = DEFAULT_TENANT,
        process_id: str = "process",
        element_id: str = "task",
    ) -> int:
        """Create a job and return its key. `catches` are the error codes of boundary events, "*" catches every one.

        `variables` and `headers` given as text are handed out unchanged, whether they are JSON or not.
        """
        job = EngineJob(
            key=self._key(),
            type=job_type,
            variables=variables if isinstance(variables, str) else dict(variables or {}),
            headers=headers if isinstance(headers, str) else to_json(headers or {}),
            retries=retries,
            tenant_id=tenant_id,
            process_id=process_id,
            element_id=element_id,
            process_instance_key=self._key(),
            process_definition_key=self._key(),
            element_instance_key=self._key(),
            catches=catches,
        )
        self._jobs[job.key] = job
        self._elements[job.element_instance_key] = job
        self._tell("created", job)
        self._make_activatable(job)
        return job.key

    @property
    def open_count(self) -> int:
        """How many jobs have not ended; those with an incident are among them."""
        return len(self._jobs)

    def activate(self, wanted: ActivationFilter, limit: int) -> list[EngineJob]:
        """Up to `limit` jobs, leased from now on."""
        heap = self._ready[wanted.job_type]
        taken: list[EngineJob] = []
        others: list[int] = []
        while heap and len(taken) < limit:
            job = self._jobs.get(heapq.heappop(heap))
            if job is None or job.state != "activatable":
                continue
            if job.tenant_id not in wanted.tenant_ids:
                others.append(job.key)
                continue
            self._lease(job, wanted)
            taken.append(job)
        for key in others:
            heapq.heappush(heap, key)
        return taken

    def complete(self, key: int, variables: str) -> None:
        job = self._usable(key, "complete")
        self._end(job, "completed", variables=document(variables))

    def fail(self, key: int, retries: int, message: str, backoff: int, variables: str) -> None:
        """`backoff` in milliseconds. With no retries left the job waits for its incident to be resolved."""
        job = self._usable(key, "fail")
        added = document(variables)
        if isinstance(job.variables, dict):
            job.variables.update(added)
        job.retries = retries
        self._tell("failed", job, message=message, backoff=backoff, variables=added)
        if retries <= 0:
            self._raise_incident(job, message or "No more retries left.")
        elif backoff > 0:
            self._set_timer(job, "backing-off", backoff / 1000)
        else:
            self._make_activatable(job)

    def throw(self, key: int, code: str, message: str, variables: str) -> None:
        """End the job where the error is caught, else raise an incident."""
        job = self._usable(key, "throw an error for")
        added = document(variables)
        if code in job.catches or "*" in job.catches:
            self._end(job, "error-caught", code=code, message=message, variables=added)
            return
        caught = ", ".join(sorted(job.catches)) or "none"
        text = f"Expected to throw an error event with the code '{code}', but it was not caught. Caught here: {caught}"
        self._raise_incident(job, f"{text}: {message}" if message else text, code=code)

    def extend(self, key: int, timeout: int) -> None:
        """Let the lease end `timeout` milliseconds from now."""
        job = self._find(key, "update the timeout of")
        if job.state != "activated":
            raise Refusal("FAILED_PRECONDITION", f"Expected to update the timeout of job {key}, but it is {job.state}")
        self._tell("lease-extended", job, timeout=timeout)
        self._set_timer(job, "activated", timeout / 1000)

    def set_retries(self, key: int, retries: int) -> None:
        if retries < 1:
            raise Refusal("INVALID_ARGUMENT", f"Expected retries for job {key} to be greater than 0, but got {retries}")
        job = self._find(key, "update the retries of")
        job.retries = retries
        self._tell("retries-updated", job)

    def resolve_incident(self, incident_key: int) -> None:
        """The job goes on if it has retries again; otherwise the incident stays."""
        job = self._incidents.get(incident_key)
        if job is None:
            raise Refusal("NOT_FOUND", f"Expected to resolve incident {incident_key}, but there is none")
        if job.retries <= 0:
            raise Refusal("FAILED_PRECONDITION", f"Expected to resolve incident {incident_key}, but its retries are 0")
        del self._incidents[incident_key]
        job.incident_key = 0
        self._tell("resolved", job)
        self._make_activatable(job)

    def set_variables(self, element_instance_key: int, variables: str) -> None:
        job = self._elements.get(element_instance_key)
        if job is None:
            raise Refusal("NOT_FOUND", f"Expected to set variables of {element_instance_key}, but it does not exist")
        added = document(variables)
        if isinstance(job.variables, dict):
            job.variables.update(added)
        self._tell("variables-set", job, variables=added)

    def cancel(self, key: int) -> None:
        """End a job from outside, as cancelling its process instance does."""
        self._end(self._find(key, "cancel"), "cancelled")

    def give_back(self, key: int) -> None:
        """End a lease early, as a broker does with a job it could not push to a stream."""
        job = self._jobs.get(key)
        if job is not None and job.state == "activated":
            self._make_activatable(job)

    def close(self) -> None:
        """Stop every timer."""
        for job in self._jobs.values():
            _stop_timer(job)

    def _lease(self, job: EngineJob, wanted: ActivationFilter) -> None:
        job.worker = wanted.worker
        self._set_timer(job, "activated", wanted.lease)
        self._tell("activated", job, timeout=round(wanted.lease * 1000))

    def _set_timer(self, job: EngineJob, state: State, seconds: float) -> None:
        _stop_timer(job)
        job.state = state
        job.due = self._clock.now() + seconds
        job.timer = self._clock.call_later(seconds, partial(self._time_is_up, job))

    def _time_is_up(self, job: EngineJob) -> None:
        if job.state == "activated":
            self._tell("lease-expired", job)
        self._make_activatable(job)

    def _make_activatable(self, job: EngineJob) -> None:
        _stop_timer(job)
        if job.retries <= 0:
            self._raise_incident(job, "No more retries left.")
            return
        job.state = "activatable"
        heapq.heappush(self._ready[job.type], job.key)
        self._tell("available-again" if job.worker else "available", job)

    def _raise_incident(self, job: EngineJob, message: str, code: str = "") -> None:
        _stop_timer(job)
        job.state, job.incident_key = "incident", self._key()
        self._incidents[job.incident_key] = job
        self._tell("incident", job, message=message, code=code, incident_key=job.incident_key)

    def _end(self, job: EngineJob, kind: Literal["completed", "error-caught", "cancelled"], **facts: Any) -> None:
        _stop_timer(job)
        del self._jobs[job.key], self._elements[job.element_instance_key]
        self._incidents.pop(job.incident_key, None)
        self._tell(kind, job, **facts)

    def _find(self, key: int, action: str) -> EngineJob:
        job = self._jobs.get(key)
        if job is None:
            raise Refusal("NOT_FOUND", f"Expected to {action} job with key '{key}', but no such job was found")
        return job

    def _usable(self, key: int, action: str) -> EngineJob:
        job = self._find(key, action)
        if job.state not in ("activated", "activatable"):
            text = f"Expected to {action} job with key '{key}', but it is in state '{job.state.upper()}'"
            raise Refusal("FAILED_PRECONDITION", text)
        return job

    def _tell(self, kind: Any, job: EngineJob, **facts: Any) -> None:
        facts = {"retries": job.retries, "worker": job.worker, **facts}
        self.events.append(Event(kind, job_key=job.key, job_type=job.type, **facts), self._clock.now())

    def _key(self) -> int:
        self._keys += 1
        return self._keys


def document(text: str) -> dict[str, Any]:
    """Variables as the engine takes them: a JSON object, or nothing. Raises `Refusal`."""
    if not text:
        return {}
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Refusal("INVALID_ARGUMENT", f"Invalid JSON value: {error}") from None
    if not isinstance(value, dict):
        raise Refusal("INVALID_ARGUMENT", "Expected document to be a root level object")
    return value


def to_json(value: object) -> str:
    """Compact JSON that can be written as UTF-8: half a surrogate pair, which JSON may hold, stays escaped.

    Raises `ValueError` for numbers that JSON has not.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


def _stop_timer(job: EngineJob) -> None:
    if job.timer is not None:
        job.timer.cancel()
    job.timer, job.due = None, 0.0


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
