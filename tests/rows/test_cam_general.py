"""CAM-001 to CAM-004: what a task is, its inputs, and what must be there."""

from __future__ import annotations

from tests.rows.support import Scene, both_faces
from tests.support.job_runs import completed


@both_faces
async def test_cam_001_a_task_calls_a_service_and_its_result_is_used_later(scene: Scene, type: str) -> None:
    service = await scene.serve_json({"id": 7})
    variables = {"method": "GET", "url": service.url("/orders/7")}
    outcome = await scene.run(variables, {"resultExpression": "={orderId: response.body.id}"}, type=type)
    assert completed(outcome) == {"orderId": 7}
    assert service.requests[0].line == "GET /orders/7 HTTP/1.1"
