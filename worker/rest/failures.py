"""How a call can fail on the way, in the words that process models know; for statuses see `worker.rest.response`."""

from __future__ import annotations

from worker.errors import JobFailure, input_failure

_ABORTED = "An error occurred while executing the request, or the connection was aborted"
_TIMED_OUT = "The request timed out. Please try increasing the read and connection timeouts."
_PROTOCOL = "An error with the HTTP protocol occurred"
_TLS_HINT = (
    "The server certificate may not be trusted — provide the server's CA certificate via "
    "'clientTls.trustedCertificate', or check the client certificate configuration."
)


def aborted(kind: str) -> JobFailure:
    """No usable answer; `kind` tells dns, connect and reset apart."""
    return JobFailure(_ABORTED, code="408", kind=kind)


def timed_out(kind: str) -> JobFailure:
    """No answer in time: `timeout_connect` or `timeout_read`."""
    return JobFailure(_TIMED_OUT, code="408", kind=kind)


def protocol_error(kind: str = "decode") -> JobFailure:
    """What was sent, or was to be sent, is not HTTP."""
    return JobFailure(_PROTOCOL, code="500", kind=kind)


def too_many_redirects(limit: int) -> JobFailure:
    """The redirects do not come to an end within the limit."""
    return JobFailure(
        f"More than {limit} redirects; httpOptions.redirects.max allows another number", code="500", kind="decode"
    )


def body_is_bound(origin: str) -> JobFailure:
    """A redirect wants the body of a profile's call at another origin."""
    return input_failure(
        f"The redirect leads the body to {origin}, but the profile does not say anyHost = true",
        kind="blocked",
        native_code="URL_NOT_ALLOWED",
    )


def tls_failed(reason: str) -> JobFailure:
    """No trusted connection."""
    return JobFailure(f"TLS handshake failed: {reason}. {_TLS_HINT}", code="SSL_HANDSHAKE_FAILED", kind="tls")


def too_large(limit: int) -> JobFailure:
    """The answer does not fit in memory."""
    return JobFailure(
        f"Error while executing an HTTP request: Response body exceeds maximum in-memory size of {limit} bytes",
        code="500",
        kind="too_large",
        native_code="RESPONSE_TOO_LARGE",
    )


def unreadable(reason: str) -> JobFailure:
    """The head of an answer has come, its body has not."""
    return JobFailure(
        f"Error while executing an HTTP request: Failed to read response body: {reason}",
        code="500",
        kind="timeout_read" if reason == "Read timed out" else "reset",
    )
