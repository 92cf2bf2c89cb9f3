"""The stage of the row tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.rows.support import Scene


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        yield Scene(stack)


@pytest.fixture
async def other_scene() -> AsyncIterator[Scene]:
    """A second worker, which shares nothing with the first."""
    async with AsyncExitStack() as stack:
        yield Scene(stack)
