"""A prepared request as JSON for people: what `rest-connector invoke --dry-run` shows."""

from __future__ import annotations

from typing import Any

from worker.rest.client import PreparedRequest


def described(request: PreparedRequest) -> dict[str, Any]:
    """The members `method`, `url`, `headers` (lines), `body` and `proxy`.

    `trusted` is there where TLS is spoken, `note` where the body is no text.
    """
    shown: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "headers": [f"{name}: {value}" for name, value in request.headers],
        "body": None,
        "proxy": request.proxy,
    }
    if request.trusted:
        shown["trusted"] = request.trusted
    note = request.body_note
    if request.body is not None:
        try:
            shown["body"] = request.body.decode("utf-8")
        except UnicodeDecodeError:
            note = note or f"{len(request.body)} bytes that are no UTF-8 text"
    if note is not None:
        shown["note"] = note
    return shown
