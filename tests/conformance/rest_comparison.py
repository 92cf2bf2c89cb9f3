"""Where a replayed job differs from its recording.

Not compared, since they belong to the library and not to the behaviour: headers of the connection, the letter case of
header names, texts of exceptions and parsers of Java (that there is a text is), and the order in which a Java map
prints itself.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.conformance.rest_corpus import Case
from tests.conformance.rest_replay import Recording

ABSENT = "<absent>"
DUMP = " | Error variables: "
COMMAND_FIELDS = ("retries", "retryBackOff", "errorCode", "timeoutUpdates", "attempts", "hasResult")
CONNECTION_HEADERS = frozenset(
    {
        "accept-encoding",
        "cache-control",
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
JAVA_TEXT = re.compile(
    r"Cannot deserialize|Cannot invoke|Illegal character|Malformed|java\.|JsonToken|failed to parse expression"
    r"|Failed to evaluate|not valid JSON|Unexpected character|Failed to read|Expected |No content to map|URISyntax"
    r"|Connect to |Failed to create document|Intrinsic|intrinsic|Parameter at index|Unrecognized|Cannot parse"
    r"|Cannot construct|Unexpected end|PKIX|TLS handshake|Could not resolve|Error while executing|duration must not"
    r"|Timeout value|Property:|forbidden literal|must not be a bare|unsupported|Missing |missing type id|Text '"
    r"|scripted|not available|NullPointer|UNAVAILABLE|NOT_FOUND|is null$|base64",
    re.DOTALL,
)


class Difference(NamedTuple):
    """A place of a recording, as texts say it: `wire[0].headers.accept`."""

    path: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        expected, got = (json.dumps(value, ensure_ascii=False)[:400] for value in (self.expected, self.got))
        return f"{self.path}\n    recorded {expected}\n    ours     {got}"


def differences(case: Case, ours: Recording) -> list[Difference]:
    """All of them; none if the worker did what the recording says."""
    return [*_wire(case, ours["wire"]), *_commands(case.record, ours)]


def _wire(case: Case, ours: list[Mapping[str, Any]]) -> Iterator[Difference]:
    recorded = case.record["wire"]
    if len(recorded) != len(ours):
        yield Difference("wire", [request["line"] for request in recorded], [request["line"] for request in ours])
    own_headers = _names_given_by_the_job(case)
    for number, (expected, got) in enumerate(zip(recorded, ours, strict=False)):
        path = f"wire[{number}]"
        yield from _unequal(f"{path}.line", [expected["to"], expected["line"]], [got["to"], got["line"]])
        yield from _headers(f"{path}.headers", expected, got, CONNECTION_HEADERS - own_headers)
        yield from _body(f"{path}.body", expected, got)


def _names_given_by_the_job(case: Case) -> set[str]:
    variables = case.get("variables")
    headers = variables.get("headers") if isinstance(variables, dict) else None
    return {name.lower() for name in headers} if isinstance(headers, dict) else set()


def _headers(path: str, expected: Recording, got: Recording, left_out: Iterable[str]) -> Iterator[Difference]:
    theirs, ours = _by_name(expected["headers"]), _by_name(got["headers"])
    for name in sorted({*theirs, *ours}.difference(left_out)):
        yield from _unequal(f"{path}.{name}", theirs.get(name), ours.get(name))


def _by_name(headers: list[list[str]]) -> Mapping[str, list[str]]:
    values = defaultdict(list)
    for name, value in headers:
        values[name.lower()].append(value)
    return values


def _body(path: str, expected: Recording, got: Recording) -> Iterator[Difference]:
    theirs, ours = (request.get("body", request.get("body_b64")) for request in (expected, got))
    if theirs == ours:
        return
    if not ("body" in expected and "body" in got and isinstance(theirs, str) and isinstance(ours, str)):
        yield Difference(path, theirs, ours)
        return
    content_type = " ".join(_by_name(expected["headers"]).get("content-type", [])).lower()
    trees = _trees(theirs, ours)
    if trees is not None:
        yield from _values(path, *trees)
    elif not _same_parts(theirs, ours, content_type):
        yield Difference(path, theirs, ours)


def _trees(theirs: str, ours: str) -> tuple[Any, Any] | None:
    """Both as JSON, if the recorded one is an object or a list."""
    try:
        trees = json.loads(theirs), json.loads(ours)
    except ValueError:
        return None
    return trees if isinstance(trees[0], dict | list) else None


def _same_parts(theirs: str, ours: str, content_type: str) -> bool:
    """Equal but for the order of parts or pairs, which comes from Java's maps."""
    if "{{BOUNDARY}}" in theirs or "multipart" in content_type:
        return sorted(theirs.split("--")) == sorted(ours.split("--"))
    return "x-www-form-urlencoded" in content_type and sorted(theirs.split("&")) == sorted(ours.split("&"))


