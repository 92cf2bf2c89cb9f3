"""The Helm chart keeps its promises: rendered by Helm's own library and read as objects."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from helm_python.chart import Chart
from helm_python.errors import HelmError

from docs.generate_chart import PAGE, SCHEMA, generate, generate_schema
from tests.chart.lint import CHART
from worker.settings import Settings, load
from worker.settings.loading import leaves as settings_leaves

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


def test_an_inline_secret_is_in_a_secret_and_mounted() -> None:
    objects = render({"secrets": {"inline": {"TOKEN": "s3cret"}}})

    assert objects["Secret"]["stringData"] == {"TOKEN": "s3cret"}
    assert [name for name, item in objects.items() if "s3cret" in str(item)] == ["Secret"]
    mounted = objects["ConfigMap"]["data"]["REST_CONNECTOR_SECRETS__FOLDERS"]
    assert mounted in [mount["mountPath"] for mount in pod(objects)["containers"][0]["volumeMounts"]]
    assert {"secretName": objects["Secret"]["metadata"]["name"]} in [
        volume.get("secret") for volume in pod(objects)["volumes"]
    ]


def test_passwords_come_from_secrets_as_environment() -> None:
    login = {"host": "proxy", "port": 3128, "user": "me", "existingSecret": "proxy-login"}
    objects = render(
        {
            "proxy": {"https": login},
            "secretSettings": {"REST_CONNECTOR_ZEEBE__PASSWORD": {"name": "engine", "key": "pw"}},
        }
    )

    assert objects["ConfigMap"]["data"]["CONNECTOR_HTTPS_PROXY_USER"] == "me"
    assert pod(objects)["containers"][0]["env"] == [
        {"name": name, "valueFrom": {"secretKeyRef": place}}
        for name, place in (
            ("CONNECTOR_HTTPS_PROXY_PASSWORD", {"name": "proxy-login", "key": "password"}),
            ("REST_CONNECTOR_ZEEBE__PASSWORD", {"name": "engine", "key": "pw"}),
        )
    ]


def test_with_an_autoscaler_the_deployment_names_no_number_of_pods() -> None:
    objects = render({"autoscaling": {"enabled": True}})

    assert "replicas" not in objects["Deployment"]["spec"]
    assert objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == "demo-rest-connector"


def test_the_network_policy_keeps_pods_from_metadata_services() -> None:
    policy = render({"networkPolicy": {"enabled": True}})["NetworkPolicy"]["spec"]

    world = policy["egress"][1]["to"]
    assert {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}} in world
    assert policy["ingress"] == [{"ports": [{"port": "http"}]}]


EVERYTHING: dict[str, Any] = {
    "autoscaling": {"enabled": True},
    "networkPolicy": {"enabled": True, "ingressFrom": [{"podSelector": {}}]},
    "secrets": {"inline": {"TOKEN": "x"}, "existingSecrets": ["crm"]},
    "caBundle": {"existingConfigMap": "ca"},
    "zeebe": {"tls": {"enabled": True, "existingSecret": "gateway"}},
    "resources": {"requests": {"cpu": "250m", "memory": "192Mi"}},
    "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
    "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["x"]}],
    "extraEnv": [{"name": "A", "value": "b"}],
    "initContainers": [{"name": "wait", "image": "busybox"}],
    "extraContainers": [{"name": "side", "image": "busybox"}],
}


def kubernetes_versions() -> list[str]:
    """The versions with published schemas that the chart's `kubeVersion` allows."""
    constraint = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))["kubeVersion"]
    least = tuple(map(int, re.findall(r"\d+", constraint)[:2]))
    versions = {tuple(map(int, version.split(".")[:2])) for version in kubernetes_validate.utils.all_versions()}
    return [f"{major}.{minor}" for major, minor in sorted(version for version in versions if version >= least)]


@pytest.mark.parametrize("version", kubernetes_versions())
@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_the_api_of_each_supported_version_knows_the_objects(version: str, values: dict[str, Any]) -> None:
    for kind, item in render(values).items():
        if kind != "ServiceMonitor":  # not part of Kubernetes
            kubernetes_validate.validate(item, version, strict=True)


def test_the_readme_and_the_schema_are_what_the_generator_writes() -> None:
    page, schema = PAGE.read_text("utf-8"), SCHEMA.read_text("utf-8")

    assert (generate(page), generate_schema(schema)) == (page, schema), "run `make docs`"


