"""Scalars of job variables as leniently as Jackson reads them, for the models of `worker.rest.binding`.

Models of many template versions send numbers as text, methods in lower case and single values in lists. Each reader
takes what Camunda's connector takes and refuses the rest with the words that connector uses, because models
and operators know them. There are two kinds of refusal: a *format* error names the field and the wanted type,
a *mismatch* says which JSON token stood where none of its kind belongs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

from worker.json_codec.java_text import java_double, java_text

Value = TypeVar("Value")

_INT_RANGE: Final = range(-(2**31), 2**31)
_WHOLE_NUMBER: Final = re.compile(r"[-+]?\d+")  # \d takes the digits of every script, as Integer.parseInt does
_CONTROL_AND_SPACE: Final = "".join(map(chr, range(33)))  # what String.trim removes
_TRUE: Final = frozenset({"true", "True", "TRUE"})
_FALSE: Final = frozenset({"false", "False", "FALSE", "null", ""})


class Unreadable(ValueError):
    """A value that cannot be read; `path` says where, from the outside in, as far as whoever read it knows.

    `message` is the whole message of a mismatch. Without one it is a format error, and `wanted` the simple type.
    """

    def __init__(self, message: str | None, wanted: str | None = None) -> None:
        super().__init__(message or "not readable")
        self.message = message
        self.wanted = wanted
        self.path: list[str] = []


def format_error(simple_type: str | None) -> Unreadable:
    """The value has the right kind but cannot be read as `simple_type`; the message names the field."""
    return Unreadable(None, simple_type)


def wrong_token(java_type: str, value: Any) -> Unreadable:
    """The mismatch for a value that can never become a `java_type`."""
    kind, token = _token(value)
    return Unreadable(f"Cannot deserialize value of type `{java_type}` from {kind} value (token `JsonToken.{token}`)")


def no_constructor(java_type: str, value: Any) -> Unreadable:
    """The mismatch for a scalar that stands where an object belongs."""
    if isinstance(value, str):
        if not value.strip(_CONTROL_AND_SPACE):
            return format_error(java_type.rsplit(".", 1)[-1])
        how, what = "String-argument", f"String value ('{value}')"
    elif isinstance(value, bool):
        how, what = "boolean/Boolean-argument", f"boolean value ({java_text(value)})"
    elif isinstance(value, int):
        how, what = "int/Int-argument", f"Number value ({value})"
    else:
        how, what = "double/Double-argument", f"Number value ({java_text(value)})"
    return Unreadable(
        f"Cannot construct instance of `{java_type}` (although at least one Creator exists): "
        f"no {how} constructor/factory method to deserialize from {what}"
    )


def from_list(
    java_type: str, read: Callable[[Any], Value], plain: type[Any] | None = None, *, tree_node: bool = False
) -> Callable[[Any], Value]:
    """`read` for values that may also stand alone in a list. An empty or longer list is a mismatch.

    As in the original, a longer list is noticed only when its first value has been read. Values of the type `plain`
    are what they are.
    """

    def reader(value: Any) -> Value:
        if type(value) is plain:
            return value  # type: ignore[no-any-return]  # narrowed to what `plain` says, which is Any
        if not isinstance(value, list):
            return read(value)
        if not value or isinstance(value[0], list):
            raise wrong_token(java_type, value)
        single = read(value[0])
        if len(value) > 1:
            token = "null" if tree_node else _token(value[1])[1]
            raise Unreadable(
                f"Unexpected token ({token}), expected END_ARRAY: Attempted to unwrap '{java_type.partition('<')[0]}' "
                "value from an array (with `DeserializationFeature.UNWRAP_SINGLE_VALUE_ARRAYS`) "
                "but it contains more than one value"
            )
        return single

    return reader


def first_token(items: list[Any]) -> str:
    """The token behind the opening bracket."""
    return _token(items[0])[1] if items else "END_ARRAY"


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return java_text(value)
        case int() | Decimal():
            return str(value)
        case float():
            return java_double(value)
        case _:
            raise wrong_token("java.lang.String", value)


def _integer(value: Any) -> int | None:
    match value:
        case None:
            return None
        case bool() | dict():
            raise wrong_token("java.lang.Integer", value)
        case int():
            return _in_range(value)
        case float() | Decimal() as fraction:
            return _in_range(int(fraction) if -(2**63) < fraction < 2**63 else 2**63)
        case _:
            trimmed = str(value).strip(_CONTROL_AND_SPACE)
            if trimmed in ("", "null"):
                return None
            if not _WHOLE_NUMBER.fullmatch(trimmed) or len(trimmed) > 20 or int(trimmed) not in _INT_RANGE:
                raise format_error("Integer")
            return int(trimmed)


def _boolean(value: Any) -> bool:
    match value:
        case None:
            return False
        case bool():
            return value
        case int():
            return value != 0
        case str():
            trimmed = value.strip(_CONTROL_AND_SPACE)
            if trimmed in _TRUE:
                return True
            if trimmed in _FALSE:
                return False
            raise format_error("boolean")
        case _:
            raise wrong_token("boolean", value)


def enumeration(java_type: str, names: tuple[str, ...]) -> Callable[[Any], str | None]:
    """A reader of an enum field: its names in any case, or their ordinals. `names` are in the enum's order."""
    by_name = {name.upper(): name for name in names}
    simple = java_type.rsplit(".", 1)[-1]

    def read(value: Any) -> str | None:
        match value:
            case None:
                return None
            case int() if not isinstance(value, bool):
                ordinal = _in_range(value)
            case str():
                trimmed = value.strip(_CONTROL_AND_SPACE)
                if trimmed.upper() in by_name:
                    return by_name[trimmed.upper()]
                ordinal = int(trimmed) if re.fullmatch(r"0|[1-9][0-9]{0,8}", trimmed) else -1
            case _:
                raise wrong_token(java_type, value)
        if not 0 <= ordinal < len(names):
            raise format_error(simple)
        return names[ordinal]

    lenient = from_list(java_type, read)

    def reader(value: Any) -> str | None:
        known = by_name.get(value) if type(value) is str else None  # spelt as templates spell it
        return lenient(value) if known is None else known

    return reader


