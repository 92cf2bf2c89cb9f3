"""The HTTP door of the development engine: submit a job of one's own, see how it ended.

    POST /jobs          {"variables": {...}, "headers": {...}, ...} as `rest-connector invoke` reads it; answers the end
    GET  /jobs/{key}    how that job stands

It listens on loopback only. Other web pages in the same browser cannot use it: it wants JSON by its content type,
which makes browsers ask first and get no permission, and it answers to loopback names only.
"""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker.dev.engine import DEFAULT_TENANT, Refusal, document, to_json
from worker.dev.events import ENDINGS, Event
from worker.dev.examples import JOB_TYPE
from worker.dev.gateway import DevGateway
from worker.faults import faults_of

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_OPEN_JOBS = 1000
MAX_WAIT_SECONDS = 300.0
DEFAULT_WAIT_SECONDS = 30.0
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

Outcome = Literal["complete", "bpmnError", "incident", "cancelled", "pending"]
OUTCOMES: dict[str, Outcome] = {
    "completed": "complete",
    "error-caught": "bpmnError",
    "incident": "incident",
    "cancelled": "cancelled",
}


class SubmittedJob(BaseModel):
    """A job as people write it down; `catches` are the error codes of boundary events, all when it is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    variables: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, Any] = Field(default_factory=dict)
    retries: int = Field(default=3, ge=1, le=1000)
    type: str = JOB_TYPE
    key: int | None = Field(default=None, description="taken for the sake of files made for invoke; the engine decides")
    tenant_id: str = Field(default=DEFAULT_TENANT, alias="tenantId")
    process_id: str = Field(default="process", alias="processId")
    catches: list[str] = ["*"]


class Door:
    """The routes; `job_types` are those that somebody works on."""

    def __init__(self, gateway: DevGateway, job_types: frozenset[str]) -> None:
        self._gateway = gateway
        self._job_types = job_types

    def application(self) -> web.Application:
        door = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_only_loopback])
        door.add_routes([web.post("/jobs", self._submit), web.get("/jobs/{key:\\d{1,19}}", self._look)])
        return door

    async def _submit(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return _problem(415, "send the job with the header `content-type: application/json`")
        try:
            wait = min(MAX_WAIT_SECONDS, max(0.0, float(request.query.get("wait", DEFAULT_WAIT_SECONDS))))
            job = SubmittedJob.model_validate(document(await request.text()))
        except (Refusal, UnicodeDecodeError) as error:
            return _problem(400, f"the body is not a job as JSON: {error}")
        except ValidationError as error:
            return _problem(400, faults_of(error, SubmittedJob))
        except ValueError:
            return _problem(400, "`wait` is a number of seconds")
        if job.type not in self._job_types:
            return _problem(
                400, f"nobody works on jobs of type {job.type!r}; the worker takes {', '.join(sorted(self._job_types))}"
            )
        if self._gateway.engine.open_count >= MAX_OPEN_JOBS:
            return _problem(503, f"{MAX_OPEN_JOBS} jobs are open already")
        key = self._gateway.add_job(
            job.type,
            variables=job.variables,
            headers={name: value if isinstance(value, str) else to_json(value) for name, value in job.headers.items()},
            retries=job.retries,
            catches=job.catches,
            tenant_id=job.tenant_id,
            process_id=job.process_id,
        )
        return await self._end_of(key, wait)

    async def _look(self, request: web.Request) -> web.Response:
        key = int(request.match_info["key"])
        events = self._gateway.events.of(key)
        if not events:
            return _problem(404, f"nothing is known of a job {key}")
        ends = [event for event in events if event.kind in ENDINGS]
        return _answer(key, ends[-1] if ends else None, events)

    async def _end_of(self, key: int, wait: float) -> web.Response:
        try:
            end = await self._gateway.ended(key, timeout=wait)
        except TimeoutError:
            return _answer(key, None, self._gateway.events.of(key), status=202)
        return _answer(key, end, self._gateway.events.of(key))


@web.middleware
async def _only_loopback(request: web.Request, handler: Any) -> web.StreamResponse:
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
    if host not in LOOPBACK_NAMES:
        return _problem(403, "this door answers to 127.0.0.1 and localhost only")
    response: web.StreamResponse = await handler(request)
    return response


def _answer(key: int, end: Event | None, events: list[Event], status: int = 200) -> web.Response:
    attempts = sum(event.kind == "activated" for event in events)
    answer: dict[str, Any] = {
        "key": str(key),
        "outcome": OUTCOMES[end.kind] if end else "pending",
        "attempts": attempts,
    }
    if end is None:
        answer["see"] = f"/jobs/{key}"
        failures = [event.message for event in events if event.kind == "failed"]
        answer["lastFailure"] = failures[-1] if failures else None
    elif end.kind == "completed":
        answer["variables"] = end.variables
    elif end.kind == "error-caught":
        answer |= {"code": end.code, "message": end.message, "variables": end.variables}
    else:
        answer["message"] = end.message
    return _json(answer, status)


def _problem(status: int, message: str) -> web.Response:
    return _json({"error": message}, status)


def _json(value: object, status: int) -> web.Response:
    return web.Response(text=to_json(value) + "\n", status=status, content_type="application/json")
