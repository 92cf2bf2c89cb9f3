"""What the pages show is what their commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.console import commands, run


@pytest.mark.slow
@pytest.mark.parametrize("page", ["secrets.md", "documents.md", "network.md", "modeling.md"])
def test_the_commands_of_a_page_print_what_it_shows(page: str, tmp_path: Path) -> None:
    ran = list(commands(page))

    assert ran
    for command in ran:
        assert run(command, tmp_path) == ""
