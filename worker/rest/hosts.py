"""Addresses: how hosts are written, which of them are metadata services, and the operator's validation of hosts."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part) for part in text.split())


METADATA: Final = _networks(
    # link-local, and what lies outside it at Alibaba, Oracle, Azure, AWS (the machine's, the pod's) and Google
    "169.254.0.0/16 fe80::/10 100.100.100.200 192.0.0.192 fd00:c1::a9fe:a9fe 168.63.129.16 "
    "fd00:ec2::254 fd00:ec2::23 fd20:ce::254"
)
METADATA_NAMES: Final = frozenset(
    {"metadata.google.internal", "metadata.goog", "instance-data.ec2.internal", "metadata.tencentyun.com"}
)
"""For calls through a proxy, where only the proxy may know the address of a name."""

PRIVATE: Final = _networks("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7")
RESERVED: Final = _networks(
    "0.0.0.0/8 100.64.0.0/10 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
    "240.0.0.0/4 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:10::/28 2001:20::/28 2001:db8::/32 2002::/16 "
    "3fff::/20 5f00::/16"
)

_IPV4_LAST: Final = _networks("::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96")  # compatible, mapped, SIIT, NAT64
_LOCAL_NAT64: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
_OLD_IPV4: Final = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+)){0,3}")
_DOTS: Final = {ord("。"): ".", ord("｡"): "."}


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


def plain(host: str) -> str:
    """A host without escapes, brackets, full-width letters, upper case and a dot at its end."""
    host = unicodedata.normalize("NFKC", unquote(host) if "%" in host else host).translate(_DOTS)
    return host.strip("[]").rstrip(".").lower()


@lru_cache(maxsize=1024)
def literal(host: str) -> Address | None:
    """The address that a host text is, if it is one: also as one number, in octal, in hex, with parts left out."""
    host = plain(host).partition("%")[0]
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if not _OLD_IPV4.fullmatch(host):
            return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def unmapped(address: Address) -> Address:
    """IPv4 in IPv6 clothes, undressed."""
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def is_metadata(address: Address) -> bool:
    """Link-local, or where a cloud hands out the machine's credentials, whatever carries it there."""
    return any(_inside(reached, METADATA) for reached in reaches(address))


def reaches(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 addresses that translators and tunnels make of it.

    Sources: RFC 4291, 6052, 8215, 3056, 4380, 5214, and 2765 for SIIT.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    number = int(address)
    carried: list[Address] = [address]
    if _inside(address, _IPV4_LAST) or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        carried.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    if address in _LOCAL_NAT64:  # the prefix may be any from 48 to 96 bits long
        carried += [ipaddress.IPv4Address(_rfc6052(number, length)) for length in (48, 56, 64, 96)]
    if address.sixtofour is not None:
        carried.append(address.sixtofour)
    if address.teredo is not None:
        carried += address.teredo
    return tuple(carried)


def _rfc6052(number: int, length: int) -> int:
    """The IPv4 address behind a prefix of this many bits; bits 64 to 71 are left out."""
    if length == 96:
        return number & 0xFFFFFFFF
    without = (number >> 64 << 56) | (number & ((1 << 56) - 1))
    return (without >> (120 - length - 32)) & 0xFFFFFFFF


def _inside(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
