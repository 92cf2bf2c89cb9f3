"""The URL of a request: read, encoded by the rules of the face, split into what a connection and a request line need.

The compatible face decodes the URL and encodes it again, which changes it (`%2C` becomes `,`); the native face only
encodes what is illegal. Query parameters are added in `worker.rest.query`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from worker.errors import ILLEGAL_ARGUMENT, JobFailure, input_failure
from worker.face import Face
from worker.rest.uri import MAX_PORT, Authority, InvalidUri, Uri, java_int, parse_authority, parse_uri

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_PATH_SAFE: Final = "-_.!~*'()@:$&,;="
_QUERY_SAFE: Final = "-_.!~*'()@:$,;/?:"
_FRAGMENT_SAFE: Final = "=&-_.!~*'()@:$,;/?:"
_LEGAL_IN_PATH: Final = "-_.!~*'()@:$&,;=/"
_NOT_ENCODED: Final = "".join(map(chr, range(33, 127)))
_LEGAL_IN_QUERY: Final = "-_.!~*'()@:$&,;=/?+[]"
_SPLIT: Final = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL | re.IGNORECASE,
)
_PLAIN: Final = re.compile(  # what no step of encoding or parsing changes or refuses; `=` and `&` keep their meaning
    r"(https?)://([A-Za-z0-9._-]+(?::[0-9]{1,5})?)"
    r"((?:/[A-Za-z0-9_.!~*'()@:$&,;=/-]*)?)(?:\?([A-Za-z0-9_.!~*'()@:$,;/?=&-]*))?"
)
_KEPT_CHARACTERS: Final = 300  # longer authorities are read anew for each call
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")
_PORT: Final = re.compile(r":([^:@\]]+)$")
_PORT_NUMBER: Final = re.compile(r"[+-]?[0-9]+")


class Url:
    """A callable URL, never changed. `path` and `query` leave as they are; a fragment never does.

    `host` is without the brackets of an IPv6 address, `target` what stands in the request line.
    """

    __slots__ = ("authority", "host", "path", "port", "query", "scheme", "target")

    def __init__(self, scheme: str, authority: Authority, path: str, query: str | None = None) -> None:
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
        self.host = authority.name
        self.port = authority.port or DEFAULT_PORTS.get(scheme, 0)
        self.target = (path or "/") if query is None else f"{path or '/'}?{query}"

    @property
    def origin(self) -> tuple[str, int]:
        """What the rule for redirects compares."""
        return self.host.lower(), self.port

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority.text}{self.target}"

    def uri(self) -> Uri:
        return Uri(self.scheme, self.authority.text, self.path, self.query)

    def with_query(self, query: str | None) -> Url:
        """With another query. As recorded, the whole target is ASCII then, which it need not be as it was written."""
        if query == self.query:
            return self
        path = self.path if self.path.isascii() else quote(unicodedata.normalize("NFC", self.path), safe=_NOT_ENCODED)
        return Url(self.scheme, self.authority, path, query)


def origin_of(text: str) -> str:
    """Scheme, host and port of a URL as it was written, without credentials; the whole text where it is none."""
    match = _SPLIT.fullmatch(text)
    if match is None:
        return text
    scheme, authority = match["scheme"].lower(), match["authority"].rpartition("@")[2].lower()
    return f"{scheme}://{authority}" if _PORT.search(authority) else f"{scheme}://{authority}:{DEFAULT_PORTS[scheme]}"


def read_url(text: str, face: Face, *, skip_encoding: bool) -> Uri:
    """The URI that is asked for. Raises `JobFailure` when it is none."""
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        scheme, authority, path, query = plain.groups()
        if query is not None and face.reencode_url and not skip_encoding:
            query = _reencode_query(query) or None
        return Uri(scheme, authority, path, query)
    if not skip_encoding:
        text = reencode(text) if face.reencode_url else encode_illegal(text)
    try:
        return parse_uri(text)
    except InvalidUri as error:
        raise _malformed(str(error)) from error


def callable_url(uri: Uri, text: str) -> Url:
    """The URL to call; `text` is how the model wrote it. Raises `JobFailure` without host or scheme."""
    try:
        authority = None if uri.authority is None else _authority(uri.authority)
    except InvalidUri as error:
        raise _malformed(str(error)) from error
    if authority is None:
        raise _incomplete(text, "hostname")
    if uri.scheme is None:
        raise _incomplete(text, "scheme")
    if not authority.host.isascii():
        authority = _in_ascii(authority)
    return Url(uri.scheme.lower(), authority, uri.path, uri.query)


def reencode(text: str) -> str:
    """The URL with every part decoded and encoded again; unchanged where that is not possible."""
    parts = _SPLIT.fullmatch(text.strip("".join(map(chr, range(33)))))
    if parts is None or _BAD_ESCAPE.search(text) or _port_is_wrong(parts["authority"]):
        return text
    user, at, host = parts["authority"].rpartition("@")
    encoded = parts["scheme"].lower() + "://" + _again(user, _PATH_SAFE) + at + host
    encoded += "/".join(_again(segment, _PATH_SAFE) for segment in parts["path"].split("/"))
    query = _reencode_query(parts["query"] or "")
    if query:
        encoded += "?" + query
    if parts["fragment"] is not None:
        encoded += "#" + _again(parts["fragment"], _FRAGMENT_SAFE)
    return encoded


def encode_illegal(text: str) -> str:
    """The URL with what is illegal in it percent-encoded, and nothing else touched; `+` in the path is literal."""
    parts = _SPLIT.fullmatch(text.strip())
    if parts is None:
        return text
    encoded = f"{parts['scheme'].lower()}://{_ascii_host(parts['authority'])}{_legal(parts['path'], _LEGAL_IN_PATH)}"
    if parts["query"] is not None:
        encoded += "?" + _legal(parts["query"], _LEGAL_IN_QUERY)
    if parts["fragment"] is not None:
        encoded += "#" + _legal(parts["fragment"], _LEGAL_IN_QUERY)
    return encoded


def decode_text(text: str, *, plus_is_space: bool = False) -> str:
    """Percent-decoded as UTF-8; bytes that are no UTF-8 become U+FFFD."""
    if plus_is_space:
        text = text.replace("+", " ")
    if "%" not in text and text.isascii():
        return text
    return unquote_to_bytes(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def encode_text(text: str, safe: str) -> str:
    """Percent-encoded as UTF-8, upper-case hex; letters, digits and `safe` are kept."""
    if text.isascii() and text.isalnum():
        return text
    encoded = quote(text.encode("utf-8", "replace"), safe=safe)
    return encoded if "~" in safe else encoded.replace("~", "%7E")


def _reencode_query(query: str) -> str:
    """Equal names come together at the first one's place; empty names go, empty values lose the `=`."""
    grouped: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = decode_text(name, plus_is_space=True)
        if name:
            grouped.setdefault(name, []).append(decode_text(value, plus_is_space=True))
    return "&".join(
        encode_text(name, _QUERY_SAFE) + ("=" + encode_text(value, _QUERY_SAFE) if value else "")
        for name, values in grouped.items()
        for value in values
    )


