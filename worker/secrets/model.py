"""Reads from BPMN XML which secrets the input mappings of each task mention.

A streaming parse with the standard library's expat, which needs no tree; document types, and with them entities of
their own, are refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from worker.secrets.syntax import names

_BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
_TASKS: Final = frozenset(f"{_BPMN} {name}" for name in ("serviceTask", "sendTask", "scriptTask", "businessRuleTask"))
_INPUT: Final = f"{_ZEEBE} input"
_TEMPLATE: Final = f"{_ZEEBE} modelerTemplate"


class ModelError(ValueError):
    """The text is no BPMN XML that can be read."""


def secret_names(xml: str) -> Mapping[str, frozenset[str]]:
    """The secret names by element id, for tasks made from a template; other elements are absent.

    Raises `ModelError`.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(xml.encode(), True)
    except expat.ExpatError as problem:
        raise ModelError(f"the model is no XML: {problem}") from None
    return {element: frozenset(found) for element, found in reader.found.items()}


class _Reader:
    def __init__(self) -> None:
        self.found: dict[str, set[str]] = defaultdict(set)
        self._task: str | None = None  # tasks do not contain tasks

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _TASKS and _TEMPLATE in attributes:
            self._task = attributes.get("id", "")
            self.found[self._task] = set()
        elif tag == _INPUT and self._task is not None:
            self.found[self._task].update(names(attributes.get("source", "")))

    def end(self, tag: str) -> None:
        if tag in _TASKS:
            self._task = None


def _refuse_doctype(name: str, system_id: str | None, public_id: str | None, has_internal_subset: bool) -> None:
    raise ModelError("the model has a document type, which BPMN does not use")
