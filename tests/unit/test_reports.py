"""One line and one count per job."""

from __future__ import annotations

import pytest

from worker.job import Job
from worker.metrics import Metrics
from worker.outcome import Complete, Fail, Outcome, ThrowError
from worker.reports import Reports
from worker.zeebe.commands import Settlement

JOB = Job(key=7, type="rest-connector", process_id="order", element_id="call", variables='{"password":"hunter2"}')


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(["rest-connector"])


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("outcome", "label", "action"),
    [
        (Complete(), "completed", "completed"),
        (Fail("no", 2), "retry", "failed"),
        (Fail("no", 0), "incident", "failed"),
        (ThrowError("E"), "bpmn-error", "bpmn-error"),
    ],
    ids=["completed", "retry", "incident", "bpmn-error"],
)
def test_cmx_40_a_job_is_counted_by_its_outcome_and_by_camundas_action(
    metrics: Metrics, outcome: Outcome, label: str, action: str
) -> None:
    Reports(metrics, log_jobs=True).job_ended(JOB, outcome, Settlement.ACCEPTED, 0.25, 0.01)

    assert sample(metrics, "rest_connector_jobs_total", type="rest-connector", outcome=label) == 1
    name = "camunda_connector_outbound_invocations_total"
    template = {"elementTemplateId": "unknown", "elementTemplateVersion": "unknown"}
    assert sample(metrics, name, type="rest-connector", action=action, **template) == 1
    seconds = "camunda_connector_outbound_execution_time_seconds_sum"
    assert sample(metrics, seconds, type="rest-connector", **template) == 0.25
    assert sample(metrics, "rest_connector_jobs_settled_total", settlement="accepted") == 1


def test_cmx_45_a_job_has_one_line_with_everything_about_it_but_its_data(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    Reports(metrics, log_jobs=True).job_ended(JOB, Fail("no luck", 2), Settlement.ACCEPTED, 0.25, 0.01)

    (record,) = caplog.records
    fields = vars(record)
    assert record.getMessage() == "job done"
    assert (fields["job"], fields["type"], fields["process_id"]) == (7, "rest-connector", "order")
    assert (fields["outcome"], fields["settlement"], fields["retries"]) == ("retry", "accepted", 2)
    assert fields["error"] == "no luck"
    assert "hunter2" not in str(fields)


def test_without_job_lines_only_failures_and_undelivered_outcomes_have_one(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    reports = Reports(metrics, log_jobs=False)

    reports.job_ended(JOB, Complete(), Settlement.ACCEPTED, 0, 0)
    assert caplog.records == []

    reports.job_ended(JOB, Complete(), Settlement.EXPIRED, 0, 0)
    reports.job_ended(JOB, Fail("no", 0), Settlement.ACCEPTED, 0, 0)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_labels_come_from_closed_sets(metrics: Metrics) -> None:
    reports = Reports(metrics, log_jobs=False)
    reports.jobs_activated([JOB])
    reports.job_ended(JOB, ThrowError("E-4711"), Settlement.GONE, 0, 0)
    reports.command_sent("complete", "NOT_FOUND")
    reports.poll_failed("rest-connector", "UNAVAILABLE")
    reports.lease_renewed(JOB, "renewed")

    text = metrics.text().decode()

    assert "E-4711" not in text
    assert "order" not in text
