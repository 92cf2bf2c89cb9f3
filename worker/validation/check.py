"""Checks files and folders: reads them all first, because models call each other and templates belong to models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from worker.face import Face
from worker.templates.catalogue import Versions
from worker.validation import contradictions, entries, identity, inputs, outcomes, template
from worker.validation.bpmn import Model, NotBpmn, Task, expressions, read_model
from worker.validation.expressions import faults
from worker.validation.given import gather, is_input
from worker.validation.problem import Problem
from worker.validation.template import NotATemplate, read_templates, versions_of

SUFFIXES: Final = (".bpmn", ".json")
LARGEST: Final = 16 << 20  # bytes


class NothingToCheck(ValueError):
    """A path is not there, or holds neither models nor templates."""


def check(paths: Sequence[Path], faces: Mapping[str, Face]) -> tuple[list[Problem], int]:
    """The problems of files and folders in their order, and the number of files. Raises `NothingToCheck`."""
    files = [file for path in paths for file in _files(path)]
    models: dict[Path, Model] = {}
    templates: dict[Path, tuple[str, list[object]]] = {}
    found: list[Problem] = []
    checked = 0
    for file, named in files:
        try:
            content = file.read_bytes()
            if len(content) > LARGEST:
                raise NotBpmn(f"the file is larger than {LARGEST >> 20} MiB")
            if file.suffix == ".json":
                text = content.decode("utf-8-sig")
                templates[file] = (text, read_templates(text))
            else:
                models[file] = read_model(content)
        except NotATemplate as problem:
            if not named and not problem.line:  # folders hold other JSON files too
                continue
            found.append(_unreadable(file, problem, problem.line))
        except NotBpmn as problem:
            found.append(_unreadable(file, problem, problem.line))
        except UnicodeDecodeError:
            found.append(_unreadable(file, "this is not UTF-8 text", 0))
        except OSError as problem:
            raise NothingToCheck(f"{file}: {problem.strerror or problem}") from None
        checked += 1
    if not checked:
        raise NothingToCheck(f"{', '.join(map(str, paths))}: neither models (*.bpmn) nor element templates (*.json)")
    known: dict[str, Versions] = {}
    for _, contents in templates.values():
        for name, versions in versions_of(contents).items():
            known.setdefault(name, {}).update(versions)
    for file, (text, contents) in templates.items():
        found += (replace(each, file=str(file)) for each in template.problems(contents, text, faces))
    for file, model in models.items():
        problems = sorted(_model_problems(model, list(models.values()), known, faces), key=lambda each: each.line)
        found += (replace(each, file=str(file)) for each in problems)
    return found, checked


def _files(path: Path) -> Iterator[tuple[Path, bool]]:
    """The files below a folder, or the file itself; whether it was named."""
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
        yield from ((file, False) for file in inside if "node_modules" not in file.parts)
    elif path.is_file():
        yield path, True
    else:
        raise NothingToCheck(f"{path}: there is no such file or folder")


def _unreadable(file: Path, reason: object, line: int) -> Problem:
    return Problem("error", "unreadable", "", str(reason), "save it again with the Modeler", line, file=str(file))


def _model_problems(
    model: Model, models: Sequence[Model], known: Mapping[str, Versions], faces: Mapping[str, Face]
) -> Iterator[Problem]:
    for place in expressions(model):
        for fault in faults(place.text):
            yield outcomes.expression_problem(
                place.element, place.place, fault.code, fault.message, fault.excerpt, place.line
            )
    ours: list[Task] = []
    for task in model.tasks:
        face = _face_of(task, known, faces)
        if face is None:
            yield from identity.misspelt(task, faces)
            continue
        ours.append(task)
        yield from identity.problems(task, model, known)
        yield from _header_expressions(task, face)
        given = gather(task, face)
        yield from entries.problems(task, face)
        yield from inputs.problems(given)
        yield from contradictions.problems(given)
        yield from outcomes.problems(task, model, models)
    yield from outcomes.duplicates(ours)


def _face_of(task: Task, known: Mapping[str, Versions], faces: Mapping[str, Face]) -> Face | None:
    """The rules for a task: by its job type, or by its template where the job type is an expression."""
    if task.job_type.startswith("="):
        return faces.get(identity.job_type_of(task.template) or "")
    return faces.get(task.job_type)


def _header_expressions(task: Task, face: Face) -> Iterator[Problem]:
    for entry in task.headers if face.input_expressions else ():
        if is_input(entry.name) and entry.value.startswith("="):
            for fault in faults(entry.value):
                place = f"header {entry.name}"
                yield outcomes.expression_problem(task.id, place, fault.code, fault.message, fault.excerpt, entry.line)
