"""A task of a template that is built on Camunda's REST connector, from model to variables."""

from __future__ import annotations

import pytest

from tests.live.conftest import WorkerProcess
from tests.live.target import Target
from tests.support.zeebe import Zeebe

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


async def test_cam_097_a_template_built_on_the_rest_connector_runs_unchanged(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.answer((201, {"number": 12}))

    instance = await zeebe.start("built-on-rest", base=target.url, repository="connectors", orderId=7, probe=probe)
    seen = await zeebe.look(probe)

    [asked] = target.asked
    assert (asked.method, asked.path) == ("POST", "/repos/camunda/connectors/issues")
    assert (asked.headers["Authorization"], asked.headers["X-GitHub-Api-Version"]) == ("Bearer t0k3n", "2022-11-28")
    assert asked.body == {"title": "Order 7", "labels": ["bug"]}
    assert (seen.element, seen.variables["issue"]) == ("observe", 12)
    assert await zeebe.ended(instance)
