"""BOO-09 and BOO-10: headers of an answer by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rows.support import CAMUNDA, Scene, error_of
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import answer

RESULT = {"resultVariable": "r"}
ANSWER = ("ETag: v1", "X-Many: a", "x-many: b", "Link: one", "Link: two")


@pytest.mark.parametrize("names", [["etag", "Link", "X-MANY", "Gone"], "etag, Link,X-MANY,Gone"])
async def test_boo_09_named_headers_are_in_the_response_in_any_spelling(scene: Scene, names: Any) -> None:
    service = await scene.serve(answer(200, b"", *ANSWER))
    variables = {"url": service.url(), "httpOptions": {"trackHeaders": names}}
    outputs = completed(await scene.run(variables, RESULT))
    assert outputs["r"]["tracked"] == {"etag": "v1", "Link": "one, two", "X-MANY": "a, b", "Gone": ""}
    assert set(outputs) == {"r"}


async def test_boo_09_an_object_sets_process_variables_too(scene: Scene) -> None:
    service = await scene.serve(answer(200, b"", *ANSWER))
    headers = {"httpOptions.trackHeaders": '={version: "ETag", next: "X-Next"}', "resultExpression": "={s: status}"}
    assert completed(await scene.run({"url": service.url()}, headers)) == {"s": 200, "version": "v1", "next": ""}


async def test_boo_09_expressions_see_them(scene: Scene) -> None:
    service = await scene.serve(answer(200, b"", *ANSWER))
    variables = {"url": service.url(), "httpOptions": {"trackHeaders": ["ETag"]}}
    assert completed(await scene.run(variables, {"resultExpression": "={v: response.tracked.ETag}"})) == {"v": "v1"}


async def test_boo_10_they_are_there_after_a_failure_too(scene: Scene) -> None:
    service = await scene.serve(answer(404, b"", *ANSWER))
    variables = {"url": service.url(), "httpOptions": {"trackHeaders": ["ETag", "Gone"]}}
    error = error_of(await scene.run(variables))
    assert error["variables"]["tracked"] == {"ETag": "v1", "Gone": ""}
    returned = await scene.run(variables, {**RESULT, "httpOptions.errors.mode": "return"})
    assert completed(returned)["r"]["tracked"] == {"ETag": "v1", "Gone": ""}


async def test_boo_10_a_call_without_an_answer_has_none(scene: Scene) -> None:
    variables = {"url": "http://127.0.0.1:1/", "httpOptions": {"trackHeaders": ["ETag"]}}
    assert error_of(await scene.run(variables))["variables"] == {"kind": "connect"}


@pytest.mark.parametrize("wrong", [5, [1], [["a"]], ["a", ""], {"a": 1}, {"a": ""}, True])
async def test_boo_09_other_values_are_input_errors(scene: Scene, wrong: Any) -> None:
    outcome = failed(await scene.run({"url": "http://127.0.0.1:1/", "httpOptions": {"trackHeaders": wrong}}))
    assert outcome.retries == 0
    assert "httpOptions.trackHeaders must be a list of header names" in outcome.message


async def test_boo_09_the_compatible_face_does_not_read_it(scene: Scene) -> None:
    service = await scene.serve(answer(200, b"", *ANSWER))
    variables = {"url": service.url(), "method": "GET", "httpOptions": {"trackHeaders": ["ETag"]}}
    assert "tracked" not in completed(await scene.run(variables, RESULT, type=CAMUNDA))["r"]
