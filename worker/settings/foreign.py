"""Names of other products that are understood as well, so that an environment made for them keeps working.

A value under such a name never ends the start: one that makes no sense is left out with a warning. Only the access to
the engine is different, because a worker that connects to another engine than the one meant would be worse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network


@dataclass(frozen=True, slots=True)
class Alias:
    """`name` gives our setting `target`, after `convert`, which returns None for a value that makes no sense."""

    name: str
    target: str
    convert: Callable[[str], str | None] = str.strip
    unit: str = ""  # where it differs from the target's
    empty_counts: bool = False


def _milliseconds(text: str) -> str | None:
    """Milliseconds to seconds, within the bounds of `REST_CONNECTOR_LEASE`."""
    text = text.strip()
    return str(int(text) / 1000) if text.isdecimal() and 1_000 <= int(text) <= 86_400_000 else None


def _job_type(text: str) -> str | None:
    text = text.strip()
    return f"{text}=compatible" if text and not set(text) & {",", "="} else None


def _switch(text: str) -> str | None:
    """Spring's words for true and false."""
    text = text.strip().lower()
    return text if text in {"true", "false", "on", "off", "yes", "no"} else None


def _opposite(text: str) -> str | None:
    """A switch that turns ours off."""
    on = _switch(text)
    return None if on is None else str(on not in {"true", "on", "yes"}).lower()


def _transport(text: str) -> str | None:
    on = _switch(text)
    return None if on is None else "rest" if on in {"true", "on", "yes"} else "grpc"


def _auth(text: str) -> str | None:
    return {"none": "none", "basic": "basic", "oidc": "oauth"}.get(text.strip().lower())


def _guard(text: str) -> str | None:
    on = _switch(text)
    return None if on is None else "strict" if on in {"true", "on", "yes"} else "metadata"


def _positive(text: str) -> str | None:
    text = text.strip()
    return text if text.isdecimal() and int(text) > 0 else None


def _seconds(text: str) -> str | None:
    """Spring's durations: `10s`, `500ms`, a bare number of milliseconds, `PT10S`."""
    match = re.fullmatch(r"(?:PT)?(\d+(?:\.\d+)?)(ms|s|m)?", text.strip(), re.IGNORECASE)
    if match is None:
        return None
    return str(float(match[1]) * {"ms": 0.001, "s": 1, "m": 60}[(match[2] or "ms").lower()])


def _filter_mode(text: str) -> str | None:
    text = text.strip().upper()
    return text if text in {"DISABLED", "LAX", "STRICT"} else None


def _networks(text: str) -> str | None:
    try:
        for part in text.split(","):
            ip_network(part.strip(), strict=False)
    except ValueError:
        return None
    return text


_ZEEBE = "REST_CONNECTOR_ZEEBE__"
_ADDRESS = _ZEEBE + "ADDRESS"
_SPRING = "CAMUNDA_CLIENT_"  # the names of Camunda's Spring client; its properties' dashes may be there or not
_SECRETS = "REST_CONNECTOR_SECRETS__"
_CAMUNDA_SECRETS = "CAMUNDA_CONNECTOR_SECRETPROVIDER_ENVIRONMENT_"
_CAMUNDA_FILTER = "CAMUNDA_CONNECTOR_SECRETRESOLVER_SECRETFILTER_"
_CAMUNDA_FILTER_DASHED = "CAMUNDA_CONNECTOR_SECRET_RESOLVER_SECRET_FILTER_"  # Spring reads dashes both ways
_HOSTS = "REST_CONNECTOR_HOSTS__"
_CAMUNDA_HOSTS = "CAMUNDA_CONNECTOR_VALIDATION_HOSTS_"

