"""Which proxy a request goes through: Camunda's variables, then JVM properties, then the standard variables.

Settings made for other products never stop the start: a wrong port makes jobs fail, in the words of the original.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from worker.errors import input_failure
from worker.rest.auth import basic
from worker.rest.hosts import Address, literal
from worker.rest.uri import MAX_PORT

Scheme = Literal["http", "https"]
SCHEMES: Final[tuple[Scheme, ...]] = ("http", "https")

log = logging.getLogger(__name__)

_JVM_NAMES: Final = re.compile(r"https?\.proxy(?:Host|Port|User|Password)|http\.nonProxyHosts")
_JVM_DIRECT: Final = "localhost|127.*|[::1]|0.0.0.0|[::0]"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and how it is spoken to."""

    host: str
    port: int
    scheme: str = "http"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def authorization(self) -> str | None:
        """What to answer when it asks for credentials."""
        if not (self.user and self.user.strip() and self.password):
            return None
        return "Basic " + basic(self.user, self.password)


@dataclass(frozen=True, slots=True)
class ProxySet:
    """The proxies of one source, by the scheme of the target, and the hosts that are called directly."""

    proxies: Mapping[Scheme, Proxy] = field(default_factory=dict)
    direct: re.Pattern[str] | None = None

    def direct_host(self, host: str) -> bool:
        return self.direct is not None and self.direct.fullmatch(host) is not None


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """All sources. `problem` is why no request can be routed."""

    connector: ProxySet = field(default_factory=ProxySet)
    jvm: ProxySet = field(default_factory=ProxySet)
    standard: Mapping[Scheme, Proxy] = field(default_factory=dict)
    no_proxy: tuple[str, ...] = ()
    problem: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], properties: Mapping[str, str]) -> ProxyRules:
        """Read every source; `properties` are the JVM's (`worker.jvm_properties`)."""
        try:
            connector, problem = _connector_set(environ, properties), None
        except _WrongPort as wrong:
            connector, problem = ProxySet(), str(wrong)
            log.error("every call fails until this is mended: %s", problem)
        if taken_over := sorted(name for name in properties if _JVM_NAMES.fullmatch(name)):
            log.info("proxy settings of a JVM are taken over", extra={"properties": taken_over})
        return cls(
            connector,
            _jvm_set(properties),
            dict(_standard(environ)),
            tuple(part.strip().lower() for part in _either(environ, "no_proxy").split(",") if part.strip()),
            problem,
        )

    @property
    def empty(self) -> bool:
        """Whether every call is made directly."""
        return not (self.connector.proxies or self.jvm.proxies or self.standard or self.problem)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of all proxies."""
        sources = (self.connector.proxies, self.jvm.proxies, self.standard)
        return frozenset(proxy.host for source in sources for proxy in source.values())

    def select(self, scheme: Scheme, host: str, *, standard: bool) -> Proxy | None:
        """The proxy for a host, None to call it directly. `standard` reads `http_proxy` too. Raises `JobFailure`."""
        if self.problem is not None:
            raise input_failure(self.problem)
        if (proxy := self.connector.proxies.get(scheme)) is not None:
            return None if self.connector.direct_host(host) else proxy
        if (proxy := self.jvm.proxies.get(scheme)) is not None:
            return None if self.jvm.direct_host(host.lower()) else proxy
        if standard and (proxy := self.standard.get(scheme)) is not None:
            return None if self._standard_direct(host.lower()) else proxy
        return None

    def _standard_direct(self, host: str) -> bool:
        if _is_loopback(host):
            return True
        address = literal(host)
        return any(
            entry == "*"
            or host == entry.lstrip(".")
            or host.endswith("." + entry.lstrip("*."))
            or (address is not None and _holds(entry, address))
            for entry in self.no_proxy
        )


class _WrongPort(ValueError):
    """A port that is none."""


def _connector_set(environ: Mapping[str, str], properties: Mapping[str, str]) -> ProxySet:
    proxies: dict[Scheme, Proxy] = {}
    for scheme in SCHEMES:
        prefix = f"CONNECTOR_{scheme.upper()}_PROXY_"
        host, port = environ.get(prefix + "HOST", "").strip(), environ.get(prefix + "PORT", "").strip()
        if host and port:
            proxies[scheme] = Proxy(
                host,
                _port(prefix + "PORT", port),
                environ.get(prefix + "SCHEME", "").strip().lower() or "http",
                environ.get(prefix + "USER"),
                environ.get(prefix + "PASSWORD"),
            )
    lists = (
        environ.get("CONNECTOR_HTTP_NON_PROXY_HOSTS"),
        environ.get("CONNECTOR_HTTP_PROXY_NON_PROXY_HOSTS"),
        properties.get("http.nonProxyHosts"),
    )
    return ProxySet(proxies, _hosts_pattern(text for text in lists if text))


def _jvm_set(properties: Mapping[str, str]) -> ProxySet:
    proxies: dict[Scheme, Proxy] = {}
    for scheme in SCHEMES:
        host = properties.get(f"{scheme}.proxyHost", "")
        port = properties.get(f"{scheme}.proxyPort") or ("80" if scheme == "http" else "443")
        if host and port.isdecimal() and 0 < int(port) <= MAX_PORT:
            user, password = (
                properties.get(f"{scheme}.proxy{part}", properties.get(f"http.proxy{part}"))
                for part in ("User", "Password")
            )
            proxies[scheme] = Proxy(host, int(port), "http", user, password)
    return ProxySet(proxies, _hosts_pattern([properties.get("http.nonProxyHosts", _JVM_DIRECT).lower()]))


def proxy_of(url: str) -> Proxy:
    """The proxy that a URL names, with its credentials if there are any. Raises `ValueError`."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:  # whose text may show a password
        raise ValueError(f"no URL, or its port is no number from 1 to {MAX_PORT}") from None
    if not host or parts.scheme not in SCHEMES:
        raise ValueError("expected a proxy such as http://user:password@proxy.example.com:3128")
    return Proxy(
        host,
        port or (80 if parts.scheme == "http" else 443),
        parts.scheme,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def _standard(environ: Mapping[str, str]) -> Iterable[tuple[Scheme, Proxy]]:
    for scheme in SCHEMES:
        with suppress(ValueError):
            yield scheme, proxy_of(_either(environ, f"{scheme}_proxy").strip())


def _either(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _port(name: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise _WrongPort(f"Invalid proxy port in environment variable {name}")
    if not 1 <= int(text) <= MAX_PORT:
        raise _WrongPort(f"Proxy port in environment variable {name} is out of range (1-65535): {int(text)}")
    return int(text)


def _hosts_pattern(lists: Iterable[str]) -> re.Pattern[str] | None:
    """Hosts separated by `|`, `*` for any text, all else literal and case-sensitive."""
    entries = [entry for text in lists for entry in text.split("|") if entry]
    if not entries:
        return None
    return re.compile("|".join(".*".join(map(re.escape, entry.split("*"))) for entry in entries), re.DOTALL)


def _holds(entry: str, address: Address) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
