"""Inputs of one task that are at odds with each other: one of them has no effect, or lacks the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches

from worker.rest.binding import ClientTls
from worker.rest.body import BODY_METHODS
from worker.validation.authentications import KINDS
from worker.validation.given import Given, is_input
from worker.validation.problem import Problem


def problems(given: Given) -> Iterator[Problem]:
    """The contradictions among a task's inputs."""
    yield from _authentication(given)
    yield from _body(given)
    yield from _formats(given)
    yield from _certificates(given)
    mapped = {entry.name for entry in given.task.inputs}
    for entry in given.task.headers if given.face.input_expressions else ():
        if entry.name in mapped and is_input(entry.name):
            message = f"{entry.name} is given by a header and by an input mapping"
            yield _contradiction(given, entry.name, message, "remove the mapping; the header wins")


def _contradiction(given: Given, path: str, message: str, hint: str) -> Problem:
    return given.problem("warning", "contradictory-input", path, message, hint)


def _authentication(given: Given) -> Iterator[Problem]:
    kind = given.at("authentication.type")
    members = given.at("authentication")
    if isinstance(members, Mapping) and isinstance(kind, str) and kind in KINDS:
        for name in sorted(set(members) - KINDS[kind] - {"oauthRefreshToken"}):
            path = f"authentication.{name}"
            message = f"{path} has no effect with the authentication {kind}"
            yield _contradiction(given, path, message, "remove it, or choose the kind that it belongs to")
    if isinstance(members, Mapping) and kind is None and members and not given.open:
        message = "authentication is given without authentication.type"
        yield given.problem("error", "missing-input", "authentication", message, f"name one of {', '.join(KINDS)}")
    authenticated = kind is not None and kind != "noAuth"
    if authenticated and given.at("authenticationConfiguration") is not None:
        message = "authentication has no effect beside authenticationConfiguration"
        yield _contradiction(given, "authentication.type", message, "choose one of the two")
    headers = given.at("headers")
    twice = isinstance(headers, Mapping) and any(name.lower() == "authorization" for name in headers)
    if twice and authenticated and kind != "apiKey":
        message = "the header Authorization is sent besides the one that the authentication makes"
        yield _contradiction(given, "headers", message, "give the credentials in one place only")


def _body(given: Given) -> Iterator[Problem]:
    method, body = given.at("method"), given.at("body")
    method = "GET" if method is None and given.face.input_defaults else method
    always = given.at("httpOptions.body.always")
    bodiless = isinstance(method, str) and method.strip().upper() not in BODY_METHODS
    if bodiless and body not in (None, "") and always in (None, "", "false", False):
        hint = "use POST, PUT or PATCH"
        if given.face.extended_inputs:
            hint += ", or set httpOptions.body.always to true"
        yield _contradiction(given, "body", f"{method} is sent without the body", hint)


def _formats(given: Given) -> Iterator[Problem]:
    choice, encoding = given.at("documentReturnFormat.choice"), given.at("documentReturnFormat.encoding")
    if isinstance(choice, str) and choice != "TEXT" and encoding not in (None, ""):
        path = "documentReturnFormat.encoding"
        yield _contradiction(given, path, f"{path} has no effect with {choice}", "remove it, or choose TEXT")
    if choice is not None and given.at("storeResponse") in (True, "true"):
        message = "storeResponse has no effect beside documentReturnFormat"
        yield _contradiction(given, "storeResponse", message, "choose DOCUMENT instead")
    skip = given.at("skipEncoding")
    if isinstance(skip, str) and skip not in ("", "true", "false"):
        yield _contradiction(given, "skipEncoding", f"skipEncoding is {skip!r}, which counts as false", "write true")


def _certificates(given: Given) -> Iterator[Problem]:
    tls = given.at("clientTls")
    if not isinstance(tls, Mapping):
        return
    known = [member.name for member in fields(ClientTls)]
    for name in sorted(set(tls) - set(known)):
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean clientTls.{close[0]}?" if close else "remove it"
        yield _contradiction(given, f"clientTls.{name}", f"clientTls.{name} is not known", hint)
    for one, other in (("clientCertificate", "clientPrivateKey"), ("clientPrivateKey", "clientCertificate")):
        if tls.get(one) not in (None, "") and tls.get(other) in (None, ""):
            message = f"clientTls.{one} is given without clientTls.{other}"
            yield given.problem("error", "missing-input", f"clientTls.{one}", message, "give both or neither")
