"""Parts that a machine may lack, such as Node or Maven: named in one line locally, demanded in CI (`REQUIRE=all`)."""

from __future__ import annotations

import os
import shutil

import pytest


def need(*commands: str, reason: str) -> None:
    """Leave the test out when a command is missing; with `REQUIRE=all` that is a failure instead."""
    missing = [command for command in commands if shutil.which(command) is None]
    if missing:
        leave_out(f"needs {', '.join(missing)}: {reason}")


def leave_out(reason: str) -> None:
    """The one place where a test is left out."""
    if os.environ.get("REQUIRE") == "all":
        pytest.fail(reason)
    pytest.skip(reason)


def first_line(problem: Exception) -> str:
    """What a reason for leaving out says in one line."""
    return str(problem).partition("\n")[0]
