"""Job variables to the request they mean: shape and coercion, as the pydantic models below declare them.

What a bound request must contain is in `worker.rest.validation`; single values are read by `worker.rest.coercion`.
Unknown members are ignored at every level, because a job carries whatever its template version wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from worker.errors import ILLEGAL_ARGUMENT, JobFailure, input_failure
from worker.face import Face
from worker.rest.coercion import (
    Boolean,
    Integer,
    Text,
    enumeration,
    first_token,
    format_error,
    integer,
    mapping,
    mismatch,
    structure,
    text,
)
from worker.rest.hints import expression_hint
from worker.rest.request import Method

_MODEL: Final = "io.camunda.connector.http.base.model"
_REQUEST: Final = "io.camunda.connector.http.rest.model.HttpJsonRequest"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class NoAuth(_Model):
    type: Literal["noAuth"]


class Basic(_Model):
    type: Literal["basic"]
    username: Text = None
    password: Text = None


class Bearer(_Model):
    type: Literal["bearer"]
    token: Text = None


class ApiKey(_Model):
    type: Literal["apiKey"]
    apiKeyLocation: Annotated[  # noqa: N815  # the template's name
        Literal["query", "headers"] | None,
        BeforeValidator(enumeration(f"{_MODEL}.auth.ApiKeyLocation", ("query", "headers"))),
    ] = None
    name: Text = None
    value: Text = None


def _extended_texts(value: Any, info: ValidationInfo) -> Any:
    """An object of texts that only the native face reads, without its nulls; elsewhere it may be anything."""
    if value is None or info.context is None or not info.context.extended_inputs:
        return None
    given = {name: text(item) for name, item in (mapping(value) or {}).items()}
    return {name: item for name, item in given.items() if item is not None}


_Texts = Annotated[dict[str, str] | None, BeforeValidator(_extended_texts)]


class _OAuth(_Model):
    oauthTokenEndpoint: Text = None  # noqa: N815
    clientId: Text = None  # noqa: N815
    clientSecret: Text = None  # noqa: N815
    scopes: Text = None
    parameters: _Texts = None  # more fields of the token request
    headers: _Texts = None  # more headers of it


class OAuthClientCredentials(_OAuth):
    type: Literal["oauth-client-credentials-flow"]
    audience: Text = None
    clientAuthentication: Text = None  # noqa: N815


class OAuthRefreshToken(_OAuth):
    type: Literal["oauth-refresh-token"]
    refreshToken: Text = None  # noqa: N815


_read_root: Final = structure(_REQUEST)

_METHODS: Final = ("POST", "GET", "DELETE", "PATCH", "PUT")
_read_method: Final = enumeration(f"{_MODEL}.HttpMethod", _METHODS)
_read_any_method: Final = enumeration(f"{_MODEL}.HttpMethod", (*_METHODS, "HEAD", "OPTIONS", "TRACE"))

_KINDS: Final = ("noAuth", "basic", "bearer", "apiKey", "oauth-client-credentials-flow", "oauth-refresh-token")


def _typed(value: Any) -> Any:
    """An authentication object must name one of the kinds; the case of the name matters."""
    if isinstance(value, list):
        return _named_by_its_first(value)
    if value is not None and (not isinstance(value, dict) or value.get("type") not in _KINDS):
        raise format_error(None)
    if isinstance(value, dict) and isinstance(value.get("oauthRefreshToken"), dict):
        return {**value["oauthRefreshToken"], **value}  # stored credentials nest one level deeper
    return value


def _named_by_its_first(value: list[Any]) -> Any:
    """A list of the kind's name and the object, as the original takes it too."""
    if not value or isinstance(value[0], dict | list):
        raise mismatch(
            f"Unexpected token ({first_token(value)}), expected VALUE_STRING: need String, Number of Boolean value "
            f"that contains type id (for subtype of {_MODEL}.auth.Authentication)"
        )
    if value[0] not in _KINDS or len(value) != 2 or not isinstance(value[1], dict):
        raise format_error(None)
    return {**value[1], "type": value[0]}


Authentication = Annotated[
    Annotated[
        NoAuth | Basic | Bearer | ApiKey | OAuthClientCredentials | OAuthRefreshToken, Field(discriminator="type")
    ]
    | None,
    BeforeValidator(_typed),
]


class AuthenticationConfiguration(_Model):
    authentication: Authentication = None


class ClientTls(_Model):
    clientCertificate: Text = None  # noqa: N815
    clientPrivateKey: Text = None  # noqa: N815
    privateKeyPassword: Text = None  # noqa: N815
    trustedCertificate: Text = None  # noqa: N815


