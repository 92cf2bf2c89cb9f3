"""The operator's lists of destinations, and what the guard leaves alone."""

from __future__ import annotations

import ipaddress

import pytest

from worker.rest.destinations import Destinations
from worker.rest.hosts import is_metadata, literal


def refusal(host: str, port: int = 443, *addresses: str, allow: str = "", deny: str = "") -> str | None:
    lists = Destinations.parse(allow.split(), deny.split())
    return lists.refusal(host, port, [ipaddress.ip_address(address) for address in addresses])


@pytest.mark.parametrize(
    ("entry", "host", "port", "address", "hit"),
    [
        ("api.example.com", "api.example.com", 443, "9.9.9.9", True),
        ("API.example.com", "api.EXAMPLE.com.", 443, "9.9.9.9", True),
        ("example.com", "api.example.com", 443, "9.9.9.9", False),
        ("*.example.com", "api.example.com", 443, "9.9.9.9", True),
        ("*.example.com", "example.com", 443, "9.9.9.9", False),
        ("*.example.com", "badexample.com", 443, "9.9.9.9", False),
        ("api.example.com:443", "api.example.com", 443, "9.9.9.9", True),
        ("api.example.com:443", "api.example.com", 8443, "9.9.9.9", False),
        ("*:25", "any.test", 25, "9.9.9.9", True),
        ("*:1-1023", "any.test", 1024, "9.9.9.9", False),
        ("10.0.0.0/8", "any.test", 443, "10.1.2.3", True),
        ("10.0.0.0/8", "any.test", 443, "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "any.test", 443, "64:ff9b::10.1.2.3", True),
        ("10.0.0.0/8:5432", "any.test", 443, "10.1.2.3", False),
        ("[fd00::/8]:443", "any.test", 443, "fd00::1", True),
        ("fd00::/8", "any.test", 443, "fd00::1", True),
        ("10.1.2.3", "any.test", 443, "10.1.2.4", False),
    ],
)
def test_an_entry_means_hosts_or_addresses(entry: str, host: str, port: int, address: str, hit: bool) -> None:
    assert (refusal(host, port, address, deny=entry) is not None) == hit
    assert (refusal(host, port, address, allow=entry) is None) == hit


def test_what_is_denied_is_not_allowed() -> None:
    assert refusal("a.example.com", 443, "9.9.9.9", allow="*.example.com", deny="a.example.com") is not None


def test_every_address_of_a_host_must_be_allowed() -> None:
    assert refusal("two.test", 443, "10.0.0.1", "9.9.9.9", allow="10.0.0.0/8") is not None
    assert refusal("two.test", 443, "10.0.0.1", "10.0.0.2", allow="10.0.0.0/8") is None


def test_a_host_whose_addresses_nobody_knows_must_be_allowed_by_name() -> None:
    assert refusal("proxied.test", 443, allow="10.0.0.0/8") is not None
    assert refusal("proxied.test", 443, allow="10.0.0.0/8 proxied.test") is None


@pytest.mark.parametrize("entry", ["", "a b", "host:99999", "host:9-1", "http://host/", "*.*.com", "10.0.0.0/40"])
def test_what_is_no_destination_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=r"host|port"):
        Destinations.parse([entry], [])


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "[fd12:3456::1]",
        "[fd00:ec2::1]",
        "100.64.0.1",
        "100.100.100.100",
        "192.0.2.1",
        "198.18.0.1",
        "168.63.129.17",
        "8.8.8.8",
        "134744072",
        "169.253.255.255",
        "169.255.0.0",
        "[2001:4860:4860::8888]",
        "[64:ff9b::8.8.8.8]",
        "[64:ff9b:1::10.1.2.3]",
        "[2002:808:808::1]",
        "[::ffff:10.0.0.1]",
    ],
)
def test_addresses_of_services_are_not_taken_for_metadata(host: str) -> None:
    address = literal(host)
    assert address is not None
    assert not is_metadata(address)


@pytest.mark.parametrize(
    "host", ["localhost", "1e100.net", "169.254.169.254.nip.example", "0xa9fea9fe.example", "256.1.1.1", "orders-api"]
)
def test_names_are_not_taken_for_addresses(host: str) -> None:
    assert literal(host) is None
