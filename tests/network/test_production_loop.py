"""The same on uvloop, on which `rest-connector run` lives: it has TLS, timers and look-ups of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from tests.network.names import Names
from tests.network.servers import PASSWORD, USER, Authority, Nginx, Proxies
from worker.cli.run import loop_factory
from worker.documents import MemoryStore
from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE
from worker.rest.client import RestClient
from worker.rest.egress import Egress
from worker.rest.proxy import ProxyRules
from worker.rest.request import RestRequest
from worker.rest.tls import TlsContexts
from worker.rest.tls_files import TlsFiles

Run = Callable[[Callable[[], Awaitable[Any]]], Any]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a function on the loop of the worker."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:

        async def in_time(work: Callable[[], Awaitable[Any]]) -> Any:
            async with asyncio.timeout(30):
                return await work()

        yield lambda work: runner.run(in_time(work))


def client(egress: Egress, memory_limit: int = 1_000_000) -> RestClient:
    return RestClient(egress, tokens=None, store=MemoryStore(), memory_limit=memory_limit)  # no call here needs a token


@pytest.mark.parametrize("scheme", ["http", "https"], ids=["plain proxy", "proxy over TLS"])
def test_calls_through_a_proxy(run: Run, ca: Authority, nginx: Nginx, squid: Proxies, scheme: str) -> None:
    environ = {}
    for target in ("HTTP", "HTTPS"):
        prefix = f"CONNECTOR_{target}_PROXY_"
        environ[prefix + "HOST"], environ[prefix + "SCHEME"] = "localhost", scheme
        environ[prefix + "PORT"] = str(squid.tls if scheme == "https" else squid.login)
        environ[prefix + "USER"], environ[prefix + "PASSWORD"] = USER, PASSWORD

    async def work() -> list[str]:
        rules = ProxyRules.from_environment(environ, {})
        async with Egress(agent="t", proxies=rules, tls=TlsContexts(files=TlsFiles([ca.file]))) as egress:
            calls = client(egress)
            requests = [
                RestRequest("GET", nginx.url()),
                RestRequest("GET", nginx.secure()),
                RestRequest("POST", nginx.secure(), body="x" * 300_000),
            ]
            answers = [await calls.call(request, face) for face in (NATIVE, COMPATIBLE) for request in requests * 2]
            return [answer.body["from"] for answer in answers if answer is not None]

    assert run(work) == [squid.calls_from] * 12


def test_a_failed_handshake_is_explained(run: Run, ca: Authority, nginx: Nginx) -> None:
    async def work() -> str:
        async with Egress(agent="t", tls=TlsContexts(files=TlsFiles([ca.file]))) as egress:
            with pytest.raises(JobFailure) as caught:
                await client(egress).call(RestRequest("GET", nginx.secure(port=nginx.expired)), NATIVE)
            return caught.value.message

    assert "certificate has expired" in run(work)


def test_a_client_certificate_is_shown(run: Run, ca: Authority, nginx: Nginx) -> None:
    files = TlsFiles([ca.file], ca.issue("client", "client.test"))

    async def work() -> Any:
        async with Egress(agent="t", tls=TlsContexts(files=files)) as egress:
            return await client(egress).call(RestRequest("GET", nginx.secure(port=nginx.mutual)), NATIVE)

    assert "client" in run(work).body["client"]


def test_names_with_several_addresses_and_the_guard(run: Run, nginx: Nginx) -> None:
    names = Names(many_test=["127.0.0.2 ::1"], metadata_test=["169.254.169.254"])

    async def work() -> tuple[Any, str | None]:
        async with Egress(agent="t", look_up=names.look_up) as egress:
            calls = client(egress)
            answered = await calls.call(RestRequest("GET", nginx.url(host="many.test")), NATIVE)
            with pytest.raises(JobFailure) as caught:
                await calls.call(RestRequest("GET", nginx.url(host="metadata.test")), NATIVE)
            return answered, caught.value.kind

    answered, kind = run(work)
    assert (answered.body["from"], kind) == ("::1", "blocked")


def test_endless_answers_end(run: Run, nginx: Nginx) -> None:
    async def work() -> list[str | None]:
        kinds = []
        async with Egress(agent="t", total_timeout=1) as egress:
            for path in ("/slow.json", "/huge.bin"):
                with pytest.raises(JobFailure) as caught:
                    await client(egress, 1000).call(RestRequest("GET", nginx.url(path)), NATIVE)
                kinds.append(caught.value.kind)
        return kinds

    assert run(work) == ["timeout_total", "too_large"]
