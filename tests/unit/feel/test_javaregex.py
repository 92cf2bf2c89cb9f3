"""Java's regular expressions: what they match, what is refused, and that no pattern takes long."""

from __future__ import annotations

import pytest

from worker.feel import javaregex
from worker.feel.javaregex import BadPattern, PatternLimit


@pytest.mark.parametrize(
    ("text", "pattern", "flags", "found"),
    [
        ("foobar", "^fo*bar", "", True),
        ("FOO", "foo", "i", True),
        ("É", "é", "i", False),
        ("É", "(?iu)é", "", True),
        ("\u212a", "k", "i", False),
        ("a\nb", "a.b", "", False),
        ("a\nb", "a.b", "s", True),
        ("a\u0085b", "a.b", "", False),
        ("foo", "f o o # comment", "x", True),
        ("hello sworld", "hello\\ sworld", "x", True),
        ("日本", "\\w", "", False),
        ("٣", "\\d", "", False),
        ("a\u00a0b", "\\s", "", False),
        ("a\u00a0b", "\\h", "", True),
        ("\u2028", "\\v", "", True),
        ("\r\n", "^\\R$", "", True),
        ("i", "[A-Z-[OI]]", "i", True),
        ("-", "[A-Z-[OI]]", "", True),
        ("a", "[a-c&&[^b]]", "", True),
        ("b", "[a-c&&[^b]]", "", False),
        ("b", "[^a-c&&[^b]]", "", True),
        ("q", "[^Q]", "i", False),
        ("]", "[]a]", "", True),
        ("^", "[a^]", "", True),
        ("é", "\\p{L}", "", True),
        ("é", "\\pL", "", True),
        ("é", "\\p{Alpha}", "", False),
        ("é", "\\p{IsLatin}", "", True),
        ("α", "\\p{IsLatin}", "", False),
        ("α", "\\p{InGreek}", "", True),
        ("α", "\\p{script=Greek}", "", True),
        ("A", "\\p{Lower}", "", False),
        ("A", "\\p{Lower}", "i", True),
        ("漢", "\\P{L}", "", False),
        ("a.b", "\\Qa.b\\E", "", True),
        ("axb", "\\Qa.b\\E", "", False),
        ("\\Q", "\\\\Q", "", True),
        ("A\t\n😀", "\\x41\\t\\012\\x{1F600}", "", True),
        ("😀", "\\uD83D\\uDE00", "", True),
        ("abcd\n", "d$", "", True),
        ("abcd\r\n", "d$", "", True),
        ("abcd\n\n", "d$", "", False),
        ("abcd\n", "d\\z", "", False),
        ("abcd\n", "^$", "m", False),
        ("abcd\n\nefg", "^$", "m", True),
        ("", "^$", "m", False),
        ("a\r\nb", "^b", "m", True),
        ("a\r\nb", "a$", "m", True),
        ("aA", "(a)\\1", "i", True),
        ("abab", "(?<x>ab)\\k<x>", "", True),
        ("h", "(.)\\2", "", False),
        ("foobar", "foo(?=bar)", "", True),
        ("foobaz", "foo(?!baz)", "", False),
        ("price 10", "(?<=price )\\d", "", True),
        ("aaa", "a++a", "", False),
        ("aaab", "(?>a+)ab", "", False),
        ("x{2}", "x\\{2}", "", True),
        ("\ud83d", "\ud83d", "", True),
        ("é" * 500, "^\\p{L}{1,500}$", "", True),
    ],
)
def test_find(text: str, pattern: str, flags: str, found: bool) -> None:
    assert javaregex.find(text, pattern, flags) is found


@pytest.mark.parametrize(
    "pattern",
    [
        "[",
        "[a",
        "[b-a]",
        "[asd\\0]",
        "[\\1]",
        "[a\\b]",
        "(",
        ")",
        "(?<1a>x)",
        "(?<a>x)(?<a>y)",
        "\\k<a>",
        "*a",
        "a**",
        "a{",
        "a{2,1}",
        "a{1001}",
        "(a{100}){100}",
        "\\",
        "\\y",
        "\\x4",
        "\\u12",
        "\\u{1F600}",
        "\\p{ IsBasicLatin}",
        "\\p{Nothing}",
        "\\p{L",
        "(?<=a*)b",
        "(?q)a",
        "(?",
        "\\p{L}" * 60,
        "\\p{L}{1000}",
        "(" * 200 + ")" * 200,
        "[" * 200 + "]" * 200,
    ],
)
def test_bad_patterns_are_refused(pattern: str) -> None:
    for _ in range(2):  # the second time out of the cache
        with pytest.raises(BadPattern):
            javaregex.find("abc", pattern)


