"""The inputs of one task, as far as the model tells them: missing, malformed, or at odds with each other.

What binds and what must be there is asked of the same models and rules that the worker runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from worker.errors import JobFailure
from worker.face import Face
from worker.pipeline.inputs import INPUTS, path_of
from worker.pipeline.job_headers import JobHeaders
from worker.pipeline.paths import put
from worker.rest.binding import (
    ApiKey,
    Basic,
    Bearer,
    ClientTls,
    NoAuth,
    OAuthClientCredentials,
    OAuthRefreshToken,
    bind,
)
from worker.rest.body import BODY_METHODS
from worker.rest.options import read_options
from worker.rest.return_format import read_return_format
from worker.rest.validation import violations
from worker.secrets.syntax import names
from worker.validation.bpmn import Entry, Task
from worker.validation.expressions import UNKNOWN, value_of
from worker.validation.problem import Problem, Severity

JOB_HEADERS: Final = frozenset(
    {
        "elementTemplateId",
        "elementTemplateVersion",
        "errorExpression",
        "jobTimeout",
        "resultExpression",
        "resultVariable",
        "retryBackoff",
    }
)
"""What the worker reads from task headers besides inputs."""

_WHOLE: Final = frozenset({"inputs", "dialect"})  # headers that may bring any input
_KINDS: Final = {
    kind.model_fields["type"].annotation.__args__[0]: frozenset(kind.model_fields)  # type: ignore[union-attr]
    for kind in (NoAuth, Basic, Bearer, ApiKey, OAuthClientCredentials, OAuthRefreshToken)
}

_TARGET: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*")  # the engine's own
_FIELD: Final = re.compile(r"invalid field: ([\w, ]+)")


@dataclass(slots=True)
class Given:
    """What the model gives: the inputs as a tree with `UNKNOWN` in it, and where each stands."""

    tree: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Entry] = field(default_factory=dict)
    open: bool = False  # inputs may come from where the model does not tell

    def line(self, path: str, otherwise: int) -> int:
        """The line of an input, or of the nearest one above it."""
        while path:
            if path in self.places:
                return self.places[path].line
            path = path.rpartition(".")[0]
        return otherwise

    def at(self, path: str) -> Any:
        """What is given for a dotted name, None for nothing, `UNKNOWN` below something unknown."""
        node: Any = self.tree
        for part in path.split("."):
            if node is UNKNOWN:
                return UNKNOWN
            node = node.get(part) if isinstance(node, Mapping) else None
        return node


def problems(task: Task, face: Face) -> Iterator[Problem]:
    """What is wrong with a task's inputs and headers."""
    check = _Check(task, face, _given(task, face))
    yield from check.headers()
    yield from check.required()
    yield from check.contradictions()


def is_input(name: str) -> bool:
    """Whether a dotted name is one of the worker's inputs."""
    return name.partition(".")[0] in INPUTS


def _given(task: Task, face: Face) -> Given:
    given = Given()
    entries = [entry for entry in task.inputs if is_input(entry.name)]
    if face.input_expressions:
        entries += sorted((e for e in task.headers if is_input(e.name)), key=lambda e: (e.name.count("."), e.name))
        given.open = any(entry.name in _WHOLE or entry.name == "httpOptions.inputs" for entry in task.headers)
    for entry in entries:
        value = value_of(entry.value) if entry.value.startswith("=") else entry.value
        if isinstance(value, str) and any(names(value, bare=face.rescan_secrets)):
            value = UNKNOWN
        put(given.tree, path_of(entry.name), value)
        given.places[entry.name] = entry
    return given


