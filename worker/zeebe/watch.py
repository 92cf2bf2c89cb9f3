"""Knows whether the gateway answers: says so in the log every 30 s while it does not, and to the health endpoint."""

from __future__ import annotations

import logging

from worker.errors import GatewayError
from worker.zeebe.backoff import Sleep
from worker.zeebe.lease import Clock
from worker.zeebe.transport import Transport

log = logging.getLogger(__name__)

PING_SECONDS = 2.0
PING_TIMEOUT_SECONDS = 5.0
REPORT_SECONDS = 30.0


class GatewayWatch:
    """Pings the gateway for as long as `run` runs. `error` is None when it answered last time."""

    def __init__(self, transport: Transport, address: str, *, clock: Clock, sleep: Sleep) -> None:
        self._transport = transport
        self._address = address
        self._clock = clock
        self._sleep = sleep
        self._reported = 0.0
        self.reached = False  # whether it has answered at all
        self.error: GatewayError | None = None

    @property
    def reachable(self) -> bool:
        """Whether the gateway answered the last ping."""
        return self.reached and self.error is None

    async def run(self) -> None:
        """Ping until cancelled: every two seconds, every second while there is no answer."""
        while True:
            await self._ping()
            await self._sleep(PING_SECONDS if self.error is None else 1.0)

    async def _ping(self) -> None:
        try:
            version = await self._transport.ping(timeout=PING_TIMEOUT_SECONDS)
        except GatewayError as error:
            self._failed(error)
        else:
            self._answered(version)

    def _answered(self, version: str) -> None:
        if not self.reachable:
            log.info("gateway reached", extra={"address": self._address, "version": version})
        self.reached = True
        self.error = None

    def _failed(self, error: GatewayError) -> None:
        now = self._clock()
        if self.error is None or now - self._reported >= REPORT_SECONDS:
            log.warning("gateway out of reach", extra={"address": self._address, "error": str(error)})
            self._reported = now
        self.error = error
