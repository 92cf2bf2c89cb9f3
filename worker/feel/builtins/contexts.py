"""Functions on contexts."""

from __future__ import annotations

from typing import Any

from worker.feel.errors import IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.values import CONTEXT_TYPES, LIST_TYPES, MISSING, Context, Function, items_of

from .registry import Family

CONTEXTS = Family("context")


@CONTEXTS.builtin(
    "get value",
    "context: context",
    "keys: list",
    summary="The value at the end of a path of keys, or null.",
    examples=[('get value(context: {a: {b: 1}}, keys: ["a", "b"])', "1")],
)
@CONTEXTS.builtin(
    "get value",
    "context: context",
    "key: string | list",
    aliases={"m": "context"},
    summary="The value of a key, or null. A list of keys is a path into nested contexts.",
    examples=[
        ('get value({foo: 123}, "foo")', "123"),
        ('get value({a: {b: {c: 3}}}, ["a", "b", "c"])', "3"),
    ],
)
def _get_value(evaluation: Evaluation, context: Context, key: Any) -> Any:
    if isinstance(key, str):
        return context.get(key)
    keys = _path(evaluation, key)
    if not keys:
        return None
    value: Any = context
    for each in keys:
        if type(value) not in CONTEXT_TYPES:
            return None
        value = value.get(each)
    return value


def _path(evaluation: Evaluation, keys: Any) -> list[str] | None:
    """The keys of a path; None if one of them is no string."""
    evaluation.spend(len(keys))
    items = items_of(keys)
    return items if all(type(each) is str for each in items) else None


@CONTEXTS.builtin(
    "get entries",
    "context: context",
    aliases={"m": "context"},
    summary="The entries as a list of contexts with `key` and `value`.",
    examples=[("get entries({foo: 123})", '[{key: "foo", value: 123}]')],
)
def _get_entries(evaluation: Evaluation, context: Context) -> list[Context]:
    entries = context.entries
    evaluation.spend(len(entries))
    evaluation.reserve_list(6 * len(entries))
    return [Context({"key": key, "value": value}) for key, value in entries.items()]


@CONTEXTS.builtin(
    "context put",
    "context: context",
    "keys: list",
    "value: any",
    summary="A copy with the entry at the end of a path of keys set.",
    examples=[('context put(context: {}, keys: ["a", "b"], value: 1)', "{a: {b: 1}}")],
)
@CONTEXTS.builtin(
    "context put",
    "context: context",
    "key: string | list",
    "value: any",
    summary="A copy with the entry set; a list of keys is a path, missing steps become contexts.",
    examples=[
        ('context put({x: 1}, "y", 2)', "{x: 1, y: 2}"),
        ('context put({x: 1}, ["y", "z"], 2)', "{x: 1, y: {z: 2}}"),
    ],
)
@CONTEXTS.builtin(
    "put",
    "context: context",
    "key: string | list",
    "value: any",
    summary="Old name of `context put`.",
    examples=[('put({x: 1}, "y", 2)', "{x: 1, y: 2}")],
)
def _context_put(evaluation: Evaluation, context: Context, key: Any, value: Any) -> Context | None:
    if isinstance(key, str):
        return _with(evaluation, context, key, value)
    keys = _path(evaluation, key)
    if keys is None:
        raise IllegalArguments
    if not keys:
        return None
    contexts = [context]
    for each in keys[:-1]:
        inner = contexts[-1].get(each)
        contexts.append(inner if type(inner) in CONTEXT_TYPES else Context({}))
    for holder, each in zip(reversed(contexts), reversed(keys), strict=True):
        value = _with(evaluation, holder, each, value)
    return value  # type: ignore[no-any-return]


def _with(evaluation: Evaluation, context: Context, key: str, value: Any) -> Context:
    entries = context.entries
    evaluation.reserve_context(len(entries) + 1)
    evaluation.spend(1 + (len(entries) >> 3))
    if type(value) is Function:
        return Context({name: each for name, each in entries.items() if name != key}, {key: [value]})
    return Context({**entries, key: value})


@CONTEXTS.builtin(
    "put all",
    "*contexts: any",
    summary="Old name of `context merge`.",
    examples=[("put all({x: 1}, {y: 2})", "{x: 1, y: 2}")],
)
@CONTEXTS.builtin(
    "context merge",
    "*contexts: any",
    summary="The entries of all contexts; later ones win. Null if one is no context.",
    examples=[("context merge([{x: 1}, {x: 0, y: 2}])", "{x: 0, y: 2}")],
)
def _context_merge(evaluation: Evaluation, contexts: Any) -> Context | None:
    merged: dict[str, Any] = {}
    for each in items_of(contexts):
        if type(each) not in CONTEXT_TYPES:
            return None
        entries = each.entries
        evaluation.spend(1 + (len(entries) >> 3))
        evaluation.reserve_context(len(entries))
        merged.update(entries)
    evaluation.reserve_context(len(merged))
    return Context(merged)


@CONTEXTS.builtin(
    "context",
    "entries: any",
    summary="A context of a list of contexts with `key` and `value`. Null if one of them is malformed.",
    examples=[('context([{key: "a", value: 1}, {key: "b", value: 2}])', "{a: 1, b: 2}")],
)
def _context(evaluation: Evaluation, entries: Any) -> Context | None:
    if type(entries) not in LIST_TYPES:
        return None
    evaluation.reserve_context(len(entries))
    built: dict[str, Any] = {}
    for each in items_of(entries):
        evaluation.spend()
        if type(each) not in CONTEXT_TYPES:
            return None
        key, value = each.get("key"), each.get("value", MISSING)
        if type(key) is not str or value is MISSING:
            return None
        built[key] = value
    return Context(built)
