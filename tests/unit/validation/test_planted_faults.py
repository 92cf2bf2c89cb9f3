"""`rest-connector validate` finds each planted fault, tells where it is, and nothing about a sound model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.bpmn import ServiceTask, error, error_boundary, sequence
from worker.cli import main

TEMPLATE = Path(__file__).parents[3] / "templates" / "rest-connector.json"
CAMUNDA = "io.camunda:http-json:1"
URL = {"url": '="https://api.example.com/orders/" + string(orderId)'}
MAPPED = {"method": "GET", "url": "https://api.example.com"}

Found = list[dict[str, Any]]
Validate = Callable[..., tuple[int, Found]]


@pytest.fixture
def validate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Validate:
    """Write texts to files, check their folder; the exit status and the problems."""

    def run(*texts: str, suffix: str = "bpmn") -> tuple[int, Found]:
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.{suffix}").write_text(text, encoding="utf-8")
        status = main(["validate", "--json", str(tmp_path)])
        return status, json.loads(capsys.readouterr().out)

    return run


def native(headers: Mapping[str, str], **more: Any) -> str:
    return sequence(ServiceTask(headers={**URL, **headers}, **more))


def compatible(inputs: Mapping[str, str], **more: Any) -> str:
    return sequence(ServiceTask(job_type=CAMUNDA, inputs={**MAPPED, **inputs}, **more))


THROWS = {"errorExpression": '=if error.code = "404" then bpmnError("NOT_FOUND", error.message) else null'}

DOUBLE = "<zeebe:taskHeaders>{}</zeebe:taskHeaders>"

FAULTS: dict[str, tuple[str, str, str]] = {
    # name: the model, the code of the problem, a part of its message
    "no url": (sequence(ServiceTask(headers={"method": "GET"})), "missing-input", "url is missing"),
    "no method": (sequence(ServiceTask(job_type=CAMUNDA, inputs={"url": "https://h"})), "missing-input", "method"),
    "empty url": (native({"url": ""}), "missing-input", "url is missing"),
    "no scheme": (native({"url": "api.example.com"}), "bad-url", "Must be a http(s) URL"),
    "basic without user": (native({"authentication.type": "basic"}), "missing-input", "authentication.username"),
    "bearer without token": (compatible({"authentication.type": "bearer"}), "missing-input", "authentication.token"),
    "unknown authentication": (native({"authentication.type": "digest"}), "bad-input", "none of the known kinds"),
    "no authentication type": (native({"authentication.token": "t"}), "missing-input", "without authentication.type"),
    "unknown method": (native({"method": "FETCH"}), "bad-input", "method"),
    "timeout as text": (compatible({"readTimeoutInSeconds": "soon"}), "bad-input", "readTimeoutInSeconds"),
    "unknown option": (native({"httpOptions.redirects.most": "3"}), "bad-input", "redirects.most"),
    "unknown format": (native({"documentReturnFormat.choice": "XML"}), "bad-input", "documentReturnFormat.choice"),
    "empty mapping": (compatible({"authentication.audience": ""}), "empty-mapping", "authentication.audience"),
    "target that is no path": (compatible({"headers.X-Trace": "t"}), "bad-target", "headers.X-Trace"),
    "header twice": (
        native({}, extra=DOUBLE.format('<zeebe:header key="method" value="GET"/>' * 2)),
        "duplicate-entry",
        "the header method is there twice",
    ),
    "unknown dialect": (native({"dialect": "cobol"}), "bad-input", "cobol"),
    "misspelt member of all inputs": (
        sequence(ServiceTask(headers={"inputs": '={url: "https://h", authentication: {type: "bearer"}}'})),
        "missing-input",
        "authentication.token",
    ),
    "misspelt header": (native({"methode": "GET"}), "unknown-header", "methode"),
    "header nobody reads": (
        sequence(ServiceTask(job_type=CAMUNDA, inputs=MAPPED, headers={"body": "x"})),
        "ignored-header",
        "body",
    ),
    "other kind's field": (
        native({"authentication.type": "bearer", "authentication.token": "t", "authentication.username": "u"}),
        "contradictory-input",
        "authentication.username has no effect",
    ),
    "body of a GET": (native({"method": "GET", "body": "={a: 1}"}), "contradictory-input", "without the body"),
    "header and mapping": (native({"method": "GET"}, inputs={"method": "GET"}), "contradictory-input", "given by a"),
    "two authorizations": (
        native({"authentication.type": "bearer", "authentication.token": "t", "headers": '={"authorization": "x"}'}),
        "contradictory-input",
        "Authorization",
    ),
    "charset of JSON": (
        native({"documentReturnFormat.choice": "JSON", "documentReturnFormat.encoding": "UTF-8"}),
        "contradictory-input",
        "no effect with JSON",
    ),
    "certificate without key": (native({"clientTls.clientCertificate": "x"}), "missing-input", "clientPrivateKey"),
    "back-off in words": (native({"retryBackoff": "1 minute"}), "bad-duration", "1 minute"),
    "negative lease": (native({"jobTimeout": "PT0S"}), "bad-duration", "positive"),
    "retries in words": (native({}, retries="three"), "bad-retries", "three"),
    "url that does not parse": (native({"url": '="https://h/" + '}), "feel-syntax", "header url"),
    "mapping that does not parse": (compatible({"body": "={a: }"}), "feel-syntax", "input body"),
    "result that does not parse": (native({"resultExpression": "={a: response.body"}), "feel-syntax", "resultExpr"),
    "unquoted secret": (native({"headers": '={"X-Key": {{secrets.KEY}}}'}), "unquoted-secret", "header headers"),
    "bare unquoted secret": (compatible({"headers": '={"X-Key": secrets.KEY}'}), "unquoted-secret", "input headers"),
    "secret in a result": (native({"resultExpression": '={k: "{{secrets.KEY}}"}'}), "secret-in-result", "secrets are"),
    "error that nothing catches": (native(THROWS), "uncaught-error", "NOT_FOUND"),
    "error caught by a misspelt code": (
        sequence(
            ServiceTask(headers={**URL, **THROWS}),
            beside=error("missing", "NOT_FOUNT"),
            inside=error_boundary("call", "missing"),
        ),
        "uncaught-error",
        "NOT_FOUND",
    ),
    "reserved result variable": (native({"resultVariable": "body"}), "reserved-result", "body"),
    "reserved result key": (native({"resultExpression": "={url: response.body.next}"}), "reserved-result", "url"),
    "result nobody can name": (native({"resultVariable": "my result"}), "unusable-result", "my result"),
    "result twice in one task": (
        native({"resultVariable": "a", "resultExpression": "={a: 1}"}),
        "duplicate-result",
        "overwrites",
    ),
    "result of two tasks": (
        sequence(*(ServiceTask(id=id, headers={**URL, "resultVariable": "order"}) for id in ("one", "call"))),
        "duplicate-result",
        "written by one too",
    ),
    "unknown template": (native({}, template=("rest-conector.v1", "1")), "unknown-template", "rest-conector.v1"),
    "unknown version": (
        compatible({}, template=("io.camunda.connectors.HttpJson.v2", "9")),
        "unknown-template",
        "no version 9",
    ),
    "outdated version": (
        compatible({}, template=("io.camunda.connectors.HttpJson.v2", "3")),
        "outdated-template",
        "version 3",
    ),
    "replaced template": (
        compatible({}, template=("io.camunda.connectors.HttpJson.v1.noAuth", None)),
        "outdated-template",
        "was replaced by",
    ),
    "misspelt job type": (native({}, job_type="rest-conector"), "unserved-type", "rest-conector"),
    "no XML": ("<bpmn:definitions", "unreadable", "no XML"),
    "no BPMN": ("<note/>", "unreadable", "no BPMN"),
    "entities": ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "unreadable", "document type"),
}


@pytest.mark.parametrize(("model", "code", "words"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(model: str, code: str, words: str, validate: Validate) -> None:
    status, problems = validate(model)

    [found] = [problem for problem in problems if problem["code"] == code]
    assert words in found["message"]
    assert found["element"] == ("" if code == "unreadable" else "call")
    assert found["line"] > 0
    assert found["hint"]
    assert status == (1 if any(problem["severity"] == "error" for problem in problems) else 0)


SOUND = {
    "native": native({"method": "GET", "resultVariable": "order"}),
    "what an expression may give": native({"authentication": "=login", "method": "=verb", "headers": "=extra"}),
    "partly known": native({"authentication": '={type: "bearer", token: given}'}),
    "inputs in one header": sequence(ServiceTask(headers={"inputs": "=request"})),
    "inputs known in part": sequence(ServiceTask(headers={"inputs": '={url: "https://h/" + id, method: verb}'})),
    "profile": sequence(ServiceTask(headers={"httpOptions.profile": "shop", "url": "/orders"})),
    "secrets": native(
        {"authentication.type": "bearer", "authentication.token": "{{secrets.TOKEN}}", "method": "{{secrets.METHOD}}"}
    ),
    "quoted secret": native({"headers": '={"X-Key": "{{secrets.KEY}}"} // {{secrets.KEY}}'}),
    "caught at the task": sequence(
        ServiceTask(headers={**URL, **THROWS}),
        beside=error("missing", "NOT_FOUND"),
        inside=error_boundary("call", "missing"),
    ),
    "caught by an event sub-process": sequence(
        ServiceTask(headers={**URL, **THROWS}),
        inside='<bpmn:subProcess id="rescue" triggeredByEvent="true"><bpmn:startEvent id="any">'
        '<bpmn:errorEventDefinition id="every"/></bpmn:startEvent></bpmn:subProcess>',
    ),
    "expression as job type": sequence(ServiceTask(job_type="=type")),
    "somebody else's task": sequence(ServiceTask(job_type="send-mail", headers={"body": "x"})),
    "another connector": compatible({}, template=("io.camunda.connectors.GitHub.v1", "6")),
    "newest for its engine": compatible({}, template=("io.camunda.connectors.HttpJson.v2", "12")),
}


@pytest.mark.parametrize("model", SOUND.values(), ids=SOUND)
def test_nothing_is_found_in_a_sound_model(model: str, validate: Validate) -> None:
    assert validate(model) == (0, [])


def test_an_error_may_be_caught_where_the_process_is_called_from(validate: Validate) -> None:
    called = native(THROWS)
    calling = sequence(
        process="parent",
        beside=error("missing", "NOT_FOUND"),
        inside='<bpmn:callActivity id="call-it"><bpmn:extensionElements><zeebe:calledElement processId="process"/>'
        "</bpmn:extensionElements></bpmn:callActivity>" + error_boundary("call-it", "missing"),
    )

    assert validate(called, calling) == (0, [])


def test_an_expression_is_shown_with_a_caret(validate: Validate) -> None:
    _, [found] = validate(native({"url": '="a" +\n  "b" + )'}))

    assert found["excerpt"].splitlines()[-2:] == ['      "b" + )', "            ^"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"binding": {"type": "zeebe:taskHeader", "key": "adress"}}, "the worker reads no header 'adress'"),
        ({"value": "={a: "}, "the default"),
        ({"group": "nowhere"}, "the group 'nowhere' is not declared"),
        ({"condition": {"property": "gone", "equals": "x"}}, "refers to 'gone', which is no property"),
        ({"binding": {}}, "binding.type"),
        ({"id": "url"}, "the id occurs 2 times"),
        ({"type": "Dropdown", "value": "c", "choices": [{"name": "A", "value": "a"}]}, "none of its choices"),
    ],
)
def test_a_fault_of_a_template_is_found(change: dict[str, Any], words: str, validate: Validate) -> None:
    template = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    next(entry for entry in template["properties"] if entry.get("id") == "body").update(change)

    status, problems = validate(json.dumps(template, indent=2), suffix="json")

    assert status == 1
    assert [problem for problem in problems if words in problem["message"] and problem["line"] > 1]


def test_a_file_nested_without_end_is_told(validate: Validate) -> None:
    assert validate("[" * 100_000, suffix="json")[0] == 1


def test_a_newer_version_among_the_files_makes_a_task_outdated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = json.loads(TEMPLATE.read_text(encoding="utf-8")) | {"id": "mine", "version": 3}
    (tmp_path / "mine.json").write_text(json.dumps(template), encoding="utf-8")
    (tmp_path / "model.bpmn").write_text(native({}, template=("mine", "3")), encoding="utf-8")
    assert main(["validate", "--json", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == []

    (tmp_path / "newer.json").write_text(json.dumps(template | {"version": 4}), encoding="utf-8")
    assert main(["validate", "--json", str(tmp_path)]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["code"], found["message"]) == ("outdated-template", "version 3 of the template mine is outdated")


def test_people_are_told_where_and_how(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "order.bpmn"
    file.write_text(native({"url": '="https://h/" + '}), encoding="utf-8")

    assert main(["validate", str(file)]) == 1
    out, err = capsys.readouterr()
    first, *rest = out.splitlines()
    assert first.startswith(f"{file}:")
    assert ": error: call: header url: failed to parse expression" in first
    assert rest[-1].startswith("    hint: ")
    assert err == "1 file: 1 error, 0 warnings\n"


@pytest.mark.parametrize("arguments", [[], ["no-such-file"], ["--job-types", "", "."], ["."]])
def test_wrong_use_ends_with_2(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["validate", *arguments]) == 2
    assert capsys.readouterr().err