# Access to the cluster: Camunda's clients for Java and Spring, the file that its Console offers, pyzeebe.
_REST_ADDRESSES = (
    _SPRING + "REST_ADDRESS",
    _SPRING + "RESTADDRESS",
    "CAMUNDA_REST_ADDRESS",
    "ZEEBE_REST_ADDRESS",
)
_PREFER_REST = ("PREFER_REST_OVER_GRPC", "PREFERRESTOVERGRPC")
_CLUSTER_IDS = (
    _SPRING + "CLOUD_CLUSTER_ID",
    _SPRING + "CLOUD_CLUSTERID",
    "CAMUNDA_CLUSTER_ID",
    "ZEEBE_CLIENT_CLOUD_CLUSTER_ID",
    "ZEEBE_CLIENT_CLOUD_CLUSTERID",
)
_REGIONS = (_SPRING + "CLOUD_REGION", "CAMUNDA_CLUSTER_REGION", "ZEEBE_CLIENT_CLOUD_REGION")
_CA_FILES = (
    _SPRING + "CA_CERTIFICATE_PATH",
    _SPRING + "CACERTIFICATEPATH",
    "CAMUNDA_CA_CERTIFICATE_PATH",
    "ZEEBE_CA_CERTIFICATE_PATH",
)
_CLIENT_IDS = (
    _SPRING + "AUTH_CLIENT_ID",
    _SPRING + "AUTH_CLIENTID",
    "CAMUNDA_CLIENT_ID",
    "ZEEBE_CLIENT_ID",
    "ZEEBE_CLIENT_CLOUD_CLIENT_ID",
    "ZEEBE_CLIENT_CLOUD_CLIENTID",
)
_CLIENT_SECRETS = (
    _SPRING + "AUTH_CLIENT_SECRET",
    _SPRING + "AUTH_CLIENTSECRET",
    "CAMUNDA_CLIENT_SECRET",
    "ZEEBE_CLIENT_SECRET",
    "ZEEBE_CLIENT_CLOUD_CLIENT_SECRET",
    "ZEEBE_CLIENT_CLOUD_CLIENTSECRET",
)
_TOKEN_URLS = (
    _SPRING + "AUTH_TOKEN_URL",
    _SPRING + "AUTH_TOKENURL",
    "CAMUNDA_OAUTH_URL",
    "CAMUNDA_AUTHORIZATION_SERVER_URL",
    "ZEEBE_AUTHORIZATION_SERVER_URL",
)
_AUDIENCES = (_SPRING + "AUTH_AUDIENCE", "CAMUNDA_TOKEN_AUDIENCE", "ZEEBE_TOKEN_AUDIENCE")
_SCOPES = (_SPRING + "AUTH_SCOPE", "CAMUNDA_TOKEN_SCOPE", "ZEEBE_TOKEN_SCOPE")

