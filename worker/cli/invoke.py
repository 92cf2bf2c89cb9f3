"""`rest-connector invoke FILE`: do one job from a file, as the worker would, without an engine.

The outcome goes to standard output as JSON, an explanation to standard error. With `--dry-run` nothing is sent: the
exact request is printed instead. Exit status: 0 the job completes (or the request could be made), 1 it fails or throws
a BPMN error, 2 the file or the settings cannot be used.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from worker import jvm_properties, logs
from worker.app import open_pipelines
from worker.errors import JobFailure
from worker.faults import faults_of
from worker.job import Job
from worker.json_codec import JsonError, dumps, loads
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.secrets import Masker
from worker.settings import Settings, SettingsError, environment, load

FAILED: Final = 1
WRONG_USE: Final = 2
LEASE: Final = 300.0  # seconds; nobody else waits for this job

Subparsers = argparse._SubParsersAction  # argparse has no public name for it


class JobFile(BaseModel):
    """A job as people write it down."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    variables: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, Any] = Field(default_factory=dict)
    retries: int = 3
    type: str | None = None
    key: int = 1
    tenant_id: str = Field(default="", alias="tenantId")
    process_id: str = Field(default="", alias="processId")

    def job(self, default_type: str) -> Job:
        """The job, as the engine would hand it out."""
        return Job(
            key=self.key,
            type=self.type or default_type,
            variables=dumps(self.variables),
            headers=dumps(self.headers),
            retries=self.retries,
            tenant_id=self.tenant_id,
            process_id=self.process_id,
        )


class UnusableFile(Exception):
    """The job file cannot be read; the message says why and never shows a value."""


class LocalLease:
    """The lease of a job that no engine has handed out."""

    def __init__(self) -> None:
        self._end = time.monotonic() + LEASE

    def remaining(self) -> float:
        """Seconds left."""
        return self._end - time.monotonic()

    async def extend(self, milliseconds: int) -> None:
        """Always granted."""
        self._end = time.monotonic() + milliseconds / 1000

    async def turn(self, host: str) -> None:
        """At once: there is only this job."""


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "invoke",
        help="do one job from a file, without an engine",
        description="Does one job: prints its outcome as JSON and an explanation to standard error.",
        epilog='FILE holds {"variables": {...}, "headers": {...}} and, where wanted, "retries", "type", "key", '
        '"tenantId", "processId". Without a type it is the first one that the worker serves. Exit status: 0 completed, '
        "1 failed or BPMN error, 2 unusable file or settings.",
    )
    parser.add_argument("file", metavar="FILE", help="the job as JSON; - reads standard input")
    parser.add_argument("--dry-run", action="store_true", help="print the exact request without sending it")


def run(args: argparse.Namespace) -> int:
    """Do the job; returns the exit status."""
    environ = environment()
    masker = Masker()
    try:
        file = read_job(args.file)
        settings, warnings = load(environ)
        job = file.job(settings.job_type_faces[0].name)
        logs.configure(level="warning", style="console", mask=masker.mask)
        logging.getLogger("worker.explanations").setLevel(logging.DEBUG)
        for warning in warnings:
            _explain(warning)
        return asyncio.run(_invoke(job, _serving(settings, job.type), environ, masker, dry_run=args.dry_run))
    except UnusableFile as problem:
        _explain(f"{args.file}: {problem}")
    except SettingsError as problem:
        _explain(f"these settings cannot be used:\n{problem}")
    return WRONG_USE


def read_job(name: str) -> JobFile:
    """The job of a file, or of standard input for `-`. Raises `UnusableFile`."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        return JobFile.model_validate(loads(text.removeprefix("\ufeff"), exact=True))
    except OSError as problem:
        raise UnusableFile(problem.strerror or str(problem)) from None
    except UnicodeDecodeError:
        raise UnusableFile("is not UTF-8 text") from None
    except JsonError as problem:
        raise UnusableFile(f"is not JSON: {problem}") from None
    except ValidationError as problem:
        raise UnusableFile(faults_of(problem, JobFile)) from None


async def _invoke(job: Job, settings: Settings, environ: dict[str, str], masker: Masker, *, dry_run: bool) -> int:
    properties = jvm_properties.from_environment(environ)
    async with open_pipelines(settings, environ, properties, masker) as pipelines:
        pipeline = pipelines[job.type]
        if dry_run:
            try:
                print(dumps(await pipeline.preview(job), indent=2))
            except JobFailure as failure:
                _explain(f"no request can be made: {failure.message}")
                return FAILED
            _explain("nothing was sent")
            return 0
        started = time.monotonic()
        outcome = await pipeline.handle(job, LocalLease())
        print(dumps(described(outcome), indent=2))
        _explain(f"{explanation(outcome)} ({time.monotonic() - started:.3f} s)")
        return 0 if isinstance(outcome, Complete) else FAILED


def described(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the JSON that the command prints; `backoff` is milliseconds."""
    match outcome:
        case Complete():
            return {"outcome": "complete", "variables": loads(outcome.variables, exact=True)}
        case ThrowError():
            variables = loads(outcome.variables, exact=True)
            return {"outcome": "bpmnError", "code": outcome.code, "message": outcome.message, "variables": variables}
        case Fail():
            return {
                "outcome": "fail",
                "retries": outcome.retries,
                "backoff": outcome.backoff,
                "message": outcome.message,
                "variables": None if outcome.variables is None else loads(outcome.variables, exact=True),
            }


def explanation(outcome: Outcome) -> str:
    """One sentence for people."""
    match outcome:
        case Complete():
            names = list(loads(outcome.variables))
            return f"completed; variables: {', '.join(names)}" if names else "completed without variables"
        case ThrowError():
            return f"BPMN error {outcome.code}" + (f": {outcome.message}" if outcome.message else "")
        case Fail():
            rest = "an incident is raised" if outcome.retries == 0 else f"{outcome.retries} tries left"
            return f"failed, {rest}: {outcome.message.partition(' | Error variables: ')[0]}"


def _serving(settings: Settings, job_type: str) -> Settings:
    """The settings of a worker that serves `job_type` as well."""
    if any(served.name == job_type for served in settings.job_type_faces):
        return settings
    return settings.model_copy(update={"job_types": (*settings.job_types, job_type)})


def _explain(text: str) -> None:
    print(f"rest-connector invoke: {text}", file=sys.stderr)
