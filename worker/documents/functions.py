"""The functions that inputs may call: each a row of the table, with its parameters and what it does."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from worker.documents.document import Document
from worker.durations import parse_duration
from worker.json_codec import loads


class Evaluator(Protocol):
    """Evaluates FEEL, for `getJson`."""

    async def evaluate(self, text: str, context: Mapping[str, Any]) -> Any: ...


GithubToken = Callable[[str, str, str], Awaitable[str]]
"""Private key (PEM), app id, installation id -> access token."""


@dataclass(frozen=True, slots=True)
class Services:
    """What functions need beside their arguments; `exact` keeps fractions in JSON documents as decimals."""

    expressions: Evaluator | None = None
    github: GithubToken | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    required: bool = True


Run = Callable[[Services, Sequence[Any]], Awaitable[Any]]
"""One value per parameter, None where it is not given -> a JSON value."""


@dataclass(frozen=True, slots=True)
class Function:
    parameters: tuple[Parameter, ...]
    run: Run


async def _base64(services: Services, values: Sequence[Any]) -> str:
    (value,) = values
    content = value.encode("utf-8", "replace") if isinstance(value, str) else await _document(value).read()
    return base64.b64encode(content).decode("ascii")


async def _create_link(services: Services, values: Sequence[Any]) -> str:
    value, duration = values
    return await _document(value).link(None if duration is None else _seconds(_text(duration)))


async def _get_text(services: Services, values: Sequence[Any]) -> str:
    value, charset = values
    return _decode(await _document(value).read(), "UTF-8" if charset is None else _text(charset))


async def _get_json(services: Services, values: Sequence[Any]) -> Any:
    value, expression = values
    content = loads(_decode(await _document(value).read(), "UTF-8"), exact=services.exact)
    if not isinstance(content, dict):
        raise ValueError("The document is no JSON object")
    if expression is None:
        return content
    if services.expressions is None:
        raise ValueError("There is no FEEL engine here")
    return await services.expressions.evaluate(_text(expression), content)


async def _github_token(services: Services, values: Sequence[Any]) -> str:
    if services.github is None:
        raise ValueError("Calls to GitHub are not set up here")
    private_key, app_id, installation_id = map(str, values)
    return await services.github(private_key, app_id, installation_id)


def _seconds(duration: str) -> float:
    nanoseconds = parse_duration(duration)
    if nanoseconds is None:
        raise ValueError(f"'{duration}' is no ISO-8601 duration, such as PT1H")
    return nanoseconds / 1e9


def _document(value: Any) -> Document:
    if not hasattr(value, "read"):
        raise ValueError("A document is expected")
    document: Document = value
    return document


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("A text is expected")
    return value


def _decode(content: bytes, charset: str) -> str:
    try:
        codec = codecs.lookup(charset.strip())
    except LookupError:
        raise ValueError(f"Unsupported charset '{charset}'") from None
    if codec.name == "utf-16" and content[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        codec = codecs.lookup("utf-16-be")  # as the standard has it, and Java; Python takes the machine's order
    return codec.decode(content, "replace")[0]


FUNCTIONS: Final = {
    "base64": Function((Parameter("value"),), _base64),
    "createLink": Function((Parameter("document"), Parameter("duration", required=False)), _create_link),
    "getText": Function((Parameter("document"), Parameter("charset", required=False)), _get_text),
    "getJson": Function((Parameter("document"), Parameter("expression", required=False)), _get_json),
    "createGithubAppInstallationToken": Function(
        (Parameter("privateKey"), Parameter("appId"), Parameter("installationId")), _github_token
    ),
}