@dataclass(frozen=True, slots=True)
class _Check:
    task: Task
    face: Face
    given: Given

    def problem(self, severity: Severity, code: str, path: str, message: str, hint: str) -> Problem:
        return Problem(severity, code, self.task.id, message, hint, self.given.line(path, self.task.line))

    def headers(self) -> Iterator[Problem]:
        seen: dict[str, Entry] = {}
        for kind, entries in (("header", self.task.headers), ("input", self.task.inputs)):
            seen.clear()
            for entry in entries:
                if entry.name in seen:
                    message = f"the {kind} {entry.name} is there twice"
                    hint = f"remove one of them; the first is in line {seen[entry.name].line}"
                    severity: Severity = "error" if kind == "header" else "warning"  # what the engine deploys
                    yield Problem(severity, "duplicate-entry", self.task.id, message, hint, entry.line)
                seen[entry.name] = entry
        for entry in self.task.inputs:
            if not entry.value.strip():
                message = f"the input {entry.name} has an empty source, which the engine refuses to deploy"
                hint = "remove the mapping, or map =null"
                yield Problem("error", "empty-mapping", self.task.id, message, hint, entry.line)
            if not _TARGET.fullmatch(entry.name):
                message = f"the engine refuses to deploy the mapping target {entry.name!r}"
                hint = (
                    'use letters, digits and _ between dots; other names can be members of a context: ={"X-Trace": …}'
                )
                yield Problem("error", "bad-target", self.task.id, message, hint, entry.line)
        for entry in self.task.headers:
            yield from self._header(entry)
        yield from self._durations()

    def _header(self, entry: Entry) -> Iterator[Problem]:
        if entry.name in JOB_HEADERS or entry.name in _WHOLE:
            return
        if is_input(entry.name) and not self.face.input_expressions:
            message = f"the header {entry.name} has no effect: this job type takes its inputs from input mappings"
            hint = f"map it: <zeebe:input source=… target={entry.name!r}/>, or use the job type rest-connector"
            yield Problem("error", "ignored-header", self.task.id, message, hint, entry.line)
        elif not is_input(entry.name):
            close = get_close_matches(entry.name, [*INPUTS, *JOB_HEADERS], n=1, cutoff=0.75)
            if close:
                message = f"the worker reads no header {entry.name}"
                yield Problem(
                    "warning", "unknown-header", self.task.id, message, f"did you mean {close[0]}?", entry.line
                )

    def _durations(self) -> Iterator[Problem]:
        headers = JobHeaders({entry.name: entry.value for entry in self.task.headers})
        for name, read in (("retryBackoff", headers.retry_backoff), ("jobTimeout", headers.job_timeout)):
            try:
                read()
            except JobFailure as failure:
                entry = self.task.header(name)
                hint = "give days, hours, minutes and seconds, as in PT30S; expressions are not evaluated here"
                line = self.task.line if entry is None else entry.line
                yield Problem("error", "bad-duration", self.task.id, failure.message, hint, line)
        retries = self.task.retries
        if not retries.startswith("=") and not retries.strip().isdecimal():
            message = f"retries must be a whole number or an expression, not {retries!r}"
            yield self.problem("error", "bad-retries", "", message, "3 is usual; 0 raises an incident at once")

    def required(self) -> Iterator[Problem]:
        """What the worker itself would refuse before it calls anything."""
        known = _pruned(self.given.tree)
        if self.given.at("authentication") is UNKNOWN or self.given.at("authentication.type") is UNKNOWN:
            known.pop("authentication", None)
        try:
            variables = bind(known, self.face)
        except JobFailure as failure:
            match = _FIELD.search(failure.message)
            path = match[1].replace(", ", ".") if match else ""
            yield self._invalid(path, failure)
        else:
            for path, reason in sorted(violations(variables, self.face)):
                yield from self._violation(path, reason)
        for path, read in (
            ("httpOptions", lambda: read_options(known.get("httpOptions")) if self.face.extended_inputs else None),
            ("documentReturnFormat.choice", lambda: read_return_format(known, self.face)),
        ):
            try:
                read()
            except JobFailure as failure:
                yield self._invalid(path, failure)

    def _invalid(self, path: str, failure: JobFailure) -> Problem:
        message, _, hint = failure.message.partition("\n - ")
        if path == "authentication":
            message, hint = f"{message}: its type is none of the known kinds", f"there are {', '.join(_KINDS)}"
        return self.problem(
            "error", "bad-input", path, message, hint or "correct the value; the job would fail at once"
        )

    def _violation(self, path: str, reason: str) -> Iterator[Problem]:
        if self.given.at(path) is UNKNOWN or (self.given.open and reason.startswith("must not be")):
            return
        if not reason.startswith("must not be"):
            hint = "begin with http:// or https://, with = for an expression, or with {{secrets.NAME}}"
            yield self.problem("error", "bad-url", path, f"{path}: {reason}", hint)
        else:
            where = "a task header" if self.face.input_expressions else "an input mapping"
            hint = f"give it by {where} named {path}"
            yield self.problem("error", "missing-input", path, f"{path} is missing, but mandatory", hint)

    def contradictions(self) -> Iterator[Problem]:
        yield from self._authentication()
        yield from self._body()
        yield from self._formats()
        yield from self._certificates()
        mapped = {entry.name for entry in self.task.inputs}
        for entry in self.task.headers if self.face.input_expressions else ():
            if entry.name in mapped and is_input(entry.name):
                message = f"{entry.name} is given by a header and by an input mapping"
                yield self._contradiction(entry.name, message, "remove the mapping; the header wins")

    def _contradiction(self, path: str, message: str, hint: str) -> Problem:
        return self.problem("warning", "contradictory-input", path, message, hint)

    def _authentication(self) -> Iterator[Problem]:
        kind = self.given.at("authentication.type")
        members = self.given.at("authentication")
        if isinstance(members, Mapping) and isinstance(kind, str) and kind in _KINDS:
            for name in sorted(set(members) - _KINDS[kind] - {"oauthRefreshToken"}):
                path = f"authentication.{name}"
                message = f"{path} has no effect with the authentication {kind}"
                yield self._contradiction(path, message, "remove it, or choose the kind that it belongs to")
        if isinstance(members, Mapping) and kind is None and members:
            message = "authentication is given without authentication.type"
            yield self.problem("error", "missing-input", "authentication", message, f"name one of {', '.join(_KINDS)}")
        authenticated = kind is not None and kind != "noAuth"
        if authenticated and self.given.at("authenticationConfiguration") is not None:
            message = "authentication has no effect beside authenticationConfiguration"
            yield self._contradiction("authentication.type", message, "choose one of the two")
        headers = self.given.at("headers")
        twice = isinstance(headers, Mapping) and any(name.lower() == "authorization" for name in headers)
        if twice and authenticated and kind != "apiKey":
            message = "the header Authorization is sent besides the one that the authentication makes"
            yield self._contradiction("headers", message, "give the credentials in one place only")

    def _body(self) -> Iterator[Problem]:
        method, body = self.given.at("method"), self.given.at("body")
        method = "GET" if method is None and self.face.input_defaults else method
        always = self.given.at("httpOptions.body.always")
        bodiless = isinstance(method, str) and method.strip().upper() not in BODY_METHODS
        if bodiless and body not in (None, "") and always in (None, "", "false", False):
            hint = "use POST, PUT or PATCH"
            if self.face.extended_inputs:
                hint += ", or set httpOptions.body.always to true"
            yield self._contradiction("body", f"{method} is sent without the body", hint)

    def _formats(self) -> Iterator[Problem]:
        choice, encoding = self.given.at("documentReturnFormat.choice"), self.given.at("documentReturnFormat.encoding")
        if isinstance(choice, str) and choice != "TEXT" and encoding not in (None, ""):
            path = "documentReturnFormat.encoding"
            yield self._contradiction(path, f"{path} has no effect with {choice}", "remove it, or choose TEXT")
        if choice is not None and self.given.at("storeResponse") in (True, "true"):
            message = "storeResponse has no effect beside documentReturnFormat"
            yield self._contradiction("storeResponse", message, "choose DOCUMENT instead")
        skip = self.given.at("skipEncoding")
        if isinstance(skip, str) and skip not in ("", "true", "false"):
            yield self._contradiction("skipEncoding", f"skipEncoding is {skip!r}, which counts as false", "write true")

    def _certificates(self) -> Iterator[Problem]:
        tls = self.given.at("clientTls")
        if not isinstance(tls, Mapping):
            return
        for name in sorted(set(tls) - set(ClientTls.model_fields)):
            close = get_close_matches(name, ClientTls.model_fields, n=1)
            hint = f"did you mean clientTls.{close[0]}?" if close else "remove it"
            yield self._contradiction(f"clientTls.{name}", f"clientTls.{name} is not known", hint)
        for one, other in (("clientCertificate", "clientPrivateKey"), ("clientPrivateKey", "clientCertificate")):
            if tls.get(one) not in (None, "") and tls.get(other) in (None, ""):
                message = f"clientTls.{one} is given without clientTls.{other}"
                yield self.problem("error", "missing-input", f"clientTls.{one}", message, "give both or neither")


def _pruned(value: Any) -> Any:
    """A tree without what is unknown; a list with something unknown in it is left out as a whole."""
    if isinstance(value, Mapping):
        return {name: _pruned(member) for name, member in value.items() if not _has_gap(member)}
    return value


def _has_gap(value: Any) -> bool:
    return value is UNKNOWN or (isinstance(value, list) and any(_has_gap(item) for item in value))
