"""How calls reach the cluster, as one object behind gRPC, the REST API, documents and deployed models.

Engine traffic: of the proxies only the one of its own applies, and none of the rules for the tasks' calls.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from worker.cluster.credentials import Credentials, Fixed, Headers
from worker.cluster.tls import TlsFiles
from worker.errors import GatewayBusy


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """Who we are, whom we trust (`tls` None: no TLS over gRPC, the system's authorities over HTTPS), and the way."""

    credentials: Credentials = field(default_factory=Fixed)
    tls: TlsFiles | None = None
    proxy: str | None = None  # http://user:password@host:port

    async def headers(self, seconds: float) -> Headers:
        """Those of a call that is made now; waits at most `seconds`. Raises `GatewayBusy`."""
        headers = self.credentials.current()
        if headers is not None:
            return headers
        try:
            async with asyncio.timeout(seconds):
                return await self.credentials.wait()
        except TimeoutError:
            raise GatewayBusy("UNAUTHENTICATED", "no token for the cluster in time") from None

    def refused(self, headers: Headers) -> None:
        """A call with these headers was not let in."""
        self.credentials.refused(headers)

    def context(self) -> ssl.SSLContext | None:
        """For calls over HTTPS."""
        return None if self.tls is None else self.tls.get().cluster

    @property
    def grpc_context(self) -> Callable[[], ssl.SSLContext] | None:
        """Answers what TLS to use for gRPC now, another object after the files have changed; None without TLS."""
        tls = self.tls
        return None if tls is None else lambda: tls.get().grpc

    async def close(self) -> None:
        """End what is under way."""
        await self.credentials.close()
