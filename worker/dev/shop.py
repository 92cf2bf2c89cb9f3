"""The example service that the example jobs call: a shop.

GET  /orders/{id}      an order; 404 with a JSON body for ids from 9000 on
POST /quotes           the total of {"items": [{"price": ..., "quantity": ...}]}
GET  /stock/{article}  503 twice, then how many there are; and so on again
*    /echo             what was sent

`python -m worker.dev.shop` serves it by itself on port 8000 of 127.0.0.1, for a worker on a real engine; an argument is
another address to listen on.
"""

from __future__ import annotations

import sys
from collections import Counter
from decimal import Decimal

from aiohttp import web

from worker.json_codec import JsonError, dumps, loads

PORT = 8000
FIRST_UNKNOWN_ORDER = 9000
FAILURES_BEFORE_STOCK = 2
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_ARTICLES = 1000


def application() -> web.Application:
    """The shop, without a memory of anything but its failures."""
    shop = web.Application(client_max_size=MAX_BODY_BYTES)
    shop.add_routes(
        [
            web.get("/orders/{id:\\d{1,9}}", _order),
            web.post("/quotes", _quote),
            web.get("/stock/{article}", _Stock().answer),
            web.route("*", "/echo", _echo),
        ]
    )
    return shop


async def _order(request: web.Request) -> web.Response:
    number = int(request.match_info["id"])
    if number >= FIRST_UNKNOWN_ORDER:
        return _json({"detail": f"there is no order {number}"}, status=404)
    return _json({"id": number, "status": "shipped", "customer": {"name": "Ada"}})


async def _quote(request: web.Request) -> web.Response:
    try:
        items = loads(await request.text(), exact=True)["items"]
        total = sum((Decimal(item["price"]) * item["quantity"] for item in items), Decimal(0))
    except (JsonError, LookupError, TypeError, ArithmeticError):
        return _json({"detail": 'expected {"items": [{"price": number, "quantity": number}]}'}, status=400)
    return _json({"total": total, "currency": "EUR", "positions": len(items)}, status=201)


class _Stock:
    """Out of service two times out of three, so that a retry has something to do."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()

    async def answer(self, request: web.Request) -> web.Response:
        article = request.match_info["article"]
        if len(self._asked) >= MAX_ARTICLES:
            self._asked.clear()
        self._asked[article] += 1
        if self._asked[article] <= FAILURES_BEFORE_STOCK:
            return _json({"detail": "the stock system restarts"}, status=503)
        del self._asked[article]
        return _json({"article": article, "inStock": 7})


async def _echo(request: web.Request) -> web.Response:
    return _json(
        {
            "method": request.method,
            "path": request.path_qs,
            "headers": {name: value for name, value in request.headers.items() if name != "Authorization"},
            "body": await request.text(),
        }
    )


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(text=dumps(value), status=status, content_type="application/json")


if __name__ == "__main__":
    try:
        web.run_app(application(), host=sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1", port=PORT, access_log=None)
    except OSError as problem:
        sys.exit(f"worker.dev.shop: {problem.strerror}")
