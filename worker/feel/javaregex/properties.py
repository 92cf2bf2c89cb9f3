r"""Named character sets: what may stand in `\p{...}` of a Java pattern.

ASCII classes and Java's own names are listed here. Categories, scripts, blocks and binary properties
come from the `regex` package, which carries the Unicode tables.
"""

from __future__ import annotations

import re
from functools import lru_cache

import regex

from .charset import ANY, DIGITS, CharSet, Range

_UPPER = CharSet.of((0x41, 0x5A))
_LOWER = CharSet.of((0x61, 0x7A))
_ALPHA = _UPPER | _LOWER
_GRAPH = CharSet.of((0x21, 0x7E))

_ASCII_CLASSES = {
    "Lower": _LOWER,
    "Upper": _UPPER,
    "ASCII": CharSet.of((0, 0x7F)),
    "Alpha": _ALPHA,
    "Digit": DIGITS,
    "Alnum": _ALPHA | DIGITS,
    "Punct": _GRAPH - (_ALPHA | DIGITS),
    "Graph": _GRAPH,
    "Print": CharSet.of((0x20, 0x7E)),
    "Blank": CharSet.of(" \t"),
    "Cntrl": CharSet.of((0, 0x1F), 0x7F),
    "XDigit": DIGITS | CharSet.of((0x41, 0x46), (0x61, 0x66)),
    "Space": CharSet.of((0x09, 0x0D), " "),
}
_SUBCATEGORIES = {"C": "cfnos", "L": "Clmotu", "M": "cen", "N": "dlo", "P": "cdefios", "S": "ckmo", "Z": "lps"}
_CATEGORIES = frozenset(
    {"LC", "LD", *_SUBCATEGORIES, *(major + minor for major, minors in _SUBCATEGORIES.items() for minor in minors)}
)
_SPECIAL_CATEGORIES = {"LC": "[\\p{Lu}\\p{Ll}\\p{Lt}]", "LD": "[\\p{L}\\p{Nd}]"}
_JAVA_CLASSES = {
    "javaLowerCase": r"\p{Lowercase}",
    "javaUpperCase": r"\p{Uppercase}",
    "javaAlphabetic": r"\p{Alphabetic}",
    "javaIdeographic": r"\p{Ideographic}",
    "javaTitleCase": r"\p{Lt}",
    "javaDigit": r"\p{Nd}",
    "javaDefined": r"\P{Cn}",
    "javaLetter": r"\p{L}",
    "javaLetterOrDigit": r"[\p{L}\p{Nd}]",
    "javaSpaceChar": r"\p{Z}",
    "javaWhitespace": r"[\t-\r\x1c-\x1f \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]",
    "javaISOControl": r"\p{Cc}",
    "javaMirrored": r"\p{Bidi_Mirrored}",
    "javaJavaIdentifierStart": r"[\p{L}\p{Nl}\p{Sc}\p{Pc}]",
    "javaJavaIdentifierPart": r"[\p{L}\p{Nl}\p{Sc}\p{Pc}\p{Nd}\p{Mc}\p{Mn}\p{Cf}\x00-\x08\x0e-\x1b\x7f-\x9f]",
}
_BINARY = {
    "ALPHABETIC": r"\p{Alphabetic}",
    "LETTER": r"\p{L}",
    "IDEOGRAPHIC": r"\p{Ideographic}",
    "LOWERCASE": r"\p{Lowercase}",
    "UPPERCASE": r"\p{Uppercase}",
    "TITLECASE": r"\p{Lt}",
    "WHITE_SPACE": r"\p{White_Space}",
    "WHITESPACE": r"\p{White_Space}",
    "CONTROL": r"\p{Cc}",
    "PUNCTUATION": r"\p{P}",
    "HEX_DIGIT": r"\p{Hex_Digit}",
    "HEXDIGIT": r"\p{Hex_Digit}",
    "ASSIGNED": r"\P{Cn}",
    "NONCHARACTER_CODE_POINT": r"\p{Noncharacter_Code_Point}",
    "NONCHARACTERCODEPOINT": r"\p{Noncharacter_Code_Point}",
    "DIGIT": r"\p{Nd}",
    "ALNUM": r"[\p{Alphabetic}\p{Nd}]",
    "BLANK": r"[\p{Zs}\t]",
    "WORD": r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]",
    "JOIN_CONTROL": r"\p{Join_Control}",
    "JOINCONTROL": r"\p{Join_Control}",
    "EMOJI": r"\p{Emoji}",
    "EMOJI_PRESENTATION": r"\p{Emoji_Presentation}",
    "EMOJI_MODIFIER": r"\p{Emoji_Modifier}",
    "EMOJI_MODIFIER_BASE": r"\p{Emoji_Modifier_Base}",
    "EMOJI_COMPONENT": r"\p{Emoji_Component}",
    "EXTENDED_PICTOGRAPHIC": r"\p{Extended_Pictographic}",
}
_CASED = {"Lower": _ALPHA, "Upper": _ALPHA}
_CASED_CATEGORIES = frozenset({"Ll", "Lu", "Lt"})
_CASED_BINARY = frozenset({"LOWERCASE", "UPPERCASE", "TITLECASE"})
_CASED_JAVA = frozenset({"javaLowerCase", "javaUpperCase", "javaTitleCase"})
_ANY_CASE = r"[\p{Lowercase}\p{Uppercase}\p{Lt}]"
_UNIFORM: tuple[Range, ...] = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xD800, 0xDB7F),
    (0xDB80, 0xDBFF),
    (0xDC00, 0xDFFF),
    (0xE000, 0xF8FF),
    (0x17000, 0x187F7),
    (0x20000, 0x2A6DF),
    (0x40000, 0xDFFFF),
    (0xE1000, 0xEFFFF),
    (0xF0000, 0xFFFFD),
    (0x100000, 0x10FFFD),
)
"""Ideographs, syllables and unassigned areas: within each, all code points have the same properties."""
_VALUE = re.compile(r"[A-Za-z0-9_ \-]{1,80}")
_KEYS = {
    "sc": "Script",
    "script": "Script",
    "blk": "Block",
    "block": "Block",
    "gc": "Category",
    "general_category": "Category",
}


