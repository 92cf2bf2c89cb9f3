"""Multipart bodies, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from worker.documents import Documents, MemoryStore
from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.multipart import multipart_body


def document(content: str = "The content", **about: Any) -> Any:
    return Documents(MemoryStore()).document({"camunda.document.type": "inline", "content": content, **about})


async def body(parts: dict[str, Any], face: Face = COMPATIBLE) -> bytes:
    return (await multipart_body(parts, "B", face)).content


async def test_text_parts_carry_only_their_name() -> None:
    assert await body({"a": "b", "n": 42, "o": {"k": "v"}, "gone": None}) == (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
        b'--B\r\nContent-Disposition: form-data; name="n"\r\n\r\n42\r\n'
        b'--B\r\nContent-Disposition: form-data; name="o"\r\n\r\n{k=v}\r\n'
        b"--B--\r\n"
    )


async def test_lists_give_one_part_per_element_and_null_is_a_text_there() -> None:
    assert await body({"l": ["x", None]}) == (
        b'--B\r\nContent-Disposition: form-data; name="l"\r\n\r\nx\r\n'
        b'--B\r\nContent-Disposition: form-data; name="l"\r\n\r\nnull\r\n'
        b"--B--\r\n"
    )


async def test_text_is_latin_1() -> None:
    assert b'name="\xfc"\r\n\r\n\xfc?\r\n' in await body({"ü": "ü€"})


async def test_documents_bring_name_and_type() -> None:
    assert await body({"doc": document(name="file.txt")}) == (
        b'--B\r\nContent-Disposition: form-data; name="doc"; filename="file.txt"\r\nContent-Type: text/plain\r\n\r\n'
        b"The content\r\n--B--\r\n"
    )


async def test_file_names_beyond_latin_1_come_twice() -> None:
    content = await body({"doc": document(name="ü €.txt")})
    assert b'filename="\xfc ?.txt"; filename*="UTF-8\'\'%C3%BC%20%E2%82%AC.txt"\r\n' in content


async def test_quotes_are_escaped_and_lines_cannot_break() -> None:
    content = await body({'q"\r\nX: y': document(name='a"b.bin')})
    assert content.startswith(b'--B\r\nContent-Disposition: form-data; name="q\\"  X: y"; filename="a\\"b.bin"\r\n')


async def test_a_backslash_cannot_take_the_meaning_of_a_quote() -> None:
    content = await body({'n\\"': document(name="a\\")})
    assert content.startswith(b'--B\r\nContent-Disposition: form-data; name="n\\\\\\""; filename="a\\\\"\r\n')


@pytest.mark.parametrize("name", ["", " ", "\n"])
async def test_a_part_needs_a_name(name: str) -> None:
    with pytest.raises(JobFailure, match="Name is blank") as caught:
        await body({name: "x"})
    assert (caught.value.type, caught.value.final) == ("java.lang.IllegalStateException", False)


@pytest.mark.parametrize("content_type", ["text/plain; charset=utf-8", 'a"b', "a,b"])
async def test_types_with_parameters_become_binary(content_type: str) -> None:
    assert b"Content-Type: application/octet-stream\r\n" in await body(
        {"doc": document(name="a", contentType=content_type)}
    )


@pytest.mark.parametrize(
    ("parts", "content_type"),
    [
        ({"a": "b"}, "multipart/form-data; charset=ISO-8859-1; boundary=B"),
        ({}, "multipart/mixed; boundary=B"),
        ({"a": None}, "multipart/mixed; boundary=B"),
    ],
)
async def test_the_header_names_charset_and_boundary(parts: dict[str, Any], content_type: str) -> None:
    assert (await multipart_body(parts, "B", COMPATIBLE)).content_type == content_type


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE])
async def test_a_missing_boundary_is_made_up_anew_each_time(face: Face) -> None:
    first = await multipart_body({"a": "b"}, None, face)
    second = await multipart_body({"a": "b"}, None, face)
    boundary = first.content_type.rpartition("boundary=")[2]
    assert first.content.startswith(b"--" + boundary.encode() + b"\r\n")
    assert first.content_type != second.content_type


async def test_cmx_42_native_parts_are_utf_8_with_their_own_types() -> None:
    assert (
        await body({"t": "ü", "n": 1, "o": {"k": "ü"}, "l": ["x", None, {"y": 1}], "z": None}, NATIVE)
        == (
            '--B\r\nContent-Disposition: form-data; name="t"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nü\r\n'
            '--B\r\nContent-Disposition: form-data; name="n"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n1\r\n'
            '--B\r\nContent-Disposition: form-data; name="o"\r\nContent-Type: application/json\r\n\r\n{"k":"ü"}\r\n'
            '--B\r\nContent-Disposition: form-data; name="l"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n'
            '--B\r\nContent-Disposition: form-data; name="l"\r\nContent-Type: application/json\r\n\r\n{"y":1}\r\n'
            "--B--\r\n"
        ).encode()
    )


async def test_native_file_names_are_utf_8_and_types_keep_their_parameters() -> None:
    part = document(name='ü"€.txt', contentType="text/plain; charset=utf-8")
    assert 'filename="ü%22€.txt"\r\nContent-Type: text/plain; charset=utf-8\r\n'.encode() in await body(
        {"d": part}, NATIVE
    )
