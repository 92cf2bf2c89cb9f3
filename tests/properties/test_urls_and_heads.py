"""Laws of URLs, request heads and decoders that hold for any text."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import JobFailure
from worker.face import COMPATIBLE, NATIVE
from worker.rest.content_coding import decoder
from worker.rest.query import append, parameters
from worker.rest.request_head import request_head
from worker.rest.uri import InvalidUri, parse_uri, remove_dot_segments
from worker.rest.url import callable_url, encode_illegal, read_url, reencode

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = st.text(max_size=40)
URLS = st.builds("http://h{}{}{}".format, TEXT.map(lambda text: "/" + text), st.just("?") | st.just(""), TEXT)


@given(URLS)
def test_encoding_again_changes_nothing_more(url: str) -> None:
    once = reencode(url)
    assert reencode(once) == once


@given(URLS)
def test_the_native_rule_always_gives_a_url_and_is_done_after_one_pass(url: str) -> None:
    once = encode_illegal(url)
    parse_uri(once)
    assert encode_illegal(once) == once


PLAIN = st.text("aZ09-._~!*'()@:$&,;=/?+", max_size=12)


@given(st.sampled_from(["h", "a.b:8080", "h:65535"]), PLAIN, PLAIN)
def test_plain_urls_are_read_by_the_same_rules_as_all_others(host: str, path: str, query: str) -> None:
    for url in (f"http://{host}/{path}", f"http://{host}/{path}?{query}"):
        for face, encoded in ((COMPATIBLE, reencode(url)), (NATIVE, encode_illegal(url))):
            assert str(read_url(url, face, skip_encoding=False)) == encoded


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_a_failure_of_the_job(text: str) -> None:
    for face in (COMPATIBLE, NATIVE):
        for skip_encoding in (False, True):
            try:
                url = callable_url(read_url(text, face, skip_encoding=skip_encoding), text)
            except JobFailure:
                continue
            assert not set(" \r\n\t").intersection(url.target)


@given(st.text(max_size=60))
def test_strict_parsing_keeps_every_character(text: str) -> None:
    try:
        uri = parse_uri(text)
    except InvalidUri:
        return
    assert str(uri) == text


@given(st.dictionaries(TEXT, TEXT, max_size=4), TEXT)
def test_query_values_never_leave_their_place(given_parameters: dict[str, str], existing: str) -> None:
    for face in (COMPATIBLE, NATIVE):
        query = append(None, parameters(given_parameters, face), face) or ""
        assert not set("# \r\n").intersection(query)
        assert query.count("&") == max(len(given_parameters) - 1, 0)


@given(TEXT)
def test_no_path_climbs_above_its_root(text: str) -> None:
    path = remove_dot_segments("/" + text)
    assert path.startswith("/")
    assert not {".", ".."}.intersection(path.split("/"))


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_a_head_has_as_many_lines_as_it_was_given(lines: list[tuple[str, str]]) -> None:
    head = request_head("GET", "/", lines)
    assert head.count(b"\r") == head.count(b"\n") == len(lines) + 2


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress)]
)
@given(data=st.binary(max_size=300), step=st.integers(1, 50), room=st.integers(0, 400))
def test_a_decoder_never_gives_more_than_there_is_room_for(
    coding: str, compress: Callable[[bytes], bytes], data: bytes, step: int, room: int
) -> None:
    packed = compress(data)
    stream, decoded = decoder(coding), b""
    for at in range(0, len(packed), step):
        if len(decoded) > room:
            break
        decoded += stream.feed(packed[at : at + step], room - len(decoded))
    assert decoded == data[: room + 1]
