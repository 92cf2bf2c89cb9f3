"""What a job sends (contract 13.11, 13.20)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.facts.jobs import JSON, URL, Fact, Sent, check, completes, fails, rows, text

FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "DELETE", "POST", "PUT", "PATCH")
WITH_BODY = ("POST", "PUT", "PATCH")
BASIC = {"type": "basic", "username": "user", "password": "password"}


def sends(
    fact: str,
    line: str = "GET /x",
    expected: Mapping[str, str | list[str] | None] | None = None,
    sent: Any = None,
    **variables: Any,
) -> Fact:
    """A job with these variables sends this request; the method is the line's."""
    given = {"method": line.partition(" ")[0], **variables}
    return Fact(fact, completes(), variables=given, sent=(Sent(line, expected or {}, sent),))


def typed(content_type: str | None, name: str = "Content-Type") -> dict[str, Any]:
    return {"headers": {name: content_type}}


@rows(
    [
        sends("RQ-001", expected={"Authorization": None}),
        sends("RQ-002", expected={"Authorization": "Basic dXNlcjpwYXNzd29yZA=="}, authentication=BASIC),
        sends(
            "RQ-003", expected={"Authorization": "Bearer token"}, authentication={"type": "bearer", "token": "token"}
        ),
        sends(
            "RQ-005",
            expected={"name": "value"},
            authentication={"type": "apiKey", "apiKeyLocation": "headers", "name": "name", "value": "value"},
        ),
        sends(
            "RQ-005",
            "GET /x?name=value",
            {"name": None},
            authentication={"type": "apiKey", "apiKeyLocation": "query", "name": "name", "value": "value"},
        ),
        sends(
            "RQ-016",
            "POST /x",
            {"Content-Type": "application/json", "Authorization": "mine"},
            {"a": 1},
            body={"a": 1},
            headers={"Authorization": "mine"},
        ),
    ]
)
async def test_authentication(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        sends("RQ-006", "GET /x"),
        sends("RQ-006", "GET /x", queryParameters={}),
        sends("RQ-006", "GET /x?key=value", queryParameters={"key": "value"}),
        sends("RQ-006", "GET /x?key=value&key2=value2", queryParameters={"key": "value", "key2": "value2"}),
        sends("RQ-007", "GET /", url=URL),
        sends("RQ-007", "GET /?key=value", url=URL, queryParameters={"key": "value"}),
        sends("RQ-007", "GET /x?key=value", url=URL + "/x?key=value"),
        *(
            sends(
                "RQ-019",
                f"{method} /path%20with%20spaces?andQuery=S%C3%A3o%20Paulo",
                url=URL + "/path with spaces",
                queryParameters={"andQuery": "São Paulo"},
            )
            for method in METHODS
        ),
        sends("RQ-020", "GET /x?andQuery=a%20b", url=URL + "/x?andQuery=a b"),
        sends("RQ-020", "GET /a%20b?andQuery=a%20b", url=URL + "/a%20b?andQuery=a b"),
        *(
            sends(
                "RQ-021", f"{method} /path%2Fwith%2Fencoding", url=URL + "/path%2Fwith%2Fencoding", skipEncoding="true"
            )
            for method in METHODS
        ),
        sends("RQ-024", connectionTimeoutInSeconds=None, readTimeoutInSeconds=None),
    ]
)
async def test_urls(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        Fact("RQ-022", fails("Invalid URL", url, retries=0), variables={"url": url}, sent=())
        for url in ("http://0000::1", "http:///path")
    ]
)
async def test_urls_that_cannot_be_called(fact: Fact) -> None:
    await check(fact)


