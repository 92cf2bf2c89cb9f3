"""Job variables to the request they mean: shape and coercion, as the models below declare them.

What a bound request must contain is in `worker.rest.validation`; single values are read by `worker.rest.coercion`.
Unknown members are ignored at every level, because a job carries whatever its template version wrote. Members are
read in the order of the text, so the failure that a model sees is that of the first wrong one, as in the original.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar, get_args, get_type_hints

from worker.errors import ILLEGAL_ARGUMENT, JobFailure, input_failure
from worker.face import Face
from worker.rest.coercion import (
    Unreadable,
    boolean,
    enumeration,
    first_token,
    format_error,
    integer,
    mapping,
    structure,
    text,
)
from worker.rest.hints import expression_hint
from worker.rest.request import Method

Model = TypeVar("Model")

_MODEL: Final = "io.camunda.connector.http.base.model"
_REQUEST: Final = "io.camunda.connector.http.rest.model.HttpJsonRequest"


class _Reader(NamedTuple):
    """How a member is read; `by_face` readers take the face as well."""

    read: Callable[..., Any]
    by_face: bool = False


Text = Annotated[str | None, _Reader(text)]
Integer = Annotated[int | None, _Reader(integer)]
Boolean = Annotated[bool, _Reader(boolean)]


@dataclass(slots=True)
class NoAuth:
    type: Literal["noAuth"] = "noAuth"


@dataclass(slots=True)
class Basic:
    type: Literal["basic"] = "basic"
    username: Text = None
    password: Text = None


@dataclass(slots=True)
class Bearer:
    type: Literal["bearer"] = "bearer"
    token: Text = None


@dataclass(slots=True)
class ApiKey:
    type: Literal["apiKey"] = "apiKey"
    apiKeyLocation: Annotated[  # noqa: N815  # the template's name
        Literal["query", "headers"] | None,
        _Reader(enumeration(f"{_MODEL}.auth.ApiKeyLocation", ("query", "headers"))),
    ] = None
    name: Text = None
    value: Text = None


def _extended_texts(value: Any, face: Face) -> dict[str, str] | None:
    """An object of texts that only the native face reads, without its nulls; elsewhere it may be anything."""
    if not face.extended_inputs:
        return None
    members = mapping(value) or {}
    return {name: given for name, item in members.items() if (given := text(item)) is not None}


_Texts = Annotated[dict[str, str] | None, _Reader(_extended_texts, by_face=True)]


@dataclass(slots=True)
class OAuthClientCredentials:
    type: Literal["oauth-client-credentials-flow"] = "oauth-client-credentials-flow"
    oauthTokenEndpoint: Text = None  # noqa: N815
    clientId: Text = None  # noqa: N815
    clientSecret: Text = None  # noqa: N815
    scopes: Text = None
    parameters: _Texts = None  # more fields of the token request
    headers: _Texts = None  # more headers of it
    audience: Text = None
    clientAuthentication: Text = None  # noqa: N815


@dataclass(slots=True)
class OAuthRefreshToken:
    type: Literal["oauth-refresh-token"] = "oauth-refresh-token"
    oauthTokenEndpoint: Text = None  # noqa: N815
    clientId: Text = None  # noqa: N815
    clientSecret: Text = None  # noqa: N815
    scopes: Text = None
    parameters: _Texts = None
    headers: _Texts = None
    refreshToken: Text = None  # noqa: N815


_Kind = NoAuth | Basic | Bearer | ApiKey | OAuthClientCredentials | OAuthRefreshToken


def _authentication(value: Any, face: Face) -> _Kind | None:
    """An authentication object must name one of the kinds; the case of the name matters. None for `noAuth`."""
    named_first = isinstance(value, list)
    if named_first:
        value = _named_by_its_first(value)
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise format_error(None)
    if kind == "noAuth":
        return None
    if not named_first and isinstance(value.get("oauthRefreshToken"), dict):
        value = {**value["oauthRefreshToken"], **value}  # stored credentials nest one level deeper
    return _filled(_KINDS[kind](), value, face)


def _named_by_its_first(value: list[Any]) -> dict[str, Any]:
    """A list of the kind's name and the object, as the original takes it too."""
    if not value or isinstance(value[0], dict | list):
        raise Unreadable(
            f"Unexpected token ({first_token(value)}), expected VALUE_STRING: need String, Number of Boolean value "
            f"that contains type id (for subtype of {_MODEL}.auth.Authentication)"
        )
    if len(value) != 2 or not isinstance(value[1], dict):
        raise format_error(None)
    return {**value[1], "type": value[0]}


Authentication = Annotated[_Kind | None, _Reader(_authentication, by_face=True)]


@dataclass(slots=True)
class AuthenticationConfiguration:
    authentication: Authentication = None


@dataclass(slots=True)
class ClientTls:
    clientCertificate: Text = None  # noqa: N815
    clientPrivateKey: Text = None  # noqa: N815
    privateKeyPassword: Text = None  # noqa: N815
    trustedCertificate: Text = None  # noqa: N815


