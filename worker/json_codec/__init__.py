"""The one JSON codec: strict in, strict and compact out, numbers kept as the face says.

Integers are `int` of any size. Numbers with a fraction or an exponent are doubles (`float`) or exact (`Decimal`).
NaN and infinities are refused on the way in; a double beyond the range leaves as the text "Infinity", as Java
writes it. Text is written as UTF-8, not escaped to ASCII. The limits are those of the original's parser.

Built on the C scanner and encoder of the standard library. orjson is 3 to 10 times faster on them (about 20 µs less
for a job of 1 KB, of about a millisecond), but rounds integers beyond 64 bits, refuses lone surrogates and cannot
keep decimals; each of these would need a second codec beside it. Texts nested too deeply for the C
code's recursion take the loops of `worker.json_codec.deep`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

from worker.json_codec.deep import NestingError, decode_deep, encode_deep
from worker.json_codec.java_text import INFINITIES, java_double
from worker.json_writer import writer

MAX_DIGITS: Final = 1000
MAX_DEPTH: Final = 1000


class JsonError(ValueError):
    """The text is no JSON, or is beyond the limits. The message never quotes the text."""


def loads(text: str, *, exact: bool = False) -> Any:
    """The value of a JSON text. Raises `JsonError`."""
    value, end = _scan(text, exact)
    if text[end:].strip(_SPACE):
        raise JsonError(f"unexpected text after the value, at character {end}")
    return value


def loads_prefix(text: str, *, exact: bool = False) -> Any:
    """The first JSON value of a text; what follows it is ignored, where it does not touch a number or a word.

    Raises `JsonError`: `2024-01-01` is no number.
    """
    value, end = _scan(text, exact)
    if end < len(text) and not isinstance(value, _DELIMITED) and text[end] not in _SPACE:
        number = not isinstance(value, bool) and value is not None
        if number or text[end].isalnum() or text[end] in "_$":
            raise JsonError(f"unexpected text after the value, at character {end}")
    return value


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Compact JSON for the engine, or indented for people.

    Documents are written as their references, decimals with all their digits.
    """
    return _ENCODER.encode(value, indent)[0]


def dumps_body(value: Any, *, documents: bool = True) -> str:
    """Compact JSON for a request body: as `dumps`, but doubles and control characters are spelt as Java spells them.

    A tree with exact decimals was read for the native face; it keeps its digits. Raises TypeError for a document
    unless `documents` may be written as their references.
    """
    text, exact = (_ENCODER if documents else _ENCODER_WITHOUT_DOCUMENTS).encode(value)
    if not exact and _may_differ_in_java(text):
        text = _STRING_OR_NUMBER.sub(_java_token, text)
    return text


