"""The guard of destinations: what may be called is decided on the addresses that are really connected to.

Three rules, in this order: metadata services are refused (unless the guard is off), the operator's lists hold for
every call, and host validation holds for a task's URL, in the native face also for redirects, tokens and documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from worker.errors import JobFailure, input_failure
from worker.rest.destinations import Destinations
from worker.rest.hosts import METADATA_NAMES, Address, HostRules, is_metadata, plain
from worker.rest.resolver import Resolver
from worker.rest.uri import InvalidUri, parse_authority, parse_uri
from worker.rest.url import DEFAULT_PORTS, Url

PROXY_LOOK_UP: Final = 1.0
"""Seconds for finding out what a name means that a proxy is going to look up itself."""

Permit = Callable[[Sequence[Address]], None]
"""Raises `JobFailure` when one of a host's addresses may not be called."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules, and the look-ups that they need."""

    resolver: Resolver
    rules: HostRules
    lists: Destinations
    metadata: bool

    async def check(self, url: str) -> None:
        """Host validation of a task's URL. Raises `JobFailure` in the words of a failed validation."""
        if not self.rules.enabled:
            return
        host, port = _host_of(url)
        denial = await self._denial(host, port)
        if denial is not None:
            raise refused(
                "jakarta.validation.ValidationException: Found constraints violated while validating input: \n"
                f" - Property: url: Validation failed. Original message: {denial}"
            )

    def permit(self, url: Url, *, validated: bool) -> Permit:
        """What decides on the addresses of this URL when a connection is made; `validated` applies the host rules."""
        host, port, rules = url.host, url.port, self.rules if validated and self.rules.enabled else None

        def permit(addresses: Sequence[Address]) -> None:
            self._judge(host, port, addresses, rules)

        return permit

    async def check_proxied(self, url: Url, *, validated: bool) -> None:
        """As far as it can be told for a call through a proxy, which looks the name up itself. Raises `JobFailure`."""
        host, port = url.host, url.port
        if self.metadata and plain(host) in METADATA_NAMES:
            raise refused(f"Host '{host}' is not allowed: it is a cloud's metadata service.")
        rules = self.rules if validated and self.rules.enabled else None
        if not (self.metadata or rules or self.lists.allow or self.lists.deny):
            return
        addresses = await self.resolver.addresses_in_time(host, PROXY_LOOK_UP)
        self._judge(host, port, addresses, rules)

    def _judge(self, host: str, port: int, addresses: Sequence[Address], rules: HostRules | None) -> None:
        for address in addresses:
            if self.metadata and is_metadata(address):
                raise refused(f"Host '{host}' is not allowed: {address} is a link-local or cloud metadata address.")
        refusal = self.lists.refusal(host, port, addresses)
        if refusal is not None:
            raise refused(f"Host '{host}' is not allowed at port {port}: {refusal}.")
        for address in addresses:
            denial = None if rules is None else rules.denial(address)
            if denial is not None:
                raise refused(_denied(host, address, denial))

    async def _denial(self, host: str, port: int) -> str | None:
        try:
            addresses = await self.resolver.addresses(host)
        except (OSError, UnicodeError):
            return f"Could not resolve host '{host}'"
        for address in addresses:
            reason = self.rules.denial(address)
            if reason is not None:
                return _denied(host, address, reason)
        return None


def refused(message: str) -> JobFailure:
    """The guard said no."""
    return input_failure(message, kind="blocked", native_code="URL_NOT_ALLOWED")


def _denied(host: str, address: Address, reason: str) -> str:
    return f"Host '{host}' resolved to '{address}' was denied: {reason}"


def _host_of(url: str) -> tuple[str, int]:
    """The host to validate; a text that is no URL is taken for a host itself."""
    try:
        uri = parse_uri(url)
        authority = parse_authority(uri.authority or "")
    except InvalidUri:
        return url, 80
    if authority is None:
        return url, 80
    return authority.host.strip("[]"), authority.port or DEFAULT_PORTS.get(uri.scheme or "", 80)
