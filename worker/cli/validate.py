"""`rest-connector validate PATH...`: find what is wrong with BPMN models and element templates, without an engine.

Problems go to standard output, one block each or as JSON, a summary to standard error. Exit status: 0 no errors (there
may be warnings), 1 errors, 2 nothing to check or wrong use.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from textwrap import indent
from typing import Final

from pydantic import ValidationError

from worker.face import Face
from worker.settings import Settings
from worker.templates.catalogue import CAMUNDA_TYPE, NATIVE_TYPE
from worker.validation.check import NothingToCheck, check
from worker.validation.problem import Problem

ERRORS: Final = 1
WRONG_USE: Final = 2

Subparsers = argparse._SubParsersAction  # argparse has no public name for it


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "validate",
        help="find what is wrong with BPMN models and element templates",
        description="Checks BPMN models (*.bpmn) and element templates (*.json): inputs, expressions, secrets, error "
        "codes, result names and template versions. Files that are named together are checked against each other.",
        epilog="Exit status: 0 no errors, though there may be warnings; 1 errors; 2 nothing to check or wrong use.",
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file, or a folder with all below it")
    parser.add_argument("--json", action="store_true", help="print the problems as a JSON list")
    parser.add_argument(
        "--job-types",
        metavar="LIST",
        default=f"{NATIVE_TYPE},{CAMUNDA_TYPE}",
        help="the job types of your workers, as in REST_CONNECTOR_JOB_TYPES (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Check and tell; returns the exit status."""
    try:
        problems, files = check(args.paths, _faces(args.job_types))
    except NothingToCheck as problem:
        print(f"rest-connector validate: {problem}", file=sys.stderr)
        return WRONG_USE
    except ValidationError as problem:
        reasons = "; ".join(error["msg"] for error in problem.errors())
        print(f"rest-connector validate: --job-types {args.job_types}: {reasons}", file=sys.stderr)
        return WRONG_USE
    if args.json:
        print(json.dumps([asdict(found) for found in problems], indent=2, ensure_ascii=False))
    else:
        for found in problems:
            print(told(found))
    sys.stdout.flush()  # the summary comes last, also where both go to the same place
    errors = sum(found.severity == "error" for found in problems)
    warnings = len(problems) - errors
    print(f"{_count(files, 'file')}: {_count(errors, 'error')}, {_count(warnings, 'warning')}", file=sys.stderr)
    return ERRORS if errors else 0


def told(problem: Problem) -> str:
    """A problem for people: where, what, the place in the expression, how to mend it."""
    where = ":".join(map(str, filter(None, (problem.file, problem.line))))
    element = f"{problem.element}: " if problem.element else ""
    lines = [f"{where}: {problem.severity}: {element}{problem.message} [{problem.code}]"]
    if problem.excerpt:
        lines.append(indent(problem.excerpt, "    "))
    lines.append(f"    hint: {problem.hint}")
    return "\n".join(lines)


def _faces(job_types: str) -> Mapping[str, Face]:
    settings = Settings.model_validate({"job_types": job_types})
    return {served.name: served.face for served in settings.job_type_faces}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
