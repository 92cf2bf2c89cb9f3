"""Charsets as Java has them, and content codings piece by piece."""

from __future__ import annotations

import gzip
import zlib

import pytest

from worker.rest.encoding import Decoder, UndecodableBody, UnknownCharset, check_charset, decode, encode, latin1

TEXT = b"hello, world " * 100


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
    ],
    ids=["gzip", "gzip in members", "deflate", "raw deflate"],
)
def test_bodies_are_decoded_whatever_the_pieces(coding: str, data: bytes, step: int) -> None:
    decoder = Decoder(coding)
    decoded = b"".join(decoder.feed(data[at : at + step], 10_000) for at in range(0, len(data), step))
    decoder.finish()
    assert decoded == TEXT


def test_a_bomb_is_cut_at_the_room_there_is() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    assert len(Decoder("gzip").feed(bomb, 1000)) == 1001


def test_what_is_not_gzip_is_said() -> None:
    with pytest.raises(UndecodableBody, match="Not in GZIP format"):
        Decoder("gzip").feed(b"notgzip", 100)


def test_a_missing_end_is_found() -> None:
    decoder = Decoder("gzip")
    decoder.feed(gzip.compress(TEXT)[:-9], 10_000)
    with pytest.raises(UndecodableBody, match="Unexpected end"):
        decoder.finish()


def test_nothing_at_all_is_a_whole_body() -> None:
    Decoder("gzip").finish()
