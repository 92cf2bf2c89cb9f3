"""The command `rest-connector`: finds the subcommand, runs it, turns its end into an exit status.

Each subcommand is a module with `add_parser(subparsers)` and `run(args) -> int`. Only the one that is asked for is
imported, so that `--help` and the small commands start at once. Exit status: 0 fine, 1 failed, 2 wrong use; more in
each command.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from worker import __version__

COMMANDS: Final = {
    "run": "run the worker",
    "invoke": "do one job from a file, without an engine",
    "dev": "an engine in memory, with an example service and example jobs",
    "feel": "evaluate a FEEL expression",
    "templates": "write the element templates for the Modeler",
    "validate": "find what is wrong with BPMN models and element templates",
}

INTERRUPTED: Final = 130
GRPC_LOG_LEVEL: Final = "ERROR"  # its core writes lines that are neither structured nor masked


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status."""
    os.environ.setdefault("GRPC_VERBOSITY", GRPC_LOG_LEVEL)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it looks through all installed packages for some
    arguments = list(sys.argv[1:] if argv is None else argv)
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(prog="rest-connector", description="A REST connector for Camunda 8 / Zeebe.")
    parser.add_argument("--version", action="version", version=f"rest-connector {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    module = None
    for name, summary in COMMANDS.items():
        if name == chosen:
            module = _loaded(name)
            module.add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary, add_help=False)
    try:
        parsed = parser.parse_args(arguments)
    except SystemExit as end:  # argparse has printed why
        return end.code if isinstance(end.code, int) else 2
    try:
        return int(module.run(parsed)) if module is not None else 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader has seen enough; nothing more is written, not even at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _loaded(command: str) -> ModuleType:
    """The module of a command. Loading makes next to no garbage (0.7 MB), so no collection looks at what it makes."""
    gc.disable()
    try:
        return importlib.import_module(f"worker.cli.{command}")
    finally:
        gc.freeze()
        gc.enable()
