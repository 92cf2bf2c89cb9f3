"""The FEEL page says what the engine does: it is generated from its tables, and every example is run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.conformance.feel_corpus import encode, equal
from worker import feel
from worker.feel.builtins import FAMILIES
from worker.feel.builtins.registry import Builtin, Example

DOCS = Path(__file__).resolve().parents[2] / "docs"
BUILTINS = [builtin for family in FAMILIES for builtin in family.builtins]
EXAMPLES = [example for builtin in BUILTINS for example in builtin.examples]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    specification = importlib.util.spec_from_file_location("generate_feel", DOCS / "generate_feel.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_is_what_the_generator_writes(generator: ModuleType) -> None:
    page = (DOCS / "feel.md").read_text("utf-8")

    assert generator.generate(page) == page, "run `python docs/generate_feel.py`"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.expression)
def test_an_example_has_the_value_it_shows(example: Example) -> None:
    value = feel.evaluate(example.expression, nonce="example").value

    if example.exact:
        assert equal(encode(value), encode(feel.evaluate(example.result).value))
    else:
        assert value is not None


@pytest.mark.parametrize("builtin", BUILTINS, ids=lambda builtin: builtin.signature)
def test_every_function_has_a_summary_and_an_example(builtin: Builtin) -> None:
    assert builtin.summary.endswith(".")
    assert builtin.examples
