"""`rest-connector templates build`: write the element templates for the Modeler.

They are made from the models that the worker itself reads jobs with, so they fit the worker that writes them. Exit
status: 0 written (or, with `--check`, as they should be), 1 a released version would change (or a file differs), 2
wrong use.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from worker.templates import released
from worker.templates.build import build, written

FAILED: Final = 1
WRONG_USE: Final = 2

Subparsers = argparse._SubParsersAction  # argparse has no public name for it


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = subparsers.add_parser(
        "templates",
        help="write the element templates for the Modeler",
        description="Writes the element templates: one for the job type rest-connector, one for Camunda's.",
    )
    parser.add_argument("action", choices=["build"])
    parser.add_argument(
        "--folder", metavar="FOLDER", type=Path, default=Path("templates"), help="where they lie (default: %(default)s)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--check", action="store_true", help="write nothing; tell which files differ")
    form.add_argument("--release", action="store_true", help="remember these versions as released in released.json")


def run(args: argparse.Namespace) -> int:
    """Write or compare; returns the exit status."""
    folder: Path = args.folder
    contents = build()
    try:
        released.check(contents, folder)
        if args.check:
            differing = [name for name, content in contents.items() if _text(folder / name) != written(content)]
            for name in differing:
                _explain(f"{folder / name} differs; write it with: rest-connector templates build --folder {folder}")
            return FAILED if differing else 0
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(written(content), encoding="utf-8")
            print(folder / name)
        if args.release:
            released.record(contents, folder)
    except released.ChangedRelease as problem:
        _explain(str(problem))
        return FAILED
    except OSError as problem:
        _explain(f"{problem.filename}: {problem.strerror}")
        return WRONG_USE
    return 0


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def _explain(text: str) -> None:
    print(f"rest-connector templates: {text}", file=sys.stderr)
