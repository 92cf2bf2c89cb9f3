"""Which addresses may be called (HV rows, CMX-39)."""

from __future__ import annotations

import ipaddress

import pytest

from worker.rest.hosts import HostRules, is_metadata, parse_ranges

VALIDATED = HostRules(enabled=True)


def denial(address: str, rules: HostRules = VALIDATED) -> str | None:
    return rules.denial(ipaddress.ip_address(address))


def test_hv_001_public_addresses_are_allowed() -> None:
    assert denial("8.8.8.8") is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "224.0.0.1", "0.0.0.0", "::"])  # noqa: S104
def test_hv_002_only_global_unicast(address: str) -> None:
    assert denial(address) == "DENY_NOT_GLOBAL_UNICAST"


@pytest.mark.parametrize("address", ["10.0.0.5", "172.16.5.5", "192.168.1.1", "fc00::1", "::ffff:10.0.0.1"])
def test_hv_003_private_ranges_can_be_unlocked(address: str) -> None:
    assert denial(address) == "DENY_PRIVATE_RANGE"
    assert denial(address, HostRules(enabled=True, allow_private=True)) is None


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1",
        "255.255.255.255",
        "100.64.0.1",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "2002:0a00:0001::",
        "64:ff9b::10.0.0.1",
        "2001::1",
        "2001:db8::1",
    ],
)
def test_hv_004_reserved_ranges_stay_closed(address: str) -> None:
    assert denial(address, HostRules(enabled=True, allow_private=True)) == "DENY_RESERVED_RANGE"


@pytest.mark.parametrize("address", ["192.0.2.1", "10.1.2.3", "127.0.0.1"])
def test_hv_005_an_allow_range_beats_everything(address: str) -> None:
    assert denial(address, HostRules(enabled=True, allow=parse_ranges(address), deny=parse_ranges(address))) is None


def test_hv_006_a_deny_range_closes_public_addresses() -> None:
    rules = HostRules(enabled=True, deny=parse_ranges("8.8.8.0/24"))
    assert denial("8.8.8.8", rules) == "DENY_USER_CONFIGURED"
    assert denial("8.8.9.8", rules) is None


def test_loopback_can_be_unlocked() -> None:
    assert denial("127.0.0.1", HostRules(enabled=True, allow_loopback=True)) is None


def test_hv_008_ranges_are_networks_or_addresses() -> None:
    rules = HostRules(enabled=True, deny=parse_ranges("172.16.0.0/12, 9.9.9.9"), allow_private=True)
    assert denial("172.31.255.255", rules) == "DENY_USER_CONFIGURED"
    assert denial("172.32.0.0", rules) is None
    assert denial("::ffff:9.9.9.9", rules) == "DENY_USER_CONFIGURED"


@pytest.mark.parametrize("text", ["10.0.0.0/abc", "10.0.0.0/40", "host"])
def test_hv_008_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.partition("/")[0]):
        parse_ranges(text)


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254"]
)
def test_cmx_39_metadata_addresses_are_known(address: str) -> None:
    assert is_metadata(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "8.8.8.8", "::1"])
def test_cmx_39_private_services_are_no_metadata(address: str) -> None:
    assert not is_metadata(ipaddress.ip_address(address))
