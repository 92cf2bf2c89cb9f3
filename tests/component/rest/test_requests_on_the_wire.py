"""What a server receives, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from tests.component.rest.conftest import Calls
from tests.support.scripted_server import scripted
from worker.documents import Documents, MemoryStore
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.request import ApiKeyAuth, BasicAuth, BearerAuth, ClientCredentials, RestRequest

CLIENT = ClientCredentials("http://idp/", "id", "secret", "basicAuthHeader")


@pytest.mark.parametrize(
    ("face", "codings"), [(COMPATIBLE, "gzip, deflate, x-gzip"), (NATIVE, "gzip, deflate, br, zstd")]
)
async def test_a_get_sends_nothing_that_was_not_asked_for(calls: Calls, face: Face, codings: str) -> None:
    async with scripted() as server:
        await calls.call(server.url("/p?q=1"), face=face, body={"ignored": True})
    (request,) = server.requests
    assert request.line == "GET /p?q=1 HTTP/1.1"
    assert request.headers == [
        ("Host", f"127.0.0.1:{server.port}"),
        ("Accept-Encoding", codings),
        ("User-Agent", "test/1"),
    ]


async def test_headers_keep_case_order_and_repetitions(calls: Calls) -> None:
    headers = {
        "x-a": "1",
        "X-A": "2",
        "Bad Name": "v",
        "Bad:Name": "v",
        "": "v",
        "Empty": None,
        "ünï": "grüß €😀",
        "S": " s ",
    }
    async with scripted() as server:
        await calls.call(server.url(), headers=headers)
    assert server.requests[0].headers[1:-2] == [
        ("x-a", "1"),
        ("X-A", "2"),
        ("Bad Name", "v"),
        ("Bad", "Name: v"),
        ("", "v"),
        ("Empty", ""),
        ("ünï", "grüß ???"),
        ("S", " s "),
    ]


async def test_line_breaks_cannot_add_headers(calls: Calls) -> None:
    async with scripted() as server:
        await calls.call(server.url(), headers={"X\r\nY": "1\r\nZ: 2", "C": "\0\t\x7f\x85é"}, auth=BearerAuth("a\nb"))
    assert server.requests[0].headers[1:4] == [
        ("Authorization", "Bearer a b"),
        ("X??Y", "1  Z: 2"),
        ("C", "?\t??é"),
    ]


async def test_headers_that_a_client_adds_can_be_set_by_the_task(calls: Calls) -> None:
    headers = {"Host": "other.example", "user-agent": "mine", "Accept-Encoding": "identity", "Connection": "close"}
    async with scripted() as server:
        await calls.call(server.url(), headers=headers)
    assert server.requests[0].headers == list(headers.items())


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Transfer-Encoding ", "\tContent-Length"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_framing_headers_are_refused_and_nothing_is_sent(calls: Calls, name: str, method: str) -> None:
    async with scripted() as server:
        failure = await calls.failure(server.url(), method, headers={name: "3"}, body={})
    assert (failure.code, failure.message, server.requests) == ("500", "An error with the HTTP protocol occurred", [])


@pytest.mark.parametrize(
    ("body", "headers", "content_type", "sent"),
    [
        ({"key1": "v", "nullKey": None}, None, "application/json", b'{"key1":"v","nullKey":null}'),
        ({"n": 1e16, "ü": "€"}, None, "application/json", '{"n":1.0E16,"ü":"€"}'.encode()),
        ("text ü", None, "application/json", "text ü".encode()),
        ("", None, "application/json", b""),
        (123, {"Content-Type": "text/plain"}, "text/plain", b"123"),
        ({"a": "ü"}, {"Content-Type": "a/b, c/d; charset=latin1"}, "a/b, c/d; charset=latin1", '{"a":"ü"}'.encode()),
        (True, {"content-type": "text/plain"}, "text/plain", b"true"),
        ({"a": "ü€"}, {"Content-Type": "a/b; charset=ISO-8859-1"}, "a/b; charset=ISO-8859-1", b'{"a":"\xfc?"}'),
        (
            {"a": "b"},
            {"CONTENT-TYPE": "APPLICATION/X-WWW-FORM-URLENCODED"},
            "APPLICATION/X-WWW-FORM-URLENCODED",
            b"a=b",
        ),
        ("x", {"Content-Type": "multipart/form-data"}, "multipart/form-data", b"x"),
        (None, None, "text/plain; charset=UTF-8", b""),
        (None, {"Content-Type": "multipart/form-data"}, "text/plain; charset=UTF-8", b""),
        (None, {"Content-Type": "text/plain"}, "text/plain", b""),
        (
            {"a": "b"},
            {"Content-Type": 'multipart/form-data; boundary="q b"'},
            'multipart/form-data; boundary="q b"',
            b'--q b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--q b--\r\n',
        ),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_bodies_and_their_types(
    calls: Calls, method: str, body: Any, headers: Any, content_type: str, sent: bytes
) -> None:
    async with scripted() as server:
        await calls.call(server.url(), method, body=body, headers=headers)
    (request,) = server.requests
    assert (request.values("content-type"), request.body) == ([content_type], sent)
    assert request.value("content-length") == str(len(sent))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_rq_008_get_and_delete_have_no_entity(calls: Calls, method: str) -> None:
    async with scripted() as server:
        await calls.call(server.url(), method, body={"a": 1}, headers={"Content-Type": "text/plain"})
    (request,) = server.requests
    assert (request.values("content-type"), request.values("content-length")) == (["text/plain"], [])


async def test_rq_030_null_members_can_be_left_out(calls: Calls) -> None:
    body = {"a": None, "b": {"c": None, "d": 1}, "l": [None, {"x": None}]}
    async with scripted() as server:
        await calls.call(server.url(), "PUT", body=body, ignore_null_values=True)
    assert server.requests[0].body == b'{"b":{"d":1},"l":[null,{}]}'


async def test_documents_in_json_are_base64_except_at_the_root(calls: Calls) -> None:
    document = Documents(MemoryStore()).document({"camunda.document.type": "inline", "content": "hi"})
    async with scripted() as server:
        for body in ({"d": document, "l": [document], "o": {"d": document}}, document, [document]):
            await calls.call(server.url(), "POST", body=body)
    assert [request.body for request in server.requests] == [
        b'{"d":"aGk=","l":["aGk="],"o":{"d":"aGk="}}',
        b"{}",
        b"[{}]",
    ]


async def test_deeply_nested_bodies_are_sent(calls: Calls) -> None:
    body: Any = None
    for _ in range(400):
        body = {"a": [body], "n": None}
    async with scripted() as server:
        await calls.call(server.url(), "POST", body=body, ignore_null_values=True)
    assert server.requests[0].body == b'{"a":[' * 400 + b"null" + b"]}" * 400


@pytest.mark.parametrize(
    ("charset", "type"), [("foo", "UnsupportedCharsetException"), ("foo bar", "IllegalCharsetNameException")]
)
async def test_an_unknown_charset_fails_before_anything_is_sent(calls: Calls, charset: str, type: str) -> None:
    async with scripted() as server:
        failure = await calls.failure(
            server.url(), "POST", body="x", headers={"Content-Type": f"text/plain; charset={charset}"}
        )
    assert (failure.type, failure.message, failure.final) == (f"java.nio.charset.{type}", charset, False)
    assert server.requests == []


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (BasicAuth("user", "password"), "Basic dXNlcjpwYXNzd29yZA=="),
        (BasicAuth("user", None), "Basic dXNlcjo="),
        (BasicAuth("user", "SPEC_PASSWORD_EMPTY_PATTERN"), "Basic dXNlcjo="),
        (BasicAuth("ü", "€"), "Basic w7w64oKs"),
        (BearerAuth("token"), "Bearer token"),
        (CLIENT, "Bearer first"),
    ],
)
async def test_rq_002_to_004_the_authorization_header(calls: Calls, auth: Any, header: str) -> None:
    async with scripted() as server:
        await calls.call(server.url(), auth=auth, headers={"Authorization": "mine"})
    assert server.requests[0].values("authorization") == [header, "mine"]


async def test_rq_005_api_keys_go_where_they_belong(calls: Calls) -> None:
    async with scripted() as server:
        await calls.call(server.url("/p"), auth=ApiKeyAuth("headers", "X-Key", "v 1"))
        await calls.call(server.url("/p"), auth=ApiKeyAuth("query", "k", "v 1"), query={"q": "São Paulo"})
    assert server.requests[0].value("x-key") == "v 1"
    assert server.requests[1].line == "GET /p?k=v%201&q=S%C3%A3o%20Paulo HTTP/1.1"


async def test_skipped_encoding_sends_latin_1_bytes(calls: Calls) -> None:
    async with scripted() as server:
        await calls.call(server.url("/ü/日😀?q=ü"), skip_encoding=True)
    assert server.requests[0].line == "GET /ü/???".encode("latin-1").decode("latin-1") + "?q=ü HTTP/1.1"


async def test_large_bodies_arrive_whole(calls: Calls) -> None:
    async with scripted() as server:
        await calls.call(server.url(), "POST", body="0123456789" * 300_000)
    assert server.requests[0].body == b"0123456789" * 300_000


async def test_preparing_sends_nothing_and_shows_what_a_call_would_send(calls: Calls) -> None:
    async with scripted() as server:
        request = RestRequest("POST", server.url("/a b"), body={"a": 1}, headers={"X": "1"})
        prepared = await calls.client.prepare(request, COMPATIBLE)
        assert server.connections == 0
        await calls.client.call(request, COMPATIBLE)
    (received,) = server.requests
    assert (prepared.headers, prepared.body) == (received.headers, received.body)
    assert f"{prepared.method} {prepared.url}" == f"POST {server.url('/a%20b')}"


async def test_preparing_asks_for_no_token(calls: Calls) -> None:
    prepared = await calls.client.prepare(RestRequest("GET", "http://h/", auth=CLIENT), COMPATIBLE)
    assert ("Authorization", "Bearer ***") in prepared.headers


async def test_cmx_09_a_401_drops_the_token_and_calls_once_more_in_the_native_face(calls: Calls) -> None:
    unauthorized = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    async with scripted(unauthorized) as server:
        await calls.failure(server.url(), auth=CLIENT)
        assert calls.tokens.invalidated == []
        failure = await calls.failure(server.url(), auth=CLIENT, face=NATIVE)
    assert failure.code == "401"
    assert calls.tokens.invalidated == ["first"]
    assert [request.value("authorization") for request in server.requests] == [
        "Bearer first",
        "Bearer first",
        "Bearer second",
    ]
