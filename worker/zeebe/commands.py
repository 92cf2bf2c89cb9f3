"""Tells the engine how a job ended, again and again until that is settled or the lease has ended.

Sending a command twice is harmless: the second one is refused with NOT_FOUND, which means that the first one arrived
or that the job is gone, and either way there is nothing left to do. So after a lost answer we simply send again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from worker.errors import GatewayBroken, GatewayBusy, GatewayRefused
from worker.job import Job
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.zeebe.backoff import Backoff, Sleep
from worker.zeebe.lease import JobLease
from worker.zeebe.slots import Slots
from worker.zeebe.transport import Transport

log = logging.getLogger(__name__)

ATTEMPT_SECONDS = 5.0

# Attempts under way together. When thousands of calls end in one moment, each attempt still has its full time.
ATTEMPTS_AT_ONCE = 1_000

# What fits into a FailJob that has to be accepted, whatever the gateway found wrong with the outcome itself.
_SAFE_MESSAGE_CHARACTERS = 1_000


class Settlement(StrEnum):
    """How the telling ended."""

    ACCEPTED = "accepted"
    GONE = "gone"  # the engine does not know the job any more: done before, cancelled, or somebody else's
    EXPIRED = "expired"  # the lease ended first: the engine hands the job out again
    REJECTED = "rejected"  # the gateway takes neither the outcome nor a failure in its place


CountAttempt = Callable[[str, str], None]
"""Called after every attempt with the command's name and the status name, `OK` when accepted."""


# The engine's words for the commands.
_COMMANDS: dict[type[Outcome], str] = {Complete: "complete", Fail: "fail", ThrowError: "throw-error"}


class Commands:
    """Sends outcomes over one transport."""

    def __init__(self, transport: Transport, *, sleep: Sleep, count: CountAttempt) -> None:
        self._transport = transport
        self._sleep = sleep
        self._count = count
        self._attempts = Slots(ATTEMPTS_AT_ONCE)

    async def settle(self, job: Job, outcome: Outcome, lease: JobLease) -> tuple[Settlement, Outcome]:
        """Send until settled; returns how it ended and what was sent last: `outcome`, or a failure in its place."""
        backoff: Backoff | None = None
        while True:
            try:
                if not self._attempts.take(1):
                    await self._attempts.reserve(1)
                try:
                    if (left := lease.remaining()) <= 0:
                        break
                    await self._transport.send(job.key, outcome, timeout=min(ATTEMPT_SECONDS, left))
                finally:
                    self._attempts.release()
            except GatewayRefused as error:
                self._count(_COMMANDS[type(outcome)], error.code)
                return Settlement.GONE, outcome
            except GatewayBroken as error:
                self._count(_COMMANDS[type(outcome)], error.code)
                substitute = substitute_for(outcome, error)
                if substitute is None:
                    log.error("outcome rejected", extra={"job": job.key, "type": job.type, "error": str(error)})
                    return Settlement.REJECTED, outcome
                outcome = substitute
            except GatewayBusy as error:
                self._count(_COMMANDS[type(outcome)], error.code)
                backoff = backoff or Backoff()
                await self._sleep(min(backoff.seconds(), max(lease.remaining(), 0)))
            else:
                self._count(_COMMANDS[type(outcome)], "OK")
                return Settlement.ACCEPTED, outcome
        return (Settlement.GONE if lease.lost else Settlement.EXPIRED), outcome


def substitute_for(outcome: Outcome, error: GatewayBroken) -> Outcome | None:
    """What to send in place of an outcome that the gateway cannot take; None when nothing is left to try.

    First an incident that says why; if that was the trouble itself, the same without variables and with a short text.
    """
    if not isinstance(outcome, Fail):
        what = f"The gateway rejected the job's result ({error}). "
        if error.code == "RESOURCE_EXHAUSTED":
            what += "It is too large: keep less of the response with a result expression, or store it as a document."
        else:
            what += "Correct the result or error expression."
        return Fail(message=what[:_SAFE_MESSAGE_CHARACTERS], retries=0)
    shorter = replace(outcome, message=outcome.message[:_SAFE_MESSAGE_CHARACTERS], retries=0, variables=None)
    return None if shorter == outcome else shorter
