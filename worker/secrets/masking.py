"""Puts `***` where a text shows a secret, in whatever shape (`forms`)."""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any, Final

from worker.secrets.forms import SHORTEST, Forms, forms_of
from worker.secrets.needles import Needles
from worker.secrets.tree import map_texts

log = logging.getLogger(__name__)

MASK: Final = "***"
_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-")


class Masker:
    """Remembers values and hides them. One lives as long as the worker, for logs, metrics and commands; each job
    whose variables hold secrets has its own.

    Values below `shortest` characters are left alone: with them, ordinary text would become unreadable. At most
    `capacity` values are remembered, the latest.
    """

    def __init__(self, *, shortest: int = SHORTEST, capacity: int = 2000) -> None:
        self._shortest = max(shortest, 1)
        self._capacity = capacity
        self._remembered: OrderedDict[str, Forms] = OrderedDict()
        self._needles = Needles()
        self._ordered: tuple[list[str], list[str]] | None = None
        self._too_short: set[str] = set()

    def remember(self, value: str, name: str | None = None) -> None:
        """Hide `value` from now on; `name` is for the warning that it is too short for that."""
        if value in self._remembered:
            self._remembered.move_to_end(value)
            return
        if len(value) < SHORTEST and name is not None:
            self._warn(name)
        if len(value) < self._shortest:
            return
        forms = forms_of(value) if len(value) >= SHORTEST else Forms((value,), ())
        self._remembered[value] = forms
        self._needles.add(forms.texts + forms.cores)
        self._ordered = None
        if len(self._remembered) > self._capacity:
            self._forget()

    def mask(self, text: str) -> str:
        """`text` without the remembered values."""
        if not self._remembered or not self._needles.may_be_in(text):
            return text
        texts, cores = self._longest_first()
        for core in cores:  # before the texts, which would leave the ends of a run behind
            if core in text:
                text = _without_runs(text, core)
        for secret in texts:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def mask_tree(self, value: Any) -> Any:
        """A JSON tree with the values hidden in its strings and keys; numbers and booleans stay."""
        return map_texts(value, self.mask) if self._remembered else value

    def _longest_first(self) -> tuple[list[str], list[str]]:
        """All texts and cores, so ordered that a value inside another never breaks it up."""
        if self._ordered is None:
            forms = self._remembered.values()
            texts = sorted({text for form in forms for text in form.texts}, key=len, reverse=True)
            cores = sorted({core for form in forms for core in form.cores}, key=len, reverse=True)
            self._ordered = texts, cores
        return self._ordered

    def _forget(self) -> None:
        """Make room: a tenth at once, so that the search is not rebuilt for every new value."""
        for _ in range(max(1, self._capacity // 10)):
            self._remembered.popitem(last=False)
        self._needles.replace([needle for forms in self._remembered.values() for needle in forms.texts + forms.cores])

    def _warn(self, name: str) -> None:
        if name not in self._too_short and len(self._too_short) < 1000:
            self._too_short.add(name)
            log.warning(
                "The secret is too short to be hidden in messages: choose one of three characters or more",
                extra={"secret": name},
            )


def _without_runs(text: str, core: str) -> str:
    """`text` with the mask for every run of Base64 characters that has `core` in it."""
    kept: list[str] = []
    done = 0
    while (found := text.find(core, done)) >= 0:
        start, end = found, found + len(core)
        while start > done and text[start - 1] in _BASE64:
            start -= 1
        while end < len(text) and text[end] in _BASE64:
            end += 1
        kept += (text[done:start], MASK)
        done = end
    return "".join([*kept, text[done:]])