@rows(
    [
        *(
            sends("RQ-008", f"{method} /x", {"Content-Type": None, "Content-Length": None}, "", body={"a": 1})
            for method in ("GET", "DELETE")
        ),
        *(
            sends("RQ-009", f"{method} /x", {"Content-Type": "application/json"}, {"a": "ü"}, body={"a": "ü"})
            for method in WITH_BODY
        ),
        *(
            sends("RQ-010", "POST /x", {"Content-Type": kind}, "text ü", body="text ü", **typed(kind))
            for kind in ("text/plain; charset=UTF-8", "application/json; charset=UTF-8")
        ),
        sends(
            "RQ-011",
            "POST /x",
            {"Content-Type": "application/json; charset=UTF-8"},
            {"a": 1},
            body={"a": 1},
            **typed("application/json; charset=UTF-8"),
        ),
        *(
            sends(
                "RQ-012",
                "POST /x",
                {"Content-Type": kind},
                "key=value&key2=value2",
                body={"key": "value", "key2": "value2"},
                **typed(kind, name),
            )
            for name in ("Content-Type", "content-type", "CONTENT-TYPE")
            for kind in (FORM, FORM.upper(), "Application/X-WWW-Form-urlencoded")
        ),
        sends("RQ-013", "POST /x", {"Content-Type": FORM}, "key", body={"key": None}, **typed(FORM)),
        *(
            Fact(
                "RQ-015",
                completes(),
                variables={"method": method, "body": {}, "headers": dict.fromkeys(("Content-Type", "Accept", "Other"))},
                sent=(Sent(f"{method} /x", {"Content-Type": kind, "Accept": "", "Other": ""}),),
            )
            for method, kind in (
                ("POST", "application/json"),
                ("PUT", "application/json"),
                ("PATCH", "application/json"),
                ("GET", None),
                ("DELETE", None),
            )
        ),
        *(
            sends("RQ-017", f"{method} /x", {"Content-Type": "text/plain; charset=UTF-8", "Content-Length": "0"}, "")
            for method in WITH_BODY
        ),
        *(sends("RQ-017", f"{method} /x", {"Content-Type": None}, "") for method in ("GET", "DELETE")),
        *(sends("RQ-018", f"{method} /x", {"Content-Type": "text/plain"}, **typed("text/plain")) for method in METHODS),
        sends("RQ-023", "GET /x", {"Content-Type": None}, **typed(None)),
        Fact(
            "RQ-025",
            completes(),
            variables={"method": "POST", "body": {"key1": "value1", "nullKey": None}},
            sent=(Sent("POST /x", {"Content-Type": "application/json"}, '{"key1":"value1","nullKey":null}'),),
        ),
        *(
            Fact(
                "RQ-026",
                completes(),
                variables={"method": method, "body": {"key1": "value1", "key2": "value2"}, **typed(FORM)},
                sent=(Sent(f"{method} /x", {"Content-Type": FORM}, "key1=value1&key2=value2"),),
            )
            for method in ("POST", "PUT")
        ),
        *(
            sends("RQ-028", "POST /x", {"Content-Type": "text/plain"}, sent, body=body, **typed("text/plain"))
            for body, sent in (("Hello, world!", "Hello, world!"), (123, "123"), (True, "true"))
        ),
        *(
            sends("RQ-029", f"{method} /x", {"Content-Length": "0"}, "", body=body)
            for method in ("POST", "PUT")
            for body in (None, "")
        ),
        *(
            Fact(
                "RQ-030",
                completes(),
                variables={"method": "PUT", "body": {"a": "b", "n": None}, "ignoreNullValues": ignored},
                sent=(Sent("PUT /x", body=sent),),
            )
            for ignored, sent in ((False, '{"a":"b","n":null}'), (True, '{"a":"b"}'))
        ),
        sends("RQ-031", "POST /x", {}, {"s": '{"k": 1}'}, body={"s": '{"k": 1}'}),
        sends(
            "RQ-032",
            "POST /x",
            {"Content-Type": "application/json", "Other": ""},
            body={"a": 1},
            headers={"Other": None},
        ),
    ]
)
async def test_bodies_and_their_types(fact: Fact) -> None:
    await check(fact)


PARTS = (
    '--{0}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    '--{0}\r\nContent-Disposition: form-data; name="b"\r\n\r\ntwo\r\n--{0}--\r\n'
)


@rows(
    [
        Fact(
            "RQ-027",
            completes(),
            variables={"method": method, "body": {"a": 1, "b": "two"}, **typed("multipart/form-data; boundary=mine")},
            sent=(Sent(f"{method} /x", {"Content-Type": "multipart/form-data; boundary=mine"}, PARTS.format("mine")),),
        )
        for method in WITH_BODY
    ]
)
async def test_multipart_with_a_boundary_of_the_task(fact: Fact) -> None:
    await check(fact)


ORDER = text('{"order":{"status":"processing"}}', JSON)
MAPPED = {"resultExpression": "={orderStatus: response.body.order.status}", "retryBackoff": "PT0S"}
PROCESSING = completes(orderStatus="processing")


def task(fact: str, sent: Sent, **variables: Any) -> Fact:
    """A task of the current template."""
    given = {
        "method": "post",
        "url": URL + "/api",
        "documentReturnFormat": {"choice": "JSON"},
        "connectionTimeoutInSeconds": "20",
        "readTimeoutInSeconds": "20",
        "ignoreNullValues": False,
        "followRedirects": False,
        "storeResponse": False,
        **variables,
    }
    return Fact(fact, PROCESSING, MAPPED, given, (ORDER,), sent=(sent,))


@rows(
    [
        task(
            "E2-001",
            Sent("POST /api?queryParam=q", {"Authorization": "Basic dXNlcjpwYXNzd29yZA==", "X-Test": "t"}, {"a": 1}),
            authentication=BASIC,
            headers={"X-Test": "t"},
            queryParameters={"queryParam": "q"},
            body={"a": 1},
        ),
        task(
            "E2-002",
            Sent("POST /api", {"Authorization": "Bearer 123"}),
            authentication={"type": "bearer", "token": "123"},
        ),
        task(
            "E2-003",
            Sent("POST /api", {"theName": "theValue"}),
            authentication={"type": "apiKey", "apiKeyLocation": "headers", "name": "theName", "value": "theValue"},
        ),
        task(
            "E2-003",
            Sent("POST /api?theName=theValue"),
            authentication={"type": "apiKey", "apiKeyLocation": "query", "name": "theName", "value": "theValue"},
        ),
        task("E2-005", Sent("POST /api", {"Content-Type": "application/json"}, ["a", 1]), body=["a", 1]),
    ]
)
async def test_tasks_of_the_current_template(fact: Fact) -> None:
    await check(fact)
