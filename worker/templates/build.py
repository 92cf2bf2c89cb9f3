"""Makes the element templates: shapes, choices and mandatory marks from the request models, words from `texts`.

The native template writes its fields to task headers, where the worker evaluates FEEL; the compatible one to input
mappings, where the engine does.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote

from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.binding import Variables, bind
from worker.rest.request import ReturnFormat
from worker.rest.validation import violations
from worker.templates.catalogue import (
    CAMUNDA_TYPE,
    COMPATIBLE_ID,
    COMPATIBLE_VERSION,
    NATIVE_ID,
    NATIVE_TYPE,
    NATIVE_VERSION,
    PROFILE_ID,
    PROFILE_VERSION,
)
from worker.templates.texts import GROUPS, LEFT_OUT, PROFILE_TEXTS, SWITCH, TEXTS, URL_PATTERN, Text

SCHEMA: Final = "https://unpkg.com/@camunda/zeebe-element-templates-json-schema/resources/schema.json"
ENGINES: Final = "^8.3"
AUTHENTICATION: Final = "authentication.type"
ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18"><rect width="18" height="18" rx="4" '
    'fill="#0f766e"/><path d="M7 4C5 4 5 5 5 6v1.5C5 8.5 4.5 9 3.5 9 4.5 9 5 9.5 5 10.5V12c0 1 0 2 2 2'
    'M11 4c2 0 2 1 2 2v1.5c0 1 .5 1.5 1.5 1.5-1 0-1.5.5-1.5 1.5V12c0 1 0 2-2 2" '
    'fill="none" stroke="#fff" stroke-width="1.6"/></svg>'
)
_DURATION: Final = r"P(?=\d|T\d)(\d+D)?(T(\d+H)?(\d+M)?(\d+([.,]\d{1,9})?S)?)?"
_JOB_HEADERS: Final = ("resultVariable", "resultExpression", "errorExpression", "retryBackoff", "jobTimeout")
_EXPRESSIONS: Final = frozenset({"resultExpression", "errorExpression", "headers", "queryParameters"})
_DURATIONS: Final = frozenset({"retryBackoff", "jobTimeout"})
_NEVER_EMPTY: Final = frozenset({"method", AUTHENTICATION, "retries", "retryBackoff"})

Shape = Literal["text", "number", "switch", "context", "any", "choice"]


class MissingText(LookupError):
    """An input has no line in the table of texts, or a line has no input."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a template says about itself, and how its fields reach the worker."""

    file: str
    id: str
    version: int
    name: str
    description: str
    job_type: str
    face: Face
    texts: Mapping[str, Text] = field(default_factory=lambda: TEXTS)
    mandatory: frozenset[str] = _NEVER_EMPTY  # besides what the worker insists on
    optional: frozenset[str] = frozenset()  # what it does not insist on with this form


HEADS: Final = (
    Head(
        file="rest-connector.json",
        id=NATIVE_ID,
        version=NATIVE_VERSION,
        name="REST connector",
        description="Call a REST API",
        job_type=NATIVE_TYPE,
        face=NATIVE,
    ),
    Head(
        file="rest-connector-profile.json",
        id=PROFILE_ID,
        version=PROFILE_VERSION,
        name="REST connector with a profile",
        description="Call a REST API by a connection that the operator keeps",
        job_type=NATIVE_TYPE,
        face=NATIVE,
        texts=PROFILE_TEXTS,
        mandatory=_NEVER_EMPTY | {"httpOptions.profile"},
        optional=frozenset({"url"}),
    ),
    Head(
        file="rest-connector-camunda.json",
        id=COMPATIBLE_ID,
        version=COMPATIBLE_VERSION,
        name="REST connector (Camunda's job type)",
        description="Call a REST API with the job type of Camunda's REST connector",
        job_type=CAMUNDA_TYPE,
        face=COMPATIBLE,
    ),
)


@dataclass(frozen=True, slots=True)
class Input:
    """An input as the models declare it. `kinds` are the authentications that have it, with: is it mandatory there."""

    path: str
    shape: Shape
    choices: tuple[str, ...] = ()
    kinds: Mapping[str, bool] | None = None
    mandatory: bool = False


def build() -> dict[str, dict[str, Any]]:
    """The templates by file name. Raises `MissingText`."""
    return {head.file: template(head) for head in HEADS}


