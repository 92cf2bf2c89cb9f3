"""How names become connections: several addresses, a memory with an end, connections with an age."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.network.names import Names
from tests.network.processes import Worker, running
from tests.network.servers import Nginx
from tests.support.parts import leave_out, need
from tests.support.scripted_server import scripted
from worker.rest.resolver import Resolver


@pytest.mark.parametrize(
    ("addresses", "answered_by"),
    [
        ("::1 127.0.0.1", "::1"),
        ("127.0.0.1 ::1", "127.0.0.1"),
        ("127.0.0.2 127.0.0.1", "127.0.0.1"),  # nobody listens at the first
        ("fd00::dead:beef 127.0.0.1", "127.0.0.1"),  # no way to the first
        ("127.0.0.2 127.0.0.3 ::1", "::1"),
    ],
)
async def test_the_addresses_of_a_name_are_tried_until_one_answers(
    opened: CallsFactory, nginx: Nginx, addresses: str, answered_by: str
) -> None:
    names = Names(many_test=[addresses])
    async with opened(look_up=names.look_up) as calls:
        response = await calls.response(nginx.url(host="many.test"), connection_timeout=5)
    assert response.body["from"] == answered_by


async def test_an_address_that_swallows_everything_holds_nothing_up(opened: CallsFactory, nginx: Nginx) -> None:
    """The second is tried a quarter of a second after the first (happy eyeballs, RFC 8305)."""
    names = Names(many_test=["240.0.0.1 127.0.0.1"])
    async with opened(look_up=names.look_up) as calls, asyncio.timeout(10):
        response = await calls.response(nginx.url(host="many.test"))
    assert response.body["from"] == "127.0.0.1"


async def test_a_name_is_looked_up_once_for_all_who_ask_at_the_same_time(opened: CallsFactory, nginx: Nginx) -> None:
    names = Names(once_test=["127.0.0.1"])
    async with opened(look_up=names.look_up) as calls:
        await asyncio.gather(*(calls.call(nginx.url(host="once.test")) for _ in range(20)))
    assert names.asked == ["once.test"]


async def test_a_name_is_looked_up_again_when_nobody_answers_at_its_address(opened: CallsFactory, nginx: Nginx) -> None:
    names = Names(moved_test=["127.0.0.2", "127.0.0.1"])
    async with opened(look_up=names.look_up) as calls:
        failure = await calls.failure(nginx.url(host="moved.test"))
        response = await calls.response(nginx.url(host="moved.test"))
    assert (failure.kind, response.status) == ("connect", 200)


async def test_addresses_are_remembered_for_a_while_and_names_that_do_not_exist_are_not() -> None:
    now = 0.0
    names = Names(known_test=["127.0.0.1", "127.0.0.2"])
    resolver = Resolver(names.look_up, ttl=10, now=lambda: now)
    first = await resolver.addresses("known.test")
    now = 9.0
    assert await resolver.addresses("known.test") == first
    now = 11.0
    assert await resolver.addresses("known.test") != first
    for _ in range(2):
        with pytest.raises(OSError, match="no such name"):
            await resolver.addresses("unknown.test")
    await resolver.close()
    assert names.asked == ["known.test", "known.test", "unknown.test", "unknown.test"]


async def test_the_memory_of_names_is_bounded() -> None:
    names = Names(**{f"n{number}_test": ["127.0.0.1"] for number in range(1_100)})
    resolver = Resolver(names.look_up)
    for number in range(1_100):
        await resolver.addresses(f"n{number}.test")
    names.asked.clear()
    await resolver.addresses("n0.test")
    await resolver.addresses("n1099.test")
    await resolver.close()
    assert names.asked == ["n0.test"]  # the oldest was forgotten, the newest was not


async def test_a_name_that_is_too_long_for_any_host_is_not_even_looked_up(opened: CallsFactory) -> None:
    names = Names()
    async with opened(look_up=names.look_up) as calls:
        failure = await calls.failure(f"http://{'a.' * 200}test/")
    assert (failure.kind, names.asked) == ("dns", [])


async def test_a_name_that_hangs_holds_up_a_proxied_call_once_and_not_for_long(opened: CallsFactory) -> None:
    now = 0.0
    asked: list[str] = []

    async def hang(host: str) -> list[object]:
        asked.append(host)
        await asyncio.Event().wait()
        return []

    resolver = Resolver(hang, now=lambda: now)
    async with asyncio.timeout(10):
        assert await resolver.addresses_in_time("slow.test", 0.05) == []
        assert await resolver.addresses_in_time("slow.test", 3600) == []  # not waited for
    await resolver.close()
    assert asked == ["slow.test"]


@pytest.mark.parametrize(("age", "connections"), [(0.0, [0, 1, 2]), (300.0, [0, 0, 0])])
async def test_a_connection_is_not_used_beyond_its_age(
    opened: CallsFactory, age: float, connections: list[int]
) -> None:
    async with scripted() as server, opened(connection_age=age) as calls:
        for _ in range(3):
            await calls.call(server.url())
    assert [request.connection for request in server.requests] == connections


async def test_one_slow_host_does_not_hold_up_another(calls: Calls, nginx: Nginx) -> None:
    async with asyncio.timeout(30):
        slow = [asyncio.create_task(calls.call(nginx.url("/slow.json"))) for _ in range(50)]
        answers = await asyncio.gather(*(calls.response(nginx.url()) for _ in range(50)))
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
    assert {answer.status for answer in answers} == {200}


NAME_SERVER = "127.0.0.77"


@pytest.fixture
def dnsmasq(tmp_path: Path) -> Iterator[Path]:
    """A real name server; the file says what it knows, and is read again when it changes."""
    need("dnsmasq", "unshare", reason="names that change their address need a name server")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0:
        leave_out("needs root and a mount namespace: a name server for one process only")
    hosts = tmp_path / "names"
    hosts.mkdir()
    (hosts / "hosts").write_text("127.0.0.1 moving.test\n")
    command = [
        "dnsmasq",
        "--keep-in-foreground",
        "--no-resolv",
        "--no-hosts",
        f"--hostsdir={hosts}",
        f"--listen-address={NAME_SERVER}",
        "--bind-interfaces",
        "--user=root",
        "--pid-file",
        "--local-ttl=0",
    ]
    with running(command, tmp_path, 53, host=NAME_SERVER):
        yield hosts / "hosts"


def at_name_server(folder: Path) -> Worker:
    """`rest-connector` in a mount namespace in which the name server is the test's."""
    resolv = folder / "resolv.conf"
    resolv.write_text(f"nameserver {NAME_SERVER}\n")
    program = str(Path(sys.executable).with_name("rest-connector"))
    script = f'mount --bind {resolv} /etc/resolv.conf && exec {program} "$@"'
    return Worker(["unshare", "--mount", "sh", "-c", script, "sh"], folder, {"PATH": os.environ["PATH"]})


async def test_a_name_that_changes_to_a_metadata_address_is_refused_by_the_worker(
    dnsmasq: Path, nginx: Nginx, tmp_path: Path
) -> None:
    worker = at_name_server(tmp_path)
    job = {"method": "GET", "url": nginx.url(host="moving.test")}

    before = await worker.invoke(job, {"resultVariable": "result"})
    await asyncio.to_thread(dnsmasq.write_text, "169.254.169.254 moving.test\n")
    after = await worker.invoke(job, {"resultVariable": "result"})

    assert before["variables"]["result"]["body"]["from"] == "127.0.0.1"
    assert "169.254.169.254 is a link-local or cloud metadata address" in str(after)
