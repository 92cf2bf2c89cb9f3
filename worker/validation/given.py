"""What a model tells of a task's inputs: the tree that the worker would gather, with gaps only the process can fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from worker.documents.reference import FUNCTION_TYPE, REFERENCE_TYPE
from worker.face import Face
from worker.pipeline.header_inputs import INPUTS, path_of
from worker.pipeline.paths import put
from worker.secrets.syntax import names
from worker.validation.bpmn import Entry, Task
from worker.validation.expressions import UNKNOWN, value_of
from worker.validation.problem import Problem, Severity

JOB_HEADERS: Final = frozenset(
    {
        "dialect",
        "elementTemplateId",
        "elementTemplateVersion",
        "errorExpression",
        "inputs",
        "jobTimeout",
        "resultExpression",
        "resultVariable",
        "retryBackoff",
    }
)
"""What the worker reads from task headers besides inputs."""

_ELSEWHERE: Final = ("dialect", "httpOptions.inputs", "httpOptions.profile")
"""Headers by which inputs come from where the model does not tell."""


_REFERENCES: Final = frozenset({REFERENCE_TYPE, FUNCTION_TYPE})


@dataclass(slots=True)
class Given:
    """What the model gives: the inputs as a tree with `UNKNOWN` in it, and where each stands."""

    task: Task
    face: Face
    tree: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Entry] = field(default_factory=dict)
    open: bool = False  # inputs may come from where the model does not tell

    def at(self, path: str) -> Any:
        """What is given for a dotted name, None for nothing, `UNKNOWN` below something unknown."""
        node: Any = self.tree
        for part in path.split("."):
            if node is UNKNOWN:
                return UNKNOWN
            node = node.get(part) if isinstance(node, Mapping) else None
        return node

    def problem(self, severity: Severity, code: str, path: str, message: str, hint: str) -> Problem:
        """A problem with an input, in the line of the input or of the nearest one above it."""
        line, name = self.task.line, path
        while name:
            if name in self.places:
                line = self.places[name].line
                break
            name = name.rpartition(".")[0]
        return Problem(severity, code, self.task.id, message, hint, line)


def is_input(name: str) -> bool:
    """Whether a dotted name is one of the worker's inputs."""
    return name.partition(".")[0] in INPUTS


def gather(task: Task, face: Face) -> Given:
    """Gather the inputs in the worker's order: mappings, the header `inputs`, other headers."""
    given = Given(task, face)
    entries = [entry for entry in task.inputs if is_input(entry.name)]
    if face.input_expressions:
        given.open = any(entry.name in _ELSEWHERE for entry in task.headers)
        entries += [entry for entry in task.headers if entry.name == "inputs"]
        entries += sorted((e for e in task.headers if is_input(e.name)), key=lambda e: (e.name.count("."), e.name))
    for entry in entries:
        value = _value(entry, face)
        if entry.name != "inputs":
            put(given.tree, path_of(entry.name), value)
            given.places[entry.name] = entry
        elif isinstance(value, Mapping):
            given.tree |= value
            given.places |= dict.fromkeys(value, entry)
        else:
            given.open = True
    return given


def _value(entry: Entry, face: Face) -> Any:
    value = value_of(entry.value) if entry.value.startswith("=") or entry.name == "inputs" else entry.value
    if isinstance(value, str) and any(names(value, bare=face.rescan_secrets)):
        return UNKNOWN
    return _without_references(value)


def _without_references(value: Any) -> Any:
    """Documents and functions of the engine stand for values that only the running process knows."""
    if not isinstance(value, Mapping):
        return value
    if not _REFERENCES.isdisjoint(value):
        return UNKNOWN
    return {name: _without_references(member) for name, member in value.items()}
