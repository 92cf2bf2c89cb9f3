"""Tokens of a real OAuth server: issued, expired, refused, lost and rotated.

Both clocks, the server's and the cache's, are moved by hand, so nothing here waits for time to pass. No call may
fail that a fresh token would have saved.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.oidc.conftest import OidcServer
from worker.documents import MemoryStore
from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.client import MEMORY_LIMIT, RestClient
from worker.rest.egress import Egress
from worker.rest.oauth import Tokens
from worker.rest.request import ClientCredentials, OAuth, RefreshToken, RestRequest
from worker.rest.transfers import token_sender

LIFETIME = 30  # seconds, as in server.mjs
SKEW = 10.0


@dataclass
class Caller:
    """Makes calls to the server's resource, with a cache of tokens whose clock it holds."""

    server: OidcServer
    client: RestClient
    clock: list[float]
    face: Face = NATIVE
    tokens_seen: list[str] = field(default_factory=list)

    async def call(self, auth: OAuth) -> dict[str, str]:
        """What the resource says of the token that came. Raises `JobFailure`."""
        response = await self.client.call(RestRequest("GET", f"{self.server.url}/resource", auth), self.face)
        assert response is not None
        assert isinstance(response.body, dict)
        self.tokens_seen.append(response.body["token"])
        return response.body

    async def advance(self, seconds: float) -> None:
        """Let time pass, for the server and for the cache."""
        self.clock[0] += seconds
        await self.server.control("advance", seconds=str(seconds))

    async def settle(self) -> None:
        """Wait until no token request is under way."""
        flights = {task for task in asyncio.all_tasks() if task.get_name().startswith("token ")}
        if flights:
            await asyncio.wait(flights, timeout=30)

    def basic(self, **changes: str | None) -> ClientCredentials:
        values = {"client_secret": "basic-secret", "audience": "urn:api", "scopes": "read", **changes}
        return ClientCredentials(f"{self.server.url}/token", "basic", **values, client_authentication="basicAuthHeader")  # type: ignore[arg-type]

    async def refresh(self) -> RefreshToken:
        """A credential with a refresh token that the server has just given out."""
        given = (await self.server.control("refresh-token"))["refresh_token"]
        return RefreshToken(f"{self.server.url}/token", "refresh", given, "refresh-secret")


@pytest.fixture(params=[NATIVE, COMPATIBLE], ids=lambda face: face.name)
def face(request: pytest.FixtureRequest) -> Face:
    chosen: Face = request.param
    return chosen


@pytest.fixture
async def caller(oidc: OidcServer, face: Face) -> AsyncIterator[Caller]:
    clock = [1000.0]
    async with Egress(agent="test") as egress:
        tokens = Tokens(token_sender(egress, face, MEMORY_LIMIT), now=lambda: clock[0], skew=SKEW)
        yield Caller(oidc, RestClient(egress, tokens=tokens, store=MemoryStore()), clock, face)
        await tokens.close()


async def test_a_token_is_issued_for_either_way_of_authentication(caller: Caller) -> None:
    body = ClientCredentials(
        f"{caller.server.url}/token", "body", "body-secret", "credentialsBody", "urn:other", "read write"
    )
    seen = [await caller.call(caller.basic()), await caller.call(body)]
    assert [(each["client"], each["audience"], each["scope"]) for each in seen] == [
        ("basic", "urn:api", "read"),
        ("body", "urn:other", "read write"),
    ]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [({"client_secret": "wrong"}, "401", "invalid_client"), ({"audience": "urn:unknown"}, "400", "invalid_target")],
)
async def test_a_refusal_is_the_failure_of_the_job(
    caller: Caller, changes: dict[str, str], status: str, error: str
) -> None:
    with pytest.raises(JobFailure) as caught:
        await caller.call(caller.basic(**changes))
    failure = caught.value
    assert (failure.code, failure.native_code, failure.kind) == (status, "OAUTH_TOKEN_ERROR", "auth")
    assert failure.variables is not None
    assert failure.variables["response"]["body"]["error"] == error


async def test_calls_go_on_while_tokens_expire(caller: Caller) -> None:
    for _ in range(60):
        await caller.call(caller.basic())
        await caller.settle()
        await caller.advance(2.5)
    distinct = list(dict.fromkeys(caller.tokens_seen))
    assert LIFETIME * len(distinct) >= 150
    assert await caller.server.token_requests() == len(distinct) <= 10


async def test_an_outage_shorter_than_a_token_is_not_noticed(caller: Caller) -> None:
    await caller.call(caller.basic())
    await caller.advance((LIFETIME - SKEW) * 0.9)
    await caller.server.control("down", value="true")
    for _ in range(11):
        await caller.call(caller.basic())
        await caller.settle()
        await caller.advance(1)
    assert len(set(caller.tokens_seen)) == 1
    await caller.server.control("down", value="false")
    await caller.advance(1.5)
    await caller.call(caller.basic())
    assert len(set(caller.tokens_seen)) == 2


async def test_two_hundred_calls_at_once_ask_for_one_token(caller: Caller) -> None:
    await asyncio.gather(*(caller.call(caller.basic()) for _ in range(200)))
    assert len(set(caller.tokens_seen)) == 1
    assert await caller.server.token_requests() == 1


@pytest.mark.parametrize("face", [NATIVE], ids=["native"], indirect=True)
async def test_cmx_09_a_token_that_the_target_forgot_is_replaced_at_once(caller: Caller) -> None:
    first = (await caller.call(caller.basic()))["token"]
    await caller.server.control("forget", token=first)
    seen = await asyncio.gather(*(caller.call(caller.basic()) for _ in range(20)))
    assert first not in {each["token"] for each in seen}
    assert len({each["token"] for each in seen}) == 1


@pytest.mark.parametrize("face", [COMPATIBLE], ids=["compatible"], indirect=True)
async def test_the_compatible_face_reports_a_forgotten_token_as_recorded(caller: Caller) -> None:
    first = (await caller.call(caller.basic()))["token"]
    await caller.server.control("forget", token=first)
    with pytest.raises(JobFailure) as caught:
        await caller.call(caller.basic())
    assert caught.value.code == "401"


@pytest.mark.parametrize("face", [NATIVE], ids=["native"], indirect=True)
async def test_cmx_07_rotated_refresh_tokens_are_followed(caller: Caller) -> None:
    auth = await caller.refresh()
    for _ in range(6):
        await caller.call(auth)
        await caller.advance(LIFETIME)
    assert len(set(caller.tokens_seen)) == 6


async def test_cmx_08_a_refresh_token_that_was_never_given_out_is_refused(caller: Caller) -> None:
    auth = RefreshToken(f"{caller.server.url}/token", "refresh", "made-up", "refresh-secret")
    with pytest.raises(JobFailure) as caught:
        await caller.call(auth)
    assert (caught.value.code, caught.value.native_code) == ("400", "OAUTH_REFRESH_TOKEN_EXPIRED")