def written(content: Mapping[str, Any]) -> str:
    """The text of a template's file."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def template(head: Head) -> dict[str, Any]:
    """One template."""
    inputs = inputs_of(head.face)
    unknown = set(inputs) - set(TEXTS) - set(LEFT_OUT)
    if unknown:
        raise MissingText(f"inputs without a line in worker/templates/texts.py: {', '.join(sorted(unknown))}")
    properties = [_hidden(head.job_type, {"type": "zeebe:taskDefinition", "property": "type"})]
    for path, text in head.texts.items():
        if text.only in (None, head.face.name):
            properties += _properties(head, path, text, inputs.get(path))
    properties.append(_hidden(head.id, _header("elementTemplateId")))
    properties.append(_hidden(str(head.version), _header("elementTemplateVersion")))
    used = {entry.get("group") for entry in properties}
    return {
        "$schema": SCHEMA,
        "name": head.name,
        "id": head.id,
        "version": head.version,
        "description": head.description,
        "category": {"id": "connectors", "name": "Connectors"},
        "appliesTo": ["bpmn:Task"],
        "elementType": {"value": "bpmn:ServiceTask"},
        "engines": {"camunda": ENGINES},
        "groups": [{"id": id, "label": label} for id, label in GROUPS.items() if id in used],
        "properties": properties,
        "icon": {"contents": f"data:image/svg+xml;utf8,{quote(ICON)}"},
    }


def inputs_of(face: Face) -> dict[str, Input]:
    """Every input that the models of a face declare, by its path."""
    mandatory = {path for path, _ in violations(bind({}, face), face)}
    found = {entry.path: entry for entry in _fields(Variables, "")}
    found |= {entry.path: entry for entry in _authentication(face)}
    choices = get_args(get_type_hints(ReturnFormat)["choice"])
    found["documentReturnFormat.choice"] = Input("documentReturnFormat.choice", "choice", choices)
    found["documentReturnFormat.encoding"] = Input("documentReturnFormat.encoding", "text")
    found["method"] = replace(found["method"], choices=tuple(_methods(found["method"].choices, face)))
    return {path: replace(entry, mandatory=path in mandatory) for path, entry in found.items()}


def _methods(methods: tuple[str, ...], face: Face) -> Iterator[str]:
    """Those that the face takes."""
    for method in methods:
        try:
            bind({"method": method}, face)
        except JobFailure:
            continue
        yield method


def _fields(model: type, prefix: str) -> Iterator[Input]:
    for name, declared in get_type_hints(model).items():
        path = prefix + name
        models = _models(declared)
        if path == "authentication":
            continue  # one kind or another: see `_authentication`
        if path in LEFT_OUT or not models:
            yield Input(path, *_shape(declared))
        else:
            yield from _fields(models[0], f"{path}.")


def _authentication(face: Face) -> Iterator[Input]:
    """The members of each kind, and which of them the worker insists on."""
    kinds: dict[str, dict[str, bool]] = {}
    shapes: dict[str, tuple[Shape, tuple[str, ...]]] = {}
    names = []
    for model in _models(get_type_hints(Variables)["authentication"]):
        members = get_type_hints(model)
        kind = str(get_args(members["type"])[0])
        names.append(kind)
        variables = bind({"method": "GET", "url": "https://h", "authentication": {"type": kind}}, face)
        mandatory = {path for path, _ in violations(variables, face)}
        for name, declared in members.items():
            if name != "type":
                path = f"authentication.{name}"
                kinds.setdefault(path, {})[kind] = path in mandatory
                shapes[path] = _shape(declared)
    yield Input(AUTHENTICATION, "choice", tuple(names))
    for path, by_kind in kinds.items():
        yield Input(path, *shapes[path], kinds=by_kind)


def _models(annotation: Any) -> list[type]:
    """The models among the types that an annotation is made of."""
    return [part for part in _parts(annotation) if isinstance(part, type) and is_dataclass(part)]


def _parts(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of."""
    if get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _shape(annotation: Any) -> tuple[Shape, tuple[str, ...]]:
    for part in _parts(annotation):
        origin = get_origin(part) or part
        if origin is Literal:
            return "choice", get_args(part)
        shape = _SHAPES.get(origin)
        if shape is not None:
            return shape, ()
    return "any", ()


_SHAPES: Final[Mapping[Any, Shape]] = {bool: "switch", int: "number", str: "text", dict: "context"}


