"""One engine of each line for the suite, one worker process on it for both job types, and a hand on each."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.live.target import Target, open_target
from tests.support.zeebe import Zeebe

MODELS = sorted((Path(__file__).parent / "models").glob("*.bpmn"))
NATIVE_TYPE = "rest-connector"
CAMUNDA_TYPE = "io.camunda:http-json:1"
STOP_SECONDS = 30
SECRETS = Path(__file__).with_name("secrets.properties")
OURS = ("REST_CONNECTOR_", "ZEEBE_", "CAMUNDA_", "CONNECTOR_", "SECRET_")


class WorkerProcess:
    """`rest-connector run` as its own process, with its log kept for a failing test."""

    def __init__(self, address: str, log: Path, **settings: str) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS)}
        environ |= {f"REST_CONNECTOR_{name}": value for name, value in settings.items()}
        environ |= {"ZEEBE_ADDRESS": address, "REST_CONNECTOR_HEALTH__PORT": "0"}
        environ |= {"REST_CONNECTOR_HEALTH__HOST": "127.0.0.1"}
        environ.setdefault("REST_CONNECTOR_SECRETS__FILES", str(SECRETS))
        environ.setdefault("REST_CONNECTOR_DOCUMENTS__FOLDER", str(log.parent.parent / "documents"))  # shared by all
        self.log = log
        with log.open("wb") as output:
            command = [sys.executable, "-m", "worker", "run"]
            self._process = subprocess.Popen(command, env=environ, stdout=output, stderr=output)

    def kill(self) -> None:
        """As a crash or a lost node would end it."""
        self._process.kill()
        self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; the exit status."""
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, STOP_SECONDS)

    def running(self) -> bool:
        return self._process.poll() is None


class Engine(Protocol):
    """What the tests run against."""

    @property
    def address(self) -> str: ...


@pytest.fixture(scope="session", params=["broker", "memory_engine"], ids=["8.6", "8.8"])
def deployed(request: pytest.FixtureRequest) -> Engine:
    """An engine, with the models."""
    engine: Engine = request.getfixturevalue(request.param)

    async def deploy() -> None:
        async with Zeebe(engine.address) as zeebe:
            await zeebe.deploy(*MODELS)

    asyncio.run(deploy())
    return engine


@pytest.fixture(scope="session")
def worker(deployed: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    """The worker that most tests share, with both faces."""
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    process = WorkerProcess(deployed.address, log, JOB_TYPES=f"{NATIVE_TYPE},{CAMUNDA_TYPE}")
    yield process
    still_running = process.running()
    process.kill()
    assert still_running, f"the worker ended while the tests ran:\n{log.read_text()[-5000:]}"


StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def start_worker(deployed: Engine, tmp_path: Path) -> Iterator[StartWorker]:
    """Start a worker of the test's own: `start_worker(JOB_TYPES=...)`."""
    processes: list[WorkerProcess] = []

    def start(**settings: str) -> WorkerProcess:
        log = tmp_path / f"worker-{len(processes)}.log"
        processes.append(WorkerProcess(deployed.address, log, **settings))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


@pytest.fixture
async def zeebe(deployed: Engine) -> AsyncIterator[Zeebe]:
    async with Zeebe(deployed.address) as zeebe:
        yield zeebe


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with open_target() as target:
        yield target


@pytest.fixture
def probe() -> str:
    """The job type by which this test, and no other, sees where its instances stand."""
    return f"probe-{uuid.uuid4()}"