def _commands(recorded: Recording, ours: Recording) -> Iterator[Difference]:
    theirs, mine = (recording.get("commands") or [recording["command"]] for recording in (recorded, ours))
    if len(theirs) != len(mine):
        yield Difference("commands", len(theirs), len(mine))
    for number, (expected, got) in enumerate(zip(theirs, mine, strict=False)):
        yield from _command("command" if len(theirs) == 1 else f"commands[{number}]", expected, got)


def _command(path: str, expected: Recording, got: Recording) -> Iterator[Difference]:
    if expected["kind"] != got["kind"]:
        yield Difference(path, expected, got)
        return
    for name in COMMAND_FIELDS:
        yield from _unequal(f"{path}.{name}", expected.get(name), got.get(name))
    yield from _variables(f"{path}.variables", expected, got)
    if "errorMessage" in expected or "errorMessage" in got:
        theirs, their_dump, _ = (expected.get("errorMessage") or "").partition(DUMP)
        ours, our_dump, _ = (got.get("errorMessage") or "").partition(DUMP)
        yield from _message(f"{path}.errorMessage", theirs, ours)
        yield from _unequal(f"{path}.errorMessage (with variables)", bool(their_dump), bool(our_dump))


def _variables(path: str, expected: Recording, got: Recording) -> Iterator[Difference]:
    theirs, ours = expected.get("variables"), got.get("variables")
    errors = _error(theirs), _error(ours)
    if expected["kind"] == "fail" and errors[0] is not None and errors[1] is not None and "type" in errors[0]:
        yield from _message(f"{path}.error.message", errors[0].get("message"), errors[1].get("message"))
        yield from _values(path, _without_message(theirs), _without_message(ours))
        return
    for difference in _values(path, theirs, ours):
        if not _is_java_text(difference.expected, difference.got):
            yield difference


def _error(variables: Any) -> dict[str, Any] | None:
    error = variables.get("error") if isinstance(variables, dict) else None
    return error if isinstance(error, dict) else None


def _without_message(variables: Any) -> Any:
    return {**variables, "error": {name: value for name, value in variables["error"].items() if name != "message"}}


def _message(path: str, expected: Any, got: Any) -> Iterator[Difference]:
    if expected != got and not _is_java_text(expected, got):
        yield Difference(path, expected, got)


def _is_java_text(expected: Any, got: Any) -> bool:
    texts = isinstance(expected, str) and isinstance(got, str)
    return texts and bool(got.strip()) and JAVA_TEXT.search(expected) is not None


def _unequal(path: str, expected: Any, got: Any) -> Iterator[Difference]:
    if expected != got:
        yield Difference(path, expected, got)


def _values(path: str, expected: Any, got: Any) -> Iterator[Difference]:
    """Differences of two JSON values; an integer is not equal to a fraction, and null is not absent."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted({*expected, *got}):
            yield from _values(f"{path}.{key}", expected.get(key, ABSENT), got.get(key, ABSENT))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for number, (theirs, ours) in enumerate(zip(expected, got, strict=True)):
            yield from _values(f"{path}[{number}]", theirs, ours)
    elif type(expected) is not type(got) or expected != got:
        yield Difference(path, expected, got)
