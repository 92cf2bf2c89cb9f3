"""What the jobs call: a service on loopback, and the job that calls it, the same one as the load gateway's."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self

from aiohttp import web

ORDER = {"id": 7, "total": 129.5, "items": [{"sku": "a", "qty": 2}, {"sku": "b", "qty": 1}]}
ERROR_EXPRESSION = '=if error.code = "404" then bpmnError("NOT_FOUND", "no such order") else null'
HEADERS = json.dumps(
    {
        "resultExpression": "={orderId: response.body.order.id, total: response.body.order.total, "
        "items: count(response.body.order.items)}",
        "errorExpression": ERROR_EXPRESSION,
    }
)


def variables(url: str) -> str:
    """The variables of a job that sends an order to this address."""
    return json.dumps(
        {
            "method": "POST",
            "url": url,
            "body": {"a": 1, "b": "two"},
            "headers": {"X-Test": "1"},
            "authentication": {"type": "noAuth"},
            "connectionTimeoutInSeconds": 20,
            "readTimeoutInSeconds": 20,
        }
    )


class Service:
    """Answers every call with the same JSON after `delay` seconds while the block runs, and counts.

    `calls` by path (kept only with `count`), `most` calls at once; `on_call` gets the path of each call as it arrives.
    """

    def __init__(
        self,
        answer: Mapping[str, Any] | None = None,
        *,
        delay: float = 0.0,
        count: bool = False,
        on_call: Callable[[str], None] | None = None,
    ) -> None:
        self._body = json.dumps({"ok": True, "order": ORDER} if answer is None else answer).encode()
        self._delay = delay
        self._count = count
        self._on_call = on_call
        self._now = 0
        self.calls: Counter[str] = Counter()
        self.most = 0
        self.url = ""

    @property
    def repeated(self) -> int:
        """Calls of a path that had been called before."""
        return self.calls.total() - len(self.calls)

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1_000).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        if self._count:
            self.calls[request.path] += 1
        if self._on_call is not None:
            self._on_call(request.path)
        self._now += 1
        self.most = max(self.most, self._now)
        if self._delay:
            await asyncio.sleep(self._delay)
        self._now -= 1
        return web.Response(body=self._body, content_type="application/json")
