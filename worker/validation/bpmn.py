"""Reads BPMN models: the tasks with what the Modeler wrote into them, and who catches the errors they throw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

Element = Any  # lxml has no types

_BPMN: Final = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_ZEEBE: Final = "{http://camunda.org/schema/zeebe/1.0}"
_MODELER: Final = "{http://camunda.org/schema/modeler/1.0}"
_SCOPES: Final = frozenset(f"{_BPMN}{name}" for name in ("process", "subProcess", "adHocSubProcess", "transaction"))
_FEEL_TEXTS: Final = frozenset(
    f"{_BPMN}{name}" for name in ("conditionExpression", "timeDuration", "timeDate", "timeCycle", "completionCondition")
)

ANY: Final = None
"""Among the caught codes: an event that catches every code, or one that only a running process knows."""


class NotBpmn(ValueError):
    """The file is no BPMN model; `line` says where reading ended."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Entry:
    """A header, an input mapping or an output mapping: its name (or target) and its value (or source)."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Task:
    """A task that becomes a job."""

    id: str
    line: int
    process: str
    job_type: str
    retries: str
    template: str | None
    template_version: str | None
    headers: tuple[Entry, ...]
    inputs: tuple[Entry, ...]
    node: Element

    def header(self, name: str) -> Entry | None:
        """The header of a name; of several the last, which the engine takes."""
        return next((entry for entry in reversed(self.headers) if entry.name == name), None)


@dataclass(frozen=True, slots=True)
class Feel:
    """A place outside task headers where the engine expects FEEL or text that begins with `=`."""

    element: str
    place: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Model:
    """One BPMN file. `platform` is the version of the engine it is made for, such as `8.6.0`."""

    root: Element
    platform: str | None
    tasks: tuple[Task, ...]


def read_model(content: bytes) -> Model:
    """The model of a file. Entities, document types and the network are not used. Raises `NotBpmn`."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as problem:
        raise NotBpmn(f"this is no XML: {problem.msg}", problem.lineno or 0) from None
    if root.getroottree().docinfo.doctype:
        raise NotBpmn("a document type is declared, which BPMN does not use", 1)
    if root.tag != f"{_BPMN}definitions":
        raise NotBpmn(f"this is no BPMN: its root is <{etree.QName(root).localname}>, not <bpmn:definitions>", 1)
    tasks = tuple(
        _task(node)
        for node in root.iter(tuple(f"{_BPMN}{name}" for name in ("serviceTask", "sendTask", "scriptTask")))
        if node.find(f"./{_BPMN}extensionElements/{_ZEEBE}taskDefinition") is not None
    )
    return Model(root, root.get(f"{_MODELER}executionPlatformVersion"), tasks)


def _task(node: Element) -> Task:
    extensions = node.find(f"{_BPMN}extensionElements")
    definition = extensions.find(f"{_ZEEBE}taskDefinition")
    return Task(
        id=node.get("id", ""),
        line=node.sourceline,
        process=_process(node),
        job_type=definition.get("type", ""),
        retries=definition.get("retries", "3"),
        template=node.get(f"{_ZEEBE}modelerTemplate"),
        template_version=node.get(f"{_ZEEBE}modelerTemplateVersion"),
        headers=_entries(extensions, "taskHeaders/{}header", "key", "value"),
        inputs=_entries(extensions, "ioMapping/{}input", "target", "source"),
        node=node,
    )


def _entries(extensions: Element, path: str, name: str, value: str) -> tuple[Entry, ...]:
    found = extensions.findall(f"{_ZEEBE}{path.format(_ZEEBE)}")
    return tuple(Entry(entry.get(name, ""), entry.get(value, ""), entry.sourceline) for entry in found)


def _process(node: Element) -> str:
    return next((scope.get("id", "") for scope in node.iterancestors(f"{_BPMN}process")), "")


def expressions(model: Model) -> Iterator[Feel]:
    """Every text outside task headers that begins with `=`."""
    skipped = {f"{_ZEEBE}header", f"{_ZEEBE}property"}
    for node in model.root.iter(etree.Element):
        if node.tag in _FEEL_TEXTS and (node.text or "").strip().startswith("="):
            yield Feel(_owner(node), etree.QName(node).localname, node.text.strip(), node.sourceline)
        elif node.tag.startswith(_ZEEBE) and node.tag not in skipped:
            for name, value in node.attrib.items():
                if value.startswith("="):
                    place = f"{etree.QName(node).localname} {node.get('target', '')}".strip()
                    yield Feel(_owner(node), place if name == "source" else name, value, node.sourceline)


def _owner(node: Element) -> str:
    """The id of the element of the diagram that something belongs to."""
    definitions = ("EventDefinition", "Characteristics")
    for above in node.iterancestors():
        if above.get("id") and not etree.QName(above).localname.endswith(definitions):
            return str(above.get("id"))
    return ""


def catching(task: Task, model: Model, models: Sequence[Model]) -> Iterator[str | None]:
    """The codes that an error of a task meets on its way out, `ANY` among them; through calling processes too."""
    yield from _catching(task.node, model, models, set())


def _catching(node: Element, model: Model, models: Sequence[Model], seen: set[str]) -> Iterator[str | None]:
    while node is not None:
        yield from _boundary_codes(node, model)
        scope = next((above for above in node.iterancestors() if above.tag in _SCOPES), None)
        if scope is None:
            break
        for inner in scope.iterchildren(f"{_BPMN}subProcess"):
            if inner.get("triggeredByEvent") == "true" and inner is not node:
                for start in inner.iterchildren(f"{_BPMN}startEvent"):
                    yield from _codes(start, model)
        node = scope
    process = node.get("id", "") if node is not None else ""
    if process in seen:
        return
    seen.add(process)
    for other in models:
        for call in other.root.iter(f"{_BPMN}callActivity"):
            called = call.find(f"{_BPMN}extensionElements/{_ZEEBE}calledElement")
            if called is not None and called.get("processId") == process:
                yield from _catching(call, other, models, seen)


def _boundary_codes(node: Element, model: Model) -> Iterator[str | None]:
    for event in node.getparent().iterchildren(f"{_BPMN}boundaryEvent"):
        if event.get("attachedToRef") == node.get("id"):
            yield from _codes(event, model)


def _codes(event: Element, model: Model) -> Iterator[str | None]:
    for definition in event.iterchildren(f"{_BPMN}errorEventDefinition"):
        error = next(
            (error for error in model.root.iter(f"{_BPMN}error") if error.get("id") == definition.get("errorRef")), None
        )
        code = None if error is None else error.get("errorCode")
        yield ANY if not code or code.startswith("=") else code
