"""A worker on the real broker for both job types, and a shop for the jobs to call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.live.conftest import CAMUNDA_TYPE, NATIVE_TYPE, WorkerProcess
from tests.support.zeebe import Zeebe
from tests.templates.shop import Shop, open_shop
from worker.dev.broker import Broker


@pytest.fixture(scope="module")
def worker(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    process = WorkerProcess(broker.address, log, JOB_TYPES=f"{NATIVE_TYPE},{CAMUNDA_TYPE}")
    yield process
    still_running = process.running()
    process.kill()
    assert still_running, f"the worker ended while the tests ran:\n{log.read_text()[-5000:]}"


@pytest.fixture
async def zeebe(broker: Broker) -> AsyncIterator[Zeebe]:
    async with Zeebe(broker.address) as zeebe:
        yield zeebe


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop
