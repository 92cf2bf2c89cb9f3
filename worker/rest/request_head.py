"""The head of a request, byte for byte as it leaves."""

from __future__ import annotations

import re
from typing import Final

from worker.rest.encoding import latin1
from worker.rest.headers import HeaderLines

_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_BREAKS: Final = dict.fromkeys(map(ord, "\r\n\v\f"), " ")


def request_head(method: str, target: str, lines: HeaderLines) -> bytes:
    """Request line and headers, Latin-1. Line breaks in values become spaces, other control characters `?`."""
    fields = [f"{method} {target} HTTP/1.1", *[f"{name}: {value}" for name, value in lines]]
    if _CONTROL.search("".join(fields)):
        fields = [fields[0], *[f"{name}: {value.translate(_BREAKS)}" for name, value in lines]]
        fields = [_CONTROL.sub("?", field) for field in fields]
    return latin1("\r\n".join([*fields, "", ""]))
