"""ALF-01 to ALF-08: the methods, in the native face."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from tests.rows.support import CAMUNDA, Scene, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import answer

RESULT = {"resultVariable": "r"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.mark.parametrize("method", METHODS)
async def test_every_method_goes_out_as_it_is_written(scene: Scene, method: str) -> None:
    service = await scene.serve(answer(200))
    for spelling in (method, method.lower()):
        completed(await scene.run({"url": service.url("/a"), "method": spelling}))
    assert {request.line for request in service.requests} == {f"{method} /a HTTP/1.1"}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
async def test_the_compatible_face_knows_only_camundas_methods(scene: Scene, method: str) -> None:
    service = await scene.serve(answer(200))
    outcome = failed(await scene.run({"url": service.url(), "method": method}, type=CAMUNDA))
    assert (outcome.retries, service.requests) == (0, [])
    assert "HttpMethod" in outcome.message


async def test_alf_02_head_does_not_wait_for_a_body(scene: Scene) -> None:
    head = answer(200, b"x" * 9, "X-A: 1").removesuffix(b"x" * 9)
    service = await scene.serve(head)
    async with asyncio.timeout(20):
        for _ in range(2):
            response = completed(await scene.run({"url": service.url(), "method": "HEAD"}, RESULT))["r"]
            assert (response["status"], response["headers"]["Content-Length"], response["body"]) == (200, "9", None)
    assert service.connections == 1


async def test_alf_02_head_with_a_coding_and_with_an_error(scene: Scene) -> None:
    body = gzip.compress(b"x")
    coded = answer(200, body, "Content-Encoding: gzip").removesuffix(body)
    missing = answer(404, b"gone").removesuffix(b"gone")
    service = await scene.serve(coded, missing)
    async with asyncio.timeout(20):
        for form in ({}, {"documentReturnFormat": {"choice": "JSON"}}):
            outcome = await scene.run({"url": service.url(), "method": "HEAD", **form}, RESULT)
            if not form:
                assert completed(outcome)["r"]["body"] is None
            else:
                assert error_of(outcome)["code"] == "404"


async def test_alf_02_head_stays_head_on_its_way(scene: Scene) -> None:
    service = await scene.serve(answer(303, b"", "Location: /b"), answer(200))
    completed(await scene.run({"url": service.url("/a"), "method": "HEAD", "followRedirects": True}))
    assert [request.line.split()[0] for request in service.requests] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "GET", "DELETE"])
async def test_a_body_is_sent_only_when_asked_for(scene: Scene, method: str) -> None:
    service = await scene.serve(answer(200))
    variables = {"url": service.url(), "method": method, "body": {"a": 1}}
    completed(await scene.run(variables))
    completed(await scene.run({**variables, "httpOptions": {"body": {"always": True}}}))
    assert [request.body for request in service.requests] == [b"", b'{"a":1}']


async def test_alf_08_trace_sends_no_body_and_its_answer_is_a_text(scene: Scene) -> None:
    echo = b"TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"
    service = await scene.serve(answer(200, echo, "Content-Type: message/http"))
    options = {"body": {"always": True}}
    variables = {"url": service.url(), "method": "TRACE", "body": "x", "httpOptions": options}
    assert completed(await scene.run(variables, RESULT))["r"]["body"] == echo.decode()
    assert (service.requests[0].body, service.requests[0].value("content-length")) == (b"", None)


@pytest.mark.parametrize("type", ["rest-connector", CAMUNDA])
async def test_alf_08_the_operator_can_forbid_methods(scene: Scene, type: str) -> None:
    scene.environ["REST_CONNECTOR_HTTP__FORBIDDEN_METHODS"] = "trace,DELETE"
    service = await scene.serve(answer(200))
    outcome = failed(await scene.run({"url": service.url(), "method": "DELETE"}, type=type))
    assert (outcome.retries, service.requests) == (0, [])
    assert "The method DELETE is forbidden" in outcome.message
    completed(await scene.run({"url": service.url(), "method": "GET"}, type=type))
