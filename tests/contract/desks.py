"""Engines for the contract suite: each makes jobs of the process in `tests/live/models/order.bpmn`.

Its task has the type and the tries that the test says, a boundary event for the error ORDER_NOT_FOUND, and after either
way out another task, whose job shows how the first one ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest

from tests.support.zeebe import Zeebe
from worker.dev.engine import to_json
from worker.dev.events import Event
from worker.dev.gateway import DevGateway

MODEL = Path(__file__).parents[1] / "live" / "models" / "order.bpmn"
CAUGHT = "ORDER_NOT_FOUND"
HEADERS = {"method": "GET", "retryBackoff": "PT0.5S"}  # some of those in the model


@dataclass(frozen=True, slots=True)
class Types:
    """Job types that no other test has: of the task, and of the one after it."""

    task: str = field(default_factory=lambda: f"task-{uuid4()}")
    after: str = field(default_factory=lambda: f"after-{uuid4()}")


class Desk(Protocol):
    """One engine. `address` is for gRPC, `rest_address` for REST, empty where there is none.

    The engine in memory has a gateway of its own (`whole` is false) that checks no arguments and hands on neither the
    tenant of a job nor the variables of a failure.
    """

    address: str
    rest_address: str
    version: str
    whole: bool

    async def start(self, types: Types, *, tries: int = 3, **variables: Any) -> None:
        """Make a job."""
        ...


class RealDesk:
    """A real engine, over gRPC."""

    def __init__(self, zeebe: Zeebe, address: str, rest_address: str, *, version: str, whole: bool) -> None:
        self.address = address
        self.rest_address = rest_address
        self.version = version
        self.whole = whole
        self._zeebe = zeebe

    async def start(self, types: Types, *, tries: int = 3, **variables: Any) -> None:
        await self._zeebe.start("order", attempts=tries, jobType=types.task, probe=types.after, **variables)


class DevDesk:
    """The gateway in memory, which knows tasks but no processes: this is the process around them."""

    version = "8.6.0"
    whole = True

    def __init__(self, gateway: DevGateway) -> None:
        self._gateway = gateway
        self._after: dict[int, tuple[str, dict[str, Any]]] = {}
        self.address = gateway.address
        self.rest_address = gateway.rest_address
        gateway.events.subscribe(self._go_on)

    async def start(self, types: Types, *, tries: int = 3, **variables: Any) -> None:
        known = {"jobType": types.task, "probe": types.after, "attempts": tries, **variables}
        key = self._gateway.add_job(
            types.task,
            variables=known,
            headers=HEADERS,
            retries=tries,
            catches=[CAUGHT],
            process_id="order",
            element_id="call",
        )
        self._after[key] = types.after, known

    def _go_on(self, event: Event) -> None:
        if event.job_key in self._after and event.kind in ("completed", "error-caught"):
            job_type, known = self._after.pop(event.job_key)
            element = "observe" if event.kind == "completed" else "observe-missing"
            variables = to_json({**known, **(event.variables or {})})
            self._gateway.add_job(job_type, variables=variables, process_id="order", element_id=element)


# An engine and a transport; those whose gateway is `whole` come first.
PAIRS = [
    pytest.param(("dev_desk", "grpc"), id="dev-grpc"),
    pytest.param(("dev_desk", "rest"), id="dev-rest"),
    pytest.param(("broker_desk", "grpc"), id="8.6-grpc", marks=[pytest.mark.live, pytest.mark.timeout(900)]),
    pytest.param(("broker_desk", "rest"), id="8.6-rest", marks=[pytest.mark.live, pytest.mark.timeout(900)]),
    pytest.param(("memory_desk", "grpc"), id="8.8-grpc", marks=[pytest.mark.live, pytest.mark.timeout(900)]),
]
WHOLE = PAIRS[:4]