_DELIMITED: Final = (str, dict, list)
_SPACE: Final = " \t\n\r"
_LEADING_SPACE: Final = re.compile(r"[ \t\n\r]*")
_LONG_NUMBER: Final = re.compile(rf"(?<![-+.eE0-9])[-+.eE0-9]{{{MAX_DIGITS + 1}}}")  # each run is counted once
_STRIDE: Final = 100
_SAMPLE_OF_LONG_NUMBER: Final = re.compile(rf"[-+.eE0-9]{{{MAX_DIGITS // _STRIDE}}}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_STRING_OR_NUMBER: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?')
_LONG_FRACTION: Final = re.compile(r"\.(?:(?<=\d{8}\.)\d|00(?<=(?<!\d)0\.00))")  # `12345678.9`, `0.001`
_EXPONENT: Final = re.compile(r"e[-+]\d(?<=\de[-+]\d)")
_CONTROL: Final = re.compile(r"(\\+)u00([01][0-9a-f])")
_DECIMAL_MARK: Final = f"\ue000{secrets.token_hex(12)}"  # not ASCII, so that most texts need no search for it
_MARKED_DECIMAL: Final = re.compile(f'"{_DECIMAL_MARK}([^"]*)"')


def _scan(text: str, exact: bool) -> tuple[Any, int]:
    start = 0 if text.startswith("{") else _LEADING_SPACE.match(text).end()  # type: ignore[union-attr]  # matches all
    if start == len(text):
        raise JsonError("the text is empty")
    bounded = len(text) <= MAX_DIGITS or not _has_long_number(text)
    decoder = _DECODERS[exact, bounded]
    try:
        value, end = decoder.raw_decode(text, start)
    except RecursionError:
        value, end = _scan_deep(text, start, decoder)
    except ValueError as problem:
        raise JsonError(_safe(problem)) from None
    if end > MAX_DEPTH and _has_many_openings(text, end) and _depth_exceeds(value):
        raise JsonError(f"nested more than {MAX_DEPTH} levels deep")
    return value, end


def _scan_deep(text: str, start: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    try:
        return decode_deep(text, start, decoder, MAX_DEPTH)
    except NestingError:
        raise JsonError(f"nested more than {MAX_DEPTH} levels deep") from None
    except ValueError as problem:
        raise JsonError(_safe(problem)) from None


def _has_long_number(text: str) -> bool:
    """Whether there may be a number beyond the limit, which every hundredth character would show as well."""
    return bool(_SAMPLE_OF_LONG_NUMBER.search(text[::_STRIDE]) and _LONG_NUMBER.search(text))


def _has_many_openings(text: str, end: int) -> bool:
    return text.count("[", 0, end) + text.count("{", 0, end) > MAX_DEPTH


def _depth_exceeds(value: Any) -> bool:
    """Whether a tree is nested beyond the limit; looks level by level, so nothing recurses."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _safe(problem: ValueError) -> str:
    if isinstance(problem, json.JSONDecodeError):
        return f"{problem.msg}: line {problem.lineno}, column {problem.colno}"
    return str(problem)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _bounded(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        if len(text.lstrip("-").replace(".", "")) > MAX_DIGITS:
            raise ValueError(f"a number of more than {MAX_DIGITS} digits")
        return convert(text)

    return number


def _exact(text: str) -> Decimal | float:
    try:
        return Decimal(text)
    except ArithmeticError:  # an exponent beyond what Decimal holds
        return float(text)


def _decoder(exact: bool, bounded: bool) -> json.JSONDecoder:
    fraction: Callable[[str], Any] = _exact if exact else float
    if bounded:
        return json.JSONDecoder(parse_float=fraction, parse_constant=_no_constant)
    return json.JSONDecoder(parse_int=_bounded(int), parse_float=_bounded(fraction), parse_constant=_no_constant)


_DECODERS: Final = {(exact, bounded): _decoder(exact, bounded) for exact in (False, True) for bounded in (False, True)}


class _Encoder:
    """Writes trees in compact form."""

    def __init__(self, *, documents: bool) -> None:
        self._documents = documents
        self._compact = writer(self._default, between=",", colon=":", allow_nan=False)

    def encode(self, value: Any, indent: int | None = None) -> tuple[str, bool]:
        """The JSON text, and whether there are exact decimals in it."""
        try:
            text = self._compact(value) if indent is None else self._indented(value, indent)
        except (ValueError, RecursionError):  # a double beyond the range, or too deep for the C encoder
            text = encode_deep(value, self._scalar, MAX_DEPTH * 2)
        if text.isascii():
            return text, False
        exact = _DECIMAL_MARK in text
        if exact:
            text = _MARKED_DECIMAL.sub(r"\1", text)
        return _without_surrogates(text), exact

    def _indented(self, value: Any, indent: int) -> str:
        return json.dumps(
            value, ensure_ascii=False, separators=(",", ": "), allow_nan=False, default=self._default, indent=indent
        )

    def _default(self, node: Any) -> Any:
        """A tree that stands for a node of another type."""
        if isinstance(node, Decimal):
            return f"{_DECIMAL_MARK}{_decimal(node)}" if node.is_finite() else str(node)
        reference = getattr(node, "reference", None)
        if self._documents and callable(reference):
            return reference()
        raise TypeError(f"a {type(node).__name__} is no JSON value")

    def _scalar(self, node: Any) -> str | None:
        """The JSON text of a node that is no container; None for containers."""
        match node:
            case None:
                return "null"
            case bool():
                return "true" if node else "false"
            case str():
                return encode_basestring(node)
            case int():
                return int.__repr__(node)
            case float():
                return f'"{INFINITIES[node]}"' if node in INFINITIES else repr(node)
            case dict() | list() | tuple():
                return None
            case Decimal():
                return encode_basestring(self._default(node))
            case _:
                return self.encode(self._default(node))[0]


_ENCODER: Final = _Encoder(documents=True)
_ENCODER_WITHOUT_DOCUMENTS: Final = _Encoder(documents=False)


def _decimal(number: Decimal) -> str:
    """All digits, and a mark by which the number is known as a fraction even where it is whole."""
    text = str(number)
    return text if "." in text or "E" in text else f"{text}.0"


def _without_surrogates(text: str) -> str:
    if _SURROGATE.search(text):
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _may_differ_in_java(text: str) -> bool:
    return bool("\\u00" in text or _LONG_FRACTION.search(text) or _EXPONENT.search(text))


def _java_token(match: re.Match[str]) -> str:
    token = match.group()
    if token[0] == '"':
        return _CONTROL.sub(_upper_control, token) if "\\u00" in token else token
    if "." in token or "e" in token:
        return java_double(float(token))
    return token


def _upper_control(match: re.Match[str]) -> str:
    slashes, digits = match.groups()
    return f"{slashes}u00{digits.upper()}" if len(slashes) % 2 else match.group()
