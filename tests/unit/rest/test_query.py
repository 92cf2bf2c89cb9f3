"""Query parameters: how they are encoded, and what happens to the query that was there."""

from __future__ import annotations

from typing import Any

import pytest

from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.query import append, parameters


def appended(query: str | None, given: dict[str, Any], face: Face = COMPATIBLE) -> str | None:
    return append(query, parameters(given, face), face)


@pytest.mark.parametrize(
    ("query", "given", "expected"),
    [
        (
            "a=b:c,d&flag",
            {"k": "São Paulo/?:@&=+~", "n": None},
            "a=b%3Ac%2Cd&flag&k=S%C3%A3o%20Paulo%2F%3F%3A%40%26%3D%2B~&n",
        ),
        (None, {"e": ""}, "e="),
        (None, {"k": "a%20b"}, "k=a%2520b"),
        (None, {"": "v"}, "=v"),
        ("e=", {"k": "v"}, "e=&k=v"),
        ("a=b+c", {"k": "v"}, "a=b%2Bc&k=v"),
        ("a[]=1", {"k": "v"}, "a%5B%5D=1&k=v"),
        ("", {"k": "v"}, "k=v"),
        ("=v&b", {"k": "v"}, "b&k=v"),
        ("a=ü%41日", {"k": "v"}, "a=%EF%BF%BDA%EF%BF%BD&k=v"),
    ],
)
def test_one_parameter_encodes_the_whole_query_again(query: str | None, given: dict[str, Any], expected: str) -> None:
    assert appended(query, given) == expected


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE])
@pytest.mark.parametrize("query", [None, "a=b:c&e=", ""])
def test_without_parameters_the_query_stays(query: str | None, face: Face) -> None:
    assert appended(query, {}, face) == query


def test_cam_052_lists_repeat_the_name_and_null_leaves_it_out() -> None:
    given = {"a": ["1", "2", None], "n": None, "b": "x y"}
    assert appended("q=1:2", given, NATIVE) == "q=1:2&a=1&a=2&b=x%20y"


def test_cam_053_odata_names_keep_their_dollar() -> None:
    given = {"$top": "3", "$select": "FirstName, LastName"}
    assert appended(None, given, NATIVE) == "$top=3&$select=FirstName,%20LastName"


def test_values_cannot_break_out_of_their_parameter() -> None:
    assert appended(None, {"a": "1&b=2#c+d"}, NATIVE) == "a=1%26b%3D2%23c%2Bd"
