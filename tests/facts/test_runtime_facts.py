"""What the worker is set up to do (contract 13.19)."""

from __future__ import annotations

import pytest

from worker.settings import SettingsError, load


def test_rt_007_a_job_type_is_worked_on_once() -> None:
    with pytest.raises(SettingsError, match=r"REST_CONNECTOR_JOB_TYPES.*a job type is named twice"):
        load({"REST_CONNECTOR_JOB_TYPES": "io.camunda:http-json:1,io.camunda:http-json:1=native"})


@pytest.mark.parametrize("name", ["CONNECTOR_OUTBOUND_DISABLED", "CONNECTOR_OUTBOUND_ENABLED"])
def test_rt_002_switches_of_camundas_runtime_change_nothing(name: str) -> None:
    assert load({name: "io.camunda:http-json:1"})[0] == load({})[0]
