"""The committed templates are what the models generate, mark what is mandatory, and stay as they were released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from worker.cli import main
from worker.rest.options import read_options
from worker.templates.texts import GROUPS, TEXTS

TEMPLATES = Path(__file__).parents[2] / "templates"
MANDATORY = {
    "noAuth": set(),
    "basic": {"username"},
    "bearer": {"token"},
    "apiKey": {"name", "value"},
    "oauth-client-credentials-flow": {"oauthTokenEndpoint", "clientId", "clientSecret"},
    "oauth-refresh-token": {"oauthTokenEndpoint", "clientId", "refreshToken"},
}
BOTH = pytest.mark.parametrize("file", ["rest-connector.json", "rest-connector-camunda.json"])


def load(file: str) -> dict[str, Any]:
    return json.loads((TEMPLATES / file).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_the_committed_templates_are_what_the_models_generate(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["templates", "build", "--check", "--folder", str(TEMPLATES)]) == 0, capsys.readouterr().err


def test_the_committed_templates_fit_the_worker(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", *map(str, sorted(TEMPLATES.glob("rest-*.json")))]) == 0, capsys.readouterr().out
    assert capsys.readouterr().out == ""


def test_a_file_that_differs_is_told_and_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["templates", "build", "--folder", str(tmp_path)]) == 0
    file = tmp_path / "rest-connector.json"
    file.write_text(file.read_text(encoding="utf-8").replace("PT30S", "PT1S"), encoding="utf-8")
    capsys.readouterr()

    assert main(["templates", "build", "--check", "--folder", str(tmp_path)]) == 1
    assert "rest-connector.json differs" in capsys.readouterr().err
    assert main(["templates", "build", "--folder", str(tmp_path)]) == 0
    assert main(["templates", "build", "--check", "--folder", str(tmp_path)]) == 0


def test_a_released_template_does_not_change_without_a_new_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["templates", "build", "--release", "--folder", str(tmp_path)]) == 0
    assert main(["templates", "build", "--check", "--folder", str(tmp_path)]) == 0
    record = tmp_path / "released.json"
    released = json.loads(record.read_text(encoding="utf-8"))
    assert set(released) == {"rest-connector.v1@1", "rest-connector.profile.v1@1", "rest-connector.camunda.v1@1"}
    released["rest-connector.v1@1"] = "0" * 64  # what was released read otherwise
    record.write_text(json.dumps(released), encoding="utf-8")
    capsys.readouterr()

    assert main(["templates", "build", "--folder", str(tmp_path)]) == 1
    assert "raise its version" in capsys.readouterr().err


@BOTH
@pytest.mark.parametrize("kind", MANDATORY)
def test_cam_100_every_mandatory_field_is_marked_for_each_authentication(file: str, kind: str) -> None:
    properties = load(file)["properties"]
    marked = {
        entry["binding"].get("key") or entry["binding"].get("name", "")
        for entry in properties
        if entry.get("constraints", {}).get("notEmpty") and applies(entry, kind)
    }

    assert {"method", "url", "authentication.type"} <= marked
    assert {f"authentication.{name}" for name in MANDATORY[kind]} <= marked
    defaulted = {"authentication.type", "authentication.apiKeyLocation", "authentication.clientAuthentication"}
    extra = {name for name in marked if name.startswith("authentication.")} - defaulted
    assert extra == {f"authentication.{name}" for name in MANDATORY[kind]}


def applies(entry: dict[str, Any], kind: str) -> bool:
    condition = entry.get("condition", {})
    if condition.get("property") != "authentication.type":
        return True
    return kind in condition.get("oneOf", [condition.get("equals")])


@BOTH
def test_every_field_stands_in_a_group_and_every_group_has_a_field(file: str) -> None:
    template = load(file)
    used = {entry["group"] for entry in template["properties"] if entry["type"] != "Hidden"}

    assert [group["id"] for group in template["groups"]] == [name for name in GROUPS if name in used]


@pytest.mark.parametrize("path", [path for path in TEXTS if path.startswith("httpOptions.")])
def test_the_worker_takes_every_value_that_an_option_offers(path: str) -> None:
    offered = [*TEXTS[path].choices, *([] if TEXTS[path].default is None else [TEXTS[path].default]), ""]
    for value in offered:
        nested: Any = value
        for part in reversed(path.split(".")[1:]):
            nested = {part: nested}
        read_options(nested)


def test_the_form_for_profiles_leaves_out_what_the_profile_gives() -> None:
    ids = {entry.get("id", "") for entry in load("rest-connector-profile.json")["properties"]}

    assert {"httpOptions.profile", "url", "body"} <= ids
    given = ("authentication", "clientTls", "connectionTimeout", "readTimeout", "followRedirects", "httpOptions.retry")
    assert [name for name in ids if name.startswith(given)] == []


def test_feel_goes_to_headers_natively_and_to_input_mappings_with_camundas_type() -> None:
    native, compatible = (load(file)["properties"] for file in ("rest-connector.json", "rest-connector-camunda.json"))

    assert {entry["binding"]["type"] for entry in native} == {"zeebe:taskDefinition", "zeebe:taskHeader"}
    url = next(entry for entry in compatible if entry.get("id") == "url")
    assert (url["binding"], url["feel"]) == ({"type": "zeebe:input", "name": "url"}, "optional")
    assert compatible[0]["value"] == "io.camunda:http-json:1"
