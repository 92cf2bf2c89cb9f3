"""Puts one question to both engines and says in what way the answers differ, if they do.

Where the original only falls over its own host language there is nothing to compare; where it prints contexts in
hash order, order is not compared. What differs on purpose is listed in `deviations.json`, read by `deviations.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.feel_corpus import ABSENT, decode, encode, equal, is_typed
from tests.differential.jvm import JvmEngine
from worker import feel

HOST_FAILURE = re.compile(r"\b(?:java|scala|org\.camunda)\.\w|fatal error|Error\(|no value mapper found")
CALL_FAILURE = re.compile(r"': (?:Expected context but found|No function found with)")
NO_JSON_FORM = frozenset({"ValFunction", "ValRange"})


@dataclass(frozen=True, slots=True)
class Question:
    """An expression or unary test with its variables, in the encoding of the corpus."""

    expression: str
    context: Mapping[str, Any]
    kind: str = "expression"
    input: Any = ABSENT

    def as_request(self) -> dict[str, Any]:
        """The question as the line protocol takes it."""
        request = {"expression": self.expression, "context": self.context, "kind": self.kind}
        return request if self.input is ABSENT else request | {"input": self.input}


@dataclass(frozen=True, slots=True)
class Difference:
    """Answers that differ: how, and both of them in readable form."""

    question: Question
    how: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class Ours:
    """Our answer: an encoded value with its printed form, or the failure that ended the evaluation."""

    value: Any = None
    printed: str = ""
    failure: feel.FeelError | None = None
    warnings: tuple[str, ...] = ()


def differences(
    engine: JvmEngine, questions: Iterable[Question], *, with_warnings: bool = False
) -> Iterator[Difference]:
    """Ask both engines; only what differs comes out, with the kinds of warnings if wanted.

    What our limits end is not asked: the original has none and might never answer.
    """
    asked = [(question, ours) for question in questions if not _is_limit((ours := answer(question)).failure)]
    answers = engine.ask(question.as_request() for question, _ in asked)
    for (question, ours), theirs in zip(asked, answers, strict=True):
        how = compare(theirs, ours)
        if how is None and with_warnings:
            how = compare_warnings(theirs, ours)
        if how is not None:
            yield Difference(question, how, _readable(theirs), _describe(ours))


def answer(question: Question) -> Ours:
    """Ask our engine."""
    context = decode(question.context)
    try:
        if question.kind == "expression":
            result = feel.evaluate(question.expression, context)
        elif question.input is ABSENT:
            result = feel.unary_tests(question.expression, context=context)
        else:
            result = feel.unary_tests(question.expression, decode(question.input), context=context)
        return Ours(
            encode(result.value), _printed(result.value), warnings=tuple(warning.type for warning in result.warnings)
        )
    except feel.FeelError as failure:
        return Ours(failure=failure)


def _printed(value: Any) -> str:
    if feel.type_name(value) == "function":  # not a variable that string() could be asked about
        return feel.to_string(value)
    return str(feel.evaluate("string(value)", {"value": value}).value or "null")


def compare(theirs: Mapping[str, Any], ours: Ours) -> str | None:
    """In what way two answers differ: a short name to group by, or None."""
    if "late" in theirs or _fell_over(theirs):
        return None
    if "error" in theirs:
        return _compare_failures(theirs, ours)
    if "unrepresentable" in theirs and _is_runtime_failure(ours.failure):
        return None  # a connector fails as well: it has no use for functions and ranges
    if ours.failure is not None:
        return f"{type(ours.failure).__name__} for a value"
    if "unrepresentable" in theirs:
        return None if _loose(theirs["printed"]) == _loose(ours.printed) else "printed form"
    if not equal(theirs["value"], ours.value) and not equal(_loose(theirs["value"]), _loose(ours.value)):
        return "null" if (theirs["value"] is None) != (ours.value is None) else "value"
    if not isinstance(ours.value, str) and _loose(theirs["printed"]) != _loose(ours.printed):
        return "printed form"
    return None


def compare_warnings(theirs: Mapping[str, Any], ours: Ours) -> str | None:
    """Whether a kind of warning is missing or added; the original repeats some that we give once."""
    if "warnings" not in theirs or ours.failure is not None or _fell_over(theirs):
        return None
    kinds, our_kinds = {warning["type"] for warning in theirs["warnings"]}, set(ours.warnings)
    changes = [f"-{kind}" for kind in sorted(kinds - our_kinds)] + [f"+{kind}" for kind in sorted(our_kinds - kinds)]
    return f"warnings {' '.join(changes)}" if changes else None


def _compare_failures(theirs: Mapping[str, Any], ours: Ours) -> str | None:
    if ours.failure is None:
        return None if theirs["error_kind"] == "evaluation" and _has_null(ours.value) else "value for a failure"
    parse = isinstance(ours.failure, feel.FeelSyntaxError)
    if parse != (theirs["error_kind"] == "parse"):
        return "kind of failure"
    return None


def _is_limit(failure: feel.FeelError | None) -> bool:
    return isinstance(failure, feel.FeelLimitError)


def _is_runtime_failure(failure: feel.FeelError | None) -> bool:
    return failure is not None and not isinstance(failure, feel.FeelSyntaxError | feel.FeelLimitError)


def _fell_over(theirs: Mapping[str, Any]) -> bool:
    if theirs.get("error_kind") == "parse":
        return "StackOverflow" in theirs["error"]
    if "error" in theirs:
        return "thrown" in theirs or bool(HOST_FAILURE.search(theirs["error"]) or CALL_FAILURE.search(theirs["error"]))
    return "unrepresentable" in theirs and theirs["unrepresentable"] not in NO_JSON_FORM


def _has_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None


def _loose(value: Any) -> Any:
    """The value without any order that contexts of five and more keys take from hashing."""
    if isinstance(value, str):
        return "".join(sorted(value))
    if is_typed(value):
        return value
    if isinstance(value, Mapping):
        return {key: _loose(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [_loose(item) for item in value]
        entries = all(isinstance(item, Mapping) and item.keys() == {"key", "value"} for item in items)
        return sorted(items, key=repr) if entries else items
    return value


def _readable(theirs: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in theirs.items() if key != "warnings"}
    return _short(shown.get("error") or shown)


def _describe(ours: Ours) -> str:
    if ours.failure is not None:
        return _short(f"{type(ours.failure).__name__}: {ours.failure.message}")
    return _short({"value": ours.value, "printed": ours.printed})


def _short(value: object, most: int = 400) -> str:
    text = re.sub(r"Decimal\('([^']*)'\)", r"\1", str(value))
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"