# Of several names for one setting, the first that is set counts; our own name comes before all of them.
ALIASES = (
    Alias("ZEEBE_ADDRESS", _ADDRESS),
    Alias("ZEEBE_GATEWAY_ADDRESS", _ADDRESS),
    Alias("CAMUNDA_CLIENT_GRPC_ADDRESS", _ADDRESS),
    Alias("ZEEBE_GRPC_ADDRESS", _ADDRESS),
    Alias("CAMUNDA_GRPC_ADDRESS", _ADDRESS),
    Alias("ZEEBE_CLIENT_BROKER_GATEWAY_ADDRESS", _ADDRESS),
    *(Alias(name, _ZEEBE + "REST_ADDRESS") for name in _REST_ADDRESSES),
    *(Alias(_SPRING + name, _ZEEBE + "TRANSPORT", _transport) for name in _PREFER_REST),
    *(Alias(name, _ZEEBE + "CLUSTER_ID") for name in _CLUSTER_IDS),
    *(Alias(name, _ZEEBE + "REGION") for name in _REGIONS),
    *(
        Alias(name, _ZEEBE + "TLS", _opposite)
        for name in ("ZEEBE_INSECURE_CONNECTION", "ZEEBE_CLIENT_SECURITY_PLAINTEXT")
    ),
    *(Alias(name, _ZEEBE + "CA_FILE") for name in _CA_FILES),
    Alias(_SPRING + "AUTH_METHOD", _ZEEBE + "AUTH", _auth),
    *(Alias(name, _ZEEBE + "CLIENT_ID") for name in _CLIENT_IDS),
    *(Alias(name, _ZEEBE + "CLIENT_SECRET") for name in _CLIENT_SECRETS),
    *(Alias(name, _ZEEBE + "TOKEN_URL") for name in _TOKEN_URLS),
    *(Alias(name, _ZEEBE + "AUDIENCE") for name in _AUDIENCES),
    *(Alias(name, _ZEEBE + "SCOPE") for name in _SCOPES),
    *(Alias(name, _ZEEBE + "USERNAME") for name in (_SPRING + "AUTH_USERNAME", "CAMUNDA_BASIC_AUTH_USERNAME")),
    *(Alias(name, _ZEEBE + "PASSWORD") for name in (_SPRING + "AUTH_PASSWORD", "CAMUNDA_BASIC_AUTH_PASSWORD")),
    Alias("CONNECTOR_HTTP_REST_TYPE", "REST_CONNECTOR_JOB_TYPES", _job_type),
    Alias("CONNECTOR_HTTP_REST_TIMEOUT", "REST_CONNECTOR_LEASE", _milliseconds, unit="milliseconds"),
    Alias("CONNECTOR_HTTP_CLIENT_MAX_BODY_SIZE", "REST_CONNECTOR_HTTP__MAX_RESPONSE_SIZE", _positive),
    Alias("CAMUNDA_CONNECTOR_OAUTH_CACHE_SKEWBUFFER", "REST_CONNECTOR_HTTP__OAUTH_SKEW", _seconds),
    Alias("CAMUNDA_CONNECTOR_OAUTH_CACHE_SKEW_BUFFER", "REST_CONNECTOR_HTTP__OAUTH_SKEW", _seconds),
    Alias(_CAMUNDA_SECRETS + "ENABLED", _SECRETS + "ENVIRONMENT", _switch),
    Alias(_CAMUNDA_SECRETS + "PREFIX", _SECRETS + "ENVIRONMENT_PREFIX", empty_counts=True),
    Alias(_CAMUNDA_SECRETS + "TENANTAWARE", _SECRETS + "TENANT_AWARE", _switch),
    Alias(_CAMUNDA_SECRETS + "PROCESSDEFINITIONAWARE", _SECRETS + "PROCESS_AWARE", _switch),
    Alias(_CAMUNDA_SECRETS + "PHYSICALTENANTAWARE", _SECRETS + "PHYSICAL_TENANT_AWARE", _switch),
    Alias(_CAMUNDA_FILTER + "MODE", _SECRETS + "FILTER", _filter_mode),
    Alias(_CAMUNDA_FILTER_DASHED + "MODE", _SECRETS + "FILTER", _filter_mode),
    Alias(_CAMUNDA_FILTER + "CACHE_ENABLED", _SECRETS + "FILTER_CACHE", _switch),
    Alias(_CAMUNDA_FILTER + "CACHE_MAXSIZE", _SECRETS + "FILTER_CACHE_SIZE", _positive),
    Alias("CAMUNDA_CLIENT_RESTADDRESS", _SECRETS + "ENGINE"),
    Alias("CAMUNDA_CLIENT_REST_ADDRESS", _SECRETS + "ENGINE"),
    Alias(_CAMUNDA_HOSTS + "ENABLED", _HOSTS + "GUARD", _guard),
    Alias(_CAMUNDA_HOSTS + "ALLOWRANGES", _HOSTS + "ALLOW_RANGES", _networks),
    Alias(_CAMUNDA_HOSTS + "DENYRANGES", _HOSTS + "DENY_RANGES", _networks),
    Alias(_CAMUNDA_HOSTS + "UNSAFEALLOWPRIVATERANGES", _HOSTS + "ALLOW_PRIVATE", _switch),
    Alias(_CAMUNDA_HOSTS + "UNSAFEALLOWLOOPBACK", _HOSTS + "ALLOW_LOOPBACK", _switch),
)


def translated(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Our names for what is set under foreign ones, and the foreign names whose values make no sense."""
    values: dict[str, str] = {}
    senseless: list[str] = []
    for alias in ALIASES:
        text = environ.get(alias.name)
        if text is None or alias.target in environ or alias.target in values:
            continue
        if not text.strip() and not alias.empty_counts:
            continue
        converted = alias.convert(text)
        if converted is None:
            senseless.append(alias.name)
        else:
            values[alias.target] = converted
    return values, senseless
