"""The original engine for tests; left out, with its reason, where this machine has no parts for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.differential.jvm import JvmEngine, Unavailable


@pytest.fixture(scope="session")
def original() -> Iterator[JvmEngine]:
    """Camunda's engine in a process of its own. With `REQUIRE=all` a missing part fails the test."""
    try:
        engine = JvmEngine()
    except Unavailable as missing:
        if os.environ.get("REQUIRE") == "all":
            pytest.fail(f"the original FEEL engine is required: {missing}")
        pytest.skip(f"the original FEEL engine is left out: {missing}")
    with engine:
        yield engine
