"""What result and error expressions share: evaluated in FEEL, they must answer an object, and may store documents.

`worker.pipeline.results` and `worker.pipeline.verdict` say what the object means. The texts of the failures are those
of the original.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import Any, Final, Literal

from worker.documents import resolve_created_documents
from worker.documents.document import DocumentStore
from worker.errors import FEEL_EXCEPTION, JobFailure, input_failure
from worker.feel import FeelError, FeelSyntaxError, strip_marker
from worker.json_codec import dumps
from worker.json_codec.java_text import java_text
from worker.pipeline.expressions import Expressions

Kind = Literal["Result", "Error"]

SHOWN_CONTEXT: Final = 2_000  # characters

_CREATES: Final = "createDocument"
_FORBIDDEN: Final = "camunda.function.type"

explanations = logging.getLogger("worker.explanations")
explanations.setLevel(logging.CRITICAL)  # they quote values, so only a command for people turns them on


class Mapper:
    """Evaluates the expressions that map a response or an error to variables."""

    def __init__(self, expressions: Expressions, store: DocumentStore) -> None:
        self._expressions = expressions
        self._store = store

    async def evaluate(self, kind: Kind, text: str, contexts: Sequence[Any]) -> tuple[dict[str, Any], str] | None:
        """The object an expression answers, and its JSON text.

        None where it answers null (or, as an error expression, `{}`). The `contexts` are JSON trees; they are merged,
        later ones win; what is no object contributes nothing. Raises `JobFailure`.
        """
        nonce = secrets.token_hex(16) if _CREATES in text else None
        context: dict[str, Any] = {}
        for part in contexts:
            if isinstance(part, dict):
                context.update(part)
        try:
            evaluated = await self._expressions.explain(text, context, nonce=nonce)
        except FeelError as problem:
            raise JobFailure(
                _evaluation_text(text, contexts, _reason(text, problem)),
                type=FEEL_EXCEPTION,
                kind="input",
                native_code="INVALID_INPUT",
            ) from None
        for warning in evaluated.warnings:
            explanations.debug("%s expression: %s", kind, warning.message)
        value = evaluated.value
        if value is None:
            return None
        evaluated_text = dumps(value)
        if not isinstance(value, dict) or _FORBIDDEN in evaluated_text:
            raise _wrong_shape(kind, text, value, evaluated_text)
        if kind == "Error" and not value:
            return None
        if nonce is None or nonce not in evaluated_text:  # no document was made
            return value, evaluated_text
        resolved = await resolve_created_documents(value, nonce, self._store, expression=kind)
        return resolved, dumps(resolved)


def shape_failure(text: str, evaluated: str, reason: str) -> JobFailure:
    """The expression was evaluated, but what it answers cannot be used: retries 0."""
    return input_failure(f"{FEEL_EXCEPTION}: {_failed(text, _shown(evaluated), reason)}")


def _wrong_shape(kind: Kind, text: str, value: Any, evaluated: str) -> JobFailure:
    if _FORBIDDEN in evaluated:
        reason = f"The connector result contains a forbidden literal '{_FORBIDDEN}'."
        return shape_failure(_FORBIDDEN, evaluated, reason)
    found = "array" if isinstance(value, list) else "string" if isinstance(value, str) else "number"
    if isinstance(value, bool):
        found = "boolean"
    shown = _shown(evaluated)
    reason = f"{kind} expression must return a JSON object, but got {found}. Evaluated value: {shown}"
    return shape_failure(text, evaluated, reason)


def _evaluation_text(text: str, contexts: Sequence[Any], reason: str) -> str:
    return _failed(text, _shown(java_text(list(contexts), SHOWN_CONTEXT + 1)), reason)


def _failed(text: str, context: str, reason: str) -> str:
    return f"Failed to evaluate expression '{text}' in context '{context}'. Reason: {reason}"


def _reason(text: str, problem: FeelError) -> str:
    expression = strip_marker(text)
    verb = "parse" if isinstance(problem, FeelSyntaxError) else "evaluate"
    return f"failed to {verb} expression '{expression}': {problem}"


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_CONTEXT else f"{text[:SHOWN_CONTEXT]}...(truncated)"
