"""Profiles: named connections that the operator keeps, so that models need no credentials (native face).

A profile is a table of a TOML file: inputs under their usual names, which hold where the task says nothing, and rules
on who may use it and where it may lead. A task chooses one with `httpOptions.profile`. The file is read again when it
changes. References to secrets in it are the operator's own, so filters for models do not apply to them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from worker.errors import JobFailure, input_failure
from worker.face import NATIVE
from worker.rest.binding import bind
from worker.rest.coercion import text
from worker.rest.options import read_options
from worker.rest.proxy import Proxy, proxy_of
from worker.rest.request import RestRequest
from worker.rest.url import origin_of
from worker.rest.validation import validate
from worker.secrets import SecretSession
from worker.watched import Watched

if TYPE_CHECKING:
    from worker.rest.tls_files import TlsFiles

_RULES: Final = ("anyHost", "baseUrl", "operations", "processes", "proxy", "secrets", "tlsFiles")
_INPUTS: Final = (
    "authentication",
    "clientTls",
    "connectionTimeoutInSeconds",
    "followRedirects",
    "headers",
    "httpOptions",
    "queryParameters",
    "readTimeoutInSeconds",
    "writeTimeoutInSeconds",
)
_OF_OPERATIONS: Final = ("body", "method", "url")
_TLS_FILES: Final = ("ca", "certificate", "key", "password")
_ABSOLUTE: Final = re.compile(r"https?://", re.IGNORECASE)
_ANY_URL: Final = "https://profile.invalid/"


@dataclass(frozen=True, slots=True)
class Profile:
    """One connection. `processes` and `secrets` None: all may use it, and name every secret."""

    name: str
    inputs: Mapping[str, Any]
    operations: Mapping[str, Mapping[str, Any]]
    base_url: str | None = None
    any_host: bool = False
    processes: frozenset[str] | None = None
    secrets: frozenset[str] | None = None
    proxy: str | None = None
    tls: TlsFiles | None = None

    def url(self, url: str) -> str:
        """A URL of a task, joined to the base if it is relative. Raises an input failure."""
        base = self.base_url
        if _ABSOLUTE.match(url):
            return url
        if base is None:
            raise input_failure(f"The url is relative, but the profile {self.name} has no baseUrl")
        if not url or url.startswith("?"):
            return base + url
        return f"{base.rstrip('/')}/{url.lstrip('/')}"

    async def chosen_proxy(self, secrets: SecretSession) -> Proxy | Literal["direct"] | None:
        """None: as the worker has it. Raises an input failure for a secret that names none."""
        if self.proxy is None:
            return None
        revealed = await secrets.reveal_tree(self.proxy)
        try:
            return "direct" if revealed == "direct" else proxy_of(revealed)
        except ValueError as error:
            raise input_failure(f"The profile {self.name} has no proxy that can be used: {error}") from None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The profile of a job, and the operation if it names one."""

    profile: Profile
    operation: str | None = None

    async def applied(self, tree: Mapping[str, Any], secrets: SecretSession) -> dict[str, Any]:
        """The inputs of the task over those of the operation and the profile. Raises an input failure."""
        profile = self.profile
        merged = _over(tree, await secrets.reveal_tree(self._inputs()))
        with suppress(ValueError):  # what is no text is refused when it is bound
            merged["url"] = profile.url((text(merged.get("url")) or "").strip())
        if isinstance(merged.get("authenticationConfiguration"), str):
            del merged["authenticationConfiguration"]  # it named the profile
        return merged

    async def completed(self, request: RestRequest, secrets: SecretSession) -> RestRequest:
        """A request made of these inputs, with what is no input. Raises an input failure when it leads elsewhere."""
        profile = self.profile
        origin, home = origin_of(request.url), origin_of(profile.base_url or "")
        if not profile.any_host and origin != home:
            raise input_failure(
                f"The URL leads to {origin}, but the profile {profile.name} only to {home}",
                kind="blocked",
                native_code="URL_NOT_ALLOWED",
            )
        return replace(
            request,
            profile=profile.name,
            bound_headers=tuple(name.lower() for name in self._inputs().get("headers") or ()),
            bound_body=not profile.any_host,
            tls=request.tls or (None if profile.tls is None else profile.tls.get()),
            proxy=await profile.chosen_proxy(secrets) or request.proxy,
        )

    def _inputs(self) -> dict[str, Any]:
        """What the operator gives: the inputs of the operation over those of the profile."""
        operations, inputs = self.profile.operations, self.profile.inputs
        return dict(inputs) if self.operation is None else _over(operations[self.operation], inputs)


class Profiles:
    """The profiles of one worker."""

    def __init__(self, file: Path | None = None, *, now: Callable[[], float] = time.monotonic) -> None:
        """Raises `OSError` or `ValueError` when the file cannot be used."""
        self._file = None if file is None else Watched([file], lambda: read_profiles(file), now=now)
        if self._file is not None:
            self._file.get()

    def chosen(self, tree: Mapping[str, Any], process_id: str) -> Chosen | None:
        """What the inputs name. Raises an input failure when it may not be used."""
        options = tree.get("httpOptions")
        named = options if isinstance(options, dict) else {}
        name, operation = named.get("profile"), named.get("operation")
        if name in (None, ""):
            if operation not in (None, ""):
                raise input_failure("httpOptions.operation needs httpOptions.profile beside it")
            return None
        known = {} if self._file is None else self._file.get()
        profile = known.get(name) if isinstance(name, str) else None
        if profile is None:
            there = f"there are {', '.join(sorted(known))}" if known else "REST_CONNECTOR_PROFILES names none"
            raise input_failure(f"httpOptions.profile is '{name}', which is no profile of this worker; {there}")
        if profile.processes is not None and process_id not in profile.processes:
            raise input_failure(f"The process {process_id} may not use the profile {name}", kind="blocked")
        if operation in (None, ""):
            return Chosen(profile)
        if not isinstance(operation, str) or operation not in profile.operations:
            there = ", ".join(sorted(profile.operations)) or "none"
            raise input_failure(f"httpOptions.operation is '{operation}'; the profile {name} has {there}")
        return Chosen(profile, operation)


