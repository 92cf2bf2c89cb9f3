"""The operator's lists of destinations: hosts, networks and ports that may be called, or may not.

An entry is a host (`api.example.com`), all hosts below one (`*.example.com`), an address or a network
(`10.0.0.0/8`, `[fd00::/8]`), or `*`; each may end in `:port` or `:from-to`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from worker.rest.hosts import Address, Network, plain, reaches
from worker.rest.uri import MAX_PORT

_ENTRY: Final = re.compile(
    r"(?P<host>\[[^\]]+\]|[^:\[\]]+|[0-9a-fA-F:.]*::?[0-9a-fA-F:.]*(?:/\d+)?)(?::(?P<ports>\d+(?:-\d+)?))?"
)
_NAME: Final = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Destination:
    """One entry. `network` for addresses, else `name`: a host, `*.` and a host, or `*`. `ports` is a closed range."""

    text: str
    ports: tuple[int, int] = (0, MAX_PORT)
    name: str = ""
    network: Network | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ValueError`."""
        parts = _ENTRY.fullmatch(text)
        if parts is None:
            raise ValueError(f"{text!r} is no host, network or port such as api.example.com, 10.0.0.0/8 or *:25")
        host, ports = plain(parts["host"]), _ports(text, parts["ports"])
        try:
            return cls(text, ports, network=ipaddress.ip_network(host, strict=False))
        except ValueError:
            if host != "*" and not _NAME.fullmatch(host):
                raise ValueError(f"{text!r} has no host name and no network in it") from None
        return cls(text, ports, name=host)

    def names(self, host: str, port: int) -> bool:
        """Whether the entry means this host by its name."""
        if not self._port(port) or self.network is not None:
            return False
        return self.name in ("*", host) or (self.name.startswith("*.") and host.endswith(self.name[1:]))

    def holds(self, address: Address, port: int) -> bool:
        """Whether the entry means this address, or one that it leads to."""
        network = self.network
        return network is not None and self._port(port) and any(reached in network for reached in reaches(address))

    def _port(self, port: int) -> bool:
        return self.ports[0] <= port <= self.ports[1]


@dataclass(frozen=True, slots=True)
class Destinations:
    """Both lists. What is denied is refused; where there is an allow list, what is not on it is refused too."""

    allow: tuple[Destination, ...] = ()
    deny: tuple[Destination, ...] = ()

    @classmethod
    def parse(cls, allow: Iterable[str], deny: Iterable[str]) -> Self:
        """Raises `ValueError`."""
        return cls(tuple(map(Destination.parse, allow)), tuple(map(Destination.parse, deny)))

    def refusal(self, host: str, port: int, addresses: Sequence[Address]) -> str | None:
        """Why these addresses of a host may not be called, None where they may. Every one of them must be allowed."""
        host = plain(host)
        for entry in self.deny:
            if entry.names(host, port) or any(entry.holds(address, port) for address in addresses):
                return f"the worker's deny list has {entry.text!r}"
        if not self.allow or any(entry.names(host, port) for entry in self.allow):
            return None
        if addresses and all(any(entry.holds(address, port) for entry in self.allow) for address in addresses):
            return None
        return "the worker's allow list does not have it"


def _ports(text: str, ports: str | None) -> tuple[int, int]:
    if ports is None:
        return (0, MAX_PORT)
    first, _, last = ports.partition("-")
    found = int(first), int(last or first)
    if not 0 <= found[0] <= found[1] <= MAX_PORT:
        raise ValueError(f"{text!r}: ports are numbers from 0 to {MAX_PORT}")
    return found
