"""Writes the tables of `compatibility.md`: what is supported, what differs, what is planned, and the proofs.

The words are those of `compatibility.json`. Whether a row is supported is not said there: it is when the suite has a
test named after it, such as `test_cam_052_…`. The recorded differences are those that the conformance tests allow, the
facts those of `tests/facts`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from docs.generate_configuration import replace_part

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "compatibility.md"
WORDS: Final = PAGE.with_suffix(".json")
ROWS: Final = ROOT / "tests" / "rows"
FACTS: Final = ROOT / "tests" / "facts" / "facts.json"
FEEL_MISSES: Final = ROOT / "tests" / "conformance" / "data" / "feel" / "known-misses.json"
FEEL_DEVIATIONS: Final = ROOT / "tests" / "differential" / "deviations.json"
DIFFERENCES: Final = ROOT / "tests" / "conformance" / "data" / "rest" / "known-differences.json"

NOT_APPLICABLE: Final = "not applicable"

_TEST: Final = re.compile(r"^ *(?:async )?def test_(cam|cmx|alf|pri|int|boo|box)_(\d+)_", re.MULTILINE)


def generate(page: str) -> str:
    """The page with its tables as words and tests are now."""
    found = proofs()
    for product, groups in words().items():
        page = replace_part(page, f"{product} figures", "\n".join(_figures(groups, found)))
        page = replace_part(page, product, "\n".join(_rows(groups, found)).strip())
    page = replace_part(page, "recorded differences", "\n".join(_differences()).strip())
    page = replace_part(page, "facts", "\n".join(_facts()).strip())
    page = replace_part(page, "feel misses", "\n".join(_feel_misses()))
    return replace_part(page, "feel deviations", "\n".join(_feel_deviations()))


def words() -> dict[str, list[dict[str, Any]]]:
    """For each product the groups of rows: `title` and `rows`, each with `id` and `what`.

    Where there is more to say, a row has `differs` (and why), `not applicable` (and why) or `note`.
    """
    products: dict[str, list[dict[str, Any]]] = json.loads(WORDS.read_text("utf-8"))
    return products


def proofs() -> dict[str, list[Path]]:
    """For each row the files that hold a test named after it: those of `tests/rows` if there are any, else all."""
    found: dict[str, list[Path]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for row in sorted(set(_tested(file))):
            found.setdefault(row, []).append(file)
    return {row: [file for file in files if file.parent == ROWS] or files for row, files in found.items()}


def _tested(file: Path) -> Iterator[str]:
    return (f"{kind.upper()}-{number}" for kind, number in _TEST.findall(file.read_text("utf-8")))


def _figures(groups: Iterable[Mapping[str, Any]], found: Mapping[str, Any]) -> Iterator[str]:
    rows = [row for group in groups for row in group["rows"]]
    tested = [row for row in rows if row["id"] in found]
    differ = sum("differs" in row for row in tested)
    foreign = sum(NOT_APPLICABLE in row for row in rows)
    planned = len(rows) - len(tested) - foreign
    yield (
        f"Of {len(rows)} rows {len(tested)} have a test; {differ} of these differ somewhere from the original. "
        f"{planned} are planned, {foreign} not applicable."
    )


def _rows(groups: Iterable[Mapping[str, Any]], found: Mapping[str, list[Path]]) -> Iterator[str]:
    for group in groups:
        yield from (f"### {group['title']}", "", "| Row | What | | Proof |", "| --- | --- | --- | --- |")
        for row in group["rows"]:
            files = found.get(row["id"], [])
            yield f"| {row['id']} | {row['what']} | {_status(row, bool(files))} | {', '.join(map(_link, files))} |"
        yield ""


def _status(row: Mapping[str, str], tested: bool) -> str:
    untested = NOT_APPLICABLE if NOT_APPLICABLE in row else "planned"
    state = untested if not tested else "differs" if "differs" in row else "supported"
    said = " ".join(row[key] for key in ("differs", NOT_APPLICABLE, "note") if key in row)
    return f"**{state}**" + (f": {said}" if said else "")


def _link(file: Path) -> str:
    return f"[{file.name}](../{file.relative_to(ROOT).as_posix()})"


def _differences() -> Iterator[str]:
    for title, cases in json.loads(DIFFERENCES.read_text("utf-8")).items():
        by_reason: dict[str, list[str]] = {}
        for case, reason in cases.items():
            by_reason.setdefault(reason, []).append(case)
        yield from (f"**{title[0].upper()}{title[1:]}** ({len(cases)})", "")
        yield from (f"* {reason} {_cases(names)}" for reason, names in by_reason.items())
        yield ""


def _facts() -> Iterator[str]:
    facts = [fact for section in json.loads(FACTS.read_text("utf-8")).values() for fact in section]
    yield f"Of {len(facts)} facts {sum('held' in fact for fact in facts)} hold."
    for title, reason in (("Differs", "differs"), ("Not applicable", "not applicable")):
        yield from ("", f"| {title} | What is so there | Here |", "| --- | --- | --- |")
        for fact in facts:
            if reason in fact:
                yield f"| {fact['id']} | {_cell(fact['says'])} | {_cell(fact[reason])} |"


def _feel_misses() -> Iterator[str]:
    for reason, count in Counter(json.loads(FEEL_MISSES.read_text("utf-8")).values()).most_common():
        yield f"* {reason} ({count})"


def _feel_deviations() -> Iterator[str]:
    yield from ("| | Why | Example |", "| --- | --- | --- |")
    for deviation in json.loads(FEEL_DEVIATIONS.read_text("utf-8")):
        example = _cell(" ".join(deviation["example"]["expression"].split()))
        yield f"| {_cell(deviation['name'])} | {_cell(deviation['reason'])} | `` {example} `` |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _cases(names: Iterable[str]) -> str:
    return "(" + ", ".join(f"`{name}`" for name in names) + ")"


if __name__ == "__main__":
    PAGE.write_text(generate(PAGE.read_text("utf-8")), "utf-8")
