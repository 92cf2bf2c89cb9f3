"""Evaluation for the connector: short expressions on the loop, long ones beside it, none without a limit."""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from dataclasses import fields, replace
from pathlib import Path

import pytest

from worker.documents import FolderStore
from worker.feel import DEFAULT_LIMITS, FeelError, FeelLimitError, Limits, strip_marker
from worker.pipeline.expressions import QUICK_STEPS, Expressions
from worker.settings import FeelSettings

LONG = f"sum(for i in 1..{QUICK_STEPS} return i * 2)"
LONG_VALUE = QUICK_STEPS * (QUICK_STEPS + 1)


@pytest.mark.parametrize(
    ("text", "expression"),
    [("= x", "x"), ("x", "x"), (" =x ", "x"), ("==x", "=x"), ("", ""), ("=\n{a:\n1}\n", "{a:\n1}")],
)
def test_one_leading_mark_is_dropped(text: str, expression: str) -> None:
    assert strip_marker(text) == expression


async def test_values_are_json_trees() -> None:
    text = '={a: 1 + 1.0, b: [date("2024-02-29")], c: @"PT90S", d: null}'
    value = await Expressions().evaluate(text, {})
    assert value == {"a": 2, "b": ["2024-02-29"], "c": "PT1M30S", "d": None}
    assert isinstance(value["a"], int)


async def test_a_long_evaluation_gets_its_value_too() -> None:
    assert await Expressions().evaluate(LONG, {}) == LONG_VALUE


async def test_long_evaluations_leave_the_loop_to_others() -> None:
    """While long evaluations run, other tasks get their turns: they are not evaluated on this thread."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    try:
        before = threading.active_count()
        values = await asyncio.gather(*(Expressions().evaluate(LONG, {}) for _ in range(3)))
    finally:
        task.cancel()
    assert values == [LONG_VALUE] * 3
    assert turns > 3
    assert threading.active_count() > before


async def test_a_folder_of_documents_that_hangs_holds_up_no_long_evaluation(tmp_path: Path) -> None:
    pipe = tmp_path / str(uuid.uuid4())
    os.mkfifo(pipe)  # reading it hangs as on a disk that does not answer, until somebody writes
    store = FolderStore(str(tmp_path))
    reads = [asyncio.create_task(store.load(pipe.name, store_id=None, content_hash=None)) for _ in range(64)]
    await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(Expressions().evaluate(LONG, {}), 10) == LONG_VALUE
        assert not any(read.done() for read in reads)
    finally:
        await store.close()
        for read in reads:
            read.cancel()
        await asyncio.wait(reads)
        os.close(os.open(pipe, os.O_RDWR))


async def test_the_full_limits_hold_for_long_evaluations() -> None:
    limited = Expressions(replace(DEFAULT_LIMITS, steps=QUICK_STEPS * 2))
    with pytest.raises(FeelLimitError) as caught:
        await limited.evaluate(f"for i in 1..{QUICK_STEPS * 10} return i", {})
    assert caught.value.limit == "steps"


async def test_other_limits_are_not_tried_twice() -> None:
    limited = Expressions(replace(DEFAULT_LIMITS, list_length=5))
    with pytest.raises(FeelLimitError) as caught:
        await limited.evaluate("for i in 1..10 return i", {})
    assert caught.value.limit == "list_length"


async def test_warnings_explain_nulls() -> None:
    explained = await Expressions().explain("={a: nothing.more}", {})
    assert explained.value == {"a": None}
    assert any("nothing" in warning.message for warning in explained.warnings)


async def test_documents_can_be_made_only_with_a_mark() -> None:
    text = 'createDocument("aGk=")'
    marked = await Expressions().evaluate(text, {}, nonce="n")
    assert marked["connectorResultFunction"] == "createDocument:n"
    with pytest.raises(FeelError):
        await Expressions().evaluate(text, {})


def test_every_limit_of_feel_is_a_setting_with_its_default() -> None:
    settings = FeelSettings()

    assert settings.limits() == DEFAULT_LIMITS
    assert FeelSettings.model_fields.keys() == {limit.name for limit in fields(Limits)}


async def test_a_limit_that_is_set_ends_the_expression_and_is_named() -> None:
    expressions = Expressions(FeelSettings(list_length=10).limits())

    with pytest.raises(FeelLimitError, match=r"The limit is 10, .*REST_CONNECTOR_FEEL__LIST_LENGTH"):
        await expressions.evaluate("=for i in 1..11 return i", {})