def test_white_space_in_a_class_does_not_count_in_comments_mode() -> None:
    with pytest.raises(BadPattern):
        javaregex.find("a", "[ ]", "x")


@pytest.mark.parametrize(
    ("text", "pattern", "replacement", "result"),
    [
        ("abracadabra", "bra", "*", "a*cada*"),
        ("darted", "^(.*?)d(.*)$", "$1c$2", "carted"),
        ("abc", "(?<n>b)", "[${n}]", "a[b]c"),
        ("abc", "b", "\\$1", "a$1c"),
        ("abc", "(b)(x)?", "<$2>", "a<>c"),
        ("abc", "(b)", "$12", "ab2c"),
        ("abc", "b*", "-", "-a--c-"),
        ("é😀", "", "-", "-é-\ud83d-\ude00-"),
        ("é😀é", "é", "e", "e😀e"),
        ("ab", "x", "$9", "ab"),
    ],
)
def test_replace(text: str, pattern: str, replacement: str, result: str) -> None:
    assert javaregex.replace(text, pattern, replacement) == result


@pytest.mark.parametrize("replacement", ["$", "$x", "$9", "${n}", "${", "\\"])
def test_bad_replacements_are_refused_where_something_matches(replacement: str) -> None:
    with pytest.raises(BadPattern):
        javaregex.replace("abc", "b", replacement)


@pytest.mark.parametrize(
    ("text", "pattern", "parts"),
    [
        ("a;b;c;;", ";", ["a", "b", "c", "", ""]),
        (";a", ";", ["", "a"]),
        ("abc", "", ["a", "b", "c", ""]),
        ("abc", "x", ["abc"]),
        ("", ",", [""]),
        ("foo🐎bar", "o.b", ["fo", "ar"]),
        ("a😀", "", ["a", "\ud83d", "\ude00", ""]),
    ],
)
def test_split(text: str, pattern: str, parts: list[str]) -> None:
    assert javaregex.split(text, pattern) == parts


def test_extract_gives_whole_matches() -> None:
    assert javaregex.extract("a1b22", "([a-z])(\\d+)") == ["a1", "b22"]
    assert javaregex.extract("😀x😀", "😀") == ["😀", "😀"]
    assert javaregex.extract("abc", "") == ["", "", "", ""]
    assert javaregex.extract("éa", "(?=a)") == [""]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 50_000 + "!"),
        ("(a+)+$", "a" * 50_000 + "!\n"),
        ("^(a|a)*$", "a" * 50_000 + "!\n"),
        ("(x+x+)+y\\1", "x" * 50_000),
        ("(?>a+)b", "a" * 100_000),
        ("(a{1,10}){1,10}{1,10}(?=b)", "a" * 1000),
        ("(?:(?:a*)*)*(?=b)", "a" * 50_000),
    ],
)
def test_hostile_patterns_end(pattern: str, text: str) -> None:
    outcome = "no match"
    try:
        assert javaregex.find(text, pattern) is False
    except PatternLimit as limit:
        outcome = limit.limit
    assert outcome in ("no match", "seconds")


def test_sizes_are_bounded() -> None:
    with pytest.raises(PatternLimit, match="100001"):
        javaregex.find("a" * 100_001, "a")
    with pytest.raises(PatternLimit, match="1001"):
        javaregex.find("a", "a" * 1001)
    with pytest.raises(PatternLimit) as error:
        javaregex.find("é" * 100_000, "[^a]{1000}a")
    assert error.value.limit == "pattern_input"
    with pytest.raises(PatternLimit) as error:
        javaregex.replace("aaaa", "a", "b" * 100, limit=300)
    assert error.value.limit == "string_length"


def test_work_is_announced_and_may_be_ended() -> None:
    class TooMuch(Exception):
        pass

    def spend(steps: int) -> None:
        assert steps >= 0
        raise TooMuch

    with pytest.raises(TooMuch):
        javaregex.find("a", "some pattern|that was never|seen before", spend=spend)
