"""The cache of tokens: one request at a time, renewed ahead, never a token that has expired."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.oauth import Tokens
from worker.rest.oauth_request import TokenRequest
from worker.rest.oauth_response import TokenResponse
from worker.rest.request import ClientCredentials, OAuth, RefreshToken

CLIENT = ClientCredentials("http://idp/t", "c", "s", "credentialsBody")
REFRESH = RefreshToken("http://idp/t", "c", "first")


class Idp:
    """An identity provider with a clock of its own; answers when its gate is open."""

    def __init__(self, **tokens: Any) -> None:
        self.time = 1000.0
        self.fields: list[dict[str, str]] = []
        self.answer: dict[str, Any] = {"expires_in": 100}
        self.failure: JobFailure | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.heard: list[str] = []
        self.tokens = Tokens(self.send, now=lambda: self.time, on_token=self.heard.append, **tokens)

    async def send(self, request: TokenRequest) -> TokenResponse:
        self.fields.append(dict(parse_qsl(request.body.decode())))
        self.asked.set()
        number = len(self.fields)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return TokenResponse(200, json.dumps({"access_token": f"T{number}", **self.answer}).encode())

    async def token(self, auth: OAuth = CLIENT, face: Face = COMPATIBLE) -> str:
        return await self.tokens.token(auth, face)

    @property
    def requests(self) -> int:
        return len(self.fields)


async def landed() -> None:
    """Wait until no token request is under way."""
    flights = {task for task in asyncio.all_tasks() if task.get_name().startswith("token")}
    if flights:
        _, unfinished = await asyncio.wait(flights, timeout=5)
        assert not unfinished


async def test_a_failure_that_says_it_all_is_not_its_own_cause() -> None:
    idp = Idp()
    idp.failure = JobFailure("the guard said no", kind="blocked")
    with pytest.raises(JobFailure) as caught:
        await idp.token()
    assert caught.value is idp.failure
    assert caught.value.__cause__ is None


async def test_oa_007_a_token_is_kept_until_shortly_before_it_expires() -> None:
    idp = Idp()
    assert await idp.token() == "T1"
    idp.time += 71.9  # of the 90 usable seconds, 80 per cent are 72
    assert await idp.token() == "T1"
    idp.time += 18.2
    assert await idp.token() == "T2"
    assert idp.heard == ["T1", "T2"]


@pytest.mark.parametrize("answer", [{}, {"expires_in": "100"}, {"expires_in": 10}, {"expires_in": -1}])
async def test_a_token_without_usable_time_is_not_kept(answer: dict[str, Any]) -> None:
    idp = Idp()
    idp.answer = answer
    assert [await idp.token(), await idp.token()] == ["T1", "T2"]


async def test_oa_010_the_skew_is_a_setting() -> None:
    idp = Idp(skew=99.0)
    assert [await idp.token(), await idp.token()] == ["T1", "T1"]
    idp = Idp(skew=100.0)
    assert [await idp.token(), await idp.token()] == ["T1", "T2"]


async def test_each_credential_has_its_own_token() -> None:
    idp = Idp()
    other = replace(CLIENT, client_secret="other")
    assert [await idp.token(auth) for auth in (CLIENT, other, CLIENT, other)] == ["T1", "T2", "T1", "T2"]


async def test_the_cache_is_bounded() -> None:
    idp = Idp(capacity=2)
    for name in ("a", "b", "a", "c", "a", "b"):
        await idp.token(replace(CLIENT, client_id=name))
    assert [fields["client_id"] for fields in idp.fields] == ["a", "b", "c", "b"]


@pytest.mark.parametrize("answer", [{"expires_in": 100}, {}])
async def test_cmx_09_many_jobs_share_one_request(answer: dict[str, Any]) -> None:
    idp = Idp()
    idp.answer = answer
    idp.gate.clear()
    jobs = [asyncio.create_task(idp.token()) for _ in range(200)]
    await idp.asked.wait()
    idp.gate.set()
    assert await asyncio.gather(*jobs) == ["T1"] * 200
    assert idp.requests == 1


async def test_a_cancelled_job_does_not_take_the_request_with_it() -> None:
    idp = Idp()
    idp.gate.clear()
    first, second = (asyncio.create_task(idp.token()) for _ in range(2))
    await idp.asked.wait()
    first.cancel()
    await asyncio.wait({first})
    idp.gate.set()
    assert await second == "T1"
    assert first.cancelled()


async def test_a_request_that_nobody_waits_for_still_counts() -> None:
    idp = Idp()
    idp.gate.clear()
    job = asyncio.create_task(idp.token())
    await idp.asked.wait()
    job.cancel()
    await asyncio.wait({job})
    idp.gate.set()
    await landed()
    assert await idp.token() == "T1"


async def test_a_failure_is_for_all_who_wait_and_is_not_kept() -> None:
    idp = Idp()
    idp.failure = JobFailure("Unauthorized", code="401", kind="http")
    idp.gate.clear()
    jobs = [asyncio.create_task(idp.token()) for _ in range(3)]
    await idp.asked.wait()
    idp.gate.set()
    for failure in await asyncio.gather(*jobs, return_exceptions=True):
        assert isinstance(failure, JobFailure)
        assert (failure.code, failure.kind) == ("401", "auth")
    assert idp.requests == 1
    idp.failure = None
    assert await idp.token() == "T2"


async def test_a_token_is_renewed_ahead_while_the_old_one_serves() -> None:
    idp = Idp()
    await idp.token()
    idp.time += 80
    idp.gate.clear()
    assert [await idp.token(), await idp.token()] == ["T1", "T1"]
    idp.gate.set()
    await landed()
    assert await idp.token() == "T2"
    assert idp.requests == 2


async def test_while_the_idp_is_down_the_old_token_serves_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    idp = Idp()
    await idp.token()
    idp.failure = JobFailure("down", code="408", kind="connect")
    with caplog.at_level(logging.WARNING):
        for age in (80, 91, 99.9):
            idp.time = 1000 + age
            assert await idp.token() == "T1"
            await landed()
    assert "old one serves" in caplog.text
    assert idp.requests == 4
    idp.time = 1100.0
    with pytest.raises(JobFailure, match="down"):
        await idp.token()
    idp.failure = None
    assert await idp.token() == "T6"


async def test_a_failed_renewal_is_not_repeated_for_every_job() -> None:
    idp = Idp()
    await idp.token()
    idp.failure = JobFailure("down", code="408", kind="connect")
    idp.time += 91
    for _ in range(50):
        assert await idp.token() == "T1"
    assert idp.requests == 2


async def test_an_idp_that_hangs_holds_nobody_while_the_old_token_serves() -> None:
    idp = Idp()
    await idp.token()
    idp.gate.clear()
    idp.time += 99.95  # 50 ms are left
    async with asyncio.timeout(5):
        assert await idp.token() == "T1"
    await idp.tokens.close()


async def test_cmx_09_a_refused_token_is_forgotten_and_a_newer_one_is_not() -> None:
    idp = Idp()
    assert await idp.token() == "T1"
    idp.tokens.invalidate(CLIENT, "T1")
    assert await idp.token() == "T2"
    idp.tokens.invalidate(CLIENT, "T1")
    idp.tokens.invalidate(REFRESH, "T2")
    assert await idp.token() == "T2"


async def test_rotated_refresh_tokens_are_kept_per_credential() -> None:
    idp = Idp()
    idp.answer = {"refresh_token": "second"}
    other = replace(REFRESH, refresh_token="unrelated")
    for auth in (REFRESH, REFRESH, other):
        await idp.token(auth, NATIVE)
    assert [fields["refresh_token"] for fields in idp.fields] == ["first", "second", "unrelated"]


async def test_the_compatible_face_ignores_rotation() -> None:
    idp = Idp()
    idp.answer = {"refresh_token": "second"}
    for _ in range(2):
        await idp.token(REFRESH, COMPATIBLE)
    assert [fields["refresh_token"] for fields in idp.fields] == ["first", "first"]


async def test_when_the_rotated_token_is_refused_the_models_is_tried_once() -> None:
    idp = Idp()
    idp.answer = {"refresh_token": "second"}
    await idp.token(REFRESH, NATIVE)
    idp.failure = JobFailure("down", code="503", kind="http")
    with pytest.raises(JobFailure):
        await idp.token(REFRESH, NATIVE)
    refused = {"response": {"body": {"error": "invalid_grant"}}}
    idp.failure = JobFailure("Bad Request", code="400", kind="http", variables=refused)
    with pytest.raises(JobFailure) as caught:
        await idp.token(REFRESH, NATIVE)
    assert caught.value.native_code == "OAUTH_REFRESH_TOKEN_EXPIRED"
    assert [fields["refresh_token"] for fields in idp.fields] == ["first", "second", "second", "first"]


async def test_closing_ends_the_requests_under_way() -> None:
    idp = Idp()
    idp.gate.clear()
    job = asyncio.create_task(idp.token())
    await idp.asked.wait()
    await idp.tokens.close()
    await asyncio.wait({job}, timeout=5)
    assert job.done()