def _again(text: str, safe: str) -> str:
    return encode_text(decode_text(text), safe)


def _legal(text: str, safe: str) -> str:
    return encode_text(_BAD_ESCAPE.sub("%25", text), safe + "%")


_kept_authority = lru_cache(maxsize=1024)(parse_authority)


def _authority(text: str) -> Authority | None:
    """As `parse_authority`. Services are few, so they are kept; not those with credentials."""
    return _kept_authority(text) if len(text) <= _KEPT_CHARACTERS and "@" not in text else parse_authority(text)


def _in_ascii(authority: Authority) -> Authority:
    """With the ASCII form of an international host name."""
    try:
        return replace(authority, host=authority.host.encode("idna").decode("ascii"))
    except UnicodeError as error:
        raise _malformed(f"{authority.host!r} is no host name: {error}") from error


def _ascii_host(authority: str) -> str:
    """International host names in their ASCII form; what cannot be converted is left for the parser to refuse."""
    if authority.isascii():
        return authority
    user, at, host = authority.rpartition("@")
    name, colon, port = host.partition(":")
    try:
        return user + at + name.encode("idna").decode("ascii") + colon + port
    except UnicodeError:
        return authority


def _port_is_wrong(authority: str) -> bool:
    port = _PORT.search(authority)
    if port is None:
        return False
    number = java_int(port[1]) if _PORT_NUMBER.fullmatch(port[1]) else None
    return number is None or not -1 <= number <= MAX_PORT


def _malformed(message: str) -> JobFailure:
    return JobFailure(message, type=ILLEGAL_ARGUMENT, kind="input", native_code="INVALID_INPUT")


def _incomplete(text: str, missing: str) -> JobFailure:
    return input_failure(
        f"Invalid URL: The URL '{text}' cannot be parsed as a valid HTTP request. "
        f"Please ensure the URL includes a valid {missing}."
    )