def named_set(name: str, *, ignore_case: bool = False) -> CharSet:
    r"""The set that `\p{name}` stands for. Raises KeyError if Java knows no such name.

    With `ignore_case` the names that tell upper from lower case stand for both.
    """
    key, equals, value = name.partition("=")
    if equals:
        return _keyed(_KEYS[key.lower()], value, ignore_case)
    if name.startswith("In"):
        return _keyed("Block", name[2:], ignore_case)
    if name.startswith("Is"):
        return _prefixed(name[2:], ignore_case)
    if ignore_case and name in _CASED:
        return _CASED[name]
    if name in _ASCII_CLASSES:
        return _ASCII_CLASSES[name]
    if name in ("all", "L1"):
        return ANY if name == "all" else CharSet.of((0, 0xFF))
    if name in _JAVA_CLASSES:
        return _scan(_ANY_CASE if ignore_case and name in _CASED_JAVA else _JAVA_CLASSES[name])
    return _category(name, ignore_case)


def _prefixed(name: str, ignore_case: bool) -> CharSet:
    """`\\p{IsX}`: a category, a binary property or a script, in this order."""
    if name in _CATEGORIES:
        return _category(name, ignore_case)
    binary = name.upper()
    if binary in _BINARY:
        return _scan(_ANY_CASE if ignore_case and binary in _CASED_BINARY else _BINARY[binary])
    return _keyed("Script", name, ignore_case)


def _keyed(key: str, value: str, ignore_case: bool) -> CharSet:
    if key == "Category":
        return _category(value, ignore_case)
    if not _VALUE.fullmatch(value) or value != value.strip():
        raise KeyError(value)
    try:
        return _scan(f"\\p{{{key}={value}}}")
    except regex.error:
        raise KeyError(value) from None


def _category(name: str, ignore_case: bool) -> CharSet:
    if name not in _CATEGORIES:
        raise KeyError(name)
    if ignore_case and name in _CASED_CATEGORIES:
        return _scan(_SPECIAL_CATEGORIES["LC"])
    return _scan(_SPECIAL_CATEGORIES.get(name, f"\\p{{{name}}}"))


@lru_cache(maxsize=256)
def _scan(expression: str) -> CharSet:
    """The code points that a one-character expression of `regex` matches."""
    compiled = regex.compile(f"(?:{expression})+", regex.VERSION0)
    found = [uniform for uniform in _UNIFORM if compiled.match(chr(uniform[0]))]
    for first, last in (~CharSet.of(*_UNIFORM)).ranges:
        text = "".join(map(chr, range(first, last + 1)))
        found.extend((first + run.start(), first + run.end() - 1) for run in compiled.finditer(text))
    return CharSet.of(*found)