def structure(java_type: str) -> Callable[[Any], Mapping[str, Any] | None]:
    """A reader of a nested object, or of a map from text to anything; its members are read by their own types.

    A list may hold a map that is null, but no object that is.
    """
    simple, generic, _ = java_type.partition("<")

    def read(value: Any) -> Mapping[str, Any] | None:
        if value is None or isinstance(value, dict):
            return value
        raise no_constructor(simple, value)

    unwrap = from_list(java_type, read)

    def reader(value: Any) -> Mapping[str, Any] | None:
        if type(value) is dict:
            return value
        if isinstance(value, list) and value[:1] == [None] and not generic:
            raise wrong_token(java_type, None)
        return unwrap(value)

    return reader


text = from_list("java.lang.String", _text, str, tree_node=True)
"""A string field: scalars become their text, null stays null."""

_lenient_integer = from_list("java.lang.Integer", _integer)


def integer(value: Any) -> int | None:
    """An `Integer` field: fractions are cut off, blank text is null."""
    return value if type(value) is int and value in _INT_RANGE else _lenient_integer(value)


boolean = from_list("boolean", _boolean, bool)
"""A `boolean` field: null and empty text are false, whole numbers are true unless they are zero."""

mapping = structure("java.util.LinkedHashMap<java.lang.String,java.lang.String>")
"""A map from text to text."""


def _in_range(number: int) -> int:
    if number not in _INT_RANGE:
        raise Unreadable(f"Numeric value ({number}) out of range of int ({_INT_RANGE.start} - {_INT_RANGE.stop - 1})")
    return number


def _token(value: Any) -> tuple[str, str]:
    """How Jackson calls the kind of a value and its first token."""
    match value:
        case None:
            return "Null", "VALUE_NULL"
        case bool():
            return "Boolean", "VALUE_TRUE" if value else "VALUE_FALSE"
        case str():
            return "String", "VALUE_STRING"
        case int():
            return "Integer", "VALUE_NUMBER_INT"
        case float() | Decimal():
            return "Floating-point", "VALUE_NUMBER_FLOAT"
        case list():
            return "Array", "START_ARRAY"
        case _:
            return "Object", "START_OBJECT"
