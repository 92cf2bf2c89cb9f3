"""What the whole suite shares: the engines, one of each line, and how laws are tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.live.memory_engine import MemoryEngine
from tests.support.npm import NodeTools, installed
from tests.support.parts import first_line, leave_out
from worker.dev.artifact import broker_home, cache_folder
from worker.dev.broker import Broker, free_ports
from worker.dev.java import EngineUnavailable, find_java

# How long an example takes is for bench/ to say: a busy machine must not fail a law.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real broker with an empty state."""
    try:
        java, home = find_java(), broker_home(cache_folder())
    except EngineUnavailable as error:
        leave_out(f"the live tests need a real Zeebe: {first_line(error)}")
        raise
    with Broker(java=java, home=home, ports=free_ports(), folder=tmp_path_factory.mktemp("zeebe")) as broker:
        yield broker


@pytest.fixture(scope="session")
def memory_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryEngine]:
    """The engine of the 8.8 line."""
    try:
        engine = MemoryEngine(tmp_path_factory.mktemp("engine"))
    except EngineUnavailable as error:
        leave_out(f"the live tests on the 8.8 line need its engine: {first_line(error)}")
        raise
    with engine:
        yield engine


@pytest.fixture(scope="session")
def modeler() -> NodeTools:
    """The parts of the Modeler: applies and validates templates, lints models, shows forms."""
    return installed(Path(__file__).parent / "modeler")
