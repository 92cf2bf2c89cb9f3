"""Charsets as Java has them, and content codings piece by piece."""

from __future__ import annotations

import gzip
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest

from worker.rest.content_coding import UndecodableBody, decoder
from worker.rest.encoding import UnknownCharset, check_charset, decode, encode, latin1
from worker.rest.media_type import parse_media_type

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"hello, world " * 100
COMPRESSORS = [("gzip", gzip.compress), ("br", brotli.compress), ("zstd", zstd.compress)]


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        ("utf-8", b"\xc3\xbc\xe2\x82\xac"),
        ("ISO-8859-1", b"\xfc?"),
        ("us-ascii", b"??"),
        ("windows-1252", b"\xfc\x80"),
        ("UTF-16", b"\xfe\xff\x00\xfc\x20\xac"),
        ("utf-16le", b"\xfc\x00\xac\x20"),
    ],
)
def test_text_is_encoded_as_java_does(charset: str, data: bytes) -> None:
    assert encode("ü€", charset) == data


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("UTF-8", b"caf\xe9", "caf\ufffd"),
        ("ISO-8859-1", b"caf\xe9", "café"),
        ("UTF-16", b"caf\xe9", "捡曩"),
        ("UTF-16", b"\xff\xfea\x00", "a"),
        ("UTF-8", b"\xef\xbb\xbfx", "\ufeffx"),
    ],
)
def test_bytes_are_decoded_as_java_does(charset: str, data: bytes, text: str) -> None:
    assert decode(data, charset) == text


@pytest.mark.parametrize("name", ["bogus", " UTF-8", "5", "", "rot13", "hex", "unicode_escape", "idna"])
def test_these_are_no_charsets(name: str) -> None:
    with pytest.raises(UnknownCharset):
        check_charset(name)


def test_every_utf_16_unit_beyond_latin_1_is_one_question_mark() -> None:
    assert latin1("ü日😀") == b"\xfc???"


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:600]) + gzip.compress(TEXT[600:]) + b"ignored"),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)[2:-4]),
        ("br", brotli.compress(TEXT)),
        ("zstd", zstd.compress(TEXT)),
        ("zstd", zstd.compress(TEXT[:600]) + zstd.compress(TEXT[600:])),
    ],
    ids=["gzip", "gzip in members", "deflate", "raw deflate", "brotli", "zstd", "zstd in frames"],
)
def test_bodies_are_decoded_whatever_the_pieces(coding: str, data: bytes, step: int) -> None:
    stream = decoder(coding)
    decoded = b"".join(stream.feed(data[at : at + step], 10_000) for at in range(0, len(data), step))
    stream.finish()
    assert decoded == TEXT


@pytest.mark.parametrize(("coding", "compress"), COMPRESSORS)
def test_a_bomb_is_cut_at_the_room_there_is(coding: str, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(b"\0" * 10_000_000)
    assert len(decoder(coding).feed(bomb, 1000)) == 1001


@pytest.mark.parametrize(("coding", "name"), [("gzip", "GZIP"), ("br", "brotli"), ("zstd", "zstd")])
def test_what_is_not_in_the_coding_is_said(coding: str, name: str) -> None:
    with pytest.raises(UndecodableBody, match=f"Not in {name} format"):
        decoder(coding).feed(b"\xff\xffnot anything", 100)


@pytest.mark.parametrize(("coding", "compress"), COMPRESSORS)
def test_a_missing_end_is_found(coding: str, compress: Callable[[bytes], bytes]) -> None:
    stream = decoder(coding)
    stream.feed(compress(TEXT)[:-9], 10_000)
    with pytest.raises(UndecodableBody, match="Unexpected end"):
        stream.finish()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_nothing_at_all_is_a_whole_body(coding: str) -> None:
    decoder(coding).finish()


@pytest.mark.parametrize(("coding", "compress"), [*COMPRESSORS[:2], ("deflate", zlib.compress)])
def test_what_follows_the_end_without_an_end_of_its_own_is_not_kept(
    coding: str, compress: Callable[[bytes], bytes]
) -> None:
    stream, endless = decoder(coding), b"z" * 65_536
    decoded = stream.feed(compress(TEXT), 10_000)

    tracemalloc.start()
    try:
        decoded += b"".join(stream.feed(endless, 10_000) for _ in range(100))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    stream.finish()
    assert decoded == TEXT
    assert most < 10 * len(endless)


def test_a_content_type_full_of_quotes_without_an_end_takes_no_time() -> None:
    started = time.perf_counter()
    media = parse_media_type('text/plain; a="' + '\\"' * 100_000)
    assert media is not None
    assert media.name == "text/plain"
    assert time.perf_counter() - started < 10  # minutes, when every quote is looked for an end of
