"""What a client of a gateway over TLS is given."""

from __future__ import annotations

import ssl

from tests.support.certificates import Authority


def trusting_context(authority: Authority) -> ssl.SSLContext:
    """Trusts this authority alone, and asks for HTTP/2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.pem)
    context.set_alpn_protocols(["h2"])
    return context
