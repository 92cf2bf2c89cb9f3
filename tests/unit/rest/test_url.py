"""URLs: the recorded decoding and encoding (UR rows), strict ones, and the native rule."""

from __future__ import annotations

import pytest

from worker.errors import CONNECTOR_INPUT_EXCEPTION, ILLEGAL_ARGUMENT, JobFailure
from worker.face import COMPATIBLE, NATIVE, Face
from worker.rest.uri import InvalidUri, parse_uri
from worker.rest.url import Url, callable_url, read_url, reencode

HOST = "http://localhost:8080"


def target(url: str, face: Face = COMPATIBLE, *, skip_encoding: bool = False) -> str:
    return called(url, face, skip_encoding=skip_encoding).target


def called(url: str, face: Face = COMPATIBLE, *, skip_encoding: bool = False) -> Url:
    return callable_url(read_url(url, face, skip_encoding=skip_encoding), url)


def failure(url: str, face: Face = COMPATIBLE, *, skip_encoding: bool = False) -> JobFailure:
    with pytest.raises(JobFailure) as caught:
        called(url, face, skip_encoding=skip_encoding)
    return caught.value


@pytest.mark.parametrize(
    ("row", "given", "expected"),
    [
        ("UR-001", "/hello, world!", "/hello,%20world!"),
        ("UR-002", "/hello, %2Cworld!", "/hello,%20,world!"),
        ("UR-003", "/hello%2C%20world%21", "/hello,%20world!"),
        ("UR-004", "/hello,world!", "/hello,world!"),
        ("UR-005", "/hello%2Cworld!", "/hello,world!"),
        ("UR-006", "/hello%2Cworld%21", "/hello,world!"),
        ("UR-007", "/über uns", "/%C3%BCber%20uns"),
        ("UR-008", "/überuns", "/%C3%BCberuns"),
        ("UR-009", "/hello,&world!", "/hello,&world!"),
        ("UR-010", "/hello,%26world!", "/hello,&world!"),
        ("UR-011", "/hello%2C%26world%21", "/hello,&world!"),
        ("UR-012", "/test?query=hello:world?", "/test?query=hello:world?"),
        ("UR-013", "/test?query=hello%3Fworld?", "/test?query=hello?world?"),
        ("UR-014", "/test?query=hello%3Aworld%3F", "/test?query=hello:world?"),
        ("UR-015", "/test?query=hello world?", "/test?query=hello%20world?"),
        ("UR-016", "/test?param1=value1&param2=value 2", "/test?param1=value1&param2=value%202"),
        ("UR-017", "/test?query=hello world%3F", "/test?query=hello%20world?"),
        ("UR-018", "/test?mark?value%3F", "/test?mark?value?"),
        ("UR-019", "/test?query=hello%20world%3F", "/test?query=hello%20world?"),
        ("UR-020", "/test?query=hello,world!", "/test?query=hello,world!"),
        ("UR-021", "/test?query=hello%20world!", "/test?query=hello%20world!"),
        ("UR-022", "/hello+world", "/hello%2Bworld"),
        ("UR-023", "/test?hello+world", "/test?hello%20world"),
        ("UR-024", "/foo/bar#section 2", "/foo/bar#section%202"),
        ("UR-025", "/foo/bar#section:2", "/foo/bar#section:2"),
        ("UR-026", "/foo/bar#section:%202", "/foo/bar#section:%202"),
        ("UR-027", "/foo/bar#section%202", "/foo/bar#section%202"),
        ("UR-031", "/test%2C?query=helloWorld?", "/test,?query=helloWorld?"),
        (
            "UR-032",
            "/path%20with%20spaces?andQuery=Param with space",
            "/path%20with%20spaces?andQuery=Param%20with%20space",
        ),
    ],
)
def test_the_recorded_encoder_decodes_and_encodes_each_part(row: str, given: str, expected: str) -> None:
    assert reencode(HOST + given) == HOST + expected, row


@pytest.mark.parametrize(
    "url",
    ["http://user:pass@localhost:8080/secret", "http://localhost:1234/port/test", "http://localhost:8080"],
    ids=["UR-028", "UR-029", "UR-030"],
)
def test_the_recorded_encoder_leaves_these_alone(url: str) -> None:
    assert reencode(url) == url


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&b=2&a=3", "a=1&a=3&b=2"),
        ("a=", "a"),
        ("=v", None),
        ("", None),
        ("a=b&&c", "a=b&c"),
        ("a=b=c", "a=b%3Dc"),
        ("a=1;b=2", "a=1;b%3D2"),
        ("a=%2F%3F", "a=/?"),
        ("%C3%BC=%C3%BC", "%C3%BC=%C3%BC"),
        ("a=%E4", "a=%EF%BF%BD"),
    ],
)
def test_the_recorded_encoder_takes_queries_apart(query: str, expected: str | None) -> None:
    assert read_url(f"{HOST}/x?{query}", COMPATIBLE, skip_encoding=False).query == expected


