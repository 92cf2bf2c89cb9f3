"""The headers that steer the worker: decoded safely, checked with the original's words."""

from __future__ import annotations

import pytest

from worker.errors import JobFailure
from worker.json_codec import dumps
from worker.pipeline.job_headers import INVALID_BACKOFF, INVALID_TIMEOUT, JobHeaders


def headers(**values: str) -> JobHeaders:
    return JobHeaders.decode(dumps(values))


@pytest.mark.parametrize("blank", ["", " ", "\t", "\n"])
def test_blank_headers_count_as_missing(blank: str) -> None:
    given = headers(resultVariable=blank, resultExpression=blank, errorExpression=blank, jobTimeout=blank)
    assert given.result_variable is None
    assert given.result_expression is None
    assert given.error_expression is None
    assert given.job_timeout() is None


def test_other_headers_are_taken_verbatim() -> None:
    given = headers(resultVariable="r ", resultExpression="= {a: 1}")
    assert (given.result_variable, given.result_expression) == ("r ", "= {a: 1}")


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("PT1M", 60_000), ("P1D", 86_400_000), ("PT0S", 0), ("PT-5M", -300_000)]
)
def test_retry_backoff(text: str, milliseconds: int) -> None:
    assert headers(retryBackoff=text).retry_backoff() == milliseconds
    assert headers().retry_backoff() is None


@pytest.mark.parametrize("text", ["P1D1S", "", " ", "NOT_A_VALID_DURATION", "PT9999999999999999999S"])
def test_a_wrong_retry_backoff_is_final_even_when_blank(text: str) -> None:
    with pytest.raises(JobFailure) as caught:
        headers(retryBackoff=text).retry_backoff()
    assert caught.value.final
    assert caught.value.type == INVALID_BACKOFF
    expected = "Failed to parse retry backoff header. Expected ISO-8601 duration, e.g. PT5M, got: "
    assert caught.value.message == expected + text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not-a-duration", "Failed to parse job timeout header. Expected ISO-8601 duration, e.g. PT10M, got: "),
        ("PT0S", "Job timeout must be a positive duration, got: "),
        ("P0D", "Job timeout must be a positive duration, got: "),
        ("PT-10M", "Job timeout must be a positive duration, got: "),
        ("PT0.000000001S", "Job timeout must be a positive duration, got: "),
        ("PT9999999999999999S", "Job timeout is too large to represent, got: "),
        ("PT9223372036854775S", "Job timeout is too large to represent as a deadline, got: "),
    ],
)
def test_a_wrong_job_timeout_is_final(text: str, message: str) -> None:
    with pytest.raises(JobFailure) as caught:
        headers(jobTimeout=text).job_timeout()
    assert (caught.value.message, caught.value.type, caught.value.final) == (message + text, INVALID_TIMEOUT, True)


def test_a_job_timeout_is_whole_milliseconds() -> None:
    assert headers(jobTimeout="PT10M").job_timeout() == 600_000
    assert headers(jobTimeout="PT0.0019S").job_timeout() == 1


@pytest.mark.parametrize("text", ["{", "[]", "5", '{"a":"hunter2"'])
def test_undecodable_headers_end_as_a_final_failure_that_quotes_nothing(text: str) -> None:
    with pytest.raises(JobFailure) as caught:
        JobHeaders.decode(text)
    assert caught.value.final
    assert "hunter2" not in caught.value.message


def test_no_headers_at_all() -> None:
    assert JobHeaders.decode("").values == {}
    assert JobHeaders.decode('{"a":null,"b":5}').values == {"b": "5"}
