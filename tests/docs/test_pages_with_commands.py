"""What the pages about secrets and documents show is what their commands print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.console import DOCS, commands, run
from worker.settings.loading import leaves


@pytest.mark.slow
@pytest.mark.parametrize("page", ["secrets.md", "documents.md", "network.md", "modeling.md"])
def test_the_commands_of_a_page_print_what_it_shows(page: str, tmp_path: Path) -> None:
    ran = list(commands(page))

    assert ran
    for command in ran:
        assert run(command, tmp_path) == ""


@pytest.mark.parametrize("page", ["secrets.md", "documents.md", "network.md", "modeling.md"])
def test_a_page_names_only_settings_that_exist(page: str) -> None:
    named = set(re.findall(r"REST_CONNECTOR_[A-Z_]+", (DOCS / page).read_text("utf-8")))

    assert named - {leaf.name for leaf in leaves()} == set()
