"""Text and bytes as Java converts them: charset names, Latin-1 with `?`. Content codings: `content_coding.py`."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import Final

_CHARSET_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-+.:_]*")
_NOT_CHARSETS: Final = frozenset(
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "mbcs", "oem", "undefined", "palmos", "utf-8-sig"}
)


class UnknownCharset(ValueError):
    """No charset has this name; `java_type` is the class of Java's exception, which models know."""

    java_type = "java.nio.charset.UnsupportedCharsetException"


class IllegalCharset(UnknownCharset):
    """No charset can have this name."""

    java_type = "java.nio.charset.IllegalCharsetNameException"


@lru_cache(maxsize=256)
def _codec(name: str) -> str:
    if not _CHARSET_NAME.fullmatch(name):
        raise IllegalCharset(name)
    try:
        info = codecs.lookup(name)
    except LookupError as error:
        raise UnknownCharset(name) from error
    if info.name.replace("_", "-") in _NOT_CHARSETS or not getattr(info, "_is_text_encoding", True):
        raise UnknownCharset(name)
    return info.name


def check_charset(name: str) -> None:
    """Raises `UnknownCharset`."""
    _codec(name)


def encode(text: str, charset: str) -> bytes:
    """The bytes of a text; what the charset does not have becomes `?`. Raises `UnknownCharset`."""
    codec = _codec(charset)
    if codec in ("utf-16", "utf-32"):  # Java writes big-endian, UTF-16 with its mark
        mark = codecs.BOM_UTF16_BE if codec == "utf-16" else b""
        return mark + text.encode(codec + "-be", "replace")
    return text.encode(codec, "replace")


def decode(data: bytes, charset: str) -> str:
    """The text of bytes; what is malformed becomes U+FFFD. Raises `UnknownCharset`."""
    codec = _codec(charset)
    if codec == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16-be"
    elif codec == "utf-32" and not data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        codec = "utf-32-be"
    return data.decode(codec, "replace")


def latin1(text: str) -> bytes:
    """Latin-1 as a request head has it: every UTF-16 unit beyond it is one `?`."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return "".join(char if char <= "\xff" else "?" if char <= "\uffff" else "??" for char in text).encode("latin-1")
