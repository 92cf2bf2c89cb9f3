"""Writes the tables of `configuration.md`: every setting, and every foreign name that is understood as well.

python docs/generate_configuration.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic_core import PydanticUndefined

from worker.settings.foreign import ALIASES
from worker.settings.loading import Leaf, leaves

PAGE = Path(__file__).with_name("configuration.md")
END = "<!-- end -->"


def generate(page: str) -> str:
    """The page with its tables as the settings are now."""
    page = replace_part(page, "settings", "\n".join(_settings()))
    return replace_part(page, "foreign names", "\n".join(_foreign_names()))


def _settings() -> Iterator[str]:
    yield from _table_head("Name", "Default", "Meaning")
    for leaf in leaves():
        yield _row(f"`{leaf.name}`", _default(leaf), _meaning(leaf))


def _foreign_names() -> Iterator[str]:
    yield from _table_head("Name", "Stands for", "Unit, where it differs")
    for alias in ALIASES:
        yield _row(f"`{alias.name}`", f"`{alias.target}`", alias.unit)


def _table_head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _default(leaf: Leaf) -> str:
    default = leaf.field.default
    if default is PydanticUndefined or default is None or default in ((), ""):
        return "none"
    if isinstance(default, bool):
        return "`true`" if default else "`false`"
    if isinstance(default, tuple):
        return f"`{','.join(map(str, default))}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _meaning(leaf: Leaf) -> str:
    notes = [str(leaf.field.description)]
    if choices := _choices(leaf.field.annotation):
        notes.append("One of " + ", ".join(f"`{choice}`" for choice in choices) + ".")
    if bounds := _bounds(leaf.field.metadata):
        notes.append(bounds)
    if leaf.secret:
        notes.append(f"A secret: may also be the path of a file, as `{leaf.name}_FILE`.")
    return " ".join(notes)


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) is Union:
        return next((choices for part in get_args(annotation) if (choices := _choices(part))), ())
    return ()


def _bounds(metadata: Iterable[Any]) -> str:
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    found = [
        f"{word} {getattr(bound, key):g}" if getattr(bound, key) < 1_000_000 else f"{word} {getattr(bound, key)}"
        for bound in metadata
        for key, word in words.items()
        if hasattr(bound, key)
    ]
    text = ", ".join(found)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def replace_part(page: str, name: str, text: str) -> str:
    """The page with another text between the marks of the generated part `name`."""
    begin = f"<!-- generated: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(END)}", re.DOTALL)
    if pattern.search(page) is None:
        raise ValueError(f"the page has no part '{begin}' that ends with '{END}'")
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{END}", page, count=1)


if __name__ == "__main__":
    PAGE.write_text(generate(PAGE.read_text("utf-8")), "utf-8")
