"""Checks element templates: do they hang together, and does the worker read what they write.

The Modeler's own schema says whether a file is a template at all; a test of ours asks it about the templates we ship.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from worker.face import Face
from worker.templates.catalogue import Versions
from worker.validation.expressions import faults
from worker.validation.given import JOB_HEADERS, is_input
from worker.validation.outcomes import expression_problem
from worker.validation.problem import Problem

SCHEMA: Final = "element-templates"  # part of the `$schema` of every template


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Binding(_Part):
    """Where a value goes."""

    type: str
    name: str = Field(default="", validation_alias=AliasChoices("key", "name", "property", "source", "variableName"))


class Choice(_Part):
    value: str


class Condition(_Part):
    """When a field is shown."""

    property: str | None = None
    allMatch: tuple[Condition, ...] = ()  # noqa: N815 - the schema's name


class Property(_Part):
    """A field of the form."""

    id: str | None = None
    type: str = "String"
    value: Any = None
    group: str | None = None
    binding: Binding
    choices: tuple[Choice, ...] = ()
    condition: Condition = Condition()
    feel: Literal["optional", "required", "static"] | None = None

    @property
    def label(self) -> str:
        """What people know it by."""
        return self.id or self.binding.name or self.type


class Group(_Part):
    id: str


class Template(_Part):
    """The parts of an element template that are checked."""

    name: str
    id: Annotated[str, Field(min_length=1)]
    version: int | None = None
    appliesTo: Annotated[tuple[str, ...], Field(min_length=1)]  # noqa: N815 - the schema's name
    groups: tuple[Group, ...] = ()
    engines: dict[str, str] = Field(default_factory=dict)
    properties: tuple[Property, ...]

    @property
    def job_type(self) -> str | None:
        """The job type that it writes."""
        names = ("type", "taskDefinition:type")
        for entry in self.properties:
            bound = entry.binding
            if bound.type == "zeebe:taskDefinition:type" or (
                bound.type == "zeebe:taskDefinition" and bound.name in names
            ):
                return str(entry.value)
        return None


class NotATemplate(ValueError):
    """The file holds no element templates; `line` says where that shows."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def read_templates(text: str) -> list[Any]:
    """The templates of a file, one or a list of them, as JSON. Raises `NotATemplate`."""
    try:
        content = json.loads(text)
    except RecursionError:
        raise NotATemplate("it is nested too deeply", 1) from None
    except ValueError as problem:
        raise NotATemplate(f"this is no JSON: {problem}", getattr(problem, "lineno", 0)) from None
    found = content if isinstance(content, list) else [content]
    if not found or not all(isinstance(each, dict) and _looks_like_one(each) for each in found):
        raise NotATemplate("this is no element template: it has no $schema of element templates and no appliesTo")
    return found


def _looks_like_one(content: Mapping[str, Any]) -> bool:
    return SCHEMA in str(content.get("$schema", "")) or {"appliesTo", "properties"} <= set(content)


def versions_of(contents: list[Any]) -> dict[str, Versions]:
    """The versions of the templates of a file, as far as they have one."""
    known: dict[str, Versions] = {}
    for content in contents:
        if isinstance(content.get("id"), str) and isinstance(content.get("version", 0), int):
            engines = content.get("engines")
            lowest = str(engines.get("camunda", "")).lstrip("^>=~ ") if isinstance(engines, dict) else ""
            known.setdefault(content["id"], {})[content.get("version", 0)] = lowest
    return known


def problems(contents: list[Any], text: str, faces: Mapping[str, Face]) -> Iterator[Problem]:
    """What is wrong with the templates of a file; `faces` are the job types of the worker."""
    lines = _Lines(text, several=text.lstrip().startswith("["))
    for number, content in enumerate(contents):
        try:
            template = Template.model_validate(content)
        except ValidationError as problem:
            for error in problem.errors(include_url=False):
                path = error["loc"]
                message = f"{'.'.join(map(str, path))}: {error['msg']}"
                hint = "see the schema of element templates"
                yield Problem(
                    "error", "bad-template", str(content.get("id", "")), message, hint, lines.of(number, path)
                )
            continue
        face = faces.get(template.job_type or "")
        for index, entry in enumerate(template.properties):
            line = lines.of(number, ("properties", index))
            for severity_code, message, hint in _findings(template, entry, face):
                yield Problem("error", severity_code, entry.label, message, hint, line)
            yield from _expression(entry, line)
        counted = Counter(entry.id for entry in template.properties if entry.id)
        for name, times in counted.items():
            if times > 1:
                index = [entry.id for entry in template.properties].index(name)
                message, line = f"the id occurs {times} times", lines.of(number, ("properties", index))
                yield Problem("error", "bad-template", name, message, "give each property its own id", line)


def _findings(template: Template, entry: Property, face: Face | None) -> Iterator[tuple[str, str, str]]:
    groups = {group.id for group in template.groups}
    if entry.group is not None and entry.group not in groups:
        yield "bad-template", f"the group {entry.group!r} is not declared", f"there are {', '.join(sorted(groups))}"
    ids = {each.id for each in template.properties}
    for condition in (entry.condition, *entry.condition.allMatch):
        if condition.property is not None and condition.property not in ids:
            message = f"its condition refers to {condition.property!r}, which is no property"
            yield "bad-template", message, "name a property's id"
    choices = [choice.value for choice in entry.choices]
    if entry.type == "Dropdown" and entry.value is not None and entry.value not in choices:
        yield "bad-template", f"the default {entry.value!r} is none of its choices", f"there are {', '.join(choices)}"
    if face is None:
        return
    name, kind = entry.binding.name, entry.binding.type
    if kind == "zeebe:taskHeader" and name not in JOB_HEADERS and not (is_input(name) and face.input_expressions):
        hint = "the worker reads inputs of this job type from input mappings" if is_input(name) else "see its inputs"
        yield "unread-binding", f"the worker reads no header {name!r}", hint
    if kind == "zeebe:input" and not is_input(name):
        yield "unread-binding", f"the worker reads no input {name!r}", "remove the property or correct the name"


def _expression(entry: Property, line: int) -> Iterator[Problem]:
    value = entry.value if isinstance(entry.value, str) else ""
    if value.startswith("=") or (value and entry.feel == "required"):
        for fault in faults(value):
            yield expression_problem(entry.label, "the default", fault.code, fault.message, fault.excerpt, line)


class _Lines:
    """The line of each part of a JSON text; YAML's reader keeps them, and JSON is YAML."""

    def __init__(self, text: str, *, several: bool) -> None:
        self._several = several
        try:
            self._root = yaml.compose(text, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, RecursionError):  # JSON with tabs is no YAML
            self._root = None

    def of(self, number: int, path: tuple[Any, ...]) -> int:
        """The line of a part, or of the nearest part around it; 0 when unknown."""
        node = self._root
        for part in (number, *path) if self._several else path:
            inner = self._member(node, part)
            if inner is None:
                break
            node = inner
        return 0 if node is None else node.start_mark.line + 1

    @staticmethod
    def _member(node: Any, part: Any) -> Any:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part]
        if isinstance(node, yaml.MappingNode):
            return next((value for key, value in node.value if key.value == part), None)
        return None
