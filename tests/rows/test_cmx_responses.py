"""CMX-16, 17, 35, 36 and CMX-41: what becomes of an answer, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, both_faces, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import answer

RESULT = {"resultVariable": "r"}


async def response_of(scene: Scene, sent: bytes, type: str = NATIVE, **inputs: Any) -> Any:
    """The variable `response` for a raw answer."""
    service = await scene.serve(sent)
    outcome = await scene.run({"url": service.url(), "method": "GET", **inputs}, RESULT, type=type)
    return completed(outcome)["r"]


@both_faces
async def test_cmx_16_json_is_parsed(scene: Scene, type: str) -> None:
    form = {"choice": "JSON"}
    for text, value in ((b'{"a":[1]}', {"a": [1]}), (b'"text"', "text"), (b"5", 5)):
        assert (await response_of(scene, answer(200, text), type, documentReturnFormat=form))["body"] == value
    service = await scene.serve(answer(200, b"no json"))
    variables = {"url": service.url(), "method": "GET", "documentReturnFormat": form}
    assert "not valid JSON" in failed(await scene.run(variables, RESULT, type=type)).message


@both_faces
async def test_cmx_16_text_is_never_parsed(scene: Scene, type: str) -> None:
    response = await response_of(scene, answer(200, b'{"a":1}'), type, documentReturnFormat={"choice": "TEXT"})
    assert response["body"] == '{"a":1}'


@both_faces
async def test_cmx_16_a_document_is_stored_also_where_the_old_switch_says_no(scene: Scene, type: str) -> None:
    sent = answer(200, b"\x89PNG", "Content-Type: image/png")
    inputs: dict[str, Any] = {"documentReturnFormat": {"choice": "DOCUMENT"}, "storeResponse": False}
    response = await response_of(scene, sent, type, **inputs)
    assert response["body"] is None
    assert response["document"]["metadata"]["contentType"] == "image/png"


@both_faces
async def test_cmx_16_the_choice_replaces_the_old_switch(scene: Scene, type: str) -> None:
    inputs: dict[str, Any] = {"documentReturnFormat": {"choice": "TEXT"}, "storeResponse": True}
    response = await response_of(scene, answer(200, b"text"), type, **inputs)
    assert (response["body"], response["document"]) == ("text", None)


@both_faces
@pytest.mark.parametrize("choice", ["json", "XML"])
async def test_cmx_16_another_choice_is_an_input_error(scene: Scene, type: str, choice: str) -> None:
    service = await scene.serve_json({})
    variables = {"url": service.url(), "method": "GET", "documentReturnFormat": {"choice": choice}}
    outcome = failed(await scene.run(variables, type=type))
    assert outcome.retries == 0
    assert "DOCUMENT, TEXT, JSON" in outcome.message
    assert service.requests == []


@both_faces
async def test_cmx_17_text_is_read_in_the_charset_of_the_task(scene: Scene, type: str) -> None:
    form = {"choice": "TEXT", "encoding": "ISO-8859-1"}
    sent = answer(200, "café".encode("latin-1"), "Content-Type: text/plain; charset=utf-8")
    assert (await response_of(scene, sent, type, documentReturnFormat=form))["body"] == "café"


@both_faces
async def test_cmx_17_utf_8_is_the_default(scene: Scene, type: str) -> None:
    sent = answer(200, "café €".encode(), "Content-Type: text/plain")
    assert (await response_of(scene, sent, type, documentReturnFormat={"choice": "TEXT"}))["body"] == "café €"


@pytest.mark.parametrize("encoding", [None, "", " "])
async def test_cmx_17_where_none_is_set_the_charset_of_the_answer_counts(scene: Scene, encoding: str | None) -> None:
    form = {"choice": "TEXT", "encoding": encoding}
    for charset in ("windows-1252", '"Windows-1252"', "UTF-16"):
        sent = answer(200, "café €".encode(charset.strip('"')), f"Content-Type: text/plain; a=b; CHARSET={charset}")
        assert (await response_of(scene, sent, documentReturnFormat=form))["body"] == "café €"
    unknown = answer(200, "café".encode(), "Content-Type: text/plain; charset=martian")
    assert (await response_of(scene, unknown, documentReturnFormat=form))["body"] == "café"


async def test_cmx_17_the_compatible_face_does_not_look_at_the_answers_charset(scene: Scene) -> None:
    sent = answer(200, "é".encode("latin-1"), "Content-Type: text/plain; charset=ISO-8859-1")
    assert (await response_of(scene, sent, CAMUNDA, documentReturnFormat={"choice": "TEXT"}))["body"] == "\ufffd"


@both_faces
async def test_cmx_17_an_unknown_charset_is_an_input_error(scene: Scene, type: str) -> None:
    service = await scene.serve(answer(200, b"text"))
    form = {"choice": "TEXT", "encoding": "martian"}
    outcome = failed(
        await scene.run({"url": service.url(), "method": "GET", "documentReturnFormat": form}, RESULT, type=type)
    )
    assert outcome.retries == 0
    assert "martian" in outcome.message


@both_faces
async def test_cmx_35_too_large_variables_are_not_sent_and_the_message_names_size_and_way_out(
    scene: Scene, type: str
) -> None:
    service = await scene.serve(answer(200, b"x" * 1_600_000))
    outcome = failed(await scene.run({"url": service.url(), "method": "GET"}, RESULT, type=type))
    assert outcome.retries == 0
    assert "bytes) exceeds the 1.5 MB" in outcome.message
    assert "document" in outcome.message
    assert len(outcome.variables or "") < 100_000
    small = {"resultExpression": "={size: string length(body)}"}
    assert completed(await scene.run({"url": service.url(), "method": "GET"}, small, type=type)) == {"size": 1_600_000}


async def test_cmx_35_the_native_face_names_every_way_out(scene: Scene) -> None:
    service = await scene.serve(answer(200, b"x" * 1_600_000))
    error = error_of(await scene.run({"url": service.url()}, RESULT))
    assert "result expression" in error["message"]
    assert (error["code"], error["variables"]["kind"]) == ("RESPONSE_TOO_LARGE", "too_large")


async def test_cmx_35_the_limit_is_a_setting(scene: Scene) -> None:
    scene.environ["REST_CONNECTOR_MAX_OUTPUT_SIZE"] = "2000"
    service = await scene.serve(answer(200, b"x" * 2_100))
    outcome = failed(await scene.run({"url": service.url()}, RESULT))
    assert "exceeds the 2000 bytes" in outcome.message


async def test_cmx_36_no_more_is_read_than_the_cap(scene: Scene) -> None:
    scene.environ["CONNECTOR_HTTP_CLIENT_MAX_BODY_SIZE"] = "1000"
    for size, fits in ((1_000, True), (1_001, False)):
        service = await scene.serve(answer(200, b"x" * size))
        outcome = await scene.run({"url": service.url()}, {"resultExpression": "={size: string length(body)}"})
        if fits:
            assert completed(outcome) == {"size": size}
        else:
            error = error_of(outcome)
            assert (error["code"], error["variables"]["kind"]) == ("RESPONSE_TOO_LARGE", "too_large")
            assert "1000 bytes" in error["message"]


async def test_cmx_36_the_cap_is_50_megabytes(scene: Scene) -> None:
    service = await scene.serve(b"HTTP/1.1 200 OK\r\nContent-Length: 52428801\r\n\r\n" + bytes(52_428_801))
    error = error_of(await scene.run({"url": service.url(), "storeResponse": True}))
    assert error["code"] == "RESPONSE_TOO_LARGE"
    assert "52428800 bytes" in error["message"]


async def test_cmx_41_meta_tells_how_the_call_went(scene: Scene) -> None:
    service = await scene.serve(answer(302, b"", "Location: /b"), answer(200, b'{"id":7}'))
    options = {"response": {"meta": True}}
    variables = {"url": service.url("/a"), "followRedirects": True, "httpOptions": options}
    meta = completed(await scene.run(variables, RESULT))["r"]["meta"]
    assert isinstance(meta.pop("durationMs"), int)
    assert meta == {
        "url": service.url("/b"),
        "attempts": 1,
        "redirects": [{"url": service.url("/a"), "status": 302}],
        "protocol": "HTTP/1.1",
        "bytes": 8,
        "fromProfile": None,
    }


async def test_cmx_41_meta_is_there_only_when_asked_for_and_only_in_the_native_face(scene: Scene) -> None:
    options = {"response": {"meta": True}}
    assert "meta" not in await response_of(scene, answer(200))
    assert "meta" not in await response_of(scene, answer(200), CAMUNDA, httpOptions=options)
    service = await scene.serve(answer(200))
    headers = {**RESULT, "httpOptions.response.meta": "true"}
    assert completed(await scene.run({"url": service.url()}, headers))["r"]["meta"]["bytes"] == 0


async def test_cmx_41_an_api_key_in_the_url_is_hidden(scene: Scene) -> None:
    service = await scene.serve(answer(302, b"", "Location: /b"), answer(200))
    key = {"type": "apiKey", "apiKeyLocation": "query", "name": "key", "value": "s3cret key"}
    options = {"response": {"meta": True}}
    variables = {"url": service.url(), "followRedirects": True, "authentication": key, "httpOptions": options}
    meta = completed(await scene.run(variables, RESULT))["r"]["meta"]
    assert meta["redirects"][0]["url"] == service.url("/?key=***")
