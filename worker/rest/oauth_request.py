"""What is sent to a token endpoint (RFC 6749): a form, with the client's credentials in it or in a Basic header."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass
from typing import Final
from urllib.parse import quote_plus

from worker.errors import ILLEGAL_ARGUMENT, JobFailure, input_failure
from worker.face import Face
from worker.rest.auth import basic
from worker.rest.headers import HeaderLines
from worker.rest.request import ClientCredentials, OAuth, RefreshToken

Fields = list[tuple[str, str | None]]
"""Form fields; one with None goes out as a bare name."""


_OF_THE_FLOW: Final = frozenset({"audience", "client_id", "client_secret", "grant_type", "refresh_token", "scope"})


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A POST; `body` is a form."""

    url: str
    headers: HeaderLines
    body: bytes


def token_request(auth: OAuth, face: Face, *, refresh_token: str | None = None) -> TokenRequest:
    """The request for a token; `refresh_token` is used in place of the one in `auth`. Raises `JobFailure`."""
    headers: HeaderLines = [("Content-Type", "application/x-www-form-urlencoded")]
    match auth:
        case ClientCredentials():
            fields = _client_credentials(auth, face)
            if auth.client_authentication == "basicAuthHeader":
                headers.insert(0, ("Authorization", "Basic " + basic(auth.client_id, auth.client_secret)))
            else:
                fields += [("client_id", auth.client_id), ("client_secret", auth.client_secret)]
        case RefreshToken():
            fields = _refresh(auth, refresh_token or auth.refresh_token)
    fields += _added(auth)
    own = {name.lower() for name, _ in auth.headers}
    headers = [*(line for line in headers if line[0].lower() not in own), *auth.headers]
    return TokenRequest(auth.token_endpoint, headers, "&".join(_pair(*field) for field in fields).encode("ascii"))


def cache_key(auth: OAuth) -> str:
    """64 hexadecimal digits that differ when any field does."""
    return hashlib.sha256(json.dumps([type(auth).__name__, *astuple(auth)]).encode()).hexdigest()


def _client_credentials(auth: ClientCredentials, face: Face) -> Fields:
    if auth.client_authentication not in ("basicAuthHeader", "credentialsBody"):
        raise JobFailure(
            f"Unsupported client authentication method: {auth.client_authentication}."
            " Please use either 'basicAuthHeader' or 'credentialsBody'.",
            type=ILLEGAL_ARGUMENT,
            kind="input",
            native_code="INVALID_INPUT",
            final=face.error_details,
        )
    fields: Fields = [("grant_type", "client_credentials")]
    if not (face.omit_blank_audience and _is_blank(auth.audience)):
        fields.append(("audience", auth.audience))
    if not _is_blank(auth.scopes):
        fields.append(("scope", auth.scopes))
    return fields


def _refresh(auth: RefreshToken, refresh_token: str) -> Fields:
    fields: Fields = [
        ("grant_type", "refresh_token"),
        ("client_id", auth.client_id),
        ("refresh_token", refresh_token),
    ]
    optional: Fields = [("client_secret", auth.client_secret), ("scope", auth.scopes)]
    return fields + [field for field in optional if not _is_blank(field[1])]


def _added(auth: OAuth) -> Fields:
    """The fields that the model adds. Raises `JobFailure` for those that the flow itself sends."""
    for name, _ in auth.parameters:
        if name in _OF_THE_FLOW:
            raise input_failure(f"authentication.parameters.{name} is what another input of the authentication says")
    return list(auth.parameters)


def _is_blank(text: str | None) -> bool:
    return text is None or not text.strip()


def _pair(name: str, value: str | None) -> str:
    return name if value is None else f"{name}={quote_plus(value.encode('utf-8', 'replace'))}"
