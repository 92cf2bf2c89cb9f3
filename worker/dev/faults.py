"""Faults on demand: what the gateway in memory does wrong, how often, to which call.

A fault is taken from its list when a call arrives, so "the next two completions are refused as busy" is two entries.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Literal

import grpc

Rpc = Literal[
    "ActivateJobs",
    "StreamActivatedJobs",
    "CompleteJob",
    "FailJob",
    "ThrowError",
    "UpdateJobTimeout",
    "UpdateJobRetries",
    "ResolveIncident",
    "SetVariables",
    "Topology",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` None never answers; `applied` takes the command's effect first, so that only the reply is lost."""

    code: grpc.StatusCode | None
    message: str = ""
    applied: bool = False

    @property
    def name(self) -> str:
        return self.code.name if self.code else "HANG"


UNAVAILABLE = Fault(grpc.StatusCode.UNAVAILABLE, "the gateway is out of reach")
BUSY = Fault(grpc.StatusCode.RESOURCE_EXHAUSTED, "Expected to execute the command, but the partition is overloaded")
UNAUTHENTICATED = Fault(grpc.StatusCode.UNAUTHENTICATED, "the token is not valid")
PERMISSION_DENIED = Fault(grpc.StatusCode.PERMISSION_DENIED, "not allowed")
INTERNAL = Fault(grpc.StatusCode.INTERNAL, "an unexpected failure")
HANG = Fault(None)
MESSAGE_TOO_LARGE = Fault(grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (6291456 vs. 4194304)")
REPLY_LOST = Fault(grpc.StatusCode.UNAVAILABLE, "the connection was lost", applied=True)
NEVER_REPLIED = Fault(None, applied=True)


@dataclass(frozen=True, slots=True)
class _Chance:
    fault: Fault
    share: float


class Faults:
    """What goes wrong next. Without entries nothing does."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - dice for tests, repeatable on purpose
        self._next: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._sometimes: defaultdict[str, list[_Chance]] = defaultdict(list)

    def next(self, rpc: Rpc, fault: Fault, times: int = 1, *, after: int = 0) -> None:
        """Let `times` calls go wrong, `after` that many good ones."""
        self._next[rpc].extend([None] * after)
        self._next[rpc].extend([fault] * times)

    def always(self, rpc: Rpc, fault: Fault) -> None:
        """Let every call go wrong until `clear`."""
        self._always[rpc] = fault

    def sometimes(self, rpc: Rpc, fault: Fault, share: float) -> None:
        """Let a `share` between 0 and 1 of the calls go wrong, by a seeded dice."""
        self._sometimes[rpc].append(_Chance(fault, share))

    def clear(self) -> None:
        self._next.clear()
        self._always.clear()
        self._sometimes.clear()

    def take(self, rpc: Rpc) -> Fault | None:
        """The fault of the call that has just arrived."""
        if self._next[rpc]:
            return self._next[rpc].popleft()
        if rpc in self._always:
            return self._always[rpc]
        dice = self._random.random()
        for chance in self._sometimes[rpc]:
            if dice < chance.share:
                return chance.fault
            dice -= chance.share
        return None
