"""`python -m bench load …`, `feel …` and so on: runs one of the measurements beside this file.

Without a name it is `compare --write`: the whole comparison, written into the pages.
"""

from __future__ import annotations

import runpy
import signal
import sys

NAMES = ("compare", "load", "steady", "feel", "faults", "scale", "soak", "process")


def main() -> int:
    """Run the measurement that the first argument names, with the other arguments."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("--"):
        sys.argv[1:1] = ["compare", "--write"]
    if sys.argv[1] not in NAMES:
        print(f"usage: python -m bench [{'|'.join(NAMES)}] [options]", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what was started is ended
    del sys.argv[0]
    runpy.run_module(f"bench.{sys.argv[0]}", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
