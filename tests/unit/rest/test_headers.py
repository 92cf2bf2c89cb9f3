"""Header lines of a request (RQ rows)."""

from __future__ import annotations

from typing import Any

import pytest

from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE
from worker.rest.headers import merge, task_headers


def lines(headers: dict[str, Any] | None, *, has_body: bool = True) -> list[tuple[str, str]]:
    return task_headers(headers, COMPATIBLE, has_body=has_body)


def test_rq_009_a_body_without_content_type_is_json() -> None:
    assert lines({"X": "1"}) == [("Content-Type", "application/json"), ("X", "1")]


def test_rq_017_without_a_body_there_is_no_default() -> None:
    assert lines({"X": "1"}, has_body=False) == [("X", "1")]


def test_rq_015_null_headers_are_empty_but_for_the_content_type() -> None:
    headers = {"Content-Type": None, "Accept": None, "Other": None}
    assert lines(headers) == [("Content-Type", "application/json"), ("Accept", ""), ("Other", "")]
    assert lines(headers, has_body=False) == [("Accept", ""), ("Other", "")]


def test_a_null_content_type_in_another_spelling_fails_as_recorded() -> None:
    with pytest.raises(JobFailure) as caught:
        lines({"content-type": None})
    assert caught.value.type == "java.lang.NullPointerException"


def test_cmx_43_the_native_face_removes_a_null_content_type_in_any_spelling() -> None:
    assert task_headers({"content-type": None}, NATIVE, has_body=True) == [("Content-Type", "application/json")]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("multipart/form-data", False),
        ("multipart/form-data; charset=utf-8", False),
        ("multipart/form-data; boundary=b", True),
        ("MULTIPART/FORM-DATA", True),
    ],
)
def test_a_multipart_type_without_boundary_is_left_to_the_entity(value: str, kept: bool) -> None:
    assert lines({"content-type": value}) == ([("content-type", value)] if kept else [])


def test_rq_016_authentication_comes_first_and_replaces_nothing() -> None:
    own = lines({"Authorization": "mine"})
    assert merge([("Authorization", "Bearer t")], own, None) == [
        ("Authorization", "Bearer t"),
        ("Content-Type", "application/json"),
        ("Authorization", "mine"),
    ]


def test_the_entity_brings_its_type_when_nobody_else_does() -> None:
    assert merge([], [], "text/plain; charset=UTF-8") == [("Content-Type", "text/plain; charset=UTF-8")]
    assert merge([], [("content-type", "a/b")], "text/plain") == [("content-type", "a/b")]


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "Transfer-Encoding"])
def test_framing_headers_of_the_task_break_the_protocol(name: str) -> None:
    with pytest.raises(JobFailure) as caught:
        merge([], [(name, "3")], None)
    assert (caught.value.code, caught.value.message) == ("500", "An error with the HTTP protocol occurred")


def test_cam_055_lists_repeat_a_header_and_null_omits_it() -> None:
    given = {"X": ["1", "2"], "N": None, "Y": "3"}
    assert task_headers(given, NATIVE, has_body=False) == [("X", "1"), ("X", "2"), ("Y", "3")]


@pytest.mark.parametrize(("name", "value"), [("X\r\nY", "1"), ("X", "1\r\nY: 2"), ("X", "a\0"), ("", "v")])
def test_cam_055_line_breaks_are_an_input_error(name: str, value: str) -> None:
    with pytest.raises(JobFailure) as caught:
        task_headers({name: value}, NATIVE, has_body=False)
    assert caught.value.final
