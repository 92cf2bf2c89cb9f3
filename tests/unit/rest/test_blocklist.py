"""Blocked destinations (BL rows)."""

from __future__ import annotations

import pytest

from worker.errors import CONNECTOR_INPUT_EXCEPTION, ILLEGAL_ARGUMENT, JobFailure
from worker.rest.blocklist import PREFIX, BlockList


def blocked(url: str, **rules: str) -> str | None:
    """What the incident says, None when the URL may be called."""
    try:
        BlockList.from_environment({PREFIX + name: value for name, value in rules.items()}).check(url)
    except JobFailure as failure:
        incident = failure.final and failure.type == CONNECTOR_INPUT_EXCEPTION
        return failure.message if incident else f"no incident: {failure.message}"
    return None


@pytest.mark.parametrize(
    ("url", "rules", "noun"),
    [
        ("http://x/?u=blocked.test", {"URL_X": "blocked.test"}, "URL"),
        ("http://x:8081/", {"PORT_X": "9, 8081"}, "port"),
        ("https://x/", {"PORT_X": "443"}, "port"),
        ("http://rx1.test/a", {"REGEX_X": r"http://rx[0-9]+\.test/.*"}, "URL"),
    ],
)
def test_bl_001_each_type_blocks_in_its_way(url: str, rules: dict[str, str], noun: str) -> None:
    assert (
        blocked(url, **rules)
        == f"java.lang.IllegalArgumentException: The provided {noun} is not allowed (Block Name: X)"
    )


def test_bl_002_what_is_no_rule_has_no_effect() -> None:
    rules = {"REGEX_BAD": "[", "FOO_X": "x", "PORT_P": "abc, 70000, -1"}
    assert blocked("http://x/", **rules) is None
    assert blocked("http://x/", **rules, URL_A="nope", URL_B="x") is not None


def test_bl_003_the_name_is_all_after_the_type() -> None:
    assert "(Block Name: TEST_URL)" in (blocked("http://x/", URL_TEST_URL="x") or "")


def test_bl_004_a_blank_name_is_left_out() -> None:
    assert blocked("http://x/", URL="x") == "java.lang.IllegalArgumentException: The provided URL is not allowed"


def test_bl_005_other_ports_are_allowed() -> None:
    assert blocked("http://x/", PORT_P="0, 65535, 81") is None
    assert blocked("http://x:65535/", PORT_P="0, 65535") is not None


def test_bl_006_a_pattern_must_match_entirely() -> None:
    assert blocked("http://x/more", REGEX_R="http://x/") is None


def test_a_port_rule_needs_a_url_that_can_be_read() -> None:
    with pytest.raises(JobFailure) as caught:
        BlockList.from_environment({PREFIX + "PORT_P": "9"}).check("http://x/a b")
    assert (caught.value.type, caught.value.final) == (ILLEGAL_ARGUMENT, False)
