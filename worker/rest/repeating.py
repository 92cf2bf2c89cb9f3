"""Calls that are made again within one job (native face, `httpOptions.retry`), behind circuit breakers.

The engine's retries are another matter: these use none of them. What is repeated has to be safe to repeat, so a
POST or PATCH that may have arrived is not, unless the model says that it may. A wait that is longer than the model or
the lease allows becomes the back-off of the failed job.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from worker.errors import JobFailure
from worker.face import Face
from worker.rest.breaker import Breakers
from worker.rest.request import IDEMPOTENT, RestRequest, RestResponse
from worker.rest.retry_after import retry_after
from worker.rest.transfer import Journey
from worker.rest.url import origin_of

_FIRST_WAIT: Final = 0.2  # seconds, with exponential back-off
_LONGEST_WAIT: Final = 30.0
_JITTER: Final = 0.2
_MOST_DOUBLINGS: Final = 20
_REPEATED_STATUS: Final = frozenset({"408", "429", "500", "502", "503", "504"})
_NOT_SENT: Final = frozenset({"dns", "connect", "timeout_connect"})
_MAY_HAVE_ARRIVED: Final = frozenset({"timeout_read", "timeout_total", "reset"})


class Client(Protocol):
    """What makes one call (`worker.rest.client.RestClient`)."""

    async def call(self, request: RestRequest, face: Face, journey: Journey | None = None) -> RestResponse | None:
        """Send the request and read the response. Raises `JobFailure`."""
        ...


class Repeating:
    """Makes calls, again where the request's options say so. `sleep` waits for seconds."""

    def __init__(
        self,
        client: Client,
        breakers: Breakers | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._breakers = breakers or Breakers()
        self._sleep = sleep

    async def call(self, request: RestRequest, face: Face, lease: Callable[[], float]) -> RestResponse | None:
        """The response of the first call that needs no other. `lease` is for how many seconds the job is still ours.

        Raises the `JobFailure` of the last call.
        """
        journey = Journey() if request.options.meta else None
        left = request.options.retry.max_retries
        while True:
            try:
                if request.options.breaker.enabled:
                    response = await self._guarded(request, face, journey)
                else:
                    response = await self._client.call(request, face, journey)
            except JobFailure as failure:
                if left <= 0 or not _is_repeated(request, failure):
                    raise
                seconds = self._wait(request, failure, left)
                if seconds > request.options.retry.max_wait or seconds >= lease():
                    failure.backoff = int(seconds * 1000)
                    raise
                await self._sleep(seconds)
                if lease() <= 0:
                    raise
            else:
                if left <= 0 or response is None or response.status < 300 or not request.options.retry.all_errors:
                    return response
                seconds = self._wait(request, None, left)
                if seconds >= lease():
                    return response
                await self._sleep(seconds)
            left -= 1

    async def _guarded(self, request: RestRequest, face: Face, journey: Journey | None) -> RestResponse | None:
        name = origin_of(request.url) if request.profile is None else f"the profile {request.profile}"
        with self._breakers.enter(name, request.options.breaker):
            return await self._client.call(request, face, journey)

    def _wait(self, request: RestRequest, failure: JobFailure | None, left: int) -> float:
        rule = request.options.retry
        asked = retry_after(failure) if failure is not None and rule.respect_retry_after else None
        if asked is not None:
            return asked / 1000
        if not rule.exponential:
            return rule.delay
        grown = math.ldexp(_FIRST_WAIT, min(rule.max_retries - left, _MOST_DOUBLINGS))
        return min(grown, _LONGEST_WAIT) * random.uniform(1, 1 + _JITTER)  # noqa: S311 -- spread, not secrecy


def _is_repeated(request: RestRequest, failure: JobFailure) -> bool:
    """Whether another try may help and does no harm."""
    if failure.kind in _NOT_SENT:
        return True
    if failure.kind == "auth":  # the token endpoint failed, the call was not made
        return (failure.code or "") == "408" or (failure.code or "").startswith("5")
    if not _may_arrive_twice(request):
        return False
    if failure.kind == "http":
        return request.options.retry.all_errors or failure.code in _REPEATED_STATUS
    return failure.kind in _MAY_HAVE_ARRIVED


def _may_arrive_twice(request: RestRequest) -> bool:
    if request.method in IDEMPOTENT or request.options.retry.non_idempotent:
        return True
    return any(name.lower() == "idempotency-key" and value for name, value in (request.headers or {}).items())
