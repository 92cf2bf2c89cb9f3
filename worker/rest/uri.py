"""Strict URIs as `java.net.URI` reads them: what is accepted, where it breaks, and which parts there are.

Process models see the difference between a URL that cannot be parsed and one without a host, so both sides of the
recorded behaviour need this reader. What the worker makes of a URL is in `worker.rest.url`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address
from typing import Final

_MARKS: Final = "_-!.~'()*"


def _legal(characters: str) -> re.Pattern[str]:
    """The longest run of letters, digits, these characters and escapes."""
    return re.compile(rf"(?:[A-Za-z0-9{re.escape(_MARKS + characters)}]|%[0-9a-fA-F]{{2}})*")


_PATH: Final = _legal(":@&=+$,;/")
_QUERY: Final = _legal(";/?:@&=+$,[]")
_AUTHORITY: Final = _legal("$,;:@&=+[]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_BEFORE_SCHEME_END: Final = re.compile(r"[^/?#:]*")
_AUTHORITY_PARTS: Final = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>(?:[+-]?[0-9]+)?))?", re.DOTALL
)
_WITH_BRACKETS: Final = re.compile(r"(?:[^@\[\]]*@)?\[(?P<address>[^\]%]*)(?:%[^\]]*)?\](?::[0-9]{0,9})?")
MAX_PORT: Final = 65535
_NO_PORT: Final = -1


class InvalidUri(ValueError):
    """The text is no URI; the message says what is wrong and at which character."""


@dataclass(slots=True)
class Uri:
    """The raw parts of a URI; what is absent is None. An empty path is the empty text."""

    scheme: str | None
    authority: str | None
    path: str
    query: str | None = None
    fragment: str | None = None

    def __str__(self) -> str:
        return "".join(
            (
                "" if self.scheme is None else self.scheme + ":",
                "" if self.authority is None else "//" + self.authority,
                self.path,
                "" if self.query is None else "?" + self.query,
                "" if self.fragment is None else "#" + self.fragment,
            )
        )


@dataclass(frozen=True, slots=True)
class Authority:
    """Who is called: host as written (IPv6 in brackets), port or None where the scheme decides.

    `text` is as a `Host` header has it, `name` the host without the brackets.
    """

    user: str | None
    host: str
    port: int | None
    text: str = field(init=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.host if self.port is None else f"{self.host}:{self.port}")
        object.__setattr__(self, "name", self.host.strip("[]"))


def parse_uri(text: str) -> Uri:
    """The parts of a strict URI. Raises `InvalidUri`."""
    scheme, rest = _scheme(text)
    head, hash_mark, fragment = text[rest:].partition("#")
    before, question, query = head.partition("?")
    authority: str | None = None
    path_start = rest
    if before.startswith("//"):
        authority, path_start = _split_authority(text, rest, before, question or hash_mark)
    path = before[path_start - rest :]
    if scheme is not None and not before and not question:
        raise InvalidUri(f"Expected scheme-specific part at index {rest}: {text}")
    _check(text, path_start, path, _PATH, "path")
    if question:
        _check(text, rest + len(before) + 1, query, _QUERY, "query")
    if hash_mark:
        _check(text, rest + len(head) + 1, fragment, _QUERY, "fragment")
    return Uri(scheme, authority, path, query if question else None, fragment if hash_mark else None)


def parse_authority(text: str) -> Authority | None:
    """User, host and port of an authority; None where there is no host to call. Raises `InvalidUri`."""
    parts = _AUTHORITY_PARTS.fullmatch(text)
    if parts is None:
        return None
    port = java_int(parts["port"]) if parts["port"] else _NO_PORT
    if port is None:
        return None
    if not _NO_PORT <= port <= MAX_PORT:
        raise InvalidUri(
            f"Port number(Use -1 to specify the scheme default port): {port} is out of range [-1, {MAX_PORT}]"
        )
    if not parts["host"]:
        raise InvalidUri(f"Expected a host name in the authority: {text}")
    return Authority(parts["user"], parts["host"], None if port == _NO_PORT else port)


def java_int(text: str) -> int | None:
    """The number that a text of digits, perhaps with a sign, is to `Integer.parseInt`; None beyond its range."""
    digits = text.lstrip("+-").lstrip("0") or "0"
    number = int(digits) if len(digits) < 12 else 2**31
    number = -number if text.startswith("-") else number
    return number if -(2**31) <= number < 2**31 else None


def remove_dot_segments(path: str) -> str:
    """The path without `.` and `..` (RFC 3986, 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)


def resolve(base: Uri, location: Uri) -> Uri:
    """The target of `location` seen from `base`."""
    if location.scheme is not None:
        return location
    if location.authority is not None:
        return replace(location, scheme=base.scheme)
    path = location.path
    if not path.startswith("/"):
        path = base.path.rpartition("/")[0] + "/" + path
    return replace(location, scheme=base.scheme, authority=base.authority, path=remove_dot_segments(path))


def _scheme(text: str) -> tuple[str | None, int]:
    """The scheme, if there is one, and where the rest begins."""
    end = _run(_BEFORE_SCHEME_END, text, 0)
    if text[end : end + 1] != ":":
        return None, 0
    if not end:
        raise InvalidUri(f"Expected scheme name at index 0: {text}")
    name = text[:end]
    if not _SCHEME.fullmatch(name):
        at = next((at for at, char in enumerate(name) if not _SCHEME.fullmatch("a" * bool(at) + char)), 0)
        raise InvalidUri(f"Illegal character in scheme name at index {at}: {text}")
    return name, end + 1


def _split_authority(text: str, start: int, before: str, more: str) -> tuple[str | None, int]:
    end = before.find("/", 2)
    end = len(before) if end < 0 else end
    authority = before[2:end]
    if not authority:
        if end == len(before) and not more:
            raise InvalidUri(f"Expected authority at index {start + 2}: {text}")
        return None, start + end
    if "[" in authority or "]" in authority:
        _check_brackets(text, start + 2, authority)
    else:
        _check(text, start + 2, authority, _AUTHORITY, "authority")
    return authority, start + end


def _check_brackets(text: str, start: int, authority: str) -> None:
    """Brackets stand around an IPv6 address, and nowhere else."""
    parts = _WITH_BRACKETS.fullmatch(authority)
    try:
        IPv6Address(parts["address"] if parts else "")
    except ValueError:
        raise InvalidUri(f"Malformed IPv6 address at index {start + authority.find('[') + 1}: {text}") from None


def _check(text: str, start: int, part: str, legal: re.Pattern[str], name: str) -> None:
    """Raises `InvalidUri` for the first character of `part`, which begins at `start`, that may not stand there."""
    at = _run(legal, part, 0)
    while at < len(part):
        if part[at] == "%":
            raise InvalidUri(f"Malformed escape pair at index {start + at}: {text}")
        if not _is_other(part[at]):
            raise InvalidUri(f"Illegal character in {name} at index {start + at}: {text}")
        at = _run(legal, part, at + 1)


def _run(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where a run of the pattern ends, which may be empty."""
    found = pattern.match(text, start)
    return found.end() if found else start


def _is_other(char: str) -> bool:
    """Non-ASCII that Java lets through: no control character, no space."""
    return char > "\x7f" and not unicodedata.category(char).startswith(("Z", "Cc"))