def _properties(head: Head, path: str, text: Text, declared: Input | None) -> Iterator[dict[str, Any]]:
    """The fields of one input: one, or two where it is mandatory for some kinds of authentication only."""
    if declared is None and path not in (*_JOB_HEADERS, "retries") and not path.startswith("httpOptions."):
        raise MissingText(f"worker/templates/texts.py has a line for {path}, which is no input")
    if declared is None or declared.kinds is None:
        numeric = declared is not None and declared.shape == "number" and text.default is not None
        insisted = declared is not None and declared.mandatory and path not in head.optional
        mandatory = insisted or numeric or path in head.mandatory
        yield _property(head, path, text, declared, mandatory, text.when)
        return
    for mandatory in (True, False):
        kinds = tuple(kind for kind in TEXTS[AUTHENTICATION].choices if declared.kinds.get(kind) is mandatory)
        if kinds:
            entry = _property(head, path, text, declared, mandatory, (AUTHENTICATION, kinds))
            if not mandatory and any(declared.kinds.values()):
                entry["id"] = path.replace("authentication.", f"authentication.{kinds[0]}.")
            yield entry


def _property(
    head: Head,
    path: str,
    text: Text,
    declared: Input | None,
    mandatory: bool,
    when: tuple[str, tuple[str, ...]] | None,
) -> dict[str, Any]:
    shape = "text" if declared is None else declared.shape
    entry: dict[str, Any] = {"id": path, "label": text.label, "group": text.group}
    entry |= _widget(head.face, path, text, shape, declared)
    if mandatory:
        entry["constraints"] = {"notEmpty": True}
        pattern, message = _pattern(head.face, path, text, shape)
        if pattern:
            entry["constraints"]["pattern"] = {"value": f"^({pattern})$", "message": message}
    elif entry["type"] in ("String", "Text"):
        entry["optional"] = True  # and without a pattern, for the Modeler would hold an empty field against it
    if text.tooltip:
        entry["tooltip"] = text.tooltip
    if text.placeholder:
        entry["placeholder"] = text.placeholder
    if when is not None:
        entry["condition"] = _condition(*when)
    entry["binding"] = _binding(head.face, path)
    return entry


def _pattern(face: Face, path: str, text: Text, shape: str) -> tuple[str, str]:
    if text.url:
        return URL_PATTERN, "Must be a http(s) URL, an expression or a secret"
    if path in _DURATIONS:
        return _DURATION, "Must be a duration such as PT30S"
    if shape == "number" and face.input_expressions:
        return r"=.*|\d+", "Must be a number of seconds or an expression"
    return (r"\d+", "Must be a number of seconds") if shape == "number" else ("", "")


def _widget(face: Face, path: str, text: Text, shape: Shape, declared: Input | None) -> dict[str, Any]:
    """The kind of field, its default and its choices."""
    choices = dict(text.choices)
    if declared is not None and declared.choices:
        choices = choices or {value: value for value in sorted(declared.choices, key=_usual)}
        if set(choices) != set(declared.choices):
            raise MissingText(f"{path}: the choices {sorted(choices)} are not those of the model")
    if shape == "switch" and face.input_expressions:  # headers are texts
        choices = dict(SWITCH)
    if choices:
        default = text.default if text.default is not None else next(iter(choices))
        named = [{"name": label, "value": value} for value, label in choices.items()]
        return {"type": "Dropdown", "value": default, "choices": named}
    if shape == "switch":
        return {"type": "Boolean", "value": False, "feel": "static"}
    if shape == "number" and not face.input_expressions:
        return {"type": "Number", "feel": "static"} | ({"value": int(text.default)} if text.default else {})
    widget: dict[str, Any] = {"type": "Text" if text.lines else "String"}
    if text.default is not None:
        widget["value"] = text.default
    if path in _EXPRESSIONS:
        widget["feel"] = "required"
    elif path not in _JOB_HEADERS:
        widget["feel"] = "optional"
    return widget


def _usual(method: str) -> int:
    order = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
    return order.index(method) if method in order else len(order)


def _condition(name: str, values: tuple[str, ...]) -> dict[str, Any]:
    if len(values) > 1:
        return {"property": name, "oneOf": list(values)}
    return {"property": name, "equals": values[0]}


def _binding(face: Face, path: str) -> dict[str, Any]:
    if path == "retries":
        return {"type": "zeebe:taskDefinition", "property": "retries"}
    if path in _JOB_HEADERS or face.input_expressions:
        return _header(path)
    return {"type": "zeebe:input", "name": path}


def _header(key: str) -> dict[str, Any]:
    return {"type": "zeebe:taskHeader", "key": key}


def _hidden(value: str, binding: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Hidden", "value": value, "binding": binding}
