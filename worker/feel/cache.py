"""Keeps parsed expressions: a bounded cache, safe to share between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class TextCache(Generic[V]):
    """The most recently used values by key, bounded by their number and the sum of their texts' lengths.

    As long as it is half empty nothing will have to make room soon, and the order of use is not kept.
    """

    def __init__(self, entries: int, characters: int) -> None:
        self._entries = entries
        self._characters = characters
        self._held = 0
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, or None."""
        found = self._values.get(key)
        if found is None:
            return None
        if self._held * 2 > self._characters or len(self._values) * 2 > self._entries:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: V, length: int) -> None:
        """Keep a value made from a text of this length; the oldest ones make room."""
        with self._lock:
            previous = self._values.pop(key, None)
            if previous is not None:
                self._held -= previous[1]
            self._values[key] = value, length
            self._held += length
            while len(self._values) > self._entries or (self._held > self._characters and self._values):
                _, (_, freed) = self._values.popitem(last=False)
                self._held -= freed
