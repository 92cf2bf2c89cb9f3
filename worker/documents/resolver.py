"""Turns document references and function calls among the inputs of a job into documents and values.

Only inputs are resolved. What a service answered is data: an answer that looks like a call is never executed.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from worker.documents.document import Document, DocumentStore
from worker.documents.external import Download, ExternalDocument
from worker.documents.functions import FUNCTIONS, Evaluator, GithubToken, Parameter, Services
from worker.documents.inline import InlineDocument
from worker.documents.reference import FUNCTION_TYPE, REFERENCE_TYPE, InvalidReference, is_special, optional_text
from worker.documents.stored import StoredDocument
from worker.errors import JobFailure, input_failure
from worker.json_codec.java_text import java_text

MAX_CALLS: Final = 10


class Documents:
    """Where documents come from; one for the whole worker."""

    def __init__(
        self,
        store: DocumentStore,
        *,
        download: Download | None = None,
        expressions: Evaluator | None = None,
        github: GithubToken | None = None,
    ) -> None:
        self.store = store
        self._download = download
        self._expressions = expressions
        self._github = github

    def document(self, reference: Mapping[str, Any]) -> Document:
        """The document that a reference names; nothing is loaded yet. Raises `InvalidReference`, `JobFailure`."""
        match reference.get(REFERENCE_TYPE):
            case "camunda":
                return StoredDocument(reference, self.store)
            case "external":
                return ExternalDocument(reference, self._download)
            case "inline":
                return InlineDocument(reference)
            case _:
                raise InvalidReference("unknown document type")

    def resolver(self, *, exact: bool = False) -> Resolver:
        """For one job; `exact` keeps fractions in JSON documents as decimals."""
        return Resolver(self, Services(self._expressions, self._github, exact))


class Resolver:
    """Resolves the inputs of one job, and counts its function calls."""

    def __init__(self, documents: Documents, services: Services) -> None:
        self._documents = documents
        self._services = services
        self._calls = 0

    async def resolve_string(self, value: Any) -> str:
        """The text that a special object stands for: a document's content in Base64, or what a call answers.

        Raises `JobFailure`, `InvalidReference`.
        """
        if REFERENCE_TYPE in value:
            document = self._documents.document(value)
            try:
                return base64.b64encode(await document.read()).decode("ascii")
            except JobFailure as failure:
                raise input_failure(failure.message) from failure
        result = await self._call(value)
        if not isinstance(result, str):
            raise input_failure(f"Unsupported operation result, expected a string, got: {java_text(result)}")
        return result

    async def resolve_any(self, value: Any) -> Any:
        """A copy of a JSON tree in which documents are `Document`s and calls their results.

        Without recursion, except into the parameters of calls, which are few. Raises `JobFailure`, `InvalidReference`.
        """
        top: list[Any] = [None]
        waiting: list[tuple[Any, Any, Any]] = [(value, top, 0)]  # node, and where what it becomes goes
        while waiting:
            node, container, place = waiting.pop()
            if is_special(node):
                container[place] = await self._special(node)
            elif isinstance(node, dict):
                members: dict[str, Any] = dict.fromkeys(node)
                container[place] = members
                waiting.extend((member, members, name) for name, member in reversed(node.items()))
            elif isinstance(node, list):
                elements: list[Any] = [None] * len(node)
                container[place] = elements
                waiting.extend((node[index], elements, index) for index in reversed(range(len(node))))
            else:
                container[place] = node
        return top[0]

    async def _special(self, value: Mapping[str, Any]) -> Any:
        return self._documents.document(value) if REFERENCE_TYPE in value else await self._call(value)

    async def _call(self, call: Mapping[str, Any]) -> Any:
        self._calls += 1
        if self._calls > MAX_CALLS:
            raise input_failure("Intrinsic function limit exceeded")
        name = optional_text(call, FUNCTION_TYPE) or ""
        function = FUNCTIONS.get(name)
        if function is None:
            raise input_failure(f"No intrinsic function found with name: {name}")
        given = call.get("params")
        arguments = await self.resolve_any(given if isinstance(given, list) else [] if given is None else [given])
        try:
            values = [_argument(arguments, index, each) for index, each in enumerate(function.parameters)]
            return await function.run(self._services, values)
        except JobFailure as failure:
            raise input_failure(failure.message) from failure
        except Exception as problem:  # whatever a function's libraries raise, the call is what the model must mend
            kinds = ", ".join(map(_kind, arguments))
            raise input_failure(
                f"Failed to execute intrinsic function: {name} with arguments: [{kinds}]. {problem}"
            ) from problem


def _argument(arguments: list[Any], index: int, parameter: Parameter) -> Any:
    value = arguments[index] if index < len(arguments) else None
    if value is None and parameter.required:
        raise input_failure(f"Parameter at index {index} is required but not provided")
    return value


def _kind(value: Any) -> str:
    """The word for an argument in messages; the value itself may be long, or secret."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case dict():
            return "object"
        case list():
            return "array"
        case int() | float():
            return "number"
        case _:
            return "document"
