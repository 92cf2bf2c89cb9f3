"""Replacement of references, as the recorded cases and the contract's list (13.8) have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from worker.errors import CONNECTOR_INPUT_EXCEPTION, JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.secrets import Masker, Secrets, SecretScope, SecretSession
from worker.secrets.filter import AllowList


class Values:
    """A provider over a dictionary that notes what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.asked: list[str] = []

    def lookup(self, name: str, scope: SecretScope) -> str | None:
        self.asked.append(name)
        return self.values.get(name)


def session(values: Mapping[str, str], face: Face = COMPATIBLE, **options: Any) -> SecretSession:
    return Secrets(Values(values), masker=Masker(), **options).session(SecretScope(), face)


async def replaced(text: str, **values: str) -> str:
    variables = json.loads(await session(values).replace(json.dumps({"v": text}, ensure_ascii=False)))
    result = variables["v"]
    assert isinstance(result, str)
    return result


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("secrets.test", "test"),
        ("secrets.TEST", "TEST"),
        ("secrets.A/B", "A/B"),
        ("secrets.A.B", "A.B"),
        ("secrets.TEST0", "TEST0"),
        ("secrets.TEST-0", "TEST-0"),
        ("secrets.TEST_0", "TEST_0"),
        ("secrets.a_b_c_d_e_f", "a_b_c_d_e_f"),
        ("secrets.a.b.c.d.e.f", "a.b.c.d.e.f"),
        ("{{secrets.TEST}}", "TEST"),
        ("{{ secrets.TEST }}", "TEST"),
        ("{{  secrets.TEST}}", "TEST"),
        ("{{secrets._odd$name}}", "_odd$name"),
    ],
)
async def test_cmx_20_a_reference_is_replaced(reference: str, name: str) -> None:
    assert await replaced(reference, **{name: "value"}) == "value"


@pytest.mark.parametrize(
    "text",
    ["secrets._T", "secrets./T", "secrets.-T", "secrets..T", "secrets.", "secrets..", "secrets.?", "Secrets.T",
     "{{SECRETS.T}}", "{{ secrets. T }}"],
)  # fmt: skip
async def test_other_texts_are_left_alone(text: str) -> None:
    assert await replaced(text, T="value") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{secrets.TOK}", "{abc123}"),
        ("secrets.TOK TEST", "abc123 TEST"),
        ("secrets.TOK.", "abc123."),
        ("pre-{{secrets.TOK}}-post", "pre-abc123-post"),
        ("mysecrets.TOK", "myabc123"),
        ("{{secrets.TOK}}}", "abc123}"),
        ("{{secrets.A B}}", "{{valA B}}"),
        ("secrets.TOK,secrets.A", "abc123,valA"),
        ("{{secrets.BARE_INSIDE}}", "abc123"),
        ("{{secrets.BRACES_INSIDE}}", "{{abc123}}"),
        ("{{secrets.BRACES_INSIDE}}{{secrets.A}}", "abc123valA"),
    ],
)
async def test_corner_cases_are_as_recorded(text: str, expected: str) -> None:
    values = {"TOK": "abc123", "A": "valA", "BARE_INSIDE": "secrets.TOK", "BRACES_INSIDE": "{{secrets.TOK}}"}
    assert await replaced(text, **values) == expected


@pytest.mark.parametrize(
    "value", ['he said "hi" \\ back', "line1\nline2\r\t", "grüß€ 😀", "nul\0bell\x07", "", "a$1b\\2"]
)
async def test_a_value_of_any_characters_arrives_unchanged(value: str) -> None:
    assert await replaced("<{{secrets.V}}>", V=value) == f"<{value}>"


async def test_keys_and_unquoted_places_are_replaced() -> None:
    text = '{"secrets.A": 1, "n": {{secrets.N}}}'
    assert json.loads(await session({"A": "key", "N": "42"}).replace(text)) == {"key": 1, "n": 42}


