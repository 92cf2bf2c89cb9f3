"""Templates applied as the Modeler does, run on the real engine: every authentication, every return format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.live.conftest import WorkerProcess
from tests.support.bpmn import ServiceTask, sequence
from tests.support.element_templates import filled
from tests.support.npm import NodeTools
from tests.support.zeebe import Zeebe
from tests.templates.shop import TOKEN, Shop, basic
from worker.cli import main
from worker.dev.broker import Broker

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]
RULES = "plugin:camunda-compat/camunda-cloud-8-6"
ENDPOINT = {"authentication.oauthTokenEndpoint": '=shopUrl + "/token"', "authentication.clientId": "me"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a user fills in, and what the service then gets."""

    format: str
    fields: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = "/things"
    token_form: Mapping[str, str] | None = None
    token_authorization: str = ""


CREDENTIALS = {"grant_type": "client_credentials"}
SCENARIOS = {
    "none": Scenario("JSON", {"authentication.type": "noAuth"}),
    "api-key-header": Scenario(
        "TEXT",
        {"authentication.type": "apiKey", "authentication.name": "X-Key", "authentication.value": "k"},
        headers={"X-Key": "k"},
    ),
    "api-key-query": Scenario(
        "JSON",
        {
            "authentication.type": "apiKey",
            "authentication.apiKeyLocation": "query",
            "authentication.name": "key",
            "authentication.value": "{{secrets.SHOP_TOKEN}}",
        },
        path="/things?key=t0k3n",
    ),
    "basic": Scenario(
        "DOCUMENT",
        {"authentication.type": "basic", "authentication.username": "ada", "authentication.password": "pässword"},
        headers={"Authorization": basic("ada", "pässword")},
    ),
    "bearer": Scenario(
        "TEXT",
        {"authentication.type": "bearer", "authentication.token": '="to" + "ken"'},
        headers={"Authorization": "Bearer token"},
    ),
    "client-credentials": Scenario(
        "DOCUMENT",
        {
            "authentication.type": "oauth-client-credentials-flow",
            **ENDPOINT,
            "authentication.clientSecret": "{{secrets.SHOP_CLIENT_SECRET}}",
            "authentication.audience": "shop",
        },
        headers={"Authorization": f"Bearer {TOKEN}"},
        token_form={**CREDENTIALS, "audience": "shop"},
        token_authorization=basic("me", "s3cr3t of the shop"),
    ),
    "client-credentials-in-the-body": Scenario(
        "JSON",
        {
            "authentication.type": "oauth-client-credentials-flow",
            **ENDPOINT,
            "authentication.clientSecret": "s",
            "authentication.audience": "shop",
            "authentication.clientAuthentication": "credentialsBody",
            "authentication.scopes": "a b",
        },
        headers={"Authorization": f"Bearer {TOKEN}"},
        token_form={**CREDENTIALS, "audience": "shop", "scope": "a b", "client_id": "me", "client_secret": "s"},
    ),
    "refresh-token": Scenario(
        "TEXT",
        {
            "authentication.type": "oauth-refresh-token",
            **ENDPOINT,
            "authentication.refreshToken": "r",
            "authentication.oauth-refresh-token.clientSecret": "s",
        },
        headers={"Authorization": f"Bearer {TOKEN}"},
        token_form={"grant_type": "refresh_token", "refresh_token": "r", "client_id": "me", "client_secret": "s"},
    ),
}
FACES = ("native", "compatible")


@pytest.fixture(scope="module")
def models(modeler: NodeTools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one model for each face and scenario."""
    folder = tmp_path_factory.mktemp("applied")
    jobs = []
    for face in FACES:
        for name, scenario in SCENARIOS.items():
            fields = {
                **scenario.fields,
                "method": "POST",
                "url": '=shopUrl + "/things"',
                "body": "={a: [1, null]}",
                "documentReturnFormat.choice": scenario.format,
                "resultVariable": "answer",
                "resultExpression": "={code: response.status}",
            }
            diagram = sequence(ServiceTask(job_type="later"), process=f"{name}-{face}")
            jobs.append({"diagram": diagram, "steps": [{"template": filled(face, fields), "element": "call"}]})
    names = [f"{name}-{face}" for face in FACES for name in SCENARIOS]
    for name, text in zip(names, modeler.run("apply.mjs", given=jobs), strict=True):
        (folder / f"{name}.bpmn").write_text(text, encoding="utf-8")
    return folder


def test_nothing_is_wrong_with_what_the_templates_write(
    models: Path, modeler: NodeTools, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(models.glob("*.bpmn"))

    assert main(["validate", str(models)]) == 0
    assert capsys.readouterr().out == ""
    assert modeler.run("lint.mjs", RULES, *files) == {str(file): [] for file in files}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_task_made_from_a_template_runs_on_the_real_engine(
    models: Path, zeebe: Zeebe, worker: WorkerProcess, shop: Shop, name: str, face: str
) -> None:
    scenario = SCENARIOS[name]
    shop.answer("/things", web.json_response({"id": 7}, status=201))
    await zeebe.deploy(models / f"{name}-{face}.bpmn")

    ended = await zeebe.run(f"{name}-{face}", shopUrl=shop.url)

    [asked] = shop.asked
    assert (asked.method, asked.path, json.loads(asked.body)) == ("POST", scenario.path, {"a": [1, None]})
    assert {key: asked.headers[key] for key in scenario.headers} == scenario.headers
    if scenario.token_form is None:
        assert shop.tokens == []
    else:
        assert shop.tokens == [(scenario.token_authorization, scenario.token_form)]
    assert ended["code"] == 201
    assert_format(scenario.format, ended["answer"])


async def test_a_task_made_for_a_profile_runs_with_what_the_profile_gives(
    modeler: NodeTools, broker: Broker, zeebe: Zeebe, shop: Shop, tmp_path: Path
) -> None:
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        f'[shop]\nbaseUrl = "{shop.url}/api"\nauthentication = {{type = "bearer", token = "of the operator"}}\n',
        encoding="utf-8",
    )
    fields = {"httpOptions.profile": "shop", "url": '="/orders/" + string(orderId)', "resultVariable": "answer"}
    diagram = sequence(ServiceTask(job_type="later"), process="with-profile")
    [text] = modeler.run(
        "apply.mjs", given=[{"diagram": diagram, "steps": [{"template": filled("profile", fields), "element": "call"}]}]
    )
    model = tmp_path / "with-profile.bpmn"
    model.write_text(text.replace('type="rest-connector"', 'type="with-profiles"'), encoding="utf-8")
    assert main(["validate", "--job-types", "with-profiles", str(model)]) == 0
    process = WorkerProcess(broker.address, tmp_path / "worker.log", JOB_TYPES="with-profiles", PROFILES=str(profiles))
    try:
        await zeebe.deploy(model)
        ended = await zeebe.run("with-profile", orderId=7)
    finally:
        process.kill()

    [asked] = shop.asked
    assert (asked.method, asked.path) == ("GET", "/api/orders/7")
    assert asked.headers["Authorization"] == "Bearer of the operator"
    assert ended["answer"]["status"] == 200


def assert_format(choice: str, answer: dict[str, Any]) -> None:
    match choice:
        case "JSON":
            assert answer["body"] == {"id": 7}
        case "TEXT":
            assert answer["body"] == '{"id": 7}'
        case _:
            assert answer["body"] is None
            assert answer["document"]["metadata"]["size"] == len('{"id": 7}')
