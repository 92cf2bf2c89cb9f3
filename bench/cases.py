"""What `faults` and `scale` share: cases that are run one after the other, each of which gives a row of a table."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import figures, machine, peers


@dataclass(frozen=True, slots=True)
class Row:
    """What was done, and what came of it; `good` is false when something was lost, repeated or late."""

    what: str
    figure: str
    good: bool = True


Case = Callable[[argparse.Namespace, Path], Row]
"""Gets the options, with `loadgw` among them, and a folder for logs."""


def run(
    name: str,
    cases: Mapping[str, Case],
    parser: argparse.ArgumentParser,
    *,
    on_loadgw: Set[str],
) -> bool:
    """Run the wanted cases, print a row for each and, with `--write`, put them into the page. Whether all were good."""
    peers.add_option(parser)
    parser.add_argument("--only", nargs="+", choices=cases, default=list(cases))
    parser.add_argument("--write", action="store_true", help=figures.WRITE_HELP)
    options = parser.parse_args()
    options.loadgw = peers.load_gateway_or_exit(options.peers) if on_loadgw & set(options.only) else None
    rows: dict[str, dict[str, Any]] = {}
    good = True
    with tempfile.TemporaryDirectory(prefix="rest-connector-bench-") as folder:
        for case in options.only:
            busy = machine.look()
            row = cases[case](options, Path(folder))
            good &= row.good
            print(f"{case}: {row.what}: {row.figure}", flush=True)
            rows[case] = {"what": row.what, "figure": row.figure, "others": round(busy, 2)} | machine.facts()
            if options.write:
                figures.save(name, _in_order(name, cases, rows))
    return good


def _in_order(name: str, cases: Mapping[str, Case], rows: Mapping[str, Any]) -> dict[str, Any]:
    """These rows and those of earlier runs, in the order of the cases."""
    known = figures.load(name) | dict(rows)
    return {case: known[case] for case in cases if case in known}


def told(report: Mapping[str, Any], *names: str) -> str:
    """Some of the load gateway's counts in words."""
    return ", ".join(f"{name.replace('_', ' ')} {report[name]}" for name in names)