@pytest.mark.parametrize(
    ("text", "name"), [("{{secrets.FOO2}}", "FOO2"), ("xsecrets.FOO2", "FOO2"), ("{{secrets.}}", '}}"')]
)
async def test_cmx_20_a_missing_secret_ends_the_job(text: str, name: str) -> None:
    with pytest.raises(JobFailure) as caught:
        await session({}).replace(
            json.dumps({"a": text, "b": "{{x}}"}, separators=(",", ":"), ensure_ascii=False) + " "
        )
    assert caught.value.message.startswith(f"Secret with name '{name}")
    assert caught.value.message.endswith("' is not available")
    assert caught.value.type == CONNECTOR_INPUT_EXCEPTION
    assert caught.value.final


async def test_a_secret_that_is_not_allowed_stays_text() -> None:
    secrets = session({"KEY1": "1", "KEY2": "2", "KEY3": "3"}, filter=AllowList({"KEY1", "KEY2"}))
    text = '{"v":"Hello {{secrets.KEY1}} and {{secrets.KEY2}} and {{secrets.KEY3}}"}'
    assert json.loads(await secrets.replace(text)) == {"v": "Hello 1 and 2 and {{secrets.KEY3}}"}


async def test_the_allow_list_of_a_profile_narrows_the_workers() -> None:
    values = Values({"A": "1", "B": "2"})
    secrets = Secrets(values, masker=Masker(), filter=AllowList({"A", "B"}))
    narrowed = secrets.session(SecretScope(), NATIVE, allow={"B"})
    assert await narrowed.replace_tree(["{{secrets.A}}", "{{secrets.B}}"]) == ["{{secrets.A}}", "2"]


async def test_cmx_22_a_replaced_value_is_never_scanned_again() -> None:
    secrets = session({"A": "{{secrets.B}} secrets.B", "B": "other"}, NATIVE, bare=True)
    assert await secrets.replace_tree(["{{secrets.A}}{{secrets.A}}"]) == ["{{secrets.B}} secrets.B" * 2]


async def test_cmx_21_bare_names_need_a_setting() -> None:
    tree = {"secrets.A": ["secrets.A", {"deep": "{{ secrets.A }}"}], "n": 1.5}
    assert await session({"A": "x"}, NATIVE).replace_tree(tree) == {"secrets.A": ["secrets.A", {"deep": "x"}], "n": 1.5}
    assert await session({"A": "x"}, NATIVE, bare=True).replace_tree(tree) == {"x": ["x", {"deep": "x"}], "n": 1.5}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            '{"a":"{{secrets.A}}","body":{"v":"{{secrets.A}}","n":1.10}}',
            '{"a":"x","body":{"v":"{{secrets.A}}","n":1.10}}',
        ),
        ('{"body":"secrets.A"}', '{"body":"secrets.A"}'),
        ('{"a":{"body":"{{secrets.A}}"}}', '{"a":{"body":"x"}}'),
        ('["{{secrets.A}}"]', '["x"]'),
        ('{"n": {{secrets.A}}}', '{"n": x}'),
    ],
)
async def test_cam_058_the_body_can_be_left_out(given: str, expected: str) -> None:
    assert await session({"A": "x"}, in_body=False).replace(given) == expected


async def test_cam_058_the_body_can_be_left_out_of_a_tree() -> None:
    tree = {"url": "{{secrets.A}}", "body": {"v": "{{secrets.A}}"}, "headers": {"body": "{{secrets.A}}"}}
    expected = {"url": "x", "body": {"v": "{{secrets.A}}"}, "headers": {"body": "x"}}
    assert await session({"A": "x"}, NATIVE, in_body=False).replace_tree(tree) == expected
    assert await session({"A": "x"}, NATIVE).replace_tree(tree) == {**expected, "body": {"v": "x"}}


async def test_variables_without_references_ask_nobody() -> None:
    values = Values({})
    secrets = Secrets(values, masker=Masker()).session(SecretScope(), COMPATIBLE)
    assert await secrets.replace('{"a": "no reference"}') == '{"a": "no reference"}'
    assert await secrets.mask_text("message") == "message"
    assert values.asked == []


async def test_a_secret_that_contains_itself_does_not_fill_the_memory() -> None:
    bomb = "secrets.A " * 64
    with pytest.raises(JobFailure, match="longer than"):
        await session({"A": bomb}).replace(json.dumps(bomb))


async def test_many_openings_without_an_end_take_linear_time() -> None:
    text = "{{secrets." + "{{secrets.a$" * 20_000
    with pytest.raises(JobFailure, match="'a' is not available"):
        await session({}).replace(text)
