"""No shape of a secret that was used shows in what leaves; everything else stays readable."""

from __future__ import annotations

import base64
import html
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.secrets.test_replacing import Values, session
from worker.errors import ILLEGAL_ARGUMENT
from worker.face import COMPATIBLE, NATIVE
from worker.secrets import Masker, Secrets, SecretScope, SecretsUnavailable
from worker.secrets.filter import ModelFilter

SECRETS = [
    "abc123",
    'p"ss\\wörd/€+&=%',
    "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END KEY-----\n",
    "a b+c~*",
]


def masker(*values: str) -> Masker:
    made = Masker()
    for value in values:
        made.remember(value)
    return made


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("encode", [
    str,
    lambda s: base64.b64encode(s.encode()).decode(),
    lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    lambda s: base64.b64encode(f"me:{s}:tail".encode()).decode(),
    lambda s: quote(s, safe=""),
    quote,
    quote_plus,
    lambda s: quote(s, safe="-_.!~*'()@:$&,;="),
    lambda s: json.dumps(s)[1:-1],
    lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    lambda s: json.dumps(json.dumps(s)[1:-1])[1:-1],
    html.escape,
    lambda s: repr(s)[1:-1],
    lambda s: s.encode().decode("latin-1"),
    lambda s: s.replace("\r", " ").replace("\n", " "),
])  # fmt: skip
def test_cmx_24_every_shape_is_masked(secret: str, encode: object) -> None:
    shape = encode(secret)  # type: ignore[operator]
    masked = masker(secret).mask(f"before {shape} after")
    assert shape not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert "***" in masked


def test_a_line_of_a_key_is_masked() -> None:
    assert masker(SECRETS[2]).mask("key MIIEvQIBADANBgkqhkiG9w0BAQ!") == "key ***!"


def test_the_whole_base64_run_around_a_secret_is_masked() -> None:
    credentials = base64.b64encode(b"alice:correct horse").decode()
    assert masker("correct horse").mask(f'{{"Authorization":"Basic {credentials}"}}') == '{"Authorization":"Basic ***"}'


def test_a_secret_inside_another_does_not_break_it_up() -> None:
    assert masker("abc", "xabcx").mask("xabcx abc") == "*** ***"


def test_a_tree_is_masked_in_strings_and_keys_only() -> None:
    tree = {"abc123": 1, "l": ["abc123", 123, None, True], "deep": {"detail": "token abc123 is bad"}}
    assert masker("abc123").mask_tree(tree) == {
        "***": 1,
        "l": ["***", 123, None, True],
        "deep": {"detail": "token *** is bad"},
    }


def test_a_tree_of_many_levels_is_masked() -> None:
    tree: object = "abc123"
    for _ in range(5000):
        tree = [tree]
    masked = masker("abc123").mask_tree(tree)
    while isinstance(masked, list):
        (masked,) = masked
    assert masked == "***"


@pytest.mark.parametrize("value", ["", "4", "42"])
def test_a_value_too_short_is_left_alone_and_said_so(value: str, caplog: pytest.LogCaptureFixture) -> None:
    made = Masker()
    with caplog.at_level(logging.WARNING):
        made.remember(value, "PIN")
        made.remember(value, "PIN")
    assert made.mask("Unauthorized 42 4") == "Unauthorized 42 4"
    (record,) = caplog.records
    assert record.__dict__["secret"] == "PIN"


def test_at_most_the_capacity_is_remembered() -> None:
    made = Masker(capacity=2)
    for value in ("first", "second", "first", "third"):
        made.remember(value)
    assert made.mask("first second third") == "*** second ***"


