"""The machine that measures: what it is, and whether it has time for measuring."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOOK_SECONDS = 1.0
BUSY = 0.1
"""The share of the machine that others may use before figures become doubtful."""


def facts() -> dict[str, Any]:
    """Python, cores, processor, day and commit."""
    return {
        "day": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _commit(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def used_seconds() -> tuple[float, float]:
    """Busy time and all time of all cores together since the start of the machine, in the kernel's ticks."""
    fields = [int(each) for each in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return float(sum(fields) - fields[3] - fields[4]), float(sum(fields))


def busy_share(since: tuple[float, float]) -> float:
    """The share of all cores that was in use since `used_seconds()` was asked."""
    busy, whole = (now - before for now, before in zip(used_seconds(), since, strict=True))
    return busy / max(whole, 1.0)


def look() -> float:
    """The share of the machine that others use just now. Says it, with a warning when figures would be doubtful."""
    before = used_seconds()
    time.sleep(LOOK_SECONDS)
    share = busy_share(before)
    warning = "; BUSY: these figures will be worse than they are" if share > BUSY else ""
    say(f"  load average {os.getloadavg()[0]:.2f}, others use {share:.0%} of the machine{warning}")
    return share


def say(text: str) -> None:
    """What happens, beside the figures, which go to standard output."""
    print(text, file=sys.stderr, flush=True)


def _commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
