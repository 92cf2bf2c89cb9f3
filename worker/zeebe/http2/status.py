"""What the end of a call means: gRPC's status, or what stands in for it where the peer gave none.

The tables are those of gRPC's own documents "PROTOCOL-HTTP2" and "HTTP to gRPC Status Code Mapping".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

OK: Final = "OK"

# By the number in `grpc-status`.
NAMES: Final = (
    OK,
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
_BY_NUMBER: Final = {str(number): name for number, name in enumerate(NAMES)}

_OF_HTTP: Final = {
    "400": "INTERNAL",
    "401": "UNAUTHENTICATED",
    "403": "PERMISSION_DENIED",
    "404": "UNIMPLEMENTED",
    "429": "UNAVAILABLE",
    "502": "UNAVAILABLE",
    "503": "UNAVAILABLE",
    "504": "UNAVAILABLE",
}

_OF_RESET: Final = {
    0: "INTERNAL",
    1: "INTERNAL",
    2: "INTERNAL",
    3: "INTERNAL",
    4: "INTERNAL",
    6: "INTERNAL",
    7: "UNAVAILABLE",  # REFUSED_STREAM: nothing was done
    8: "CANCELLED",
    9: "INTERNAL",
    10: "INTERNAL",
    11: "RESOURCE_EXHAUSTED",  # ENHANCE_YOUR_CALM
    12: "PERMISSION_DENIED",  # INADEQUATE_SECURITY
}

LONGEST_DETAILS: Final = 8192

Status = tuple[str, str]
"""A status name, and details in words."""

SUCCESS: Final[Status] = (OK, "")


class RpcError(Exception):
    """A call ended with another status than OK; `code` is its name."""

    def __init__(self, code: str, details: str) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


def of_trailers(lines: Mapping[str, str], headers: Mapping[str, str]) -> Status:
    """The status in the last header lines of an answer whose first ones were `headers`."""
    number = lines.get("grpc-status")
    if number == "0":
        return SUCCESS
    if number is None:
        return of_http(headers) or ("UNKNOWN", "the answer ended without a status")
    message = unquote(lines.get("grpc-message", ""))
    return _BY_NUMBER.get(number, "UNKNOWN"), message[:LONGEST_DETAILS]


def of_http(headers: Mapping[str, str]) -> Status | None:
    """The status that stands for an answer which is not gRPC's; None where it is."""
    status, kind = headers.get(":status", ""), headers.get("content-type", "")
    if status != "200":
        return _OF_HTTP.get(status, "UNKNOWN"), f"the answer has the HTTP status {status[:20]!r}"
    if not kind.startswith("application/grpc"):
        return "UNKNOWN", f"the answer is no gRPC but {kind[:100]!r}"
    return None


def of_reset(code: int) -> Status:
    """The status of a call whose stream the peer has reset."""
    return _OF_RESET.get(code, "UNKNOWN"), f"the stream was reset (HTTP/2 error {code})"
