"""What the modeler asked for: the request of a job after binding and validation.

`worker.rest.binding` makes it from the job's variables; everything below works on these values alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from worker.rest.options import DEFAULTS, HttpOptions

if TYPE_CHECKING:
    from worker.rest.proxy import Proxy

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]

IDEMPOTENT: Final = frozenset({"GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"})
"""Methods that do no more when a request arrives twice (RFC 9110)."""


@dataclass(frozen=True, slots=True)
class BasicAuth:
    username: str
    password: str | None


@dataclass(frozen=True, slots=True)
class BearerAuth:
    token: str


@dataclass(frozen=True, slots=True)
class ApiKeyAuth:
    location: Literal["headers", "query"]
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials. `client_authentication` is checked when the token is asked for.

    `parameters` and `headers` are more fields and headers of the token request, in both flows.
    """

    token_endpoint: str
    client_id: str
    client_secret: str
    client_authentication: str
    audience: str | None = None
    scopes: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """OAuth 2.0 refresh token flow."""

    token_endpoint: str
    client_id: str
    refresh_token: str
    client_secret: str | None = None
    scopes: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


OAuth = ClientCredentials | RefreshToken
Auth = BasicAuth | BearerAuth | ApiKeyAuth | OAuth


@dataclass(frozen=True, slots=True)
class ClientTls:
    """PEM texts; blank texts are None."""

    certificate: str | None = None
    private_key: str | None = None
    password: str | None = None
    trusted: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnFormat:
    choice: Literal["JSON", "TEXT", "DOCUMENT"]
    encoding: str | None = None


@dataclass(slots=True)
class RestRequest:
    """One call. Time limits are seconds, 0 is without limit; `body` is a JSON tree that may hold `Document`s."""

    method: Method
    url: str
    auth: Auth | None = None
    headers: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None
    body: Any = None
    tls: ClientTls | None = None
    connection_timeout: int = 20
    read_timeout: int = 20
    write_timeout: int | None = None  # None: as `read_timeout`
    total_timeout: float | None = None  # for the whole call; None: as the worker has it
    proxy: Proxy | Literal["direct"] | None = None  # None: as the worker has it
    skip_encoding: bool = False
    ignore_null_values: bool = False
    follow_redirects: bool = False
    store_response: bool = False
    return_format: ReturnFormat | None = None
    options: HttpOptions = DEFAULTS
    profile: str | None = None  # the name of the profile that it was made with
    bound_headers: tuple[str, ...] = ()  # lower-case names of headers that stay at the first origin
    bound_body: bool = False  # the body stays there too


@dataclass(slots=True)
class RestResponse:
    """What result and error expressions see as `response`; `None` in its place where the contract says so (7.6)."""

    status: int
    headers: Mapping[str, str | list[str]]
    body: Any
    reason: str | None
    document: Any = None
    meta: Mapping[str, Any] | None = None
    tracked: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The five members, nulls included, in the order of the contract; more only where it was asked for."""
        members: dict[str, Any] = {
            "status": self.status,
            "headers": self.headers,
            "body": self.body,
            "reason": self.reason,
            "document": self.document,
        }
        if self.meta is not None:
            members["meta"] = self.meta
        if self.tracked is not None:
            members["tracked"] = self.tracked
        return members
