"""The original engine for tests; left out, with its reason, where this machine has no parts for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.differential.jvm import JvmEngine, Unavailable
from tests.support.parts import leave_out


@pytest.fixture(scope="session")
def original() -> Iterator[JvmEngine]:
    """Camunda's engine in a process of its own."""
    try:
        engine = JvmEngine()
    except Unavailable as missing:
        leave_out(f"the original FEEL engine cannot be run: {missing}")
        raise
    with engine:
        yield engine
