"""String functions. Patterns are Java regular expressions, see `worker/feel/javaregex`.

Lengths and positions count UTF-16 code units, as the original engine does; `utf16.py` has the arithmetic.
Conversions to and from other types are in `conversion.py`.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from worker.feel import utf16
from worker.feel.errors import FeelLimitError, IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.text import preview
from worker.feel.values import items_of

from .registry import Family

STRINGS = Family("string")

_TRIMMED = "".join(map(chr, range(0x21)))
_BLANK = re.compile("[\t-\r\x1c- \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*")
_BASE64 = re.compile(r"([A-Za-z0-9+/]*)(={0,2})")
_PADDING = {0: ("",), 2: ("", "=="), 3: ("", "=")}
_PATTERNS = "worker.feel.javaregex"
_FAR = 1 << 40
"""A position beyond the end of every string."""


@STRINGS.builtin(
    "substring",
    "string: string",
    "start position: number",
    summary="The rest of a string from a position on. Positions start at 1, negative ones count from the end.",
    examples=[('substring("foobar", 3)', '"obar"'), ('substring("foobar", -2)', '"ar"')],
)
def _substring(evaluation: Evaluation, string: str, start: int | Decimal) -> str:
    length = utf16.length(string)
    return utf16.cut(string, _start(start, length), length)


@STRINGS.builtin(
    "substring",
    "string: string",
    "start position: number",
    "length: number",
    summary="At most `length` characters of a string from a position on.",
    examples=[('substring("foobar", 3, 3)', '"oba"')],
)
def _substring_of_length(evaluation: Evaluation, string: str, start: int | Decimal, length: int | Decimal) -> str:
    total = utf16.length(string)
    first = _start(start, total)
    end = min(first + _position(length), total)
    if end < first:
        raise IllegalArguments(f"length must not be negative but was '{length}'")
    return utf16.cut(string, first, end)


@STRINGS.builtin(
    "string length",
    "string: string",
    summary="Number of characters (UTF-16 code units).",
    examples=[('string length("foo")', "3")],
)
def _string_length(evaluation: Evaluation, string: str) -> int:
    return utf16.length(string)


@STRINGS.builtin(
    "upper case",
    "string: string",
    summary="The string in upper case.",
    examples=[('upper case("aBc4")', '"ABC4"')],
)
def _upper_case(evaluation: Evaluation, string: str) -> str:
    evaluation.reserve_text(len(string))
    return string.upper()


@STRINGS.builtin(
    "lower case",
    "string: string",
    summary="The string in lower case.",
    examples=[('lower case("aBc4")', '"abc4"')],
)
def _lower_case(evaluation: Evaluation, string: str) -> str:
    evaluation.reserve_text(len(string))
    return string.lower()


@STRINGS.builtin(
    "substring before",
    "string: string",
    "match: string",
    summary="What stands before the first occurrence of `match`; empty if there is none.",
    examples=[('substring before("foobar", "bar")', '"foo"')],
)
def _substring_before(evaluation: Evaluation, string: str, match: str) -> str:
    string, match = _searchable(string, match)
    index = string.find(match)
    return utf16.whole(string[:index]) if index > 0 else ""


@STRINGS.builtin(
    "substring after",
    "string: string",
    "match: string",
    summary="What stands after the first occurrence of `match`; empty if there is none.",
    examples=[('substring after("foobar", "ob")', '"ar"')],
)
def _substring_after(evaluation: Evaluation, string: str, match: str) -> str:
    string, match = _searchable(string, match)
    index = string.find(match)
    return utf16.whole(string[index + len(match) :]) if index >= 0 else ""


@STRINGS.builtin(
    "contains",
    "string: string",
    "match: string",
    summary="Whether `match` occurs in the string.",
    examples=[('contains("foobar", "of")', "false")],
)
def _contains(evaluation: Evaluation, string: str, match: str) -> bool:
    string, match = _searchable(string, match)
    return match in string


@STRINGS.builtin(
    "starts with",
    "string: string",
    "match: string",
    summary="Whether the string begins with `match`.",
    examples=[('starts with("foobar", "fo")', "true")],
)
def _starts_with(evaluation: Evaluation, string: str, match: str) -> bool:
    string, match = _searchable(string, match)
    return string.startswith(match)


@STRINGS.builtin(
    "ends with",
    "string: string",
    "match: string",
    summary="Whether the string ends with `match`.",
    examples=[('ends with("foobar", "r")', "true")],
)
def _ends_with(evaluation: Evaluation, string: str, match: str) -> bool:
    string, match = _searchable(string, match)
    return string.endswith(match)


@STRINGS.builtin(
    "matches",
    "input: string",
    "pattern: string",
    summary="Whether the pattern occurs anywhere in the input.",
    examples=[('matches("foobar", "^fo*bar")', "true")],
    needs=_PATTERNS,
)
@STRINGS.builtin(
    "matches",
    "input: string",
    "pattern: string",
    "flags: string",
    summary="The same with flags: `s` dot matches line breaks, `m` multi-line, `i` any case, `x` comments.",
    examples=[('matches("FooBar", "foo", "i")', "true")],
    needs=_PATTERNS,
)
def _matches(evaluation: Evaluation, text: str, pattern: str, flags: str = "") -> bool:
    from worker.feel import javaregex

    with _patterns(evaluation, text, pattern) as spend:
        return javaregex.find(text, pattern, flags, spend=spend)


@STRINGS.builtin(
    "replace",
    "input: string",
    "pattern: string",
    "replacement: string",
    summary="Replaces all matches; `$1` and `${name}` in the replacement stand for groups.",
    examples=[('replace("foobar", "^(fo)(o)", "$2$1")', '"ofobar"')],
    needs=_PATTERNS,
)
@STRINGS.builtin(
    "replace",
    "input: string",
    "pattern: string",
    "replacement: string",
    "flags: string",
    summary="The same with flags, see `matches`.",
    examples=[('replace("abc", "[A-Z]", "#", "i")', '"###"')],
    needs=_PATTERNS,
)
def _replace(evaluation: Evaluation, text: str, pattern: str, replacement: str, flags: str = "") -> str:
    from worker.feel import javaregex

    limit = evaluation.limits.string_length
    with _patterns(evaluation, text, pattern) as spend:
        result = javaregex.replace(text, pattern, replacement, flags, limit=limit, spend=spend)
    evaluation.reserve_text(len(result))
    return result


@STRINGS.builtin(
    "split",
    "string: string",
    "delimiter: string",
    summary="The parts between the matches of a pattern.",
    examples=[('split("John Doe", "\\s")', '["John", "Doe"]')],
    needs=_PATTERNS,
)
def _split(evaluation: Evaluation, string: str, delimiter: str) -> list[str]:
    from worker.feel import javaregex

    with _patterns(evaluation, string, delimiter) as spend:
        return _announced(evaluation, javaregex.split(string, delimiter, spend=spend))


@STRINGS.builtin(
    "extract",
    "input: string",
    "pattern: string",
    summary="All matches of a pattern.",
    examples=[('extract("references are 1234, 1256", "12[0-9]*")', '["1234", "1256"]')],
    needs=_PATTERNS,
)
def _extract(evaluation: Evaluation, text: str, pattern: str) -> list[str]:
    from worker.feel import javaregex

    with _patterns(evaluation, text, pattern) as spend:
        return _announced(evaluation, javaregex.extract(text, pattern, spend=spend))


@STRINGS.builtin(
    "trim",
    "string: string",
    summary="The string without blanks and control characters at both ends.",
    examples=[('trim("  hello world  ")', '"hello world"')],
)
def _trim(evaluation: Evaluation, string: str) -> str:
    return string.strip(_TRIMMED)


@STRINGS.builtin(
    "is blank",
    "string: string",
    summary="Whether the string is empty or holds only white space.",
    examples=[('is blank(" ")', "true"), ('is blank("a")', "false")],
)
def _is_blank(evaluation: Evaluation, string: str) -> bool:
    return _BLANK.fullmatch(string) is not None


@STRINGS.builtin(
    "uuid",
    summary="A new UUID of version 7: it begins with the time, so that later ones sort behind earlier ones.",
    examples=[("uuid()", '"018f3c1e-5a3b-7c6d-9e0f-1a2b3c4d5e6f"')],
    inexact=True,
)
def _uuid(evaluation: Evaluation) -> str:
    milliseconds = int(evaluation.now().timestamp() * 1000) & (2**48 - 1)
    bits = (milliseconds << 80) | evaluation.random.getrandbits(80)
    bits = bits & ~(0xF << 76) | (7 << 76)
    bits = bits & ~(0b11 << 62) | (0b10 << 62)
    return str(uuid.UUID(int=bits))


@STRINGS.builtin(
    "to base64",
    "value: string",
    summary="The string's UTF-8 bytes in Base64.",
    examples=[('to base64("FEEL")', '"RkVFTA=="')],
)
def _to_base64(evaluation: Evaluation, value: str) -> str:
    data = value.encode("utf-8", "replace")
    evaluation.reserve_text(len(data) * 4 // 3)
    return base64.b64encode(data).decode("ascii")


@STRINGS.builtin(
    "from base64",
    "value: string",
    summary="The text whose UTF-8 bytes the Base64 value holds.",
    examples=[('from base64("RkVFTA==")', '"FEEL"')],
)
def _from_base64(evaluation: Evaluation, value: str) -> str:
    match = _BASE64.fullmatch(value)
    if match is None or match[2] not in _PADDING.get(len(match[1]) % 4, ()):
        raise IllegalArguments(f"Invalid Base64 value '{value}'")
    evaluation.reserve_text(len(value))
    return base64.b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode("utf-8", "replace")


@STRINGS.builtin(
    "string join",
    "list: list",
    summary="Joins the strings of a list; nulls are skipped.",
    examples=[('string join(["a", "b", null])', '"ab"')],
)
@STRINGS.builtin(
    "string join",
    "list: list",
    "delimiter: string?",
    summary="Joins the strings of a list with a delimiter between them.",
    examples=[('string join(["a", "b", "c"], ", ")', '"a, b, c"')],
)
@STRINGS.builtin(
    "string join",
    "list: list",
    "delimiter: string?",
    "prefix: string?",
    "suffix: string?",
    summary="The same with a text before and one after the whole.",
    examples=[('string join(["a", "b"], ", ", "[", "]")', '"[a, b]"')],
)
def _string_join(
    evaluation: Evaluation,
    items: Sequence[object],
    delimiter: str | None = None,
    prefix: str | None = None,
    suffix: str | None = None,
) -> str:
    if (prefix is None) != (suffix is None):
        raise IllegalArguments
    values = items_of(items)
    evaluation.spend(len(values))
    strings = [item for item in values if isinstance(item, str)]
    if len(strings) + values.count(None) != len(values):
        raise IllegalArguments(f"expected a list of strings but found '{preview(items, evaluation)}'")
    between = delimiter or ""
    before, after = prefix or "", suffix or ""
    length = sum(map(len, strings)) + len(between) * max(len(strings) - 1, 0) + len(before) + len(after)
    evaluation.reserve_text(length)
    return utf16.whole(f"{before}{between.join(strings)}{after}")


def _searchable(string: str, match: str) -> tuple[str, str]:
    """Both as code units if the match may begin or end between the two units of a character."""
    if utf16.has_lone_surrogate(match):
        return utf16.to_units(string), utf16.to_units(match)
    return string, match


def _start(position: int | Decimal, length: int) -> int:
    """The 0-based index of a 1-based position, where negative ones count from the end."""
    number = _position(position)
    index = number - 1 if number > 0 else length + number
    if not 0 <= index <= length:
        raise IllegalArguments(f"start position '{position}' is outside a string of {length} characters")
    return index


def _position(number: int | Decimal) -> int:
    """Cut to an integer; huge ones become merely far away, so that no digits are written out."""
    if -_FAR < number < _FAR:
        return int(number)
    return _FAR if number > 0 else -_FAR


@contextmanager
def _patterns(evaluation: Evaluation, text: str, pattern: str) -> Iterator[Callable[[int], None]]:
    """Checks the sizes, counts the work and turns failures of the pattern into those of the call."""
    from worker.feel import javaregex

    limits = evaluation.limits
    if len(pattern) > limits.pattern_length:
        raise FeelLimitError("pattern_length", limits.pattern_length, f"A pattern of {len(pattern)} characters")
    if len(text) > limits.pattern_input:
        detail = f"A pattern is applied to a text of {len(text)} characters"
        raise FeelLimitError("pattern_input", limits.pattern_input, detail)

    def spend(steps: int) -> None:
        evaluation.spend(steps)
        evaluation.check_clock()

    try:
        yield spend
    except javaregex.BadPattern as error:
        raise IllegalArguments(f"Invalid pattern '{pattern}': {error}") from None
    except javaregex.PatternLimit as error:
        raise FeelLimitError(error.limit, error.allowed, str(error)) from None


def _announced(evaluation: Evaluation, parts: list[str]) -> list[str]:
    evaluation.reserve_list(len(parts))
    evaluation.spend(len(parts))
    return parts
