"""What a response becomes (RS, RF and ER rows)."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from decimal import Decimal
from typing import Any

import pytest

from tests.component.rest.conftest import Calls, CallsFactory
from tests.support.scripted_server import Answer, answer, close, partly, scripted
from worker.errors import CONNECTOR_EXCEPTION, JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.request import ReturnFormat

JSON, TEXT, DOCUMENT = ReturnFormat("JSON"), ReturnFormat("TEXT"), ReturnFormat("DOCUMENT")
MIB_AND_HALF = 1_572_864


async def body_of(calls: Calls, response: Answer, face: Face = COMPATIBLE, **inputs: Any) -> Any:
    async with scripted(response) as server:
        return (await calls.response(server.url(), face=face, **inputs)).body


async def failure_of(calls: Calls, response: bytes, face: Face = COMPATIBLE, **inputs: Any) -> JobFailure:
    async with scripted(response) as server:
        return await calls.failure(server.url(), face=face, **inputs)


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"", None),
        (b"  \r\n", None),
        (b'{"a":1}', {"a": 1}),
        (b'[1,{"b":null}]', [1, {"b": None}]),
        (b' \n {"a":1.10}', {"a": 1.1}),
        (b'{"a":1} garbage', {"a": 1}),
        (b'{"a":1}\n{"b":2}', {"a": 1}),
        (b'"Hello"', '"Hello"'),
        (b"12", "12"),
        (b"null", "null"),
        (b'{"a":', '{"a":'),
        (b"{'a':1}", "{'a':1}"),
        (b"[NaN]", "[NaN]"),
        (b'\xef\xbb\xbf{"a":1}', '\ufeff{"a":1}'),
        (b'{"a":"\xff"}', {"a": "\ufffd"}),
        (b"caf\xe9", "caf\ufffd"),
        (b"<a/>", "<a/>"),
        (b"[" * 2000, "[" * 2000),
    ],
)
async def test_the_legacy_path_parses_objects_and_arrays_and_keeps_the_rest_as_text(
    calls: Calls, sent: bytes, body: Any
) -> None:
    assert await body_of(calls, answer(200, sent, "Content-Type: text/plain; charset=ISO-8859-1")) == body


async def test_the_native_face_keeps_decimals_exact(calls: Calls) -> None:
    assert await body_of(calls, answer(200, b'{"a":0.10}'), NATIVE) == {"a": Decimal("0.10")}


async def test_headers_are_grouped_by_their_exact_name_and_latin_1(calls: Calls) -> None:
    response = answer(
        200, b"{}", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-A:  a  b  ", "x-a: 2", "X-U: gr\xfc\xdf", "E:"
    )
    async with scripted(response) as server:
        got = await calls.response(server.url())
    assert got.headers == {
        "Set-Cookie": ["a=1", "b=2"],
        "X-A": "a  b",
        "x-a": "2",
        "X-U": "grüß",
        "E": "",
        "Content-Length": "2",
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [("HTTP/1.1 200", ""), ("HTTP/1.1 200 ", ""), ("HTTP/1.0 200  Fine and well ", "Fine and well")],
)
async def test_the_reason_is_what_the_server_says(calls: Calls, line: str, reason: str) -> None:
    async with scripted(line.encode() + b"\r\nContent-Length: 0\r\n\r\n") as server:
        assert (await calls.response(server.url())).reason == reason


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: t\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\ntransfer-encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        partly(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", close),
    ],
    ids=[
        "1.0 until close",
        "bare line feeds",
        "early hints",
        "chunks and trailer",
        "a length beside chunks",
        "the last line is missing",
    ],
)
async def test_unusual_answers_are_understood(calls: Calls, response: Answer) -> None:
    assert await body_of(calls, response) == {}


@pytest.mark.parametrize(
    ("response", "body"),
    [
        (answer(200, b"[1]"), [1]),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200, b"[1]"), [1]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1\r\n]\r\n0\r\n\r\n", [1]),
        (b"HTTP/1.1 200 OK\nContent-Length: 3\n\n[1]", [1]),
        (b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\nstray", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n", [1]),
    ],
    ids=["length", "interim", "chunks", "bare line feeds", "stray bytes", "a length beside chunks"],
)
async def test_an_answer_may_come_byte_by_byte(calls: Calls, response: bytes, body: Any) -> None:
    async def byte_by_byte(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in response:
            writer.write(bytes([byte]))
            for _ in range(3):  # turns of the loop that client and server share
                await asyncio.sleep(0)

    assert await body_of(calls, byte_by_byte) == body


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(b'{"z":1}')),
        ("x-gzip", gzip.compress(b'{"z":1}')),
        ("deflate", zlib.compress(b'{"z":1}')),
        ("identity", b'{"z":1}'),
        ("deflate, gzip", gzip.compress(zlib.compress(b'{"z":1}'))),
    ],
)
async def test_codings_are_taken_off_and_headers_stay(calls: Calls, coding: str, data: bytes) -> None:
    async with scripted(answer(200, data, f"Content-Encoding: {coding}")) as server:
        got = await calls.response(server.url())
    assert (got.body, got.headers["Content-Encoding"], got.headers["Content-Length"]) == (
        {"z": 1},
        coding,
        str(len(data)),
    )


async def test_an_empty_body_needs_no_decoding(calls: Calls) -> None:
    assert await body_of(calls, answer(200, b"", "Content-Encoding: gzip")) is None


@pytest.mark.parametrize("status", [200, 404])
async def test_an_unknown_coding_breaks_the_protocol(calls: Calls, status: int) -> None:
    failure = await failure_of(calls, answer(status, b"x", "Content-Encoding: br"))
    assert (failure.code, failure.message, failure.variables) == (
        "500",
        "An error with the HTTP protocol occurred",
        None,
    )


async def test_a_body_that_is_not_in_its_coding_fails(calls: Calls) -> None:
    failure = await failure_of(calls, answer(200, b"notgzip", "Content-Encoding: gzip"))
    assert failure.message == (
        "Error while executing an HTTP request: Failed to read response body: Not in GZIP format"
    )
    assert (failure.code, failure.native_code, failure.kind) == ("500", "RESPONSE_NOT_DECODABLE", "decode")


async def test_a_304_without_redirects_is_the_result_null(calls: Calls) -> None:
    not_modified = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    async with scripted(not_modified) as server:
        assert await calls.call(server.url()) is None
        response = await calls.response(server.url(), face=NATIVE)
    assert (response.status, response.body) == (304, None)


async def test_rs_007_a_204_keeps_its_headers(calls: Calls) -> None:
    async with scripted(b"HTTP/1.1 204 No Content\r\nX-H: 1\r\n\r\n") as server:
        response = await calls.response(server.url())
    assert (response.status, response.headers, response.body, response.reason) == (
        204,
        {"X-H": "1"},
        None,
        "No Content",
    )


@pytest.mark.parametrize("stray", [b"0\r\n\r\n", b"null", b"HTTP/1.1 garbage"])
async def test_bytes_after_a_204_do_not_spoil_it(calls: Calls, stray: bytes) -> None:
    async with scripted(b"HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n" + stray, answer(200, b"{}")) as server:
        assert (await calls.response(server.url())).status == 204
        assert (await calls.response(server.url())).body == {}
    assert [request.connection for request in server.requests] == [0, 1]


async def test_rs_011_a_redirect_is_a_success_when_it_is_not_followed(calls: Calls) -> None:
    async with scripted(answer(302, b"", "Location: /y", reason="Found")) as server:
        response = await calls.response(server.url())
    assert (response.status, response.headers["Location"], response.body) == (302, "/y", None)


@pytest.mark.parametrize("inputs", [{"store_response": True}, {"return_format": DOCUMENT}])
async def test_rs_009_a_stored_response_has_a_document_and_no_body(calls: Calls, inputs: dict[str, Any]) -> None:
    async with scripted(answer(200, b"\x00\xff", "Content-Type: image/png; q=1")) as server:
        response = await calls.response(server.url(), **inputs)
    assert response.body is None
    assert response.document["metadata"]["contentType"] == "image/png; q=1"
    stored = await calls.store.load(response.document["documentId"], store_id=None, content_hash=None)
    assert stored == b"\x00\xff"


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b'{"a":1} garbage', {"a": 1}),
        (b'"text"', "text"),
        (b"null", None),
        ('{"ü":1}'.encode("utf-16-le"), {"ü": 1}),
        ('{"a":1}'.encode("utf-16"), {"a": 1}),
        ("[1]".encode("utf-32-be"), [1]),
        (b"\xef\xbb\xbf[1]", [1]),
        (
            b'{"x":{"camunda.function.type":"base64","params":["x"]}}',
            {"x": {"camunda.function.type": "base64", "params": ["x"]}},
        ),
    ],
)
async def test_rf_002_json_is_parsed_whatever_it_is_and_never_executed(calls: Calls, sent: bytes, body: Any) -> None:
    assert await body_of(calls, answer(200, sent), return_format=JSON) == body


@pytest.mark.parametrize("sent", [b"plain", b'{"a":', b'{"a":"\xff"}', b"caf\xe9"])
async def test_rf_002_what_is_no_json_fails(calls: Calls, sent: bytes) -> None:
    failure = await failure_of(calls, answer(200, sent), return_format=JSON)
    assert failure.message.startswith("JSON response format selected but payload is not valid JSON: ")
    assert (failure.type, failure.code, failure.final) == (CONNECTOR_EXCEPTION, None, False)


@pytest.mark.parametrize(
    "response", [answer(200, b" \n"), b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 X\r\n\r\n"]
)
async def test_nothing_is_no_json_but_null_in_the_native_face(calls: Calls, response: bytes) -> None:
    failure = await failure_of(calls, response, return_format=JSON)
    assert failure.message == "JSON response format selected but payload was empty or could not be parsed."
    assert await body_of(calls, response, NATIVE, return_format=JSON) is None


@pytest.mark.parametrize(
    ("encoding", "text"), [(None, "caf\ufffd"), (" ", "caf\ufffd"), ("ISO-8859-1", "café"), ("UTF-16", "捡曩")]
)
async def test_rf_001_text_is_decoded_as_the_task_says(calls: Calls, encoding: str | None, text: str) -> None:
    response = answer(200, b"caf\xe9", "Content-Type: text/plain; charset=ISO-8859-1")
    assert await body_of(calls, response, return_format=ReturnFormat("TEXT", encoding)) == text


async def test_cmx_17_the_native_face_falls_back_to_the_charset_of_the_response(calls: Calls) -> None:
    response = answer(200, b"caf\xe9", "Content-Type: text/plain; charset=ISO-8859-1")
    assert await body_of(calls, response, NATIVE, return_format=TEXT) == "café"


async def test_rf_005_an_unknown_charset_is_an_incident_for_text_only(calls: Calls) -> None:
    failure = await failure_of(calls, answer(200, b"x"), return_format=ReturnFormat("TEXT", "bogus"))
    assert failure.final
    assert failure.message.startswith("Unsupported charset 'bogus' configured on documentReturnFormat.encoding.")
    assert await body_of(calls, answer(200, b"1"), return_format=ReturnFormat("JSON", "bogus")) == 1


@pytest.mark.parametrize(("form", "name"), [(TEXT, "Text"), (JSON, "JSON")])
async def test_rf_004_variables_have_a_largest_size(calls: Calls, form: ReturnFormat, name: str) -> None:
    largest = b'"' + b"x" * (MIB_AND_HALF - 2) + b'"'
    assert await body_of(calls, answer(200, largest), return_format=form) is not None
    failure = await failure_of(calls, answer(200, largest + b" "), return_format=form)
    assert failure.message.startswith(
        f"{name} response payload exceeds the inline variable size limit of 1.5 MiB. Re-run"
    )


async def test_cmx_36_the_native_face_stops_reading_at_the_memory_limit(opened: CallsFactory) -> None:
    async with opened(memory_limit=1000) as calls:
        failure = await failure_of(calls, answer(200, gzip.compress(b"x" * 1001), "Content-Encoding: gzip"), NATIVE)
        assert len(await body_of(calls, answer(200, b"x" * 1000), NATIVE)) == 1000
        assert len(await body_of(calls, answer(200, b"x" * 1001))) == 1001
    assert (failure.code, failure.native_code, failure.kind) == ("500", "RESPONSE_TOO_LARGE", "too_large")


@pytest.mark.parametrize(
    ("sent", "body", "native"),
    [
        (b"", "", ""),
        (b"plain \xc3\xbc", "plain ü", "plain ü"),
        (b'{"detail":1.0} x', {"detail": 1.0}, {"detail": 1}),
        (b'[{"a":1}]', {"a": 1}, [{"a": 1}]),
        (b"[1,2]", None, [1, 2]),
        (b"[]", None, []),
        (b"12", "12", "12"),
        (b" ", " ", " "),
    ],
)
@pytest.mark.parametrize("inputs", [{}, {"store_response": True}, {"return_format": DOCUMENT}])
async def test_er_003_error_bodies(calls: Calls, sent: bytes, body: Any, native: Any, inputs: dict[str, Any]) -> None:
    response = answer(404, sent, "X-A: 1", "X-A: 2", reason="My Reason")
    failure = await failure_of(calls, response, **inputs)
    assert (failure.type, failure.code, failure.message, failure.kind) == (
        CONNECTOR_EXCEPTION,
        "404",
        "My Reason",
        "http",
    )
    headers = {"X-A": ["1", "2"], "Content-Length": str(len(sent))}
    assert failure.variables == {"response": {"headers": headers, "body": body}}
    failure = await failure_of(calls, response, NATIVE, **inputs)
    assert failure.variables == {"response": {"headers": headers, "body": native}}


async def test_an_error_body_is_read_to_a_limit(calls: Calls) -> None:
    failure = await failure_of(calls, answer(500, b"x" * 5_000_000))
    assert failure.variables is not None
    assert 3_000_000 < len(failure.variables["response"]["body"]) < 3_200_000


@pytest.mark.parametrize("status", [400, 407, 500, 600, 999])
async def test_every_status_from_400_is_a_failure(calls: Calls, status: int) -> None:
    failure = await failure_of(calls, answer(status, b"", reason=""))
    assert (failure.code, failure.message, failure.final) == (str(status), "", False)


@pytest.mark.parametrize(("status", "message"), [(404, "Not Found"), (999, "")])
async def test_cam_085_the_native_face_has_the_standard_words_where_the_server_has_none(
    calls: Calls, status: int, message: str
) -> None:
    assert (await failure_of(calls, answer(status, b"", reason=""), NATIVE)).message == message
