"""What the HTTP library raises, in our words: which failure of the job it is, and why a body broke off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import Final

import aiohttp
from aiohttp import http_exceptions

from worker.errors import JobFailure
from worker.rest.failures import aborted, protocol_error, timed_out, tls_failed
from worker.rest.url import Url

_UNTRUSTED: Final = "unable to find valid certification path to requested target"


def failure_of(error: Exception, url: Url) -> JobFailure:
    """The failure of a call that got no answer."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return timed_out("timeout_connect")
        case asyncio.TimeoutError():
            return timed_out("timeout_read")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return tls_failed(_tls_reason(error))
        case aiohttp.ClientConnectorDNSError():
            return aborted("dns")
        case aiohttp.ClientConnectorError(os_error=ConnectionResetError() | ConnectionAbortedError()) if (
            url.scheme == "https"
        ):
            return tls_failed("SSL peer shut down incorrectly")
        case aiohttp.ClientConnectorError():
            return aborted("connect")
        case http_exceptions.HttpProcessingError():
            return _bad_head(error)
        case aiohttp.InvalidURL() | ValueError():
            return aborted("dns")
        case _:
            return aborted("tls" if any(isinstance(cause, ssl.SSLError) for cause in causes(error)) else "reset")


def _bad_head(error: Exception) -> JobFailure:
    """Garbage in place of a status line, or an endless line, is a lost connection; the rest breaks the protocol."""
    chain = list(causes(error))
    text = " ".join(str(cause) for cause in chain)
    if any(isinstance(cause, http_exceptions.LineTooLong) for cause in chain):
        return aborted("reset")
    if any(isinstance(cause, http_exceptions.BadStatusLine) for cause in chain):
        version = "Invalid HTTP version" in text or "Expected dot" in text  # HTTP/2 has none
        return protocol_error() if version else aborted("reset")
    return protocol_error()


def why_broken(error: Exception) -> str:
    """What Java's client says of a body that breaks off."""
    if isinstance(error, asyncio.TimeoutError):
        return "Read timed out"
    chain = list(causes(error))
    if any(isinstance(cause, ConnectionResetError) for cause in chain) or "ConnectionResetError" in str(error):
        return "Connection reset"
    if any(isinstance(cause, http_exceptions.ContentLengthError) for cause in chain):
        return "Premature end of Content-Length delimited message body"
    if any(isinstance(cause, http_exceptions.TransferEncodingError) for cause in chain):
        return "Truncated chunk"
    if any(isinstance(cause, http_exceptions.HttpProcessingError) for cause in chain):
        return "Bad chunk header"
    return "Connection closed"


def _tls_reason(error: Exception) -> str:
    """The deepest cause: for certificates as Java names it, else as OpenSSL does."""
    for cause in causes(error):
        if isinstance(cause, aiohttp.ClientError):
            continue
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message if "match" in cause.verify_message else _UNTRUSTED
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason
    return "handshake failure"


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what caused it, and so on."""
    while error is not None:
        yield error
        error = error.__cause__
