"""`python -m bench load …`, `feel …` and so on: runs one of the measurements beside this file."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

NAMES = ("load", "feel", "faults", "scale", "soak", "process")


def main() -> int:
    """Run the measurement that the first argument names, with the other arguments."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print(f"usage: python -m bench {{{'|'.join(NAMES)}}} [options]", file=sys.stderr)
        return 2
    del sys.argv[0]
    runpy.run_path(str(Path(__file__).with_name(f"{sys.argv[0]}.py")), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
