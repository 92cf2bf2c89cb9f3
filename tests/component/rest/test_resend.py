"""The hidden re-sends of the original, on demand (contract 6.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.support.scripted_server import Answer, answer, close, hang, reset, scripted
from worker.documents import Documents, MemoryStore
from worker.face import COMPATIBLE, NATIVE
from worker.rest.egress import Egress
from worker.rest.oauth import Tokens
from worker.rest.request import ClientCredentials
from worker.rest.resend import Resend
from worker.rest.transfers import token_sender

SECOND = answer(200, b'{"second":true}')
BUSY = answer(503, b"busy", reason="Service Unavailable")


class Waits(list[float]):
    """Instead of sleeping, remembers for how long it was asked to."""

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
async def resending(opened: CallsFactory, waits: Waits) -> AsyncIterator[Calls]:
    async with opened(resend=Resend(waits.sleep)) as made:
        yield made


def busy(retry_after: str, status: int = 429) -> bytes:
    return answer(status, b"busy", f"Retry-After: {retry_after}")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("first", "wait"),
    [
        (BUSY, 1.0),
        (busy("2"), 2.0),
        (busy("0"), 1.0),
        (busy("junk"), 1.0),
        (busy("Mon, 01 Jan 2024 00:00:00 GMT"), 1.0),
        (busy("99999999"), 3600.0),
    ],
)
async def test_a_busy_service_is_asked_again_after_a_while(
    resending: Calls, waits: Waits, method: str, first: bytes, wait: float
) -> None:
    async with scripted(first, SECOND) as server:
        response = await resending.response(server.url(), method, body={"a": 1})
    assert response.body == {"second": True}
    assert waits == [wait]
    assert server.requests[0].body == server.requests[1].body


async def test_a_date_says_how_long(resending: Calls, waits: Waits) -> None:
    async with scripted(busy(format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)), SECOND) as server:
        await resending.call(server.url())
    assert 200 < waits[0] <= 300


async def test_twice_is_the_most(resending: Calls) -> None:
    async with scripted(BUSY) as server:
        failure = await resending.failure(server.url())
    assert (failure.code, len(server.requests)) == ("503", 2)


@pytest.mark.parametrize("first", [close, reset, b"garbage\r\n\r\n"])
@pytest.mark.parametrize(("method", "sent"), [("GET", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)])
async def test_a_lost_idempotent_call_is_repeated_at_once(
    resending: Calls, first: Answer, method: str, sent: int
) -> None:
    async with scripted(first, SECOND) as server:
        if sent == 2:
            await resending.call(server.url(), method)
        else:
            await resending.failure(server.url(), method)
    assert len(server.requests) == sent


async def test_silence_is_not_repeated(resending: Calls) -> None:
    async with scripted(hang, SECOND) as server:
        await resending.failure(server.url(), read_timeout=1)
    assert len(server.requests) == 1


async def test_a_body_with_documents_is_sent_once(resending: Calls) -> None:
    document = Documents(MemoryStore()).document({"camunda.document.type": "inline", "content": "hi", "name": "a.txt"})
    inputs: dict[str, Any] = {"body": {"d": document}, "headers": {"Content-Type": "multipart/form-data"}}
    async with scripted(BUSY, SECOND) as server:
        await resending.failure(server.url(), "POST", **inputs)
    async with scripted(answer(307, b"", "Location: /b"), SECOND) as redirecting:
        failure = await resending.failure(redirecting.url(), "POST", follow_redirects=True, **inputs)
    assert (failure.code, len(server.requests), len(redirecting.requests)) == ("500", 1, 1)


async def test_nothing_is_repeated_when_it_was_not_asked_for(calls: Calls, resending: Calls) -> None:
    async with scripted(BUSY) as server:
        await calls.failure(server.url())
        await resending.failure(server.url(), face=NATIVE)
    assert len(server.requests) == 2


async def test_token_requests_keep_to_the_rule(waits: Waits) -> None:
    token = answer(200, b'{"access_token":"T","expires_in":60}')
    async with scripted(BUSY, token) as server, Egress(agent="t", resend=Resend(waits.sleep)) as egress:
        tokens = Tokens(token_sender(egress, COMPATIBLE, 1000))
        auth = ClientCredentials(server.url("/t"), "id", "secret", "basicAuthHeader")
        assert await tokens.token(auth, COMPATIBLE) == "T"
        await tokens.close()
    assert len(server.requests) == 2
