"""One request for a token of the worker's own: what is sent, and what answers mean."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support.scripted_server import answer, close, scripted
from worker.cluster.oauth import TokenError
from worker.cluster.token_request import Client, request_token

SECRET = "s3cr&t"


def client(url: str, **more: str) -> Client:
    return Client(url, "me", SECRET, **more)


def page(value: Any, status: int = 200) -> bytes:
    return answer(status, json.dumps(value).encode(), "Content-Type: application/json")


async def test_the_request_is_that_of_client_credentials() -> None:
    async with scripted(page({"access_token": "T", "expires_in": "300"})) as server:
        token = await request_token(client(server.url("/t"), audience="zeebe", scope="a b"))

    [asked] = server.requests
    assert (token.value, token.lifetime) == ("T", 300)
    assert asked.line == "POST /t HTTP/1.1"
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": [SECRET],
        "audience": ["zeebe"],
        "scope": ["a b"],
    }


@pytest.mark.parametrize("lifetime", [None, "soon", -1, 0, True, [], "inf"])
async def test_a_lifetime_that_makes_no_sense_counts_as_unknown(lifetime: Any) -> None:
    async with scripted(page({"access_token": "T", "expires_in": lifetime})) as server:
        token = await request_token(client(server.url()))

    assert token.lifetime in (None, 1)  # true is 1 to Python


async def test_an_answer_that_comes_in_many_pieces_is_read_whole() -> None:
    async with scripted(page({"padding": "x" * 900_000, "access_token": "T"})) as server:
        assert (await request_token(client(server.url()))).value == "T"


@pytest.mark.parametrize(
    ("answered", "words"),
    [
        (page({"error": "invalid_client", "error_description": "who?"}, 401), "answered 401: invalid_client, who\\?"),
        (answer(502, b"<html>"), "answered 502"),
        (answer(302, b"", "Location: /elsewhere"), "answered 302"),
        (answer(200, b"<html>"), "without an access token"),
        (page({"access_token": ""}), "without an access token"),
        (page({"access_token": "a\nb"}), "without an access token"),
        (page({"access_token": 5}), "without an access token"),
        (page({"padding": "x" * 2_000_000}), "larger than"),
        (close, "disconnected"),
    ],
    ids=["refused", "proxy", "redirect", "page", "empty", "two-lines", "number", "huge", "closed"],
)
async def test_what_is_no_token_is_told_without_the_secret(answered: Any, words: str) -> None:
    async with scripted(answered) as server:
        with pytest.raises(TokenError, match=words) as raised:
            await request_token(client(server.url()))

    assert SECRET not in str(raised.value)
