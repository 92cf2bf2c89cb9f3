"""The example jobs of `rest-connector dev`: what a task can do, each with the end that it should have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.dev.events import Event

JOB_TYPE = "rest-connector"


@dataclass(frozen=True, slots=True)
class Example:
    """A job, what it shows, and whether it ended as it should (`expected`, said in words by `promise`)."""

    title: str
    promise: str
    headers: Mapping[str, str]
    expected: Callable[[Event], bool]
    variables: Mapping[str, Any] = field(default_factory=dict)
    retries: int = 3
    catches: Collection[str] = ()


def examples(shop: str) -> list[Example]:
    """The jobs, in the order in which they are told; `shop` is the address of the example service."""
    order_url = f'="{shop}/orders/" + string(orderId)'
    return [
        Example(
            title="A call whose URL is an expression over the variables",
            promise="completes with the whole response in the variable `order`",
            variables={"orderId": 4711},
            headers={"url": order_url, "method": "GET", "resultVariable": "order"},
            expected=lambda end: end.kind == "completed" and end.variables["order"]["body"]["id"] == 4711,
        ),
        Example(
            title="A result that is mapped to variables of its own",
            promise="completes with `total` and `needsApproval`",
            variables={"cart": [{"price": 19.99, "quantity": 3}, {"price": 45.5, "quantity": 1}]},
            headers={
                "url": f"{shop}/quotes",
                "method": "POST",
                "body": "={items: cart}",
                "resultExpression": "={total: response.body.total, needsApproval: response.body.total > 100}",
            },
            expected=lambda end: end.kind == "completed" and end.variables == {"total": 105.47, "needsApproval": True},
        ),
        Example(
            title="A 404 that becomes a BPMN error",
            promise="ends on the boundary event that catches ORDER_NOT_FOUND",
            variables={"orderId": 9001},
            headers={
                "url": order_url,
                "method": "GET",
                "errorExpression": '=if error.code = "404" '
                'then bpmnError("ORDER_NOT_FOUND", error.variables.response.body.detail) else null',
            },
            catches=["ORDER_NOT_FOUND"],
            expected=lambda end: (
                end.kind == "error-caught" and end.code == "ORDER_NOT_FOUND" and end.message == "there is no order 9001"
            ),
        ),
        Example(
            title="A service that is away for a moment, tried again with a back-off",
            promise="completes at the third attempt",
            headers={
                "url": f"{shop}/stock/umbrella",
                "method": "GET",
                "retryBackoff": "PT0.5S",
                "resultExpression": "={inStock: response.body.inStock}",
            },
            expected=lambda end: end.kind == "completed" and end.retries == 1 and end.variables == {"inStock": 7},
        ),
        Example(
            title="A mistake in the model, which no repetition can mend",
            promise="raises an incident at once, with a message that says where to look",
            variables={"orderId": 4711},
            headers={"url": f'="{shop}/orders/" + string(oderId)', "method": "GET"},
            expected=lambda end: end.kind == "incident" and end.retries == 0 and "url" in end.message,
        ),
    ]
