"""CAM-050 to CAM-064, CAM-092 to CAM-094, CAM-103: the request as it goes over the wire."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import Received, hang


async def sent(
    scene: Scene,
    inputs: Mapping[str, Any],
    path: str = "/",
    *,
    custom: Mapping[str, str] | None = None,
    type: str = NATIVE,
) -> Received:
    """The request of a job with these inputs and custom headers; a GET unless they say something else."""
    service = await scene.serve()
    completed(await scene.run({"method": "GET", "url": service.url(path), **inputs}, custom, type=type))
    (request,) = service.requests
    return request


async def target(scene: Scene, path: str, inputs: Mapping[str, Any] | None = None, type: str = NATIVE) -> str:
    """What stands in the request line between method and version."""
    return (await sent(scene, inputs or {}, path, type=type)).line.split(" ")[1]


async def refused(scene: Scene, inputs: Mapping[str, Any], type: str = NATIVE) -> str:
    """The message of an input failure; nothing was sent."""
    service = await scene.serve()
    outcome = failed(await scene.run({"method": "GET", "url": service.url(), **inputs}, type=type))
    assert (outcome.retries, service.requests) == (0, [])
    return outcome.message


@both_faces
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "post", "Delete"])
async def test_cam_050_methods_in_any_case(scene: Scene, type: str, method: str) -> None:
    request = await sent(scene, {"method": method, "body": {"a": 1}}, type=type)
    assert request.line == f"{method.upper()} / HTTP/1.1"
    assert request.body == (b'{"a":1}' if method.upper() in ("POST", "PUT", "PATCH") else b"")


async def test_cam_050_a_body_for_every_method_where_the_model_says_so(scene: Scene) -> None:
    request = await sent(scene, {"method": "DELETE", "body": {"a": 1}}, custom={"httpOptions.body.always": "true"})
    assert (request.line, request.body) == ("DELETE / HTTP/1.1", b'{"a":1}')


async def test_cam_050_get_is_the_default_and_another_word_is_named(scene: Scene) -> None:
    assert (await sent(scene, {"method": None})).line == "GET / HTTP/1.1"
    assert "invalid field: method" in await refused(scene, {"method": "FETCH"})


@both_faces
@pytest.mark.parametrize("url", [None, "", "ftp://127.0.0.1/", "127.0.0.1/a"])
async def test_cam_051_the_url_must_be_http_or_https(scene: Scene, type: str, url: str | None) -> None:
    assert "Property: url: " in await refused(scene, {"url": url}, type)


async def test_cam_051_a_url_built_by_an_expression(scene: Scene) -> None:
    service = await scene.serve()
    completed(await scene.run({"id": 7}, {"url": f'="{service.url("/orders/")}" + string(id)'}))
    assert service.requests[0].line == "GET /orders/7 HTTP/1.1"


@both_faces
async def test_cam_052_parameters_are_encoded_and_follow_those_of_the_url(scene: Scene, type: str) -> None:
    given = {"text": "a b&c=ü", "number": 5, "yes": True}
    asked = await target(scene, "/p?x=1", {"queryParameters": given}, type)
    assert asked == "/p?x=1&text=a%20b%26c%3D%C3%BC&number=5&yes=true"


async def test_cam_052_null_is_left_out_and_a_list_repeats_the_name(scene: Scene) -> None:
    given = {"none": None, "ids": [1, 2], "empty": []}
    assert await target(scene, "/", {"queryParameters": given}) == "/?ids=1&ids=2"


async def test_cam_052_the_compatible_face_sends_a_bare_name_for_null_and_refuses_lists(scene: Scene) -> None:
    assert await target(scene, "/", {"queryParameters": {"none": None, "one": [1]}}, CAMUNDA) == "/?none&one=1"
    assert "more than one value" in await refused(scene, {"queryParameters": {"ids": [1, 2]}}, CAMUNDA)


@pytest.mark.parametrize(
    ("form", "query"),
    [
        ("repeat", "ids=1&ids=2"),
        ("brackets", "ids%5B%5D=1&ids%5B%5D=2"),
        ("indices", "ids%5B0%5D=1&ids%5B1%5D=2"),
        ("comma", "ids=1,2"),
    ],
)
async def test_cam_052_forms_of_lists(scene: Scene, form: str, query: str) -> None:
    inputs = {"queryParameters": {"ids": [1, 2]}}
    request = await sent(scene, inputs, custom={"httpOptions.query.arrayFormat": form})
    assert request.line == f"GET /?{query} HTTP/1.1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"query": {"arrayFromat": "comma"}}, "httpOptions.query.arrayFromat is not known; did you mean"),
        ({"zzz": 1}, "httpOptions.zzz is not known"),
        ({"query": {"arrayFormat": "pairs"}}, "httpOptions.query.arrayFormat must be one of repeat, brackets"),
    ],
)
async def test_cam_052_unknown_options_are_input_errors(scene: Scene, options: Any, message: str) -> None:
    assert message in await refused(scene, {"httpOptions": options})


async def test_cam_053_names_keep_their_dollar(scene: Scene) -> None:
    assert await target(scene, "/", {"queryParameters": {"$top": 3}}) == "/?$top=3"


async def test_cam_053_the_compatible_face_encodes_it(scene: Scene) -> None:
    assert await target(scene, "/", {"queryParameters": {"$top": 3}}, CAMUNDA) == "/?%24top=3"


@both_faces
async def test_cam_054_secrets_in_query_parameters(scene: Scene, type: str) -> None:
    scene.environ["SECRET_KEY"] = "s&cret"
    given = {"key": "{{secrets.KEY}}", "in": "a-{{ secrets.KEY }}-b"}
    assert await target(scene, "/", {"queryParameters": given}, type) == "/?key=s%26cret&in=a-s%26cret-b"


async def test_cam_054_secrets_in_values_that_an_expression_built(scene: Scene) -> None:
    scene.environ["SECRET_KEY"] = "s3cret"
    custom = {"queryParameters": '={key: "{{secrets.KEY}}", user: name}'}
    assert (await sent(scene, {"name": "me"}, custom=custom)).line == "GET /?key=s3cret&user=me HTTP/1.1"


@both_faces
async def test_cam_055_headers(scene: Scene, type: str) -> None:
    request = await sent(scene, {"headers": {"X-A": "1", "X-N": 5, "Accept": "text/csv"}}, type=type)
    assert (request.value("x-a"), request.value("x-n"), request.value("accept")) == ("1", "5", "text/csv")


async def test_cam_055_a_list_repeats_a_header_and_null_omits_it(scene: Scene) -> None:
    request = await sent(scene, {"headers": {"X-A": ["1", 2], "X-B": None}})
    assert (request.values("x-a"), request.values("x-b")) == (["1", "2"], [])


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\nY": "a"}, {"X": "a\0"}, {"X": ["a", "b\n"]}])
async def test_cam_055_line_breaks_are_an_input_error(scene: Scene, headers: dict[str, Any]) -> None:
    assert "line break or NUL" in await refused(scene, {"headers": headers})


async def test_cam_055_the_compatible_face_sends_null_empty_and_breaks_as_spaces(scene: Scene) -> None:
    request = await sent(scene, {"headers": {"X-A": None, "X-B": "a\nb"}}, type=CAMUNDA)
    assert (request.values("x-a"), request.values("x-b")) == ([""], ["a b"])


@both_faces
@pytest.mark.parametrize("name", ["content-type", "CONTENT-TYPE"])
async def test_cam_056_json_is_the_default_type_of_a_body(scene: Scene, type: str, name: str) -> None:
    inputs = {"method": "POST", "body": {"a": 1}}
    assert (await sent(scene, inputs, type=type)).values("content-type") == ["application/json"]
    given = await sent(scene, {**inputs, "headers": {name: "text/x"}}, type=type)
    assert given.values("content-type") == ["text/x"]


@both_faces
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"a": [1, None, "ü"]}, '{"a":[1,null,"ü"]}'),
        ([1, {"b": True}], '[1,{"b":true}]'),
        ('{"as": "it is"}', '{"as": "it is"}'),
        ('"quoted"', '"quoted"'),
        (None, ""),
    ],
)
async def test_cam_057_bodies(scene: Scene, type: str, body: Any, text: str) -> None:
    request = await sent(scene, {"method": "POST", "body": body}, type=type)
    assert request.body.decode() == text
    assert request.value("content-length") == str(len(text.encode()))


@both_faces
async def test_cam_058_secrets_in_the_body_are_replaced(scene: Scene, type: str) -> None:
    scene.environ["SECRET_KEY"] = 's"cret'
    inputs = {"method": "POST", "body": {"deep": [{"key": "{{secrets.KEY}}"}]}}
    assert (await sent(scene, inputs, type=type)).body == b'{"deep":[{"key":"s\\"cret"}]}'


@both_faces
async def test_cam_058_a_setting_turns_that_off_for_all_tasks(scene: Scene, type: str) -> None:
    scene.environ |= {"SECRET_KEY": "s3cret", "REST_CONNECTOR_SECRETS__BODY": "false"}
    inputs = {"method": "POST", "body": "{{secrets.KEY}}", "headers": {"X-Key": "{{secrets.KEY}}"}}
    request = await sent(scene, inputs, type=type)
    assert (request.body, request.value("x-key")) == (b"{{secrets.KEY}}", "s3cret")


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("/test%2Ftest", "/test%2Ftest"),
        ("/a+b", "/a%2Bb"),
        ("/ü and more", "/%C3%BC%20and%20more"),
        ("/a%zz", "/a%25zz"),
        ("/q?x=a%2Cb&y=c d", "/q?x=a%2Cb&y=c%20d"),
    ],
)
async def test_cam_061_only_what_is_illegal_is_encoded(scene: Scene, url: str, asked: str) -> None:
    assert await target(scene, url) == asked


async def test_cam_061_the_compatible_face_decodes_and_encodes_again(scene: Scene) -> None:
    assert await target(scene, "/a%2Cb", type=CAMUNDA) == "/a,b"


@both_faces
async def test_cam_062_skip_encoding_sends_the_url_as_it_is(scene: Scene, type: str) -> None:
    for yes in ("true", True):
        assert await target(scene, "/a%2Cb+c", {"skipEncoding": yes}, type) == "/a%2Cb+c"


async def test_cam_062_anything_but_true_is_false(scene: Scene) -> None:
    for no in ("TRUE", "yes", "false", False, None):
        assert await target(scene, "/a+b", {"skipEncoding": no}) == "/a%2Bb"


async def test_cam_063_the_connection_timeout_limits_connecting_and_tls(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        limits = {"connectionTimeoutInSeconds": "1", "readTimeoutInSeconds": 0}
        async with asyncio.timeout(30):
            outcome = failed(await scene.run({"url": url, **limits}))
    assert (error_of(outcome)["code"], error_of(outcome)["variables"]["kind"]) == ("408", "timeout_connect")


@both_faces
async def test_cam_064_the_read_timeout(scene: Scene, type: str) -> None:
    service = await scene.serve(hang)
    limits = {"connectionTimeoutInSeconds": 0, "readTimeoutInSeconds": 1}
    async with asyncio.timeout(30):
        outcome = failed(await scene.run({"method": "GET", "url": service.url(), **limits}, type=type))
    assert (error_of(outcome)["code"], outcome.retries) == ("408", 2)
    assert "The request timed out" in outcome.message


@both_faces
async def test_cam_064_unset_it_is_the_connection_timeout(scene: Scene, type: str) -> None:
    service = await scene.serve(hang)
    async with asyncio.timeout(15):
        variables = {"method": "GET", "url": service.url(), "connectionTimeoutInSeconds": 1}
        outcome = failed(await scene.run(variables, type=type))
    assert error_of(outcome)["code"] == "408"


@both_faces
async def test_cam_092_odata_headers_of_a_resource_list(scene: Scene, type: str) -> None:
    headers = {"OData-Version": "4.0", "OData-MaxVersion": "4.0", "Accept": "application/json"}
    request = await sent(scene, {"headers": headers}, "/TripPinRESTierService/People", type=type)
    assert request.line == "GET /TripPinRESTierService/People HTTP/1.1"
    assert (request.value("odata-version"), request.value("odata-maxversion")) == ("4.0", "4.0")


@both_faces
async def test_cam_093_quotes_and_parentheses_of_a_single_resource_survive(scene: Scene, type: str) -> None:
    assert await target(scene, "/v4/Service/People('russell')", type=type) == "/v4/Service/People('russell')"


async def test_cam_093_the_url_is_built_by_an_expression(scene: Scene) -> None:
    service = await scene.serve()
    completed(await scene.run({"id": "russell"}, {"url": f'="{service.url("/People")}(\'" + id + "\')"'}))
    assert service.requests[0].line == "GET /People('russell') HTTP/1.1"


async def test_cam_094_odata_queries(scene: Scene) -> None:
    given = {"$top": 3, "$select": "FirstName, LastName"}
    asked = await target(scene, "/People", {"queryParameters": given})
    assert asked == "/People?$top=3&$select=FirstName,%20LastName"


@both_faces
async def test_cam_103_a_body_without_a_type_is_json(scene: Scene, type: str) -> None:
    for body in ({"a": 1}, [1], "text"):
        request = await sent(scene, {"method": "PUT", "body": body}, type=type)
        assert request.values("content-type") == ["application/json"]


async def test_cam_103_the_compatible_face_calls_an_empty_body_text(scene: Scene) -> None:
    request = await sent(scene, {"method": "POST"}, type=CAMUNDA)
    assert (request.values("content-type"), request.body) == (["text/plain; charset=UTF-8"], b"")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_cam_103_without_a_body_no_type_is_sent(scene: Scene, method: str) -> None:
    assert (await sent(scene, {"method": method})).values("content-type") == []
