"""The element template that a task was made from: is it known, and is there a newer version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from worker.face import Face
from worker.templates.catalogue import (
    CAMUNDA_TYPE,
    KNOWN,
    NATIVE_ID,
    NATIVE_TYPE,
    PROFILE_ID,
    REPLACED,
    Versions,
    newest_for,
)
from worker.validation.bpmn import Model, Task
from worker.validation.problem import Problem

OTHERS: Final = "io.camunda.connectors."  # Camunda's other connectors use the same job type; their versions are theirs


def problems(task: Task, model: Model, given: Mapping[str, Versions]) -> Iterator[Problem]:
    """What is wrong with a task's template; `given` are templates that are checked together with the model."""
    if task.template is None:
        return
    known = {**KNOWN, **given}
    versions = known.get(task.template)
    if task.template in REPLACED:
        message = f"the template {task.template} was replaced by {REPLACED[task.template]}"
        yield _problem(
            "outdated-template", task, message, "apply the newer template; until then the task runs as it is"
        )
    elif versions is None:
        if not task.template.startswith(OTHERS) or get_close_matches(task.template, known, n=1, cutoff=0.95):
            close = get_close_matches(task.template, known, n=1)
            hint = f"did you mean {close[0]}?" if close else "name its file too, so that it is known"
            yield _problem("unknown-template", task, f"the template {task.template} is not known", hint)
    else:
        yield from _version(task, versions, newest_for(versions, model.platform))


def job_type_of(template: str | None) -> str | None:
    """The job type that a known template writes."""
    if template in (NATIVE_ID, PROFILE_ID):
        return NATIVE_TYPE
    return CAMUNDA_TYPE if template in KNOWN or template in REPLACED else None


def misspelt(task: Task, faces: Mapping[str, Face]) -> Iterator[Problem]:
    """A job type that nobody serves, though the template or the spelling says that the worker is meant."""
    wanted = job_type_of(task.template)
    close = [wanted] if wanted else get_close_matches(task.job_type, faces, n=1, cutoff=0.85)
    if close and not task.job_type.startswith("="):
        message = f"the job type {task.job_type} is none that is checked for, so the task may wait for ever"
        hint = f"did you mean {close[0]}? Name other job types of your workers with --job-types"
        yield Problem("warning", "unserved-type", task.id, message, hint, task.line)


def _version(task: Task, versions: Versions, newest: int) -> Iterator[Problem]:
    text = task.template_version or "0"
    version = int(text) if text.isascii() and text.isdecimal() else None
    if version is None or (version not in versions and task.template_version is not None):
        message = f"the template {task.template} has no version {text}"
        yield _problem("unknown-template", task, message, f"the newest is {newest}")
    elif version < newest:
        message = f"version {text} of the template {task.template} is outdated"
        yield _problem("outdated-template", task, message, f"update it in the Modeler to version {newest}")
    header = task.header("elementTemplateVersion")
    if header is not None and task.template_version is not None and header.value != task.template_version:
        message = f"the header elementTemplateVersion says {header.value}, the task {task.template_version}"
        yield _problem("unknown-template", task, message, "apply the template again; metrics would show the wrong one")


def _problem(code: str, task: Task, message: str, hint: str) -> Problem:
    return Problem("warning", code, task.id, message, hint, task.line)
