"""What a bound request must contain, with the words of the original's bean validation, and the request made of it.

Values are never part of a message.
"""

from __future__ import annotations

import re
from typing import Final

from worker.errors import input_failure
from worker.face import Face
from worker.rest import binding
from worker.rest.hints import expression_hint
from worker.rest.options import DEFAULTS, HttpOptions
from worker.rest.request import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    ClientCredentials,
    ClientTls,
    RefreshToken,
    RestRequest,
    ReturnFormat,
)

DEFAULT_TIMEOUT: Final = 20  # seconds

_URL: Final = re.compile(r"=|(?:http://|https://|secrets|\{\{)[^\n\r\u0085\u2028\u2029]*")
_NOT_A_URL: Final = "Must be a http(s) URL"
_EMPTY: Final = "must not be empty"
_LEAD: Final = "jakarta.validation.ValidationException: Found constraints violated while validating input: "

Violation = tuple[str, str]


def validate(variables: binding.Variables, face: Face) -> None:
    """Raises an input failure that lists every violated rule with the path of its property."""
    violated = violations(variables, face)
    if not violated:
        return
    violated.sort()
    lines = [f" - Property: {path}: Validation failed. Original message: {reason}" for path, reason in violated]
    missing = all(reason.startswith("must not be") for _, reason in violated)
    hints = "".join(expression_hint(path, _value(variables, path), face) for path, _ in violated)
    raise input_failure("\n".join([_LEAD, *lines]) + hints, native_code="MISSING_INPUT" if missing else "INVALID_INPUT")


def _value(variables: binding.Variables, path: str) -> object:
    value: object = variables
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def request_of(
    variables: binding.Variables, return_format: ReturnFormat | None, face: Face, options: HttpOptions = DEFAULTS
) -> RestRequest:
    """The request that validated variables ask for."""
    connection = variables.connectionTimeoutInSeconds
    connection = DEFAULT_TIMEOUT if connection is None else connection
    read = variables.readTimeoutInSeconds if options.timeout is None else 0
    configuration = variables.authenticationConfiguration
    authentication = variables.authentication if configuration is None else configuration.authentication
    return RestRequest(
        method=variables.method or "GET",
        url=variables.url or "",
        auth=None if authentication is None else _auth(authentication),
        headers=variables.headers,
        query=variables.queryParameters,
        body=variables.body,
        tls=None if variables.clientTls is None else _tls(variables.clientTls),
        connection_timeout=connection,
        read_timeout=connection if read is None else read,
        total_timeout=options.timeout or None,
        write_timeout=variables.writeTimeoutInSeconds,
        skip_encoding=variables.skipEncoding == "true",
        ignore_null_values=variables.ignoreNullValues,
        follow_redirects=variables.followRedirects,
        store_response=variables.storeResponse,
        return_format=return_format,
        options=options,
    )


def violations(variables: binding.Variables, face: Face) -> list[Violation]:
    """Each violated rule: the path of the property and the reason, in no particular order."""
    violated: list[Violation] = []
    url = variables.url
    if variables.method is None and not face.input_defaults:
        violated.append(("method", "must not be null"))
    if url is None or not url.strip():
        violated.append(("url", "must not be blank"))
    if url is not None and not _URL.fullmatch(url):
        violated.append(("url", _NOT_A_URL))
    if variables.authentication is not None:
        violated += _auth_violations("authentication", variables.authentication, face)
    if variables.authenticationConfiguration is not None:
        inner = variables.authenticationConfiguration.authentication
        violated += _auth_violations("authenticationConfiguration.authentication", inner, face)
    return violated


def _auth_violations(path: str, auth: binding.Authentication, face: Face) -> list[Violation]:
    required: tuple[str, ...] = ()
    violated: list[Violation] = []
    match auth:
        case None:
            return violated
        case binding.Basic():
            required = ("username",)
        case binding.Bearer():
            required = ("token",)
        case binding.ApiKey():
            required = ("name", "value")
            if auth.apiKeyLocation is None and not face.input_defaults:
                violated.append((f"{path}.apiKeyLocation", "must not be null"))
        case binding.OAuthClientCredentials():
            required = ("oauthTokenEndpoint", "clientId", "clientSecret")
            if not face.input_defaults:
                required = (*required, "clientAuthentication")
        case binding.OAuthRefreshToken():
            required = ("oauthTokenEndpoint", "clientId", "refreshToken")
    violated += [(f"{path}.{name}", _EMPTY) for name in required if not getattr(auth, name)]
    if isinstance(auth, binding.OAuthClientCredentials | binding.OAuthRefreshToken):
        endpoint = auth.oauthTokenEndpoint
        if endpoint is not None and not _URL.fullmatch(endpoint):
            violated.append((f"{path}.oauthTokenEndpoint", _NOT_A_URL))
    return violated


def _auth(auth: binding.Authentication) -> Auth | None:
    match auth:
        case binding.Basic():
            return BasicAuth(auth.username or "", auth.password)
        case binding.Bearer():
            return BearerAuth(auth.token or "")
        case binding.ApiKey():
            return ApiKeyAuth(auth.apiKeyLocation or "headers", auth.name or "", auth.value or "")
        case binding.OAuthClientCredentials():
            return ClientCredentials(
                token_endpoint=auth.oauthTokenEndpoint or "",
                client_id=auth.clientId or "",
                client_secret=auth.clientSecret or "",
                client_authentication=auth.clientAuthentication or "basicAuthHeader",
                audience=auth.audience,
                scopes=auth.scopes,
                parameters=tuple((auth.parameters or {}).items()),
                headers=tuple((auth.headers or {}).items()),
            )
        case binding.OAuthRefreshToken():
            return RefreshToken(
                token_endpoint=auth.oauthTokenEndpoint or "",
                client_id=auth.clientId or "",
                refresh_token=auth.refreshToken or "",
                client_secret=auth.clientSecret,
                scopes=auth.scopes,
                parameters=tuple((auth.parameters or {}).items()),
                headers=tuple((auth.headers or {}).items()),
            )
        case _:
            return None


def _tls(tls: binding.ClientTls) -> ClientTls:
    return ClientTls(
        certificate=_filled(tls.clientCertificate),
        private_key=_filled(tls.clientPrivateKey),
        password=_filled(tls.privateKeyPassword),
        trusted=_filled(tls.trustedCertificate),
    )


def _filled(text: str | None) -> str | None:
    return text if text and text.strip() else None
