"""Lints the Helm chart with Helm's own library: `python -m tests.chart.lint`, part of `make check`."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from helm_python.chart import lint

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "rest-connector"


def main() -> int:
    """Lint the defaults and every values file under `ci/`; 1 when there is a finding above information."""
    findings = 0
    for values in [None, *sorted((CHART / "ci").glob("*-values.yaml"))]:
        report = lint(CHART, yaml.safe_load(values.read_text()) if values else None, strict=True)
        for message in report["messages"]:
            if message["severity"] > 1:
                findings += 1
                print(
                    f"{values.name if values else 'values.yaml'}: {message['path']}: {message['error']}",
                    file=sys.stderr,
                )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
