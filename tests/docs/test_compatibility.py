"""The page of compatibility says what the tests show: it is generated from their names."""

from __future__ import annotations

from docs import generate_compatibility
from docs.generate_compatibility import NOT_APPLICABLE, proofs, words

ROWS = [row for groups in words().values() for group in groups for row in group["rows"]]
IDS = [row["id"] for row in ROWS]


def test_the_page_is_what_the_generator_writes() -> None:
    page = generate_compatibility.PAGE.read_text("utf-8")

    assert generate_compatibility.generate(page) == page, "run `make docs`"


def test_every_row_stands_once() -> None:
    assert sorted(set(IDS)) == sorted(IDS)


def test_every_test_of_a_row_has_its_row() -> None:
    assert set(proofs()) - set(IDS) == set()


def test_only_rows_without_a_test_are_planned() -> None:
    lines = generate_compatibility.PAGE.read_text("utf-8").splitlines()
    planned = {line.split(" | ")[0].removeprefix("| ") for line in lines if "| **planned**" in line}

    foreign = {row["id"] for row in ROWS if NOT_APPLICABLE in row}

    assert planned == set(IDS) - set(proofs()) - foreign
