"""The bytes of a scripted response of the recorded corpus, faults of HTTP included. `rest_servers.py` sends them."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

REASONS = {status.value: status.phrase for status in HTTPStatus} | {  # these were recorded otherwise
    207: "Unknown",
    226: "Unknown",
    413: "Payload Too Large",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
    599: "Custom",
}
CHUNK = 7


@dataclass(frozen=True, slots=True)
class Rendered:
    """What goes over the wire, and whether the connection ends after it."""

    head: bytes
    body: bytes
    closes: bool


def render(response: Mapping[str, Any]) -> Rendered:
    """The response that a script describes."""
    if "raw" in response:
        return Rendered(response["raw"].encode("latin-1"), b"", response.get("close", True))
    headers = [tuple(header) for header in response.get("headers", [])]
    body = _body(response)
    match response.get("encoding"):
        case "gzip":
            body = gzip.compress(body, mtime=0)
            headers.append(("Content-Encoding", "gzip"))
        case "deflate":
            body = zlib.compress(body)
            headers.append(("Content-Encoding", "deflate"))
    status = response.get("status", 200)
    framing = response.get("framing", "none" if _has_no_body(status) and not body else "length")
    if framing == "length":
        headers.append(("Content-Length", str(response.get("contentLength", len(body)))))
    elif framing == "chunked":
        headers.append(("Transfer-Encoding", "chunked"))
        body = _chunked(body, response.get("chunk", CHUNK))
    lines = [_status_line(response, status), *(f"{name}: {value}" for name, value in headers)]
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return Rendered(head.encode("utf-8"), body, framing == "close" or response.get("close", False))


def _status_line(response: Mapping[str, Any], status: int) -> str:
    reason = response.get("reason", REASONS.get(status, "Unknown"))
    line = f"{response.get('version', 'HTTP/1.1')} {status}"
    return line if reason is None else f"{line} {reason}"


def _has_no_body(status: int) -> bool:
    return status in (204, 304) or 100 <= status < 200


def _body(response: Mapping[str, Any]) -> bytes:
    if "bodyGen" in response:
        parts = response["bodyGen"]
        text = parts.get("prefix", "") + parts["unit"] * parts["count"] + parts.get("suffix", "")
        return str(text).encode()
    if "body_b64" in response:
        return base64.b64decode(response["body_b64"])
    body = response.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return body.encode("utf-8")


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
