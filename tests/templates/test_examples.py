"""The example models: sound, as the Modeler wants them, and running on the real engine."""

from __future__ import annotations

import json

import pytest
from aiohttp import web

from tests.live.conftest import WorkerProcess
from tests.support.npm import NodeTools
from tests.support.zeebe import Zeebe
from tests.templates.shop import TOKEN, Shop, basic
from tests.templates.update_examples import EXAMPLES, updated
from worker.cli import main

RULES = "bpmnlint:recommended,plugin:camunda-compat/camunda-cloud-8-6"

pytestmark = pytest.mark.timeout(900)
live = pytest.mark.live


@pytest.fixture
async def run(zeebe: Zeebe, worker: WorkerProcess, shop: Shop) -> Zeebe:
    await zeebe.deploy(*EXAMPLES)
    return zeebe


def test_nothing_is_wrong_with_the_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(EXAMPLES) == 6
    assert main(["validate", *map(str, EXAMPLES)]) == 0
    assert capsys.readouterr().out == ""


def test_the_examples_are_made_with_the_current_templates(modeler: NodeTools) -> None:
    stale = [file.name for file, text in updated(modeler).items() if file.read_text(encoding="utf-8") != text]

    assert stale == [], "write them again: python -m tests.templates.update_examples"


def test_the_modeler_has_nothing_to_say_about_the_examples(modeler: NodeTools) -> None:
    assert modeler.run("lint.mjs", RULES, *EXAMPLES) == {str(file): [] for file in EXAMPLES}


@live
async def test_order_lookup(run: Zeebe, shop: Shop) -> None:
    shop.answer("/orders/7", web.json_response({"id": 7}), web.json_response({}, status=404))

    found = await run.run("order-lookup", shopUrl=shop.url, orderId=7)
    missing = await run.run("order-lookup", shopUrl=shop.url, orderId=7)

    assert found["order"] == {"id": 7}
    assert "order" not in missing


@live
async def test_oauth_call(run: Zeebe, shop: Shop) -> None:
    ended = await run.run("oauth-call", shopUrl=shop.url, customerId=5)

    assert ended["customer"] == {"path": "/customers/5"}
    assert shop.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    [(authorization, form)] = shop.tokens
    assert authorization == basic("order-process", "s3cr3t of the shop")
    assert form == {"grant_type": "client_credentials", "scope": "customers:read"}


@live
async def test_multipart_upload(run: Zeebe, shop: Shop) -> None:
    shop.answer("/invoices/7", web.Response(text="the invoice", content_type="application/pdf"))
    shop.answer("/archive", web.json_response({"id": "a-1"}))

    ended = await run.run("multipart-upload", shopUrl=shop.url, orderId=7)

    assert ended["archiveId"] == "a-1"
    assert shop.asked[1].form == {"file": ("application/pdf", "the invoice"), "orderId": ("text/plain", "7")}


@live
@pytest.mark.parametrize("failures", [2, 3], ids=["recovers", "gives up"])
async def test_retries_then_error(run: Zeebe, shop: Shop, failures: int) -> None:
    shop.answer("/reservations", *(web.json_response({}, status=503) for _ in range(failures)))

    ended = await run.run("retries-then-error", shopUrl=shop.url, orderId=7)

    assert shop.paths() == ["POST /reservations"] * 3
    assert ("reservation" in ended) is (failures == 2)


@live
async def test_parallel_calls(run: Zeebe, shop: Shop) -> None:
    shop.answer("/stock/tea", web.json_response({"inStock": 3}))
    shop.answer("/prices/tea", web.json_response({"price": 4.5}))

    ended = await run.run("parallel-calls", shopUrl=shop.url, article="tea")

    assert (ended["inStock"], ended["price"]) == (3, 4.5)


@live
async def test_two_reads_are_merged_into_one_write(run: Zeebe, shop: Shop) -> None:
    shop.answer("/orders", web.json_response([{"id": "o-1", "total": 20}, {"id": "o-2", "total": 5}]))
    shop.answer("/returns", web.json_response([{"orderId": "o-0", "refund": 7}]))
    shop.answer("/bookings", web.json_response({"booked": 3}, status=201))

    ended = await run.run("two-reads-one-write", shopUrl=shop.url, day="2026-01-02")

    assert ended["booked"] == 3
    assert sorted(shop.paths()[:2]) == ["GET /orders?day=2026-01-02", "GET /returns?day=2026-01-02"]
    assert json.loads(shop.asked[2].body) == {
        "day": "2026-01-02",
        "bookings": [
            {"reference": "o-1", "amount": 20},
            {"reference": "o-2", "amount": 5},
            {"reference": "o-0", "amount": -7},
        ],
    }
