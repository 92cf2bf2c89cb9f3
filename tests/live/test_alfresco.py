"""Tasks with the names of Alfresco's connector on a real engine: outputs, errors, and an open circuit breaker."""

from __future__ import annotations

import pytest

from tests.live.conftest import NATIVE_TYPE, WorkerProcess
from tests.live.target import Target
from tests.support.zeebe import Zeebe

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]


def order(target: Target, probe: str) -> dict[str, object]:
    return {"base": target.url, "orderId": 7, "jobType": NATIVE_TYPE, "probe": probe}


async def test_the_outputs_reach_the_process_through_its_mappings(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    instance = await zeebe.start("alfresco-order", **order(target, probe))
    seen = await zeebe.look(probe)
    assert (seen.element, seen.variables["status"], seen.variables["price"]) == ("observe", 200, 21)
    assert [asked.path for asked in target.asked] == ["/orders?id=7"]
    assert "restResult" not in seen.variables
    assert await zeebe.ended(instance)


async def test_a_status_is_caught_by_its_name(zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str) -> None:
    target.answer((404, {}))
    instance = await zeebe.start("alfresco-order", **order(target, probe))
    seen = await zeebe.look(probe)
    assert (seen.element, seen.variables["why"]) == ("observe-missing", "NOT_FOUND 404")
    assert await zeebe.ended(instance)


async def test_while_the_breaker_is_open_the_job_waits_in_the_engine(
    zeebe: Zeebe, worker: WorkerProcess, target: Target, probe: str
) -> None:
    target.answer((500, {}))
    instance = await zeebe.start("alfresco-order", **order(target, probe))
    seen = await zeebe.look(probe)
    assert (seen.element, seen.variables["status"], len(target.asked)) == ("observe", 200, 2)
    assert await zeebe.ended(instance)
