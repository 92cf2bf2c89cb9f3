"""The page of settings says what the settings are: its tables are generated from them."""

from __future__ import annotations

from docs import generate_configuration
from worker.settings import Settings
from worker.settings.foreign import ALIASES
from worker.settings.loading import leaves


def test_the_page_is_what_the_generator_writes() -> None:
    page = generate_configuration.PAGE.read_text("utf-8")

    assert generate_configuration.generate(page) == page, "run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    assert [leaf.name for leaf in leaves(Settings) if not (leaf.field.description or "").endswith(".")] == []


def test_every_setting_with_a_duration_or_a_size_names_its_unit() -> None:
    numbers = [leaf for leaf in leaves() if leaf.field.annotation is float]

    assert [leaf.name for leaf in numbers if "(seconds)" not in (leaf.field.description or "")] == []


def test_every_foreign_name_stands_for_a_setting() -> None:
    assert {alias.target for alias in ALIASES} <= {leaf.name for leaf in leaves()}