@given(secret=st.text(min_size=3, max_size=40), before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_text_with_the_secret_shows_it(secret: str, before: str, after: str) -> None:
    text = f"{before}{secret}{after}"
    assert secret not in masker(secret).mask(text).replace("***", "\0") or set(secret) <= {"*"}


@given(secret=st.binary(min_size=6, max_size=30), before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_no_base64_of_a_text_with_the_secret_shows_it(secret: bytes, before: bytes, after: bytes) -> None:
    value = base64.b16encode(secret).decode()
    run = base64.b64encode(before + value.encode() + after).decode()
    assert masker(value).mask(f"<{run}>") == "<***>"


@pytest.mark.parametrize("count", [3, 300])
def test_each_of_many_values_is_masked(count: int) -> None:
    values = [f"value number {n}!" for n in range(count)] + ["lone \ud800 surrogate"]
    made = Masker()
    for value in values:
        made.remember(value)
        assert made.mask(f"<{value}>") == "<***>"
    assert made.mask("\ud800 nothing") == "\ud800 nothing"
    assert made.mask(f"<{values[0]}>{base64.b64encode(values[1].encode()).decode()}") == "<***>***"


async def test_a_failure_shows_no_secret_that_the_variables_mention() -> None:
    secrets = session({"TOK": "abc123", "NESTED": "secrets.TOK", "B": "valB"})
    with pytest.raises(Exception, match="TOKvalB") as caught:
        await secrets.replace('{"h":"{{secrets.NESTED}}{{secrets.B}}"}')
    assert await secrets.mask_text(str(caught.value)) == "Secret with name 'TOK***' is not available"


async def test_an_unknown_secret_among_several_does_not_hinder() -> None:
    secrets = session({"A": "first-secret", "C": "third-secret"})
    with pytest.raises(Exception, match="'B' is not available"):
        await secrets.replace('["{{secrets.A}}", "{{secrets.B}}", "{{secrets.C}}"]')
    assert await secrets.mask_text("first-secret third-secret") == "*** ***"


async def test_what_another_job_uses_is_masked_in_logs_but_not_in_this_jobs_failure() -> None:
    process_wide = Masker()
    secrets = Secrets(Values({"A": "first-secret", "B": "second-secret"}), masker=process_wide)
    first, second = (secrets.session(SecretScope(), COMPATIBLE) for _ in range(2))
    await first.replace('"{{secrets.A}}"')
    await second.replace('"{{secrets.B}}"')
    assert await first.mask_text("first-secret second-secret") == "*** second-secret"
    assert process_wide.mask("first-secret second-secret") == "*** ***"


async def test_what_is_used_after_something_was_masked_is_masked_as_well() -> None:
    secrets = session({"A": "first-secret", "B": "second-secret"})
    await secrets.replace('"{{secrets.A}}"')
    assert await secrets.mask_text("first-secret second-secret") == "*** second-secret"
    await secrets.replace('"{{secrets.B}}"')
    secrets.remember("made of both")
    assert await secrets.mask_value(["first-secret second-secret", {"made of both": 1}]) == ["*** ***", {"***": 1}]


async def test_an_empty_value_masks_nothing_and_a_short_one_as_recorded() -> None:
    compatible, native = (session({"E": "", "NUM": "42"}, face) for face in (COMPATIBLE, NATIVE))
    for each in (compatible, native):
        await each.replace('"{{secrets.E}}{{secrets.NUM}}"')
    assert await compatible.mask_text("Unauthorized 42") == "Unauthorized ***"
    assert await native.mask_text("Unauthorized 42") == "Unauthorized 42"


async def test_secrets_that_cannot_be_fetched_hide_the_message() -> None:
    class Failing(Values):
        def lookup(self, name: str, scope: SecretScope) -> str | None:
            raise OSError("Network error while fetching secrets")

    secrets = Secrets(Failing({}), masker=Masker()).session(SecretScope(), COMPATIBLE)
    with pytest.raises(OSError, match="Network error"):
        await secrets.replace('"{{secrets.A}}"')
    with pytest.raises(SecretsUnavailable) as caught:
        await secrets.mask_text("original")
    assert caught.value.message == (
        "Fetching secrets failed, original error can't be displayed as the error message might contain secrets:"
        " Network error while fetching secrets"
    )
    assert not caught.value.final


async def test_a_strict_filter_that_fails_names_its_class() -> None:
    async def unreachable(scope: SecretScope) -> str:
        raise OSError("no engine")

    filtered = Secrets(Values({"A": "x"}), masker=Masker(), filter=ModelFilter(unreachable, strict=True))
    secrets = filtered.session(SecretScope(), COMPATIBLE)
    with pytest.raises(Exception, match="Error retrieving secret keys"):
        await secrets.replace('"{{secrets.A}}"')
    with pytest.raises(SecretsUnavailable) as caught:
        await secrets.mask_text("original")
    assert caught.value.type == ILLEGAL_ARGUMENT


async def test_a_text_made_from_secrets_can_be_remembered() -> None:
    secrets = session({"P": "pw123"})
    await secrets.replace('"{{secrets.P}}"')
    secrets.remember("dTpwdzEyMw==")
    assert await secrets.mask_text("Basic dTpwdzEyMw==") == "Basic ***"