def _nested(model: type[Model]) -> _Reader:
    unwrap = structure(f"{_MODEL}.{model.__name__}")

    def read(value: Any, face: Face) -> Model | None:
        members = unwrap(value)
        return None if members is None else _filled(model(), members, face)

    return _Reader(read, by_face=True)


def _extended_integer(value: Any, face: Face) -> int | None:
    """A number that only the native face reads; elsewhere it may be anything."""
    return integer(value) if face.extended_inputs else None


_METHODS: Final = ("POST", "GET", "DELETE", "PATCH", "PUT")
_read_method: Final = enumeration(f"{_MODEL}.HttpMethod", _METHODS)
_read_any_method: Final = enumeration(f"{_MODEL}.HttpMethod", (*_METHODS, "HEAD", "OPTIONS", "TRACE"))


def _method(value: Any, face: Face) -> str | None:
    return _read_any_method(value) if face.more_methods else _read_method(value)


def _parameters(value: Any, face: Face) -> dict[str, Any] | None:
    """Headers or query: texts; where the face allows it, a list of texts repeats the name."""
    members = mapping(value)
    if members is None:
        return None
    read = _repeatable if face.lenient_parameters else text
    return {name: item if type(item) is str else _at(name, read, item) for name, item in members.items()}


def _at(name: str, read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except Unreadable as problem:
        problem.path.insert(0, name)
        raise


def _repeatable(value: Any) -> Any:
    return [text(item) for item in value] if isinstance(value, list) else text(value)


Parameters = Annotated[dict[str, str | list[str | None] | None] | None, _Reader(_parameters, by_face=True)]


def _anything(value: Any) -> Any:
    return value


@dataclass(slots=True)
class Variables:
    """The inputs of a job under the names that templates use. What is missing or null has its default."""

    method: Annotated[Method | None, _Reader(_method, by_face=True)] = None
    url: Text = None
    authentication: Authentication = None
    authenticationConfiguration: Annotated[  # noqa: N815
        AuthenticationConfiguration | None, _nested(AuthenticationConfiguration)
    ] = None
    clientTls: Annotated[ClientTls | None, _nested(ClientTls)] = None  # noqa: N815
    headers: Parameters = None
    queryParameters: Parameters = None  # noqa: N815
    skipEncoding: Text = None  # noqa: N815
    connectionTimeoutInSeconds: Integer = None  # noqa: N815
    readTimeoutInSeconds: Integer = None  # noqa: N815
    writeTimeoutInSeconds: Annotated[int | None, _Reader(_extended_integer, by_face=True)] = None  # noqa: N815
    body: Annotated[Any, _Reader(_anything)] = None
    storeResponse: Boolean = False  # noqa: N815
    ignoreNullValues: Boolean = False  # noqa: N815
    followRedirects: Boolean = False  # noqa: N815


def _declared(model: type) -> dict[str, _Reader]:
    """The readers of a model's members."""
    return {
        name: note
        for name, declared in get_type_hints(model, include_extras=True).items()
        for note in getattr(declared, "__metadata__", ())
    }


_KINDS: Final[Mapping[str, type[_Kind]]] = {kind().type: kind for kind in get_args(_Kind)}
_MEMBERS: Final[Mapping[type, Mapping[str, _Reader]]] = {
    model: _declared(model) for model in (Variables, AuthenticationConfiguration, ClientTls, *_KINDS.values())
}
_read_root: Final = structure(_REQUEST)


def bind(tree: Any, face: Face) -> Variables:
    """The variables of a decoded tree. Raises `JobFailure` for what cannot be read."""
    if tree is None:
        message = "HV000116: The object to be validated must not be null."
        raise JobFailure(message, type=ILLEGAL_ARGUMENT, kind="input", native_code="INVALID_INPUT")
    try:
        return _filled(Variables(), tree if type(tree) is dict else _read_root(tree) or {}, face)
    except Unreadable as problem:
        raise input_failure(_message(problem) + _hint(tree, problem.path, face)) from None


def root_object(tree: Any) -> Mapping[str, Any] | None:
    """The object of the variables, out of its list when it stands in one; None for any other value."""
    if isinstance(tree, list) and len(tree) == 1:
        tree = tree[0]
    return tree if isinstance(tree, dict) else None


def _filled(model: Model, members: Mapping[str, Any], face: Face) -> Model:
    """The model with those of the members that it declares. Raises `Unreadable`, which knows the path."""
    readers = _MEMBERS[type(model)]
    for name, value in members.items():
        if value is None or name not in readers:
            continue
        read, by_face = readers[name]
        try:
            setattr(model, name, read(value, face) if by_face else read(value))
        except Unreadable as problem:
            problem.path.insert(0, name)
            raise
    return model


def _message(problem: Unreadable) -> str:
    """What the original says about a value that it cannot bind."""
    if problem.message is not None:
        return problem.message
    wanted = f". It Must be `{problem.wanted}`" if problem.wanted else ""
    return f"Json object contains an invalid field: {', '.join(problem.path)}{wanted}"


def _hint(tree: Any, path: list[str], face: Face) -> str:
    value: Any = root_object(tree)
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        path, value = [*path, "type"], value["type"]
    return expression_hint(".".join(path), value, face)
