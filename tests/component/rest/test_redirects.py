"""Redirects: what is followed, with what, and where a call ends (contract 6.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.support.scripted_server import ScriptedServer, answer, scripted
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.blocklist import PREFIX, BlockList
from worker.rest.request import ApiKeyAuth, BearerAuth

PROTOCOL = ("500", "An error with the HTTP protocol occurred")
DONE = answer(200, b'{"done":1}')


def moved(status: int, location: str, *headers: str) -> bytes:
    return answer(status, b"moved", f"Location: {location}", *headers, reason="Moved")


def seen(server: ScriptedServer) -> list[str]:
    return [request.line.removesuffix(" HTTP/1.1") for request in server.requests]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_get_is_repeated_with_its_headers(calls: Calls, status: int) -> None:
    async with scripted(moved(status, "/target?x=1"), DONE) as server:
        response = await calls.response(
            server.url("/a"), follow_redirects=True, headers={"X": "1"}, auth=BearerAuth("t"), query={"q": "1"}
        )
    assert response.body == {"done": 1}
    assert seen(server) == ["GET /a?q=1", "GET /target?x=1"]
    assert (server.requests[1].value("x"), server.requests[1].value("authorization")) == ("1", "Bearer t")


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("PUT", 303, "GET"),
        ("DELETE", 303, "GET"),
        ("PUT", 301, "PUT"),
        ("PATCH", 302, "PATCH"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("DELETE", 307, "DELETE"),
    ],
)
async def test_a_new_get_loses_body_and_headers_and_all_else_is_repeated(
    calls: Calls, method: str, status: int, then: str
) -> None:
    async with scripted(moved(status, "/b"), DONE) as server:
        await calls.call(
            server.url("/a"), method, follow_redirects=True, body={"a": 1}, headers={"X": "1"}, auth=BearerAuth("t")
        )
    first, second = server.requests
    assert second.line == f"{then} /b HTTP/1.1"
    if then == method:
        assert (second.headers, second.body) == (first.headers, first.body)
    else:
        assert [second.value(name) for name in ("x", "authorization", "content-type", "content-length")] == [None] * 4


@pytest.mark.parametrize(
    "response", [moved(300, "/b"), moved(304, "/b"), moved(305, "/b"), answer(302, b"", reason="Found")]
)
async def test_these_are_no_redirects(calls: Calls, response: bytes) -> None:
    async with scripted(
        response.replace(b"moved", b"").replace(b"Content-Length: 5", b"Content-Length: 0"), DONE
    ) as server:
        await calls.call(server.url("/a"), follow_redirects=True)
    assert seen(server) == ["GET /a"]


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("other", "/a/other"),
        ("../c/./d", "/c/d"),
        ("", "/"),
        ("?q", "/?q"),
        ("/x#frag", "/x"),
        ("/b c", None),
        ("http://bad host/", None),
        ("http://u:p@127.0.0.1/", None),
        ("/ü", "/ü"),
    ],
)
async def test_locations_are_resolved(calls: Calls, location: str, target: str | None) -> None:
    async with scripted(moved(302, location), DONE) as server:
        if target is None:
            failure = await calls.failure(server.url("/a/b"), follow_redirects=True)
            assert (failure.code, failure.message) == PROTOCOL
        else:
            await calls.call(server.url("/a/b"), follow_redirects=True)
            assert seen(server)[1:] == [f"GET {target}"]


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "mailto:x", "a:b", "javascript:1"])
async def test_a_location_of_another_scheme_is_not_followed(calls: Calls, location: str) -> None:
    async with scripted(moved(302, location)) as server:
        assert (await calls.response(server.url(), face=NATIVE, follow_redirects=True)).status == 302


@pytest.mark.parametrize(
    ("location", "headers", "status"),
    [
        ("ftp://127.0.0.1/x", {"Cookie": "c=1"}, 302),
        ("ftp://127.0.0.1/x", {}, None),
        ("mailto:x", {"Cookie": "c=1"}, None),
        ("a:b", {}, None),
    ],
)
async def test_a_location_of_another_scheme_as_recorded(
    calls: Calls, location: str, headers: dict[str, str], status: int | None
) -> None:
    async with scripted(moved(302, location)) as server:
        if status is None:
            failure = await calls.failure(server.url(), follow_redirects=True, headers=headers)
            assert (failure.code, failure.message) == PROTOCOL
        else:
            assert (await calls.response(server.url(), follow_redirects=True, headers=headers)).status == status


@pytest.mark.parametrize(
    ("location", "recorded", "native"),
    [
        ("/a//b", "/a/b", "/a//b"),
        ("/../x", "/../x", "/x"),
        ("/a/../../x", "/../x", "/x"),
        ("/a/b/..", "/a/", "/a/"),
        ("/a/./b/", "/a/b/", "/a/b/"),
        ("//{host}/a//b", "/a/b", "/a//b"),
        ("x//y/../z", "/from/x/z", "/from/x//z"),
    ],
)
async def test_paths_are_put_in_order_as_recorded_or_by_the_rfc(
    calls: Calls, location: str, recorded: str, native: str
) -> None:
    for face, path in ((COMPATIBLE, recorded), (NATIVE, native)):
        async with scripted(DONE) as other:
            there = location.replace("{host}", f"127.0.0.1:{other.port}")
            async with scripted(moved(302, there), DONE) as server:
                await calls.call(server.url("/from/here"), face=face, follow_redirects=True)
            assert seen(other if "{host}" in location else server)[-1] == f"GET {path}"


async def test_a_circle_ends_after_one_repetition(calls: Calls) -> None:
    async with scripted(moved(302, "/a")) as server:
        failure = await calls.failure(server.url("/a"), follow_redirects=True)
    assert (failure.code, failure.message) == PROTOCOL
    assert len(server.requests) == 2


async def test_fifty_redirects_are_enough(calls: Calls) -> None:
    async with scripted(*(moved(302, f"/{number}") for number in range(60))) as server:
        failure = await calls.failure(server.url("/a"), follow_redirects=True)
    assert (failure.code, failure.message) == PROTOCOL
    assert len(server.requests) == 51


@pytest.mark.parametrize(("face", "followed"), [(COMPATIBLE, False), (NATIVE, True)])
@pytest.mark.parametrize(
    "inputs",
    [{"headers": {"Cookie": "c=1"}}, {"headers": {"AUTHORIZATION": "x"}}, {"auth": BearerAuth("t")}],
    ids=["cookie", "header", "authentication"],
)
async def test_credentials_do_not_go_to_another_origin(
    calls: Calls, face: Face, followed: bool, inputs: dict[str, Any]
) -> None:
    async with scripted(DONE) as other, scripted(moved(302, other.url("/b"))) as server:
        response = await calls.response(server.url(), face=face, follow_redirects=True, **inputs)
    assert response.status == (200 if followed else 302)
    assert len(other.requests) == followed
    for request in other.requests:
        assert (request.value("authorization"), request.value("cookie")) == (None, None)


async def test_a_post_that_becomes_a_get_has_no_credentials_left_to_keep(calls: Calls) -> None:
    async with scripted(DONE) as other, scripted(moved(302, other.url("/b"))) as server:
        await calls.call(server.url(), "POST", follow_redirects=True, auth=BearerAuth("t"))
    assert seen(other) == ["GET /b"]


@pytest.mark.parametrize(("face", "key"), [(COMPATIBLE, "k"), (NATIVE, None)])
async def test_api_keys_stay_at_home_in_the_native_face(calls: Calls, face: Face, key: str | None) -> None:
    async with scripted(DONE) as other, scripted(moved(302, other.url("/b"))) as server:
        await calls.call(server.url(), face=face, follow_redirects=True, auth=ApiKeyAuth("headers", "X-Key", "k"))
    assert other.requests[0].value("x-key") == key


async def test_cookies_of_a_redirect_go_with_the_next_request_to_the_host(calls: Calls) -> None:
    cookies = (
        "Set-Cookie: s=1; Path=/",
        "Set-Cookie: t=2",
        "Set-Cookie: gone=; Max-Age=0",
        "Set-Cookie: sec=1; Secure",
    )
    async with scripted(DONE) as other, scripted(moved(302, "/b", *cookies), moved(302, other.url("/c"))) as server:
        await calls.call(server.url("/a"), follow_redirects=True)
    assert server.requests[0].value("cookie") is None
    assert server.requests[1].value("cookie") == "s=1; t=2"
    assert other.requests[0].value("cookie") == "s=1; t=2"


async def test_cookies_stay_with_their_host_and_their_call(calls: Calls) -> None:
    async with scripted(moved(302, "/x", "Set-Cookie: s=1"), DONE) as server:
        await calls.call(server.url("/a"), follow_redirects=True)
        await calls.call(server.url("/a"), follow_redirects=True)
    assert [request.value("cookie") for request in server.requests] == [None, "s=1", None]


async def test_a_cookie_of_the_task_is_the_only_one(calls: Calls) -> None:
    async with scripted(moved(302, "/b", "Set-Cookie: s=1"), DONE) as server:
        await calls.call(server.url("/a"), follow_redirects=True, headers={"Cookie": "c=1"})
    assert [request.values("cookie") for request in server.requests] == [["c=1"], ["c=1"]]


@pytest.mark.parametrize(("face", "followed"), [(COMPATIBLE, True), (NATIVE, False)])
async def test_the_block_list_holds_for_every_hop_of_the_native_face(
    opened: CallsFactory, face: Face, followed: bool
) -> None:
    blocks = BlockList.from_environment({PREFIX + "URL_B": "/blocked"})
    async with opened(blocks=blocks) as calls, scripted(moved(302, "/blocked"), DONE) as server:
        if followed:
            await calls.call(server.url("/a"), face=face, follow_redirects=True)
        else:
            failure = await calls.failure(server.url("/a"), face=face, follow_redirects=True)
            assert (failure.kind, failure.final) == ("blocked", True)
    assert len(server.requests) == 1 + followed


async def test_a_redirect_to_a_metadata_address_is_refused_in_every_face(calls: Calls) -> None:
    async with scripted(moved(302, "http://169.254.169.254/latest")) as server:
        failure = await calls.failure(server.url("/a"), follow_redirects=True)
    assert (failure.kind, failure.native_code, failure.final) == ("blocked", "URL_NOT_ALLOWED", True)
