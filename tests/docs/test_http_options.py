"""The page of options names every one of them, with its default, and its example of a profile can be used."""

from __future__ import annotations

import re
from pathlib import Path

from worker.pipeline.profiles import read_profiles
from worker.rest.options import NAMES, HttpOptions, read_options

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http-options.md").read_text("utf-8")
CELLS = re.findall(r"^\| `([\w.]+)` \|([^|]*)\|", PAGE.partition("## Calls")[0], re.MULTILINE)
ROWS = {name: default.strip(" `") for name, default in CELLS}


def test_every_option_has_a_row_and_no_other() -> None:
    assert set(ROWS) == set(NAMES)


def test_the_defaults_are_those_of_the_page() -> None:
    steering = ("errors.mode", "errors.immediate", "inputs", "operation", "profile")
    given: dict[str, object] = {}
    for name, value in ROWS.items():
        if name in steering or not value:
            continue
        group, dot, member = name.rpartition(".")
        target = given.setdefault(group, {}) if dot else given
        assert isinstance(target, dict)
        target[member] = value
    assert read_options(given) == HttpOptions()


def test_the_example_of_a_profile_can_be_used(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "profiles.toml"
    file.write_text(example)
    profile = read_profiles(file)["orders"]
    assert profile.base_url == "https://orders.example.com/v2"
    assert set(profile.operations) == {"cancel"}