@pytest.mark.parametrize(
    "path", ["/hello,world!", "/hello%2Cworld%21", "/hello,%20world!", "/?hello+world", "/a/../b", "//x"]
)
def test_skip_encoding_sends_the_url_as_it_is(path: str) -> None:
    assert target(HOST + path, skip_encoding=True) == path


@pytest.mark.parametrize(
    ("path", "part"),
    [("/a b", "path"), ("/a?b c", "query"), ("/a#b c", "fragment"), ("/a\\b", "path"), ("/{x}", "path")],
)
def test_skip_encoding_refuses_illegal_characters(path: str, part: str) -> None:
    problem = failure(HOST + path, skip_encoding=True)
    assert (problem.type, problem.final) == (ILLEGAL_ARGUMENT, False)
    assert problem.message.startswith(f"Illegal character in {part} at index ")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://localhost/a%zz", "Malformed escape pair at index 18: http://localhost/a%zz"),
        ("http://", "Expected authority at index 7: http://"),
        ("{{x", "Illegal character in path at index 0: {{x"),
        ("http://:8080/", "Expected a host name in the authority: :8080"),
        ("http://[zz]/", "Malformed IPv6 address at index 8: http://[zz]/"),
        ("http://[::1/", "Malformed IPv6 address at index 8: http://[::1/"),
        ("http://[::1]:x/", "Malformed IPv6 address at index 8: http://[::1]:x/"),
        (
            "http://localhost:99999/",
            "Port number(Use -1 to specify the scheme default port): 99999 is out of range [-1, 65535]",
        ),
    ],
)
@pytest.mark.parametrize("skip_encoding", [False, True])
def test_what_cannot_be_parsed_may_be_tried_again(url: str, message: str, skip_encoding: bool) -> None:
    problem = failure(url, skip_encoding=skip_encoding)
    assert (problem.type, problem.message, problem.final) == (ILLEGAL_ARGUMENT, message, False)


@pytest.mark.parametrize(
    "url", ["http:///x", "=", "http://0000::1", "http://localhost:abc/", "//:x", "http://localhost:99999999999/"]
)
def test_a_url_without_a_host_is_an_incident(url: str) -> None:
    problem = failure(url)
    assert problem.final
    assert problem.type == CONNECTOR_INPUT_EXCEPTION
    assert problem.message == (
        f"Invalid URL: The URL '{url}' cannot be parsed as a valid HTTP request. "
        "Please ensure the URL includes a valid hostname."
    )


def test_a_url_without_a_scheme_says_so() -> None:
    assert failure("//abc").message.endswith("includes a valid scheme.")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("/test%2Ftest", "/test%2Ftest"),
        ("/a+b", "/a%2Bb"),
        ("/a b/%zz", "/a%20b/%25zz"),
        ("/ü?q=ü", "/%C3%BC?q=%C3%BC"),
        ("/Resource('A 1')?$top=3&x=a+b", "/Resource('A%201')?$top=3&x=a+b"),
        ("/x?a=1&b=2&a=3&e=", "/x?a=1&b=2&a=3&e="),
    ],
)
def test_cam_061_the_native_face_encodes_only_what_is_illegal(url: str, expected: str) -> None:
    assert target(HOST + url, NATIVE) == expected


def test_cam_093_quotes_and_parentheses_survive_in_both_faces() -> None:
    url = HOST + "/v4/Service/Resource('A-1')"
    assert target(url, COMPATIBLE) == target(url, NATIVE) == "/v4/Service/Resource('A-1')"


@pytest.mark.parametrize("face", [COMPATIBLE, NATIVE])
def test_international_hosts_are_called_by_their_ascii_name_in_both_faces(face: Face) -> None:
    assert called("http://bücher.example:81/", face).authority.text == "xn--bcher-kva.example:81"


@pytest.mark.parametrize(
    ("authority", "text"), [("h:+80", "h:80"), ("h:0080", "h:80"), ("h:-1", "h"), ("h:", "h"), ("[::1]:81", "[::1]:81")]
)
def test_ports_are_read_as_java_does(authority: str, text: str) -> None:
    assert called(f"http://{authority}/").authority.text == text


def test_a_path_beyond_ascii_is_encoded_once_a_parameter_is_added() -> None:
    url = called(f"{HOST}/ü?a=ü", skip_encoding=True)
    assert url.with_query(url.query).target == "/ü?a=ü"
    assert url.with_query("b=1").target == "/%C3%BC?b=1"


def test_an_empty_path_becomes_a_slash_and_the_host_keeps_its_case() -> None:
    url = called("http://LocalHost:81?q=1")
    assert (url.target, url.authority.text, url.origin) == ("/?q=1", "LocalHost:81", ("localhost", 81))


def test_the_port_comes_from_the_scheme_when_there_is_none() -> None:
    assert called("https://h/").port == 443
    assert called("http://[::1]/").host == "::1"


@pytest.mark.parametrize("text", ["1http://x", ":x", "http:", "http://h/\x85", "http://h/\xa0"])
def test_a_strict_uri_has_no_such_characters(text: str) -> None:
    with pytest.raises(InvalidUri):
        parse_uri(text)


def test_a_strict_uri_has_other_letters() -> None:
    assert parse_uri("http://h/日本?ü#é").path == "/日本"
