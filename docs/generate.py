"""Writes every generated part of the documentation again: `python -m docs.generate`."""

from __future__ import annotations

from docs import generate_configuration, generate_feel

PAGES = (generate_configuration, generate_feel)


def main() -> None:
    """Bring each page up to date."""
    for page in PAGES:
        page.PAGE.write_text(page.generate(page.PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