def test_every_setting_can_be_set() -> None:
    place = {"name": "some", "key": "key"}
    values = {
        "settings": {leaf.name: "x" for leaf in settings_leaves() if not leaf.secret},
        "secretSettings": {leaf.name: place for leaf in settings_leaves() if leaf.secret},
    }

    Chart.load(CHART).validate_schema(values)


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
def test_the_examples_of_the_readme_are_values(example: str) -> None:
    values = yaml.safe_load(example)
    Chart.load(CHART).validate_schema(values)

    environment = dict.fromkeys(values.get("secretSettings", {}), "of a Secret")
    settings, warnings = load(environment | render(values)["ConfigMap"]["data"])

    assert (isinstance(settings, Settings), warnings) == (True, [])


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
        ({"settings": {"REST_CONNECTOR_SLOT": "5"}}, "REST_CONNECTOR_SLOT"),
        ({"settings": {"REST_CONNECTOR_ZEEBE__PASSWORD": "x"}}, "REST_CONNECTOR_ZEEBE__PASSWORD"),
        ({"image": {"digest": "latest"}}, "digest"),
    ],
    ids=[
        "unknown key",
        "address with a scheme",
        "setting of another program",
        "setting that does not exist",
        "secret in a ConfigMap",
        "digest",
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HelmError, match=re.escape(sentence)):
        Chart.load(CHART).validate_schema(values)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"proxy": {"http": {"host": "proxy"}}}, "proxy.http.port is missing"),
        ({"podDisruptionBudget": {"minAvailable": 1}}, "set minAvailable or maxUnavailable"),
        ({"settings": {"REST_CONNECTOR_SLOTS": "7"}}, 'another value of the chart sets this already, to "500"'),
        (
            {"settings": {"REST_CONNECTOR_TLS__CA": "/x"}, "caBundle": {"existingConfigMap": "ca"}},
            "settings.REST_CONNECTOR_TLS__CA: another value",
        ),
    ],
    ids=["proxy without a port", "two budgets", "a setting given twice", "two authorities"],
)
def test_values_that_contradict_each_other_are_refused(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HelmError, match=re.escape(sentence)):
        render(values)


def leaves(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


PROXY = {"host": "p", "port": 1, "user": "me", "existingSecret": "s"}
ENABLING: dict[str, dict[str, Any]] = {
    "zeebe.tls.caKey": {"zeebe": {"tls": {"enabled": True, "existingSecret": "ca"}}},
    "zeebe.tls.existingSecret": {"zeebe": {"tls": {"enabled": True}}},
    "caBundle.key": {"caBundle": {"existingConfigMap": "ca"}},
    "proxy.http": {"proxy": {"http": PROXY}},
    "proxy.https": {"proxy": {"https": PROXY}},
    "autoscaling": {"autoscaling": {"enabled": True}},
    "networkPolicy": {"networkPolicy": {"enabled": True}},
    "metrics.serviceMonitor": {"metrics": {"serviceMonitor": {"enabled": True}}},
    "podDisruptionBudget.minAvailable": {"podDisruptionBudget": {"maxUnavailable": ""}},
}
OTHER: dict[str, Any] = {
    "image.digest": "sha256:" + "0" * 64,
    "image.pullPolicy": "Always",
    "dnsPolicy": "Default",
    "temporary.sizeLimit": "2Gi",
    "zeebe.address": "other:1",
    "settings": {"REST_CONNECTOR_LOG__LEVEL": "debug"},
    "secretSettings": {"REST_CONNECTOR_ZEEBE__TOKEN": {"name": "a", "key": "b"}},
    "proxy.http.port": "3128",
    "proxy.https.port": "3128",
    "proxy.http.scheme": "https",
    "proxy.https.scheme": "https",
    "networkPolicy.blockedRanges": ["10.0.0.0/8"],
    "podDisruptionBudget.minAvailable": 1,
    "extraManifests": [{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "more"}}],
}


def enabling(name: str) -> dict[str, Any]:
    """The values that have to be set for this one to count; those of a group hold for all that is in it."""
    group = next((key for key in ENABLING if name == key or name.startswith(f"{key}.")), None)
    return ENABLING[group] if group is not None and not name.endswith(".enabled") else {}


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
    before = enabling(name)
    chart = Chart.load(CHART)
    changed = ["secret"] if name == "secrets.existingSecrets" else other(name, value)

    assert chart.render(before, name="demo") != chart.render(merged(before, path, changed), name="demo")
