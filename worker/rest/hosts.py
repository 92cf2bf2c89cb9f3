"""Which addresses may be called: the guard of cloud metadata, always on, and the operator's rules for hosts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in text.split())


METADATA: Final = _networks(
    # link-local, and the metadata addresses of Alibaba, Oracle, Azure and AWS outside it
    "169.254.0.0/16 fe80::/10 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254"
)
PRIVATE: Final = _networks("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7")
RESERVED: Final = _networks(
    "0.0.0.0/8 100.64.0.0/10 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
    "240.0.0.0/4 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:10::/28 2001:20::/28 2001:db8::/32 2002::/16 "
    "3fff::/20 5f00::/16"
)


@dataclass(frozen=True, slots=True)
class HostRules:
    """The operator's host validation; off by default."""

    enabled: bool = False
    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = ()
    allow_private: bool = False
    allow_loopback: bool = False

    def denial(self, address: Address) -> str | None:
        """Why the address is refused, None where it is not."""
        address = unmapped(address)
        if _inside(address, self.allow):
            return None
        loopback_denied = address.is_loopback and not self.allow_loopback
        if loopback_denied or address.is_unspecified or address.is_multicast or address.is_link_local:
            return "DENY_NOT_GLOBAL_UNICAST"
        if address.is_loopback:
            return None
        if _inside(address, self.deny):
            return "DENY_USER_CONFIGURED"
        if _inside(address, RESERVED):
            return "DENY_RESERVED_RANGE"
        if _inside(address, PRIVATE) and not self.allow_private:
            return "DENY_PRIVATE_RANGE"
        return None


def parse_ranges(text: str) -> tuple[Network, ...]:
    """A comma list of CIDR ranges and addresses. Raises `ValueError` naming the wrong item."""
    return tuple(ipaddress.ip_network(item.strip(), strict=False) for item in text.split(",") if item.strip())


@lru_cache(maxsize=1024)
def literal(host: str) -> Address | None:
    """The address that a host text is, if it is one."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def unmapped(address: Address) -> Address:
    """IPv4 in IPv6 clothes, undressed."""
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def is_metadata(address: Address) -> bool:
    """Link-local, or where a cloud hands out the machine's credentials."""
    return _inside(unmapped(address), METADATA)


def _inside(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
