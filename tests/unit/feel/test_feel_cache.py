"""The cache of parsed expressions stays small."""

from __future__ import annotations

from worker import feel
from worker.feel.cache import TextCache


def test_the_oldest_entries_make_room() -> None:
    cache: TextCache[int] = TextCache(entries=2, characters=100)
    cache.put("a", 1, 10)
    cache.put("b", 2, 10)
    assert cache.get("a") == 1
    cache.put("c", 3, 10)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_long_texts_make_room_too() -> None:
    cache: TextCache[int] = TextCache(entries=10, characters=100)
    cache.put("a", 1, 60)
    cache.put("b", 2, 60)
    assert [cache.get(key) for key in "ab"] == [None, 2]
    cache.put("b", 3, 60)
    assert cache.get("b") == 3
    cache.put("c", 4, 1_000)
    assert [cache.get(key) for key in "abc"] == [None, None, None]


def test_errors_are_not_kept_and_limits_are_kept_apart() -> None:
    text = "[1, 2, 3]"
    assert feel.evaluate(text).value == [1, 2, 3]
    for _ in range(2):
        try:
            feel.evaluate(text, limits=feel.Limits(text_length=5))
        except feel.FeelLimitError as error:
            kept = error.limit
        else:
            kept = ""
        assert kept == "text_length"
