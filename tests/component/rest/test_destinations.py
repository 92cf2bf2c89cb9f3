"""Destinations that are refused before a connection is made (contract 6.9, CMX-38, CMX-39)."""

from __future__ import annotations

import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.support.scripted_server import scripted
from worker.errors import CONNECTOR_INPUT_EXCEPTION
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.blocklist import PREFIX, BlockList
from worker.rest.hosts import HostRules, parse_ranges

VALIDATION = (
    "jakarta.validation.ValidationException: Found constraints violated while validating input: \n"
    " - Property: url: Validation failed. Original message: "
)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "2852039166", "0xa9fea9fe", "100.100.100.200"]
)
@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE])
async def test_cmx_39_metadata_addresses_are_refused_however_they_are_written(
    calls: Calls, host: str, face: Face
) -> None:
    failure = await calls.failure(f"http://{host}/latest/meta-data", face=face)
    assert (failure.type, failure.kind, failure.native_code) == (
        CONNECTOR_INPUT_EXCEPTION,
        "blocked",
        "URL_NOT_ALLOWED",
    )
    assert failure.final


async def test_cmx_38_a_blocked_url_is_an_incident_and_query_parameters_do_not_count(opened: CallsFactory) -> None:
    blocks = BlockList.from_environment({PREFIX + "URL_INTERNAL": "blocked.test"})
    async with scripted() as server, opened(blocks=blocks) as calls:
        failure = await calls.failure(server.url("/?u=blocked.test"))
        await calls.call(server.url("/x"), query={"u": "blocked.test"})
    assert failure.message == (
        "java.lang.IllegalArgumentException: The provided URL is not allowed (Block Name: INTERNAL)"
    )
    assert (failure.final, failure.kind) == (True, "blocked")
    assert len(server.requests) == 1


async def test_host_validation_speaks_as_a_validation_error(opened: CallsFactory) -> None:
    async with scripted() as server, opened(hosts=HostRules(enabled=True)) as calls:
        failure = await calls.failure(server.url())
        by_name = await calls.failure(server.url(host="localhost"))
    assert (
        failure.message == VALIDATION + "Host '127.0.0.1' resolved to '127.0.0.1' was denied: DENY_NOT_GLOBAL_UNICAST"
    )
    assert by_name.message.startswith(VALIDATION + "Host 'localhost' resolved to '")
    assert (failure.final, server.connections) == (True, 0)


async def test_hv_007_a_host_that_cannot_be_resolved(opened: CallsFactory) -> None:
    async with opened(hosts=HostRules(enabled=True)) as calls:
        failure = await calls.failure("http://no.such.host.invalid/")
    assert failure.message == VALIDATION + "Could not resolve host 'no.such.host.invalid'"


async def test_hosts_of_an_allow_range_are_called(opened: CallsFactory) -> None:
    rules = HostRules(enabled=True, allow=parse_ranges("127.0.0.0/8"))
    async with scripted() as server, opened(hosts=rules) as calls:
        await calls.call(server.url())
    assert len(server.requests) == 1
