"""The Helm chart keeps its promises: rendered by Helm's own library and read as objects."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_python.chart import Chart
from helm_python.errors import HelmError

from tests.chart.lint import CHART
from worker.settings import Settings, load

Objects = dict[str, dict[str, Any]]
VALUE_FILES = sorted((CHART / "ci").glob("*-values.yaml"))


def render(values: dict[str, Any] | None = None) -> Objects:
    """The objects by kind."""
    manifests = Chart.load(CHART).render(values or {}, name="demo", namespace="jobs")
    texts = (text for name, text in manifests.items() if not name.endswith("NOTES.txt"))
    return {item["kind"]: item for text in texts for item in yaml.safe_load_all(text) if item}


def pod(objects: Objects) -> dict[str, Any]:
    return objects["Deployment"]["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def test_the_pods_grace_period_follows_the_drain_time() -> None:
    objects = render({"worker": {"drainSeconds": 100}})

    assert pod(objects)["terminationGracePeriodSeconds"] == 115
    assert objects["ConfigMap"]["data"]["REST_CONNECTOR_GRACE"] == "100"


def test_the_pod_needs_no_rights() -> None:
    spec = pod(render())

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_selectors_hold_name_and_instance_only() -> None:
    objects = render()

    for selector in (
        objects["Deployment"]["spec"]["selector"]["matchLabels"],
        objects["Service"]["spec"]["selector"],
        objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert set(selector) == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}


def test_a_changed_setting_restarts_the_pods() -> None:
    def checksum(objects: Objects) -> str:
        return objects["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]  # type: ignore[no-any-return]

    assert checksum(render()) != checksum(render({"worker": {"slots": 7}}))


def test_secrets_are_mounted_and_never_rendered() -> None:
    objects = render({"secrets": {"existingSecrets": ["crm"]}})

    assert "Secret" not in objects
    assert {"name": "secret-crm", "mountPath": "/etc/rest-connector/secrets/crm", "readOnly": True} in pod(objects)[
        "containers"
    ][0]["volumeMounts"]
    assert objects["ConfigMap"]["data"]["REST_CONNECTOR_SECRETS__FOLDERS"] == "/etc/rest-connector/secrets/crm"


@pytest.mark.parametrize("file", VALUE_FILES, ids=lambda file: file.stem)
def test_the_worker_accepts_what_the_chart_sets(file: Path) -> None:
    environment = render(yaml.safe_load(file.read_text(encoding="utf-8")))["ConfigMap"]["data"]

    settings, _ = load(environment)

    assert isinstance(settings, Settings)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"worker": {"slot": 5}}, "slot"),
        ({"zeebe": {"address": "https://gateway"}}, "address"),
        ({"settings": {"WORKER_SLOTS": "5"}}, "WORKER_SLOTS"),
        ({"image": {"digest": "latest"}}, "digest"),
    ],
    ids=["unknown key", "address with a scheme", "setting of another program", "digest"],
)
def test_wrong_values_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HelmError, match=re.escape(sentence)):
        Chart.load(CHART).validate_schema(values)


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


ENABLING: dict[str, dict[str, Any]] = {
    "zeebe.tls.caKey": {"zeebe": {"tls": {"enabled": True, "existingSecret": "ca"}}},
    "zeebe.tls.existingSecret": {"zeebe": {"tls": {"enabled": True}}},
    "proxy.http.port": {"proxy": {"http": {"host": "p"}}},
    "proxy.https.port": {"proxy": {"https": {"host": "p"}}},
    "metrics.serviceMonitor.interval": {"metrics": {"serviceMonitor": {"enabled": True}}},
    "metrics.serviceMonitor.labels": {"metrics": {"serviceMonitor": {"enabled": True}}},
}
OTHER: dict[str, Any] = {
    "image.digest": "sha256:" + "0" * 64,
    "image.pullPolicy": "Always",
    "zeebe.address": "other:1",
    "settings": {"REST_CONNECTOR_LOG__LEVEL": "debug"},
    "extraManifests": [{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "more"}}],
}


def other(path: str, value: Any) -> Any:
    """Some other value of the same kind."""
    if path in OTHER:
        return OTHER[path]
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return f"{value}x"
        case dict():
            return {"key": "value"}
        case _:
            return [*value, {"name": "more"}] if not value or isinstance(value[0], dict) else [*value, "more"]


def merged(into: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    result = copy.deepcopy(into)
    node = result
    for key in path[:-1]:
        node = node.setdefault(key, {})
    node[path[-1]] = value
    return result


@pytest.mark.parametrize(
    ("path", "value"),
    list(leaves(yaml.safe_load((CHART / "values.yaml").read_text()))),
    ids=lambda item: str(item)[:60],
)
def test_no_value_is_dead(path: tuple[str, ...], value: Any) -> None:
    name = ".".join(path)
    before = ENABLING.get(name, {})
    chart = Chart.load(CHART)
    changed = ["secret"] if name == "secrets.existingSecrets" else other(name, value)

    assert chart.render(before, name="demo") != chart.render(merged(before, path, changed), name="demo")
