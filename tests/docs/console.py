"""Runs the `console` blocks of a page: what the commands print must be what the page shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Command:
    """A line behind `$`, with those behind `>` that continue it, and the lines of its output that the page shows.

    They come in order; others may be between them.
    """

    text: str
    shown: tuple[str, ...]


def commands(page: str) -> Iterator[Command]:
    """The commands of a page, in order."""
    for block in _BLOCK.findall((DOCS / page).read_text("utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *lines = part.splitlines()
            more = list(takewhile(lambda line: line.startswith(">"), lines))
            text = "\n".join([first, *(line[1:].removeprefix(" ") for line in more)])
            yield Command(text, tuple(lines[len(more) :]))


def run(command: Command, folder: Path) -> str:
    """What is missing of the output, in words; empty when all is there. Runs in a bare environment."""
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["bash", "-c", f"{{ {command.text}\n}} 2>&1"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = iter(done.stdout.splitlines())
    missing = [wanted for wanted in command.shown if not any(line.startswith(wanted) for line in lines)]
    return "\n".join(["missing:", *missing, f"$ {command.text}", done.stdout]) if missing else ""
