"""The request for the worker's own token, however the provider's answer arrives."""

from __future__ import annotations

import json

import pytest

from tests.support.scripted_server import ScriptedServer, answer, scripted
from worker.cluster.oauth import Token, TokenError
from worker.cluster.token_request import LARGEST_ANSWER, Client, request_token


async def asked(server: ScriptedServer) -> Token:
    return await request_token(Client(server.url("/token"), "me", "secret"))


async def test_an_answer_that_comes_in_many_pieces_is_read_to_its_end() -> None:
    claims = "x" * 900_000  # more than one read of a socket gives
    body = json.dumps({"claims": claims, "access_token": "abc", "expires_in": 60}).encode()

    async with scripted(answer(200, body)) as server:
        assert await asked(server) == Token("abc", 60.0)


async def test_an_answer_without_measure_is_no_token() -> None:
    async with scripted(answer(200, b" " * (LARGEST_ANSWER + 1) + b'{"access_token":"abc"}')) as server:
        with pytest.raises(TokenError, match="larger than"):
            await asked(server)