def with_named(inputs: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
    """The inputs, where the header `authenticationConfiguration` may name the profile as well."""
    name = headers.get("authenticationConfiguration", "").strip()
    if not name or name.startswith("="):
        return inputs
    options = inputs.get("httpOptions")
    return {**inputs, "httpOptions": {**(options if isinstance(options, Mapping) else {}), "profile": name}}


def read_profiles(file: Path) -> Mapping[str, Profile]:
    """The profiles of a file by name. Raises `OSError` or `ValueError`, which says what is wrong and where."""
    import tomllib

    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file} is no TOML: {error}") from None
    return {name: _profile(name, table) for name, table in tables.items()}


def _profile(name: str, table: Any) -> Profile:
    where = f"profile {name}"
    _check_names(where, table, (*_RULES, *_INPUTS))
    inputs = {key: value for key, value in table.items() if key in _INPUTS}
    operations = table.get("operations", {})
    for operation, members in _table(f"{where}, operations", operations).items():
        named = f"{where}, operation {operation}"
        _check_names(named, members, (*_INPUTS, *_OF_OPERATIONS))
        _check_inputs(named, _over(members, inputs))
    base = table.get("baseUrl")
    any_host = table.get("anyHost", False)
    if not isinstance(any_host, bool) or not (base is None or (isinstance(base, str) and _ABSOLUTE.match(base))):
        raise ValueError(f"{where}: baseUrl is a http(s) URL, anyHost is true or false")
    if base is None and not any_host:
        raise ValueError(f"{where}: needs baseUrl, or anyHost = true, which lets tasks send its credentials anywhere")
    _check_inputs(where, inputs)
    return Profile(
        name,
        inputs,
        operations,
        base,
        any_host,
        _names(where, table, "processes"),
        _names(where, table, "secrets"),
        _proxy(where, table.get("proxy")),
        _tls(where, table.get("tlsFiles")),
    )


def _check_inputs(where: str, inputs: Mapping[str, Any]) -> None:
    """What could never become a request is found at the start."""
    try:
        validate(bind({**inputs, "url": _ANY_URL}, NATIVE), NATIVE)
        read_options(inputs.get("httpOptions"))
    except JobFailure as failure:
        raise ValueError(f"{where}: {failure.message}") from None


def _check_names(where: str, table: Any, known: tuple[str, ...]) -> None:
    for name in _table(where, table):
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}"
            raise ValueError(f"{where}: {name} is not known; {hint}")


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} must be a table")
    return value


def _names(where: str, table: Mapping[str, Any], key: str) -> frozenset[str] | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{where}: {key} must be a list of texts")
    return frozenset(value)


def _proxy(where: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{where}: proxy must be `direct` or the URL of a proxy")
    if value != "direct" and "{{" not in value:
        try:
            proxy_of(value)
        except ValueError as error:
            raise ValueError(f"{where}, proxy: {error}") from None
    return value


def _tls(where: str, value: Any) -> TlsFiles | None:
    if value is None:
        return None
    _check_names(f"{where}, tlsFiles", value, _TLS_FILES)
    if not all(isinstance(text, str) for text in value.values()):
        raise ValueError(f"{where}, tlsFiles: every value is a text")
    path = {name: Path(value[name]) for name in ("certificate", "key") if name in value}
    ca = [Path(value["ca"])] if "ca" in value else []
    from worker.rest.tls_files import TlsFiles

    files = TlsFiles(ca, path.get("certificate"), path.get("key"), value.get("password"))
    try:
        files.get()
    except (OSError, ValueError) as error:
        raise ValueError(f"{where}, tlsFiles: {error}") from None
    return files


def _over(task: Mapping[str, Any], profile: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs over inputs; null and blank ones, and an authentication that is none, say nothing."""
    merged = dict(profile)
    for name, value in task.items():
        below = merged.get(name)
        if below is None:
            merged[name] = value
        elif value is None or value == "" or (name == "authentication" and _is_none(value)):
            continue
        elif name in ("headers", "queryParameters") and isinstance(value, Mapping):
            merged[name] = {key: given for key, given in below.items() if not _has(value, key, name)} | dict(value)
        elif name == "httpOptions" and isinstance(value, Mapping):
            merged[name] = _deep(value, below)
        else:
            merged[name] = value
    return merged


def _has(members: Mapping[str, Any], name: str, kind: str) -> bool:
    return name in members or (kind == "headers" and name.lower() in (member.lower() for member in members))


def _deep(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    """Options over options, which are two levels deep."""
    merged = dict(lower)
    for name, value in upper.items():
        below = lower.get(name)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[name] = {**below, **value} if both else value  # type: ignore[dict-item]
    return merged


def _is_none(authentication: Any) -> bool:
    return isinstance(authentication, Mapping) and authentication.get("type") in (None, "", "noAuth")
