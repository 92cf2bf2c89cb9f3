"""Writes every generated part of the documentation and of the chart again: `python -m docs.generate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from docs import generate_chart, generate_compatibility, generate_configuration, generate_feel

PAGES: Final[list[tuple[Path, Callable[[str], str]]]] = [
    (generate_configuration.PAGE, generate_configuration.generate),
    (generate_feel.PAGE, generate_feel.generate),
    (generate_compatibility.PAGE, generate_compatibility.generate),
    (generate_chart.PAGE, generate_chart.generate),
    (generate_chart.SCHEMA, generate_chart.generate_schema),
]


def main() -> None:
    """Bring each page up to date."""
    for page, generate in PAGES:
        page.write_text(generate(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
