"""Where a redirect leads, and what goes there: the rules of the original's HTTP client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from http.cookies import BaseCookie
from typing import Final

import aiohttp
from yarl import URL

from worker.rest.answer import Answer
from worker.rest.exchange import Message
from worker.rest.failures import body_is_bound, protocol_error, too_many_redirects
from worker.rest.headers import has
from worker.rest.uri import InvalidUri, parse_authority, parse_uri, remove_dot_segments, resolve
from worker.rest.url import DEFAULT_PORTS, Url

MAX_REDIRECTS: Final = 50
_FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})
_BOUND_TO_ORIGIN: Final = ("authorization", "cookie")


class Redirects:
    """The redirects of one call. `secret_headers` (lower-case names) may not leave the origin, as the usual ones, nor
    may a `bound_body`.

    With a `limit` they are left behind on the way to another origin, for good. `None` means the recorded rules: fifty
    redirects, and none to another origin while such headers are there.
    """

    def __init__(
        self, first: Message, *, secret_headers: Iterable[str] = (), bound_body: bool = False, limit: int | None = None
    ) -> None:
        self._limit = limit
        self._bound = (*_BOUND_TO_ORIGIN, *secret_headers)
        self._bound_body = bound_body
        self._seen: set[str] = set()
        self._cookies = None if has(first.headers, "cookie") else aiohttp.CookieJar(unsafe=True, quote_cookie=False)

    def next(self, message: Message, answer: Answer) -> Message | None:
        """The request that follows, None when the answer is the result. Raises `JobFailure`."""
        location = answer.first("location") if answer.status in _FOLLOWED else None
        if location is None:
            return None
        target = _target(message.url, location, recorded=self._limit is None)
        if target is None:
            if self._limit is None and not has(message.headers, *self._bound):
                raise protocol_error()
            return None
        following = _redirected(self._without_cookies(message), answer.status, target)
        if target.origin != message.url.origin:
            if self._bound_body and following.body is not None:
                raise body_is_bound(f"{target.scheme}://{target.authority.text}")
            if has(following.headers, *self._bound):
                if self._limit is None:
                    return None
                following = self._without_credentials(following)
        if self._limit is not None and len(self._seen) >= self._limit:
            raise too_many_redirects(self._limit)
        if str(target) in self._seen or len(self._seen) >= MAX_REDIRECTS:
            raise protocol_error()
        self._seen.add(str(target))
        return self._with_cookies(message.url, following, answer)

    def _with_cookies(self, origin: Url, following: Message, answer: Answer) -> Message:
        if self._cookies is None:
            return following
        set_cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        self._cookies.update_cookies_from_headers(set_cookies, _yarl(origin))
        kept = self._cookies.filter_cookies(_yarl(following.url))
        return replace(following, headers=[*following.headers, ("Cookie", _cookie_text(kept))]) if kept else following

    def _without_cookies(self, message: Message) -> Message:
        """The request as the task made it: cookies of earlier redirects are looked up anew for each hop."""
        if self._cookies is None:
            return message
        return replace(message, headers=[line for line in message.headers if line[0].lower() != "cookie"])

    def _without_credentials(self, message: Message) -> Message:
        return replace(message, headers=[line for line in message.headers if line[0].lower() not in self._bound])


def _target(base: Url, location: str, *, recorded: bool) -> Url | None:
    """The absolute URL; None for what is not HTTP. Raises `JobFailure` for what is no URL.

    `recorded` reads paths as the original's library does, which `java.net.URI.normalize` has put in order.
    """
    try:
        uri = parse_uri(location)
        path = (_normalized(uri.path) if recorded else uri.path) or "/"
        uri = resolve(base.uri(), replace(uri, path=path))
        if not (recorded and path.startswith("/")):
            path = remove_dot_segments(uri.path)
        uri = replace(uri, path=path)
        if (uri.scheme or "").lower() not in DEFAULT_PORTS:
            if recorded and uri.authority is None:
                raise protocol_error()
            return None
        authority = parse_authority(uri.authority or "")
    except InvalidUri as error:
        raise protocol_error() from error
    if authority is None or authority.user is not None:
        raise protocol_error()
    return Url((uri.scheme or "").lower(), replace(authority, host=authority.host.lower()), uri.path, uri.query)


def _normalized(path: str) -> str:
    """Without `.`, without `..` after a name, and with single slashes; a leading `..` stays."""
    kept: list[str] = []
    last = path.rpartition("/")[2]
    for segment in path.split("/"):
        if segment == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    ends_in_name = last not in ("", ".") and bool(kept) and kept[-1] == last
    start = "/" if path.startswith("/") else ""
    return start + "/".join(kept) + ("/" if kept and not ends_in_name else "")


def _redirected(message: Message, status: int, target: Url) -> Message:
    if (status in (301, 302) and message.method == "POST") or (status == 303 and message.method not in ("GET", "HEAD")):
        return Message("GET", target, [], codings=message.codings)
    if not message.repeatable:
        raise protocol_error()
    return replace(message, url=target)


def _cookie_text(cookies: BaseCookie[str]) -> str:
    return "; ".join(f"{name}={morsel.coded_value}" for name, morsel in cookies.items())


def _yarl(url: Url) -> URL:
    return URL.build(scheme=url.scheme, host=url.authority.host, port=url.port, path=url.path or "/", encoded=True)
