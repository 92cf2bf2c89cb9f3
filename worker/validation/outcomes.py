"""What a task writes and throws: result names, and error codes with the events that catch them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from worker.pipeline.header_inputs import INPUTS
from worker.secrets.syntax import names
from worker.validation.bpmn import ANY, Model, Task, catching
from worker.validation.expressions import faults, is_variable_name, result_names, thrown_codes
from worker.validation.problem import Problem

_TEMPORARY: Final = frozenset({"response", "error", "job"})  # what expressions of the worker see under these names
RESERVED: Final = INPUTS | _TEMPORARY


def problems(task: Task, model: Model, models: Sequence[Model]) -> Iterator[Problem]:
    """What is wrong with the result and error expressions of one task."""
    yield from _expressions(task)
    yield from _names(task)
    expression = task.header("errorExpression")
    codes = tuple(dict.fromkeys(thrown_codes(expression.value))) if expression is not None else ()
    caught = set(catching(task, model, models)) if codes else set()
    for code in codes:
        if expression is not None and code not in caught and ANY not in caught:
            close = get_close_matches(code, [each for each in caught if each], n=1)
            hint = f"did you mean {close[0]}?" if close else "attach an error boundary event with this code"
            message = f"no event catches the BPMN error {code}; it would raise an incident"
            if not close:
                hint += ", or check the process that calls this one along with it"
            yield Problem("warning", "uncaught-error", task.id, message, hint, expression.line)


def duplicates(tasks: Sequence[Task]) -> Iterator[Problem]:
    """Result variables that two tasks of the same process write."""
    first: dict[tuple[str, str], Task] = {}
    for task in tasks:
        entry = task.header("resultVariable")
        if entry is None or not entry.value.strip():
            continue
        before = first.setdefault((task.process, entry.value), task)
        if before is not task:
            message = f"the result variable {entry.value} is written by {before.id} too"
            yield Problem("warning", "duplicate-result", task.id, message, "give each its own name", entry.line)


def _expressions(task: Task) -> Iterator[Problem]:
    for name in ("resultExpression", "errorExpression"):
        entry = task.header(name)
        if entry is None or not entry.value.strip():
            continue
        for fault in faults(entry.value):
            yield expression_problem(task.id, f"header {name}", fault.code, fault.message, fault.excerpt, entry.line)
        if any(names(entry.value, bare=False)):
            message = f"header {name}: secrets are put into inputs only, so the text of the reference is what results"
            hint = "do not bring a secret into process variables"
            yield Problem("warning", "secret-in-result", task.id, message, hint, entry.line)


def expression_problem(element: str, place: str, code: str, message: str, excerpt: str, line: int) -> Problem:
    """A fault of an expression, told for its place."""
    if code == "unquoted-secret":
        hint = 'write it in double quotes: "{{secrets.NAME}}"'
        return Problem("warning", code, element, f"{place}: {message}", hint, line, excerpt)
    hint = "try it with: rest-connector feel 'EXPRESSION'"
    return Problem("error", code, element, f"{place}: {message}", hint, line, excerpt)


def _names(task: Task) -> Iterator[Problem]:
    variable, expression = task.header("resultVariable"), task.header("resultExpression")
    written = [] if variable is None or not variable.value.strip() else [(variable.value, variable.line)]
    keys = result_names(expression.value) if expression is not None else ()
    if expression is not None:
        written += [(key, expression.line) for key in keys]
    for name, line in written:
        if name in RESERVED:
            message = f"the result {name} has the name of an input; tasks that come later would take it for theirs"
            if name in _TEMPORARY:
                message = f"the result {name} is hidden in the worker's expressions, where {name} means something else"
            yield Problem("warning", "reserved-result", task.id, message, "choose another name", line)
        elif not is_variable_name(name):
            message = f"the result {name!r} is no name that FEEL can refer to"
            hint = "use letters, digits and _, and begin with a letter"
            yield Problem("warning", "unusable-result", task.id, message, hint, line)
    if variable is not None and variable.value in keys:
        message = f"the result expression overwrites the result variable {variable.value}"
        yield Problem("warning", "duplicate-result", task.id, message, "give each its own name", variable.line)
