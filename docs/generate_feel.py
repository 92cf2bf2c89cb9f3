"""Writes the generated parts of `feel.md`: the limits and the reference of all built-in functions.

    python docs/generate_feel.py

Everything comes from the engine's own tables, so the page cannot fall behind; `tests/docs/test_feel_reference.py`
compares the page with this generator and runs every example.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from worker.feel import Limits  # noqa: E402  the project's root comes first
from worker.feel.builtins import FAMILIES  # noqa: E402
from worker.feel.builtins.registry import Builtin, Parameter  # noqa: E402

PAGE = ROOT / "docs" / "feel.md"
END = "<!-- end of generated part -->"


def generate(page: str) -> str:
    """The page with its generated parts written anew; what stands outside of them is kept."""
    page = _replace(page, "limits", limits_table())
    return _replace(page, "functions", function_reference())


def limits_table() -> str:
    """A Markdown table of all limits."""
    rows = ["| limit | default | hard cap | counts |", "| --- | --- | --- | --- |"]
    for each in fields(Limits):
        meaning, cap = each.metadata["meaning"], each.metadata["cap"]
        rows.append(f"| `{each.name}` | {each.default:,} | {cap:,} | {meaning} |")
    return "\n".join(rows)


def function_reference() -> str:
    """One section for each family, one entry for each function."""
    parts = []
    for family in FAMILIES:
        parts.append(f"### {family.name.capitalize()} functions")
        members = sorted(family.builtins, key=lambda each: each.name)
        parts += ["\n".join(_entry(name, list(group))) for name, group in groupby(members, key=lambda each: each.name)]
    return "\n\n".join(parts)


def _entry(name: str, overloads: list[Builtin]) -> Iterator[str]:
    yield f"#### {name}"
    for each in overloads:
        yield ""
        yield f"`{_signature(each)}`"
        yield ""
        yield each.summary
        if each.examples:
            yield ""
            yield "```text"
            yield from _examples(each)
            yield "```"


def _examples(builtin: Builtin) -> Iterator[str]:
    for example in builtin.examples:
        sign = "=" if example.exact else "for example"
        yield f"{example.expression}\n    {sign} {example.result}"


def _signature(builtin: Builtin) -> str:
    shown = [_parameter(each) for each in builtin.parameters]
    if builtin.variadic:
        shown[-1] = f"{builtin.parameters[-1].name}…"
    return f"{builtin.name}({', '.join(shown)})"


def _parameter(parameter: Parameter) -> str:
    return f"{parameter.name}: {' | '.join(sorted(parameter.types))}"


def _replace(page: str, name: str, text: str) -> str:
    begin = f"<!-- generated: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(END)}", re.DOTALL)
    if pattern.search(page) is None:
        raise ValueError(f"{PAGE.name} has no part '{begin}' that ends with '{END}'")
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{END}", page, count=1)


if __name__ == "__main__":
    PAGE.write_text(generate(PAGE.read_text("utf-8")), "utf-8")
