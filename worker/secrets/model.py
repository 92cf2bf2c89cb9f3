"""Reads from BPMN XML which secrets each task mentions.

A streaming parse with the standard library's expat, which needs no tree; document types, and with them entities of
their own, are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from worker.secrets.syntax import names

_BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
_TASKS: Final = frozenset(f"{_BPMN} {name}" for name in ("serviceTask", "sendTask", "scriptTask", "businessRuleTask"))
_INPUT: Final = f"{_ZEEBE} input"
_HEADER: Final = f"{_ZEEBE} header"
_TEMPLATE: Final = f"{_ZEEBE} modelerTemplate"


class ModelError(ValueError):
    """The text is no BPMN XML that can be read."""


@dataclass(slots=True)
class Mentioned:
    """The secret names of one task: in its input mappings if it was made from a template, and in all that is read.

    Camunda's connector looks at the first only; native tasks have inputs in task headers too, with or without template.
    """

    in_template: set[str] = field(default_factory=set)
    anywhere: set[str] = field(default_factory=set)


def secret_names(xml: str) -> Mapping[str, Mentioned]:
    """The secret names by element id of the tasks. Raises `ModelError`."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(xml.encode(), True)
    except expat.ExpatError as problem:
        raise ModelError(f"the model is no XML: {problem}") from None
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: dict[str, Mentioned] = {}
        self._task: Mentioned | None = None  # tasks do not contain tasks
        self._from_template = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _TASKS:
            self._task = self.found[attributes.get("id", "")] = Mentioned()
            self._from_template = _TEMPLATE in attributes
        elif tag == _INPUT and self._task is not None:
            found = set(names(attributes.get("source", "")))
            self._task.anywhere |= found
            if self._from_template:
                self._task.in_template |= found
        elif tag == _HEADER and self._task is not None:
            self._task.anywhere.update(names(attributes.get("value", "")))

    def end(self, tag: str) -> None:
        if tag in _TASKS:
            self._task = None


def _refuse_doctype(name: str, system_id: str | None, public_id: str | None, has_internal_subset: bool) -> None:
    raise ModelError("the model has a document type, which BPMN does not use")
