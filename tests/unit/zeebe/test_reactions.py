"""What an answer over REST means: the same three reactions as over gRPC."""

from __future__ import annotations

import pytest

from worker.engine_api import AnswerTooLargeError, EngineApiError
from worker.errors import GatewayBroken, GatewayBusy, GatewayError, GatewayRefused
from worker.zeebe.reactions import gateway_error
from worker.zeebe.rest_v2 import translated

TOO_LARGE = "Received an unexpected error from the broker, message: Request size is above configured maxMessageSize."


@pytest.mark.parametrize(
    ("problem", "reaction", "code"),
    [
        (EngineApiError("gone", 404, "NOT_FOUND"), GatewayRefused, "NOT_FOUND"),
        (EngineApiError("state", 409, "INVALID_STATE"), GatewayRefused, "FAILED_PRECONDITION"),
        (EngineApiError("wrong", 400, "INVALID_ARGUMENT"), GatewayBroken, "INVALID_ARGUMENT"),
        (EngineApiError("wrong", 400, "Bad Request"), GatewayBroken, "INVALID_ARGUMENT"),
        (EngineApiError("who", 401), GatewayBusy, "UNAUTHENTICATED"),
        (EngineApiError("no", 403), GatewayBusy, "PERMISSION_DENIED"),
        (EngineApiError("busy", 503, "RESOURCE_EXHAUSTED"), GatewayBusy, "RESOURCE_EXHAUSTED"),
        (EngineApiError("busy", 429), GatewayBusy, "RESOURCE_EXHAUSTED"),
        (EngineApiError("away", 503, "io.camunda.PartitionNotFoundException"), GatewayBusy, "UNAVAILABLE"),
        (EngineApiError("between", 502), GatewayBusy, "UNAVAILABLE"),
        (EngineApiError("slow", 504), GatewayBusy, "DEADLINE_EXCEEDED"),
        (EngineApiError("broken", 500, "INTERNAL"), GatewayBusy, "INTERNAL"),
        (EngineApiError(TOO_LARGE, 500, "MALFORMED_REQUEST"), GatewayBroken, "RESOURCE_EXHAUSTED"),
        (EngineApiError("too large", 413), GatewayBroken, "RESOURCE_EXHAUSTED"),
        (AnswerTooLargeError("too large"), GatewayBroken, "RESOURCE_EXHAUSTED"),
        (EngineApiError("closed"), GatewayBusy, "UNAVAILABLE"),
        (EngineApiError("late", timed_out=True), GatewayBusy, "DEADLINE_EXCEEDED"),
        (EngineApiError("teapot", 418), GatewayBusy, "UNKNOWN"),
        (EngineApiError("a page of a proxy", 404), GatewayBusy, "UNAVAILABLE"),
    ],
    ids=lambda value: str(value),
)
def test_a_problem_becomes_the_reaction_to_it(problem: EngineApiError, reaction: type[GatewayError], code: str) -> None:
    error = translated(problem)

    assert (type(error), error.code) == (reaction, code)


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "INTERNAL"])
def test_a_message_over_a_limit_is_no_overload(code: str) -> None:
    assert isinstance(gateway_error(code, TOO_LARGE), GatewayBroken)
    assert isinstance(gateway_error(code, "the partition is overloaded"), GatewayBusy)
