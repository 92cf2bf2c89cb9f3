"""CMX-14, 15, 18, 19 and CMX-42 to 44: what is sent, row by row."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import ScriptedServer, answer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def moved(location: str, status: int = 302) -> bytes:
    return answer(status, b"", f"Location: {location}", reason="Found")


async def body_of(scene: Scene, service: ScriptedServer, type: str, body: Any, **inputs: Any) -> bytes:
    """The body that a POST of `body` sends."""
    completed(await scene.run({"url": service.url(), "method": "POST", "body": body, **inputs}, type=type))
    return service.requests[-1].body


@both_faces
@pytest.mark.parametrize("given", [{}, {"followRedirects": False}, {"followRedirects": None}])
async def test_cmx_14_without_following_a_redirect_is_a_success(scene: Scene, type: str, given: dict[str, Any]) -> None:
    service = await scene.serve(moved("/there"))
    outcome = await scene.run({"url": service.url(), "method": "GET", **given}, {"resultVariable": "r"}, type=type)
    response = completed(outcome)["r"]
    assert (response["status"], response["headers"]["Location"]) == (302, "/there")
    assert len(service.requests) == 1


@both_faces
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_cmx_14_redirects_are_followed_when_asked_for(scene: Scene, type: str, status: int) -> None:
    service = await scene.serve(moved("/there?a=1", status), answer(200, b'{"id":7}'))
    variables = {"url": service.url("/here"), "method": "GET", "followRedirects": True}
    outcome = await scene.run(variables, {"resultExpression": "={id: body.id, status: status}"}, type=type)
    assert completed(outcome) == {"id": 7, "status": 200}
    assert [request.line.split()[1] for request in service.requests] == ["/here", "/there?a=1"]


async def test_cmx_14_the_limit_is_ten_and_can_be_changed(scene: Scene) -> None:
    service = await scene.serve(*(moved(f"/{number}") for number in range(20)))
    variables: dict[str, Any] = {"url": service.url("/a"), "followRedirects": True}
    error = error_of(await scene.run(variables))
    assert "More than 10 redirects" in error["message"]
    assert len(service.requests) == 11
    service.requests.clear()
    variables["httpOptions"] = {"redirects": {"max": 2}}
    assert "More than 2 redirects" in error_of(await scene.run(variables))["message"]
    assert len(service.requests) == 3


async def test_cmx_14_each_hop_passes_the_guard(scene: Scene) -> None:
    scene.environ["CAMUNDA_CONNECTOR_HTTP_BLOCK_URL_INSIDE"] = "/secret"
    for location, name in (("/secret", "INSIDE"), ("http://169.254.169.254/latest", "169.254.169.254")):
        service = await scene.serve(moved(location), answer(200))
        outcome = failed(await scene.run({"url": service.url("/here"), "followRedirects": True}))
        assert outcome.retries == 0
        assert name in outcome.message
        assert len(service.requests) == 1


CREDENTIALS: dict[str, dict[str, Any]] = {
    "basic": {"authentication": {"type": "basic", "username": "u", "password": "p"}},
    "bearer": {"authentication": {"type": "bearer", "token": "t"}},
    "api key": {"authentication": {"type": "apiKey", "apiKeyLocation": "headers", "name": "X-Key", "value": "k"}},
    "cookie": {"headers": {"Cookie": "session=1"}},
    "own header": {"headers": {"authorization": "Token t"}},
}
_SECRET = ("authorization", "x-key", "cookie")


@pytest.mark.parametrize("inputs", CREDENTIALS.values(), ids=CREDENTIALS)
async def test_cmx_14_credentials_stay_at_their_origin(scene: Scene, inputs: dict[str, Any]) -> None:
    other = await scene.serve(answer(200, b'{"id":7}'))
    first = await scene.serve(moved(other.url("/there")))
    headers = {"X-Trace": "1", **inputs.get("headers", {})}
    variables = {"url": first.url(), "followRedirects": True, **inputs, "headers": headers}
    outcome = await scene.run(variables, {"resultExpression": "={id: body.id}"})
    assert completed(outcome) == {"id": 7}
    assert any(first.requests[0].values(name) for name in _SECRET)
    assert not any(other.requests[0].values(name) for name in _SECRET)
    assert other.requests[0].value("x-trace") == "1"


async def test_cmx_14_credentials_go_along_within_their_origin(scene: Scene) -> None:
    service = await scene.serve(moved("/there"), answer(200))
    completed(await scene.run({"url": service.url(), "followRedirects": True, **CREDENTIALS["bearer"]}))
    assert service.requests[1].value("authorization") == "Bearer t"


async def test_cmx_14_credentials_do_not_come_back_on_a_way_home(scene: Scene) -> None:
    """Whoever is asked in between decides where the way leads, so what was dropped stays dropped."""

    async def lead_home(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(moved(first.url("/there")))
        await writer.drain()

    other = await scene.serve(lead_home)
    first = await scene.serve(moved(other.url()), answer(200))
    completed(await scene.run({"url": first.url(), "followRedirects": True, **CREDENTIALS["bearer"]}))
    assert [request.value("authorization") for request in first.requests] == ["Bearer t", None]


@both_faces
async def test_cmx_15_null_members_are_left_out_at_any_depth(scene: Scene, type: str) -> None:
    service = await scene.serve_json({})
    body = {"a": None, "b": {"c": None, "d": [None, {"e": None, "f": 1}]}, "g": ""}
    assert await body_of(scene, service, type, body, ignoreNullValues=True) == b'{"b":{"d":[null,{"f":1}]},"g":""}'
    kept = b'{"a":null,"b":{"c":null,"d":[null,{"e":null,"f":1}]},"g":""}'
    assert await body_of(scene, service, type, body) == kept
    assert await body_of(scene, service, type, body, ignoreNullValues="false") == kept


@both_faces
@pytest.mark.parametrize("given", [True, False, "true", None])
async def test_cmx_18_grouping_of_cookies_is_accepted_and_ignored(scene: Scene, type: str, given: Any) -> None:
    service = await scene.serve(answer(200, b"", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-One: 1"))
    variables = {"url": service.url(), "method": "GET", "groupSetCookieHeaders": given}
    headers = completed(await scene.run(variables, {"resultVariable": "r"}, type=type))["r"]["headers"]
    assert (headers["Set-Cookie"], headers["X-One"]) == (["a=1", "b=2"], "1")


async def test_cmx_18_it_is_an_input_like_others_in_headers_too(scene: Scene) -> None:
    service = await scene.serve_json({})
    completed(await scene.run({}, {"url": service.url(), "groupSetCookieHeaders": "true"}))
    completed(await scene.run({}, {"inputs": f'={{url: "{service.url()}", groupSetCookieHeaders: true}}'}))


async def test_cmx_19_a_map_becomes_a_form(scene: Scene) -> None:
    service = await scene.serve_json({})
    body = {"a b": "x y&=+", "ü": "€", "n": 1.50, "t": True, "none": None, "list": ["1", None, 2], "empty": ""}
    sent = await body_of(scene, service, NATIVE, body, headers=FORM)
    assert sent == b"a+b=x+y%26%3D%2B&%C3%BC=%E2%82%AC&n=1.5&t=true&list=1&list=2&empty="
    assert service.requests[0].values("content-type") == ["application/x-www-form-urlencoded"]


@pytest.mark.parametrize("value", [{"deep": 1}, [{"deep": 1}], [["deep"]]])
async def test_cmx_19_a_nested_value_is_an_input_error(scene: Scene, value: Any) -> None:
    service = await scene.serve_json({})
    variables = {"url": service.url(), "method": "POST", "headers": FORM, "body": {"field": value}}
    outcome = failed(await scene.run(variables))
    assert outcome.retries == 0
    assert "'field'" in outcome.message
    assert service.requests == []


@both_faces
@pytest.mark.parametrize("name", ["content-type", "CONTENT-TYPE"])
async def test_cmx_19_whatever_the_spelling_of_the_header(scene: Scene, type: str, name: str) -> None:
    service = await scene.serve_json({})
    headers = {name: "Application/X-WWW-Form-Urlencoded; charset=utf-8"}
    assert await body_of(scene, service, type, {"k": "v"}, headers=headers) == b"k=v"


async def test_cmx_42_parts_have_types_and_lists_repeat_their_name(scene: Scene) -> None:
    service = await scene.serve_json({})
    body = {"text": "ü€", "number": 1.5, "yes": True, "none": None, "object": {"a": [1]}, "list": ["x", None, {"b": 2}]}
    sent = await body_of(scene, service, NATIVE, body, headers={"content-type": "multipart/form-data; boundary=B"})
    text, json = "text/plain; charset=utf-8", "application/json"
    parts = [
        ("text", text, "ü€"),
        ("number", text, "1.5"),
        ("yes", text, "true"),
        ("object", json, '{"a":[1]}'),
        ("list", text, "x"),
        ("list", json, '{"b":2}'),
    ]
    expected = "".join(
        f'--B\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n{value}\r\n'
        for name, kind, value in parts
    )
    assert sent.decode() == expected + "--B--\r\n"
    assert service.requests[0].values("content-type") == ["multipart/form-data; boundary=B"]


async def test_cmx_42_without_a_boundary_there_is_a_new_one(scene: Scene) -> None:
    service = await scene.serve_json({})
    sent = await body_of(scene, service, NATIVE, {"a": "b"}, headers={"Content-Type": "multipart/form-data"})
    (content_type,) = service.requests[0].values("content-type")
    assert sent.startswith(b"--" + content_type.partition("boundary=")[2].encode() + b"\r\n")


@both_faces
async def test_cmx_43_header_names_are_compared_without_regard_to_case(scene: Scene, type: str) -> None:
    service = await scene.serve_json({})
    sent = await body_of(scene, service, type, {"a": 1}, headers={"CONTENT-type": "text/x", "ACCEPT-encoding": "br"})
    (request,) = service.requests
    assert (sent, request.values("content-type")) == (b'{"a":1}', ["text/x"])
    assert request.values("accept-encoding") == ["br"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
async def test_cmx_43_a_null_content_type_means_the_default_in_any_spelling(scene: Scene, name: str) -> None:
    service = await scene.serve_json({})
    await body_of(scene, service, NATIVE, {"a": 1}, headers={name: None})
    assert service.requests[0].values("content-type") == ["application/json"]


@both_faces
@pytest.mark.parametrize("seconds", ["5", 5, " 5 ", "", None])
async def test_cmx_44_a_timeout_is_a_number_or_a_text(scene: Scene, type: str, seconds: Any) -> None:
    service = await scene.serve_json({})
    variables = {"url": service.url(), "method": "GET", "connectionTimeoutInSeconds": seconds}
    completed(await scene.run(variables, type=type))


@pytest.mark.parametrize("type", [NATIVE, CAMUNDA])
async def test_cmx_44_another_text_names_the_field(scene: Scene, type: str) -> None:
    variables = {"url": "http://127.0.0.1:1/", "method": "GET", "connectionTimeoutInSeconds": "soon"}
    outcome = failed(await scene.run(variables, type=type))
    assert outcome.retries == 0
    assert "connectionTimeoutInSeconds" in outcome.message
