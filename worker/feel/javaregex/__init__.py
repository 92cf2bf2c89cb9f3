"""Java's regular expressions, with a bound on the time that any pattern and text can take.

`parser.py` reads a pattern, `emit.py` writes it for RE2 or, if it has parts that RE2 lacks, for the
backtracking `regex` package, and `engines.py` runs it. `$1` in replacements is read by `replacement.py`.
Patterns are kept compiled in a bounded cache.

All functions raise `BadPattern` for what is no pattern, and `PatternLimit` if a limit is exceeded.
`spend` is called with the steps of work that come next and may raise to end the call.
"""

from __future__ import annotations

from worker.feel import utf16

from .engines import PatternLimit, Spend, compiled
from .replacement import parse_replacement
from .syntax import BadPattern

__all__ = ["BadPattern", "PatternLimit", "extract", "find", "replace", "split"]


def _ignore(steps: int) -> None:
    """For callers that do not count."""


def find(text: str, pattern: str, flags: str = "", *, spend: Spend = _ignore) -> bool:
    """Whether the pattern matches anywhere in the text. Of the flags, s, m, i and x count."""
    return next(compiled(pattern, flags, spend).matches(text, spend), None) is not None


def extract(text: str, pattern: str, *, spend: Spend = _ignore) -> list[str]:
    """The texts of all matches."""
    units = utf16.to_units(text)
    found = compiled(pattern, "", spend).matches(text, spend)
    return [utf16.whole(units[start:end]) for (start, end), *_ in found]


def split(text: str, pattern: str, *, spend: Spend = _ignore) -> list[str]:
    """The parts between the matches; empty ones at the end are kept."""
    units = utf16.to_units(text)
    parts = []
    rest = 0
    for (start, end), *_ in compiled(pattern, "", spend).matches(text, spend):
        if rest == start == end == 0:
            continue  # an empty match at the start cuts nothing off
        parts.append(utf16.whole(units[rest:start]))
        rest = end
    if rest == 0:
        return [text]
    return [*parts, utf16.whole(units[rest:])]


def replace(
    text: str, pattern: str, replacement: str, flags: str = "", *, limit: int = 10_000_000, spend: Spend = _ignore
) -> str:
    """The text with all matches replaced; a faulty replacement counts only if there is a match.

    `limit` bounds the characters of the result.
    """
    program = compiled(pattern, flags, spend)
    template: list[str | int] | None = None
    units = utf16.to_units(text)
    parts: list[str] = []
    rest = length = 0
    for spans in program.matches(text, spend):
        if template is None:
            template = parse_replacement(utf16.to_units(replacement), program.group_count, program.group_names)
        start, end = spans[0]
        added = [units[rest:start]]
        added.extend(part if isinstance(part, str) else units[slice(*spans[part])] for part in template)
        length += sum(map(len, added))
        if length > limit:
            raise PatternLimit("string_length", limit, f"A string of more than {limit} characters")
        parts.extend(added)
        rest = end
    return text if template is None else utf16.whole("".join(parts) + units[rest:])