def _extended_integer(value: Any, info: ValidationInfo) -> Any:
    """A number that only the native face reads; elsewhere it may be anything."""
    return integer(value) if info.context is not None and info.context.extended_inputs else None


def _method(value: Any, info: ValidationInfo) -> str | None:
    return (_read_any_method if info.context is not None and info.context.more_methods else _read_method)(value)


def _parameter(value: Any, info: ValidationInfo) -> Any:
    """A header or query value: text; where the face allows it, a list of texts repeats the name."""
    if isinstance(value, list) and info.context is not None and info.context.lenient_parameters:
        return [text(item) for item in value]
    return text(value)


Parameters = Annotated[
    dict[str, Annotated[str | list[str | None] | None, BeforeValidator(_parameter)]] | None, BeforeValidator(mapping)
]


class Variables(_Model):
    """The inputs of a job under the names that templates use. What is missing or null has its default."""

    method: Annotated[Method | None, BeforeValidator(_method)] = None
    url: Text = None
    authentication: Authentication = None
    authenticationConfiguration: Annotated[  # noqa: N815
        AuthenticationConfiguration | None,
        BeforeValidator(structure(f"{_MODEL}.AuthenticationConfiguration")),
    ] = None
    clientTls: Annotated[ClientTls | None, BeforeValidator(structure(f"{_MODEL}.ClientTls"))] = None  # noqa: N815
    headers: Parameters = None
    queryParameters: Parameters = None  # noqa: N815
    skipEncoding: Text = None  # noqa: N815
    connectionTimeoutInSeconds: Integer = None  # noqa: N815
    readTimeoutInSeconds: Integer = None  # noqa: N815
    writeTimeoutInSeconds: Annotated[int | None, BeforeValidator(_extended_integer)] = None  # noqa: N815
    body: Any = None
    storeResponse: Boolean = False  # noqa: N815
    ignoreNullValues: Boolean = False  # noqa: N815
    followRedirects: Boolean = False  # noqa: N815


def bind(tree: Any, face: Face) -> Variables:
    """The variables of a decoded tree. Raises `JobFailure` for what cannot be read."""
    if tree is None:
        message = "HV000116: The object to be validated must not be null."
        raise JobFailure(message, type=ILLEGAL_ARGUMENT, kind="input", native_code="INVALID_INPUT")
    try:
        return Variables.model_validate(_root(tree), context=face)
    except ValidationError as problem:
        first = min(problem.errors(include_url=False), key=lambda error: _position(tree, error["loc"]))
        raise input_failure(_message(first) + _hint(tree, first["loc"], face)) from None


def root_object(tree: Any) -> Mapping[str, Any] | None:
    """The object of the variables, out of its list when it stands in one; None for any other value."""
    if isinstance(tree, list) and len(tree) == 1:
        tree = tree[0]
    return tree if isinstance(tree, dict) else None


def _root(tree: Any) -> Mapping[str, Any]:
    try:
        return _read_root(tree) or {}
    except PydanticCustomError as problem:  # outside of a validation
        details = ErrorDetails(type=problem.type, loc=(), msg=problem.message(), input=None, ctx=problem.context or {})
        raise input_failure(_message(details)) from None


def _message(error: ErrorDetails) -> str:
    """What the original says about a value that it cannot bind."""
    if error["type"] == "mismatch":
        return error["msg"]
    path = ", ".join(part for part in error["loc"] if isinstance(part, str) and part not in _KINDS)
    wanted = error.get("ctx", {}).get("wanted")
    return f"Json object contains an invalid field: {path}" + (f". It Must be `{wanted}`" if wanted else "")


def _hint(tree: Any, location: tuple[int | str, ...], face: Face) -> str:
    path = [part for part in location if isinstance(part, str) and part not in _KINDS]
    value: Any = root_object(tree)
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        path, value = [*path, "type"], value["type"]
    return expression_hint(".".join(path), value, face)


def _position(tree: Any, location: tuple[int | str, ...]) -> tuple[int, ...]:
    """Where in the text a member stands: the original stops at the first wrong value, in the text's order."""
    node: Any = root_object(tree)
    position = []
    for part in location:
        if part in _KINDS:  # pydantic names the chosen kind of authentication in the path
            continue
        if isinstance(node, list) and len(node) == 1:
            node = node[0]
        if not isinstance(node, dict) or part not in node:
            break
        position.append(list(node).index(part))
        node = node[part]
    return tuple(position)
