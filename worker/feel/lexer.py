"""Cuts an expression's text into tokens, on demand.

The parser asks for the token at a position, because the text of a context key or of a function name
with blanks is read by other rules than the rest. Nothing here knows the grammar; see `parser.py`.
"""

from __future__ import annotations

import re
import unicodedata

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

RESERVED = frozenset({"null", "true", "false", "function", "in", "return", "then", "else", "satisfies", "and", "or"})
"""Words that cannot be a plain name."""

NAME_ENDS = frozenset({"between", "instance", "if", "for", "some", "every", "not"})
"""Words that can be names but end a function name with blanks."""

NAME, NUMBER, STRING, ESCAPED, OPERATOR, END, BAD = (
    "name",
    "number",
    "string",
    "escaped",
    "operator",
    "end",
    "bad",
)

_SPACE = rf"[{WHITE_SPACE}]"
_GAP = rf"(?:{_SPACE}++|//[^\n\r]*+|/\*[\s\S]*?\*/)*+"  # possessive: nothing to try again
# `[A-Za-z_$\x80-\uffff]`, and the same with digits, said by what is left out: `re` compiles it in a tenth of the time.
_START = r"[^\x00-#%-@\[-^`{-\x7f\U00010000-\U0010ffff]"
_PART = r"[^\x00-#%-/:-@\[-^`{-\x7f\U00010000-\U0010ffff]"
_WORD = rf"{_START}{_PART}*+"

_TOKEN = re.compile(
    rf"""(?:{_GAP})(?:
      (?P<name>{_WORD})
    | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    | (?P<string>"(?:[^"\\]|\\[\s\S])*+")
    | (?P<escaped>`[^`]++`)
    | (?P<bad>/\*)
    | (?P<operator>\*\*|\.\.|<=|>=|!=|[-+*/=<>()\[\]{{}},:.?@])
    | (?P<end>\Z)
    | (?P<other>[\s\S])
    )""",
    re.VERBOSE,
).match

_COMMENT = r"//[^\n\r]*+|/\*[\s\S]*?\*/"
_KEY = re.compile(rf'(?:{_COMMENT}|[^"{{}}:,\[\]`])++(?=:)').match
_KEY_PART = re.compile(rf"((?:{_SPACE}|{_COMMENT})++)|[^/{WHITE_SPACE}]++|/")
_STOP = rf"(?!(?:{'|'.join(sorted(RESERVED | NAME_ENDS))})(?!{_PART}))"
_WORDS = re.compile(rf"{_WORD}(?:\ ++{_STOP}{_WORD})++(?={_GAP}\()").match
_LABEL = re.compile(rf"(?:{_WORD}(?:\ ++{_WORD})*+|`[^`]++`)(?={_GAP}:)").match
_CALLED = re.compile(rf"{_GAP}\(").match
_GAP_MATCH = re.compile(_GAP).match
_SPECIAL_FUNCTION = re.compile(
    rf"(?:date\ and\ time|years\ and\ months\ duration|get\ or\ else|and|or)(?={_GAP}\()"
).match
_TYPE = re.compile(
    rf"(?:years\ and\ months\ duration|days\ and\ time\ duration|date\ and\ time|function)(?!{_PART})"
).match

_ESCAPE = re.compile(r"\\([\s\S])")
_TRANSLATED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}

_START_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Sc", "Pc"})
_PART_CATEGORIES = _START_CATEGORIES | {"Nd", "Mn", "Mc", "Cf"}


def token(text: str, position: int) -> tuple[str, str, int, int]:
    """The token after `position`: (kind, its text, start, end). Never fails: odd characters are BAD."""
    match = _TOKEN(text, position)
    if match is None:  # cannot happen: the last alternatives take anything
        return BAD, "", position, position
    kind = match.lastgroup or BAD
    start, end = match.span(kind)
    if kind == NAME:
        word = match[NAME]
        if not word.isascii():
            size = name_length(word)
            if size < len(word):
                end, word = start + size, word[:size]
                kind = NAME if size else BAD
        return kind, word, start, end
    return (BAD if kind == "other" else kind), match[kind], start, end


def name_length(word: str) -> int:
    """How many leading characters of `word` make a name."""
    allowed = _START_CATEGORIES
    for index, char in enumerate(word):
        if char in WHITE_SPACE or unicodedata.category(char) not in allowed:
            return index
        allowed = _PART_CATEGORIES
    return len(word)


def is_name(word: str) -> bool:
    """Whether `word` can stand as a plain name."""
    return word not in RESERVED and word != "" and token(word, 0)[0::3] == (NAME, len(word))


def key(text: str, position: int) -> tuple[str, int] | None:
    """A context key as free text up to the colon: (key, position of the colon)."""
    gap = _GAP_MATCH(text, position)
    match = _KEY(text, gap.end() if gap else position)
    if match is None:
        return None
    word = match[0].strip(WHITE_SPACE)
    if "/" in word:  # comments at the end are no part of the key
        parts = [part.end() for part in _KEY_PART.finditer(word) if not part[1]]
        word = word[: parts[-1]] if parts else ""
    return (word, match.end()) if word else None


def function_name(text: str, position: int) -> tuple[str, int] | None:
    """A function's name with blanks, or one of the names that hold reserved words, before `(`: (name, its end)."""
    match = _SPECIAL_FUNCTION(text, position)
    if match is not None:
        return match[0], match.end()
    match = _WORDS(text, position)
    if match is None:
        return None
    for index, word in enumerate(match[0].split(" ")):
        if word and (word in RESERVED or (index and word in NAME_ENDS) or not _whole(word)):
            return None
    return match[0], match.end()


def label(text: str, position: int) -> tuple[str, int] | None:
    """The name of a named argument before its colon: (name, its end)."""
    gap = _GAP_MATCH(text, position)
    start = gap.end() if gap else position
    match = _LABEL(text, start)
    if match is None:
        return None
    name = match[0]
    if name[0] == "`":
        return name[1:-1], match.end()
    if any(word and (word in RESERVED or not _whole(word)) for word in name.split(" ")):
        return None
    return name, match.end()


def parameter(text: str, position: int) -> tuple[str, int] | None:
    """A parameter's name, blanks allowed, in a function definition: (name, its end)."""
    kind, word, _, end = token(text, position)
    if kind == ESCAPED:
        return word[1:-1], end
    if kind != NAME or word in RESERVED:
        return None
    while text.startswith(" ", end):
        kind, more, start, next_end = token(text, end)
        if kind != NAME or more in RESERVED or text[end:start].strip(" "):
            break
        word, end = word + text[end:start] + more, next_end
    return word, end


def special_type(text: str, position: int) -> tuple[str, int] | None:
    """One of the type names with blanks, or `function`: (name, its end)."""
    gap = _GAP_MATCH(text, position)
    match = _TYPE(text, gap.end() if gap else position)
    return None if match is None else (match[0], match.end())


def is_called(text: str, position: int) -> bool:
    """Whether the next token is an opening parenthesis."""
    return _CALLED(text, position) is not None


def unescape(raw: str) -> str:
    """The characters between the quotes with escapes translated; unknown escapes stay as they are."""
    if "\\" not in raw:
        return raw
    return _ESCAPE.sub(lambda pair: _TRANSLATED.get(pair[1], pair[0]), raw)


def _whole(word: str) -> bool:
    return word.isascii() or name_length(word) == len(word)
