"""One line and one count per job."""

from __future__ import annotations

import time

import pytest

from worker.job import Job
from worker.metrics import MAX_TEMPLATES, Metrics
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


@pytest.mark.parametrize(
    ("seconds", "first", "before"),
    [(0, "0.005", None), (0.005, "0.005", None), (0.0051, "0.01", "0.005"), (60, "60.0", "20.0"), (61, "+Inf", "60.0")],
)
def test_a_duration_is_in_every_bucket_that_it_does_not_exceed(
    metrics: Metrics, seconds: float, first: str, before: str | None
) -> None:
    Reports(metrics, log_jobs=False).job_ended(JOB, Complete(), Settlement.ACCEPTED, seconds, seconds)

    template = {"type": "rest-connector", "elementTemplateId": "unknown", "elementTemplateVersion": "unknown"}
    for name, labels in (
        ("camunda_connector_outbound_execution_time_seconds", template),
        ("rest_connector_command_seconds", {}),
    ):
        assert sample(metrics, f"{name}_bucket", le=first, **labels) == 1
        assert sample(metrics, f"{name}_bucket", le="+Inf", **labels) == 1
        assert sample(metrics, f"{name}_count", **labels) == 1
        assert before is None or sample(metrics, f"{name}_bucket", le=before, **labels) == 0


def test_a_job_types_counts_are_those_of_all_its_templates(metrics: Metrics) -> None:
    reports = Reports(metrics, log_jobs=False)
    for number in range(3):
        headers = f'{{"elementTemplateId":"t","elementTemplateVersion":"{number}"}}'
        job = Job(key=number, type="rest-connector", headers=headers)
        reports.jobs_activated([job])
        reports.job_ended(job, Complete(), Settlement.ACCEPTED, 1, 0)

    assert sample(metrics, "rest_connector_jobs_activated_total", type="rest-connector") == 3
    assert sample(metrics, "rest_connector_jobs_total", type="rest-connector", outcome="completed") == 3
    assert sample(metrics, "rest_connector_jobs_total", type="rest-connector", outcome="retry") == 0
    template = {"type": "rest-connector", "elementTemplateId": "t", "elementTemplateVersion": "1"}
    name = "camunda_connector_outbound_invocations_total"
    assert sample(metrics, name, action="activated", **template) == 1
    assert sample(metrics, name, action="completed", **template) == 1


def test_only_so_many_templates_are_told_apart(metrics: Metrics) -> None:
    reports = Reports(metrics, log_jobs=False)
    for number in range(MAX_TEMPLATES + 10):
        headers = f'{{"elementTemplateId":"t{number}","elementTemplateVersion":"1"}}'
        reports.jobs_activated([Job(key=number, type="rest-connector", headers=headers)])

    counted = {
        series.labels["elementTemplateId"]: series.value
        for family in metrics.registry.collect()
        for series in family.samples
        if series.name == "camunda_connector_outbound_invocations_total" and series.labels["action"] == "activated"
    }
    assert counted.pop("unknown") == 0
    assert counted.pop("other") == 11
    assert set(counted.values()) == {1}
    assert sample(metrics, "rest_connector_jobs_activated_total", type="rest-connector") == MAX_TEMPLATES + 10


def test_the_last_end_of_a_job_is_known_by_what_it_was(metrics: Metrics) -> None:
    reports = Reports(metrics, log_jobs=False)
    before = time.time() * 1000
    reports.job_ended(JOB, Fail("no", 2), Settlement.ACCEPTED, 1, 0)

    last = sample(metrics, "camunda_connector_outbound_last_failed", type="rest-connector")
    assert last is not None
    assert before <= last <= time.time() * 1000
    assert sample(metrics, "camunda_connector_outbound_last_completed", type="rest-connector") == 0


def test_a_series_tells_since_when_it_counts(metrics: Metrics) -> None:
    reports = Reports(metrics, log_jobs=False)
    before = time.time()
    reports.command_sent("complete", "OK")
    reports.command_sent("complete", "OK")

    assert sample(metrics, "rest_connector_commands_total", command="complete", code="OK") == 2
    created = sample(metrics, "rest_connector_commands_created", command="complete", code="OK")
    assert created is not None
    assert before <= created <= time.time()
    assert sample(metrics, "rest_connector_commands_created", command="fail", code="OK") is None


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
