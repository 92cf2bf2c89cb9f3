"""The engine's connection has a proxy setting of its own, and that one works."""

from __future__ import annotations

from tests.network.servers import Nginx, Proxies
from tests.support.worker_process import worker
from worker.dev.gateway import DevGateway

JOB_TYPE = "rest-connector"


async def test_the_engine_is_reached_through_its_own_proxy(nginx: Nginx, tinyproxy: Proxies) -> None:
    proxy = f"http://127.0.0.1:{tinyproxy.free}"
    async with DevGateway() as gateway, worker(gateway.address, REST_CONNECTOR_ZEEBE__PROXY=proxy) as running:
        key = gateway.add_job(
            JOB_TYPE,
            variables={"method": "GET", "url": nginx.url()},
            headers={"resultExpression": "={from: response.body.from}"},
        )
        ended = await gateway.ended(key, timeout=20)
        running.signal()
        assert await running.ended() == 0
    assert (ended.kind, ended.variables) == ("completed", {"from": "127.0.0.1"})  # the call itself went directly


async def test_a_dead_proxy_of_the_engine_keeps_the_worker_from_it(closed_port: int) -> None:
    proxy = f"http://127.0.0.1:{closed_port}"
    async with DevGateway() as gateway, worker(gateway.address, REST_CONNECTOR_ZEEBE__PROXY=proxy) as running:
        await running.logged("gateway out of reach")
        running.signal()
        assert await running.ended() == 0
